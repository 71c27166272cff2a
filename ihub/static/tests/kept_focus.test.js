import { expect, test } from "@odoo/hoot";
import { press, queryAll, queryFirst } from "@odoo/hoot-dom";
import { animationFrame, runAllTimers } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    defineModels,
    fields,
    getService,
    models,
    mountView,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { LiveFormController } from "@ihub/views/form_controller";
import { LiveKanbanController } from "@ihub/views/kanban_controller";
import { LiveListController } from "@ihub/views/list_controller";

class Run extends models.Model {
    _name = "run";
    name = fields.Char();
    _records = [
        { id: 1, name: "Orders" },
        { id: 2, name: "Parcels" },
    ];
}

defineMailModels();
defineModels([Run]);

/** @returns {Promise<Function>} a live refresh */
async function mount(Controller, view) {
    let controller;
    patchWithCleanup(Controller.prototype, {
        setup() {
            super.setup();
            controller = this;
        },
    });
    await mountView({ resModel: "run", ...view });
    return async () => {
        await (controller.refresh ? controller.refresh() : controller.model.refresh());
        await animationFrame();
    };
}

/** Expect that what replaces an element has its focus after a refresh. */
async function expectKept(refresh, find) {
    find().focus();
    expect(find()).toBeFocused();
    await refresh();
    expect(find()).toBeFocused();
}

test.tags("desktop");
test("a cell of a list, and the box that selects its row", async () => {
    const arch = `<list js_class="ihub_live_list"><field name="name"/></list>`;
    const refresh = await mount(LiveListController, { type: "list", arch });
    const row = ".o_data_row:contains(Parcels)";
    await expectKept(refresh, () => queryFirst(`${row} td[name=name]`));
    await expectKept(refresh, () => queryFirst(`${row} .o_list_record_selector input`));
});

test("of two links that do the same, the one that had it", async () => {
    const refresh = await mount(LiveKanbanController, {
        type: "kanban",
        arch: `<kanban js_class="ihub_live_kanban"><templates><t t-name="card">
            <field name="name"/>
            <a name="open" type="object">first</a><a name="open" type="object">second</a>
            <button type="button" class="o_bar">1</button>
            <button type="button" class="o_bar">2</button>
        </t></templates></kanban>`,
    });
    const card = ".o_kanban_record:contains(Parcels)";
    await expectKept(refresh, () => queryAll(`${card} a`)[1]);
    await expectKept(refresh, () => queryAll(`${card} .o_bar`)[1]);
});

test("a button of a form", async () => {
    const refresh = await mount(LiveFormController, {
        type: "form",
        resId: 2,
        arch: `<form js_class="ihub_live_form"><field name="name"/>
            <button name="a" type="object" string="A"/><button name="b" type="object" string="B"/>
        </form>`,
    });
    await expectKept(refresh, () => queryFirst("button[name=b]"));
});

test("a button that opens a dialog, once that is closed", async () => {
    await mount(LiveFormController, {
        type: "form",
        resId: 2,
        arch: `<form js_class="ihub_live_form"><button name="a" type="object" string="A"/></form>`,
    });
    const button = queryFirst("button[name=a]");
    button.focus();
    // As Odoo does while the server is asked for the dialog.
    button.blur();
    getService("dialog").add(ConfirmationDialog, {});
    await animationFrame();
    expect(".modal .btn-primary").toBeFocused();
    await press("Escape");
    await animationFrame();
    await runAllTimers();
    expect(".modal").toHaveCount(0);
    expect("button[name=a]").toBeFocused();
});
