import { expect, test } from "@odoo/hoot";
import { animationFrame, runAllTimers } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    MockServer,
    mockService,
    models,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { user } from "@web/core/user";

import { CHANGED } from "@ihub/live/live_reload";
import { ToRepairMenu } from "@ihub/to_repair/to_repair";

class Item extends models.Model {
    _name = "ihub.item";
}

defineMailModels();
defineModels([Item]);

const MENU = ".o_ihub_to_repair";
let count;

async function mount(number, { isOfHub = true } = {}) {
    count = number;
    patchWithCleanup(user, { hasGroup: async (group) => isOfHub && group === "ihub.group_user" });
    onRpc("ihub.item", "count_to_repair", () => {
        expect.step("count");
        return count;
    });
    await mountWithCleanup(ToRepairMenu);
    await animationFrame();
}

/** Let the server say that something has changed, and wait until that was dealt with. */
async function change() {
    MockServer.env["bus.bus"]._sendone("broadcast", CHANGED, { ids: [1] });
    for (let frame = 0; frame < 5; frame++) {
        await animationFrame();
    }
    await runAllTimers();
}

test("it tells how many are to be repaired, and leads to them", async () => {
    mockService("action", { doAction: (action) => expect.step(action) });
    await mount(3);
    expect(`${MENU} .badge`).toHaveText("3");
    expect(`${MENU} button`).toHaveAttribute("aria-label", "To repair: 3");
    await contains(`${MENU} button`).click();
    expect.verifySteps(["count", "ihub.ihub_item_action_repair"]);
});

test("it is there only as long as there are some", async () => {
    await mount(0);
    expect(MENU).toHaveCount(0);
    count = 1;
    await change();
    expect(`${MENU} .badge`).toHaveText("1");
    count = 0;
    await change();
    expect(MENU).toHaveCount(0);
    expect.verifySteps(["count", "count", "count"]);
});

test("many are not counted one by one", async () => {
    await mount(100);
    expect(`${MENU} .badge`).toHaveText("99+");
    expect.verifySteps(["count"]);
});

test("others are not even counted for", async () => {
    await mount(3, { isOfHub: false });
    expect(MENU).toHaveCount(0);
    expect.verifySteps([]);
});
