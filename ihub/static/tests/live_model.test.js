import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    defineModels,
    fields,
    findComponent,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";

import { LiveKanbanController } from "@ihub/views/kanban_controller";

class Card extends models.Model {
    _name = "card";

    name = fields.Char();

    _records = [{ id: 1, name: "One" }];
}

defineMailModels();
defineModels([Card]);

test("a reload that is overtaken by another one ends all the same", async () => {
    const view = await mountView({
        type: "kanban",
        resModel: "card",
        arch: `
            <kanban js_class="ihub_live_kanban">
                <templates><t t-name="card"><field name="name"/></t></templates>
            </kanban>`,
    });
    const { model } = findComponent(view, (one) => one instanceof LiveKanbanController);
    await Promise.all([model.load(), model.load(), model.load()]);
    expect(".o_kanban_record:contains(One)").toHaveCount(1);
});
