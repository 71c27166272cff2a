import { expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    defineModels,
    fields,
    findComponent,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

import { LiveKanbanController } from "@ihub/views/kanban_controller";

class Card extends models.Model {
    _name = "card";

    name = fields.Char();

    _records = [
        { id: 1, name: "One" },
        { id: 2, name: "Two" },
    ];
}

defineMailModels();
defineModels([Card]);

async function mountCards() {
    const view = await mountView({
        type: "kanban",
        resModel: "card",
        arch: `
            <kanban js_class="ihub_live_kanban">
                <templates><t t-name="card"><field name="name"/></t></templates>
            </kanban>`,
    });
    return findComponent(view, (one) => one instanceof LiveKanbanController).model;
}

test("a reload that is overtaken by another one ends all the same", async () => {
    const model = await mountCards();
    await Promise.all([model.load(), model.load(), model.load()]);
    expect(".o_kanban_record:contains(One)").toHaveCount(1);
});

test("a search that is refused is what the next reload searches for", async () => {
    let isRefused = false;
    onRpc("web_search_read", () => {
        if (isRefused) {
            throw new Error("Too busy.");
        }
    });
    const model = await mountCards();
    expect(".o_kanban_record:not(.o_kanban_ghost)").toHaveCount(2);
    isRefused = true;
    await expect(model.load({ domain: [["name", "=", "Two"]] })).rejects.toThrow();
    isRefused = false;
    await model.load();
    await animationFrame();
    expect(".o_kanban_record:not(.o_kanban_ghost)").toHaveText("Two");
});
