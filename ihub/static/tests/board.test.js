import { expect, test } from "@odoo/hoot";
import { queryAllAttributes, queryAllTexts, waitFor } from "@odoo/hoot-dom";
import { advanceTime, animationFrame, mockDate } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";

import { CHANGED, LiveReload, PAUSE } from "@ihub/live/live_reload";

class Integration extends models.Model {
    _name = "ihub.integration";

    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["running", "Running"],
            ["failed", "Failed"],
        ],
    });
    health = fields.Selection({
        selection: [
            ["failed", "Failed"],
            ["late", "Late"],
            ["retrying", "Trying Again"],
            ["ok", "OK"],
        ],
        looks: { failed: ["fa-times-circle", "danger"] },
    });

    _records = [
        { id: 1, name: "Orders", state: "running", health: "ok" },
        { id: 2, name: "Parcels", state: "failed", health: "failed" },
    ];
}

defineMailModels();
defineModels([Integration]);

const ARCH = `
    <kanban js_class="ihub_board" default_group_by="state">
        <templates><t t-name="card"><field name="name"/></t></templates>
    </kanban>`;
const LIST = `<list js_class="ihub_integration_list"><field name="name"/></list>`;
const SEARCH = `<search><field name="health"/></search>`;

async function mountBoard({ counts, arch = ARCH } = {}) {
    const shown = { failed: 1, ok: 1, ...counts };
    for (const method of ["web_read_group", "web_search_read"]) {
        onRpc("ihub.integration", method, async ({ parent }) => ({
            ...(await parent()),
            ihub_summary: { ...shown },
        }));
    }
    await mountView({
        type: arch === ARCH ? "kanban" : "list",
        resModel: "ihub.integration",
        arch,
        searchViewArch: SEARCH,
    });
    return shown;
}

const chip = (word) => `.o_ihub_chip[data-word=${word}]`;
const notify = () => MockServer.env["bus.bus"]._sendone("broadcast", CHANGED, { ids: [1] });

test("the summary has a chip for each badge that there is, and for no other", async () => {
    await mountBoard({ counts: { retrying: 2 } });
    expect(queryAllAttributes(".o_ihub_chip", "data-word")).toEqual(["failed", "retrying", "ok"]);
    expect(queryAllTexts(".o_ihub_chip")).toEqual(["1 Failed", "2 Trying Again", "1 OK"]);
    expect(`${chip("failed")} .fa-times-circle`).toHaveClass("text-danger");
    expect(chip("failed")).toHaveAttribute(
        "title",
        "Failed: 1. Click to show only these. All integrations count here, whatever you search for.",
    );
});

test("a click shows only those, another one all again", async () => {
    await mountBoard();
    const cards = ".o_kanban_record:not(.o_kanban_ghost)";
    expect(cards).toHaveCount(2);
    await contains(chip("failed")).click();
    expect(cards).toHaveText("Parcels");
    expect(chip("failed")).toHaveAttribute("aria-pressed", "true");
    await contains(chip("ok")).click();
    expect(cards).toHaveCount(2);
    await contains(chip("failed")).click();
    expect(cards).toHaveText("Orders");
    expect(chip("failed")).toHaveAttribute("aria-pressed", "false");
    await contains(chip("ok")).click();
    expect(cards).toHaveCount(2);
});

test("what is searched for has its chip, also when there is none any more", async () => {
    const shown = await mountBoard();
    await contains(chip("failed")).click();
    delete shown.failed;
    await advanceTime(PAUSE);
    notify();
    await advanceTime(PAUSE);
    await waitFor(`${chip("failed")}[data-count="0"]`);
    await contains(chip("failed")).click();
    expect(chip("failed")).toHaveCount(0);
});

test("the list has the same summary", async () => {
    await mountBoard({ arch: LIST });
    await contains(chip("failed")).click();
    expect(".o_data_row").toHaveCount(1);
});

test("a change is counted anew", async () => {
    const shown = await mountBoard();
    shown.failed = 3;
    await advanceTime(PAUSE);
    notify();
    await advanceTime(PAUSE);
    await waitFor(`${chip("failed")}[data-count="3"]`);
    expect(chip("failed")).toHaveText("3 Failed");
});

test("without a connection it says when it was last fresh", async () => {
    mockDate("2025-03-01 12:00:00");
    let isConnected = true;
    patchWithCleanup(LiveReload.prototype, {
        get isConnected() {
            return isConnected;
        },
    });
    await mountBoard();
    expect(".o_ihub_fresh").toHaveText("Live");
    isConnected = false;
    await advanceTime(20000);
    await animationFrame();
    expect(".o_ihub_fresh").toHaveText(/^Refreshed at \d+:00:[12]\d/);
});

test("it says what it could not show anew, and since when", async () => {
    mockDate("2025-03-01 12:00:00");
    const live = [];
    patchWithCleanup(LiveReload.prototype, {
        start() {
            super.start();
            live.push(this);
        },
    });
    await mountBoard();
    for (const [trouble, text] of [
        ["connection", /^No connection\. As of \d+:00:\d\d/],
        ["failed", /^Refresh failed\. As of \d+:00:\d\d/],
    ]) {
        live[0].setTrouble(trouble);
        await animationFrame();
        expect(".o_ihub_fresh").toHaveText(text);
        expect(".o_ihub_fresh .text-success").toHaveCount(0);
    }
});

test.tags("desktop");
test("on a large screen there is a column per state", async () => {
    await mountBoard();
    expect(".o_kanban_group").toHaveCount(2);
});

test.tags("mobile");
test("on a phone the cards follow one another", async () => {
    await mountBoard();
    expect(".o_kanban_group").toHaveCount(0);
    expect(".o_kanban_record:not(.o_kanban_ghost)").toHaveCount(2);
});
