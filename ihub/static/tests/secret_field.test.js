import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    clickSave,
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Shop extends models.Model {
    _name = "shop";

    name = fields.Char();
    password = fields.Char();

    _records = [
        { id: 1, name: "set", password: "***" },
        { id: 2, name: "unset" },
        { id: 3, name: "elsewhere", password: "env:SHOP_PASSWORD" },
    ];
}

defineMailModels();
defineModels([Shop]);

const FIELD = ".o_field_widget[name=password]";

async function mountShop(resId, attributes = "") {
    onRpc("web_save", ({ args }) => expect.step(args[1]));
    await mountView({
        type: "form",
        resModel: "shop",
        resId,
        arch: `<form ${attributes}>
            <field name="name"/>
            <field name="password" widget="ihub_secret" placeholder="None yet"/>
        </form>`,
    });
}

const button = (label) => contains(`${FIELD} button:contains(${label})`);

test("one that is set is not shown, and can be replaced", async () => {
    await mountShop(1);
    expect(FIELD).toHaveText("Set \nReplace\nRemove");
    expect(`${FIELD} textarea`).toHaveCount(0);
    await button("Replace").click();
    expect(`${FIELD} textarea`).toHaveStyle({ "-webkit-text-security": "disc" });
    expect(`${FIELD} textarea`).toHaveValue("");
    await contains(`${FIELD} textarea`).edit("hunter2");
    expect(`${FIELD} textarea`).toHaveValue("hunter2");
    await clickSave();
    expect.verifySteps([{ password: "hunter2" }]);
});

test("whoever leaves the input empty has changed nothing", async () => {
    await mountShop(1);
    await button("Replace").click();
    await contains(`${FIELD} textarea`).edit("");
    await contains(".o_field_widget[name=name] input").click();
    expect(FIELD).toHaveText("Set \nReplace\nRemove");
    await button("Replace").click();
    await contains(`${FIELD} textarea`).edit("typed");
    await contains(`${FIELD} textarea`).edit("");
    await contains(".o_field_widget[name=name] input").edit("renamed");
    await clickSave();
    expect.verifySteps([{ name: "renamed", password: "***" }]);
});

test("it can be removed", async () => {
    await mountShop(1);
    await button("Remove").click();
    expect(`${FIELD} textarea`).toHaveValue("");
    expect(`${FIELD} textarea`).toHaveAttribute("placeholder", "None yet");
    await clickSave();
    expect.verifySteps([{ password: false }]);
});

test("where there is none, it is entered", async () => {
    await mountShop(2);
    await contains(`${FIELD} textarea`).edit("hunter2");
    await clickSave();
    expect.verifySteps([{ password: "hunter2" }]);
});

test("a variable of the environment is shown: its name is no secret", async () => {
    await mountShop(3);
    expect(FIELD).toHaveText("env:SHOP_PASSWORD\nReplace\nRemove");
});

test("who may not change it sees whether there is one", async () => {
    await mountShop(1, 'edit="0"');
    expect(FIELD).toHaveText("Set");
    await mountShop(2, 'edit="0"');
    expect(`${FIELD}:last textarea`).toHaveCount(0);
});

test("a required one is not removed", async () => {
    await mountView({
        type: "form",
        resModel: "shop",
        resId: 1,
        arch: `<form><field name="password" widget="ihub_secret" required="1"/></form>`,
    });
    expect(FIELD).toHaveText("Set \nReplace");
});
