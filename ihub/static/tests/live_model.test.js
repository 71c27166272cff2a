import { Deferred, expect, test } from "@odoo/hoot";
import { queryFirst } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    findComponent,
    MockServer,
    models,
    mountView,
    onRpc,
    toggleKanbanRecordDropdown,
} from "@web/../tests/web_test_helpers";

import { LiveKanbanController } from "@ihub/views/kanban_controller";
import { LiveListController } from "@ihub/views/list_controller";

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

test.tags("desktop");
for (const groupBy of [[], ["name"]]) {
    test(`a menu that is opened during a refresh stays open: ${groupBy}`, async () => {
        const view = await mountView({
            type: "kanban",
            resModel: "card",
            groupBy,
            arch: `
                <kanban js_class="ihub_live_kanban"><templates>
                    <t t-name="menu"><a type="set_cover">Cover</a></t>
                    <t t-name="card"><field name="name"/></t>
                </templates></kanban>`,
        });
        const { model } = findComponent(view, (one) => one instanceof LiveKanbanController);
        const before = queryFirst(".o_kanban_record:contains(Two)");
        const method = groupBy.length ? "web_read_group" : "web_search_read";
        MockServer.env["card"].create({ name: "A third" });
        await doMeanwhile(model, method, () => toggleKanbanRecordDropdown(1));
        expect(".o_kanban_record:not(.o_kanban_ghost)").toHaveCount(3);
        expect(".o-dropdown--menu").toHaveCount(1);
        expect(queryFirst(".o_kanban_record:contains(Two)")).toBe(before);
    });
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

async function mountLines(params = {}) {
    const view = await mountView({
        type: "list",
        resModel: "card",
        arch: `<list js_class="ihub_live_list" limit="1"><field name="name"/></list>`,
        ...params,
    });
    return findComponent(view, (one) => one instanceof LiveListController).model;
}

/** Refresh, and do something before the server has answered. */
async function doMeanwhile(model, method, action) {
    const answer = new Deferred();
    let asked = 0;
    onRpc(method, () => (asked++ ? undefined : answer));
    const refreshed = model.refresh();
    await animationFrame();
    const done = action();
    await animationFrame();
    answer.resolve();
    await Promise.all([refreshed, done]);
    await animationFrame();
}

test.tags("desktop");
test("who turns the page during a refresh gets the page", async () => {
    const model = await mountLines();
    await doMeanwhile(model, "web_search_read", () => contains(".o_pager_next").click());
    expect(".o_data_row").toHaveText("Two");
    await model.refresh();
    await animationFrame();
    expect(".o_data_row").toHaveText("Two");
});

test.tags("desktop");
test("who sorts during a refresh gets the order", async () => {
    const model = await mountLines();
    await contains("th[data-name=name]").click();
    expect(".o_data_row").toHaveText("One");
    await doMeanwhile(model, "web_search_read", () => contains("th[data-name=name]").click());
    expect(".o_data_row").toHaveText("Two");
});

test.tags("desktop");
test("what is ticked during a refresh stays ticked", async () => {
    const model = await mountLines();
    await doMeanwhile(model, "web_search_read", () =>
        contains(".o_data_row .o_list_record_selector input").click(),
    );
    expect(".o_data_row .o_list_record_selector input").toBeChecked();
});

test.tags("desktop");
test("what is unfolded during a refresh stays unfolded, and what is folded stays folded", async () => {
    const model = await mountLines({ groupBy: ["name"] });
    expect(".o_group_header").toHaveCount(2);
    const click = () => contains(".o_group_header:contains(Two)").click();
    await doMeanwhile(model, "web_read_group", click);
    expect(".o_data_row").toHaveText("Two");
    await doMeanwhile(model, "web_read_group", click);
    expect(".o_data_row").toHaveCount(0);
});

test("what was on screen at another time is not shown first", async () => {
    const model = await mountLines({ config: { cache: true } });
    expect(model.env.config.cache).toBe(true);
    expect(model.withCache).toBe(false);
});
