import { expect, test } from "@odoo/hoot";
import { click, edit, fill, press } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    findComponent,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";
import { LiveFormController } from "@ihub/views/form_controller";

class Run extends models.Model {
    _name = "run";
    name = fields.Char({ trim: true });
    note = fields.Char();
    _records = [{ id: 1, name: "Orders" }];
}

defineMailModels();
defineModels([Run]);

async function mount() {
    const view = await mountView({
        type: "form",
        resModel: "run",
        resId: 1,
        arch: `<form js_class="ihub_live_form"><field name="name"/><field name="note"/></form>`,
    });
    return findComponent(view, (one) => one instanceof LiveFormController);
}

test("what is half typed stays as it is", async () => {
    const controller = await mount();
    await click("[name=name] input");
    await edit("Exchange ", { confirm: false });
    expect(await controller.isBeingEdited()).toBe(true);
    await animationFrame();
    expect("[name=name] input").toHaveValue("Exchange ");
    expect(controller.model.root.data.name).toBe("Orders");
});

test("a page that nobody edits is refreshed, also after something was typed for nothing", async () => {
    const controller = await mount();
    expect(await controller.isBeingEdited()).toBe(false);
    await click("[name=name] input");
    await press("End");
    await fill(" ");
    await click("[name=note] input");
    expect("[name=name] input").toHaveValue("Orders");
    expect(await controller.isBeingEdited()).toBe(false);
    await contains("[name=name] input").edit("Bills", { confirm: "blur" });
    expect(await controller.isBeingEdited()).toBe(true);
});
