import { expect, test } from "@odoo/hoot";
import { click, queryAllTexts } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import {
    defineModels,
    fields,
    models,
    mountView,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { parseStructure } from "@ihub/fields/event_details/event_details_field";

class Event extends models.Model {
    _name = "event";
    details = fields.Text();
    _records = [
        {
            id: 1,
            details: '{"order": 7, "lines": [{"sku": "A", "more": {"deep": true}}], "x": null}',
        },
        { id: 2, details: "<b>not bold</b>\n  second line" },
        { id: 3, details: 'Traceback (most recent call last):\n  File "x"\nKeyError: 1' },
        { id: 4, details: '{"order": ' },
        { id: 6, details: '{"id": 1234567890123456789, "price": 1.50}' },
        { id: 5, details: JSON.stringify(Array.from({ length: 250 }, (_, i) => i)) },
    ];
    _views = { form: `<form><field name="details" widget="ihub_event_details"/></form>` };
}

defineMailModels();
defineModels([Event]);

async function mount(resId) {
    await mountView({ type: "form", resModel: "event", resId });
}

test("only objects and arrays are structures", () => {
    expect(parseStructure('{"a": 1}')).toEqual({ a: 1 });
    expect(parseStructure(" [1]")).toEqual([1]);
    expect(parseStructure("7")).toBe(undefined);
    expect(parseStructure("text")).toBe(undefined);
    expect(parseStructure('{"cut": ')).toBe(undefined);
});

test("a structure is a tree that unfolds", async () => {
    await mount(1);
    expect(".o_ihub_event_json").toHaveCount(1);
    expect(queryAllTexts(".o_ihub_json_key")).toEqual(["order", "lines", "x"]);
    expect(".o_ihub_json_number").toHaveText("7");
    expect(".o_ihub_json_null").toHaveText("null");
    await click("details details details > summary");
    await animationFrame();
    expect(queryAllTexts(".o_ihub_json_key")).toEqual(["order", "lines", "sku", "more", "x"]);
});

test("numbers are shown as they are written, however long", async () => {
    await mount(6);
    expect(queryAllTexts(".o_ihub_json_number")).toEqual(["1234567890123456789", "1.50"]);
});

test("a browser that rounds long numbers shows the text", () => {
    patchWithCleanup(JSON, {
        parse(text, reviver) {
            return super.parse(text, (key, value) => reviver(key, value));
        },
    });
    expect(parseStructure('{"id": 1234567890123456789}')).toBe(undefined);
    expect(parseStructure('{"id": 7, "price": 1.5}')).toEqual({ id: 7, price: 1.5 });
});

test("a structure can be seen as text", async () => {
    await mount(1);
    await click(".o_ihub_event_details_buttons button:first");
    await animationFrame();
    expect(".o_ihub_event_json").toHaveCount(0);
    expect(".o_ihub_event_text").toHaveCount(1);
});

test("text is never markup", async () => {
    await mount(2);
    expect(".o_ihub_event_text b").toHaveCount(0);
    expect(".o_ihub_event_text").toHaveText("<b>not bold</b>\n  second line", { raw: true });
});

test("a traceback is recognised", async () => {
    await mount(3);
    expect(".o_ihub_traceback").toHaveCount(1);
});

test("a structure that was cut is text", async () => {
    await mount(4);
    expect(".o_ihub_event_json").toHaveCount(0);
    expect(".o_ihub_event_text").toHaveCount(1);
});

test("a long list is drawn in parts", async () => {
    await mount(5);
    expect(".o_ihub_json_number").toHaveCount(100);
    await click(".o_ihub_json_children > button");
    await animationFrame();
    expect(".o_ihub_json_number").toHaveCount(250);
});

test("there is a button to copy", async () => {
    await mount(2);
    expect(".o_ihub_event_details .o_ihub_copy").toHaveCount(1);
});
