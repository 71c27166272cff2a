import { expect, test } from "@odoo/hoot";
import { press, queryFirst } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Integration extends models.Model {
    _name = "ihub.integration";

    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["running", "Running"],
            ["failed", "Failed"],
        ],
    });
    health = fields.Selection({ selection: [["failed", "Failed"]] });

    _records = [
        { id: 1, name: "Orders", state: "running" },
        { id: 2, name: "Parcels", state: "failed" },
    ];
}

defineMailModels();
defineModels([Integration]);

const BUTTON = ".o_kanban_record:contains(Parcels) button[name=action_start]";

async function mount(limit = 80) {
    for (const method of ["web_read_group", "web_search_read"]) {
        onRpc("ihub.integration", method, async ({ parent }) => ({
            ...(await parent()),
            ihub_summary: { failed: 0 },
        }));
    }
    // What Start does: the card goes to another column.
    mockService("action", {
        doActionButton: async ({ name, resId, onClose }) => {
            expect.step(`${name} ${resId}`);
            MockServer.env["ihub.integration"].write([2], { state: "running" });
            await onClose?.();
        },
        doAction: () => expect.step("opened"),
    });
    await mountView({
        type: "kanban",
        resModel: "ihub.integration",
        arch: `
            <kanban js_class="ihub_board" default_group_by="state" limit="${limit}">
                <templates>
                    <t t-name="card">
                        <field name="name"/>
                        <button name="action_start" type="object">Start</button>
                    </t>
                </templates>
            </kanban>`,
    });
}

test("a key presses the button that has the focus, and opens no card", async () => {
    await mount();
    queryFirst(BUTTON).focus();
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["action_start 2"]);
});

test.tags("desktop");
test("a key loads more of a column", async () => {
    Integration._records.push({ id: 3, name: "Bills", state: "failed" });
    await mount(1);
    const card = ".o_kanban_group:contains(Failed) .o_kanban_record";
    expect(card).toHaveCount(1);
    queryFirst(".o_kanban_load_more button").focus();
    await press("Enter");
    await animationFrame();
    expect(card).toHaveCount(2);
});

test.tags("desktop");
test("the focus goes with a card to its new column", async () => {
    await mount();
    queryFirst(BUTTON).focus();
    await press("Enter");
    await animationFrame();
    await animationFrame();
    expect.verifySteps(["action_start 2"]);
    expect(".o_kanban_group:contains(Running) .o_kanban_record:contains(Parcels)").toHaveCount(1);
    expect(queryFirst(BUTTON)).toBeFocused();
});

test.tags("desktop");
test("whoever uses the mouse keeps the focus where it was put", async () => {
    await mount();
    await contains(BUTTON).click();
    await animationFrame();
    await animationFrame();
    expect.verifySteps(["action_start 2"]);
    expect(queryFirst(BUTTON)).not.toBeFocused();
});
