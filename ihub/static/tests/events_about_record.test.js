import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
    toggleActionMenu,
} from "@web/../tests/web_test_helpers";
import { user } from "@web/core/user";

class Order extends models.Model {
    _name = "order";

    name = fields.Char();

    _records = [
        { id: 7, name: "S7" },
        { id: 8, name: "S8" },
    ];
}

class Event extends models.Model {
    _name = "ihub.event";

    summary = fields.Char();

    _records = [{ id: 1, summary: "Imported" }];
}

defineMailModels();
defineModels([Order, Event]);

const ITEM = ".o_ihub_events_about";
const LIST_ITEM = ".o-dropdown--menu .o_menu_item:contains(Events about these records)";
const ARCHS = {
    form: `<form><field name="display_name"/></form>`,
    list: `<list><field name="display_name"/></list>`,
};

async function mount(type, { resModel = "order", isOfHub = true } = {}) {
    patchWithCleanup(user, { hasGroup: async (group) => isOfHub || group !== "ihub.group_user" });
    onRpc("ihub.event", "action_about_records", ({ args }) => {
        expect.step(args);
        return { type: "ir.actions.act_window", res_model: "ihub.event" };
    });
    mockService("action", {
        doAction: (action) => expect.step(action.params?.about ?? action.res_model),
    });
    await mountView({
        type,
        resModel,
        resId: type === "form" ? { order: 7, "ihub.event": 1 }[resModel] : undefined,
        arch: ARCHS[type],
        actionMenus: {},
    });
}

test("from a record to its time line", async () => {
    await mount("form");
    await toggleActionMenu();
    await contains(ITEM).click();
    expect.verifySteps(["order,7"]);
});

test.tags("desktop");
test("from some records of a list to the events about them", async () => {
    await mount("list");
    await contains("thead .o_list_record_selector input").click();
    await toggleActionMenu();
    await contains(LIST_ITEM).click();
    expect.verifySteps([["order", [7, 8]], "ihub.event"]);
});

test.tags("desktop");
test("not from a list for those who may not see events", async () => {
    await mount("list", { isOfHub: false });
    await contains("thead .o_list_record_selector input").click();
    await toggleActionMenu();
    expect(".o-dropdown--menu .o_menu_item").not.toHaveCount(0);
    expect(LIST_ITEM).toHaveCount(0);
});

test("not for those who may not see events", async () => {
    await mount("form", { isOfHub: false });
    await toggleActionMenu();
    expect(".o-dropdown--menu .o_menu_item").not.toHaveCount(0);
    expect(ITEM).toHaveCount(0);
});

test("not about events themselves", async () => {
    await mount("form", { resModel: "ihub.event" });
    await toggleActionMenu();
    expect(".o-dropdown--menu .o_menu_item").not.toHaveCount(0);
    expect(ITEM).toHaveCount(0);
});
