import { beforeEach, expect, test } from "@odoo/hoot";
import { queryAllTexts, queryOne } from "@odoo/hoot-dom";
import { advanceTime, animationFrame, mockDate } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    clickSave,
    contains,
    defineModels,
    fields,
    MockServer,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";

class Run extends models.Model {
    _name = "run";

    progress = fields.Integer();
    message = fields.Text();
    due = fields.Datetime();
    duration = fields.Float();
    ended_at = fields.Datetime();
    limit = fields.Integer();
    time = fields.Float();
    started_at = fields.Datetime();
    zone = fields.Selection({
        selection: ["America/New_York", "America/Newark", "Europe/Berlin"].map((z) => [z, z]),
    });

    _records = [
        {
            id: 1,
            progress: 62,
            message: "Order <b>S2</b> has no price.\nEnter it in the shop.",
            due: "2025-03-01 12:12:30",
            duration: 83,
            ended_at: "2025-03-01 11:00:00",
            started_at: "2025-03-01 12:00:30",
        },
        { id: 2 },
    ];
}

defineMailModels();
defineModels([Run]);

beforeEach(() => mockDate("2025-03-01 12:00:00", 0));

async function mountFields(resId = 1) {
    await mountView({
        type: "form",
        resModel: "run",
        resId,
        arch: `
            <form>
                <field name="progress" widget="ihub_progress"/>
                <field name="message" widget="ihub_one_line"/>
                <field name="due" widget="ihub_when" options="{'due': true}"/>
                <field name="ended_at" widget="ihub_when" options="{'elapsed': true}"/>
                <field name="started_at" widget="ihub_when" options="{'past': true}"/>
                <field name="duration" widget="ihub_duration"/>
            </form>`,
    });
}

const field = (name) => `.o_field_widget[name=${name}]`;

test("progress is a bar, a number, and a name for those who see neither", async () => {
    await mountFields();
    const bar = `${field("progress")} [role=progressbar]`;
    expect(bar).toHaveAttribute("aria-valuenow", "62");
    expect(bar).toHaveAttribute("aria-label", "Progress: 62%");
    expect(field("progress")).toHaveText("62%");
    expect(`${bar} .progress-bar`).toHaveAttribute("style", "width: 62%");
});

test("one line shows a text as text, and hovering tells all of it", async () => {
    await mountFields();
    const { message } = MockServer.env["run"].browse(1)[0];
    expect(`${field("message")} b`).toHaveCount(0);
    expect(`${field("message")} div`).toHaveAttribute("title", message);
    const { height } = document.querySelector(`${field("message")} div`).getBoundingClientRect();
    expect(height).toBeLessThan(40);
});

test("a moment is told in words, exactly to those who hover, and goes with the time", async () => {
    await mountFields();
    const time = `${field("due")} time`;
    expect(time).toHaveText("in 12 minutes");
    expect(time).toHaveAttribute("title", /12:12/);
    expect(document.querySelector(time).dateTime).toMatch(/^2025-03-01T12:12:30/);
    // How long that is, for what is still at work.
    expect(`${field("ended_at")} time`).toHaveText("1 h 0 min");
    // The clock of the server is ahead.
    expect(`${field("started_at")} time`).toHaveText("just now");
    await advanceTime(60 * 1000);
    await animationFrame();
    expect(time).toHaveText("in 11 minutes");
    await advanceTime(12 * 60 * 1000);
    await animationFrame();
    expect(time).toHaveText("due now");
});

test("a length of time is told in words", async () => {
    await mountFields();
    expect(field("duration")).toHaveText("1 min 23 s");
});

test("what is not known is not told", async () => {
    await mountFields(2);
    expect(`${field("due")} time`).toHaveCount(0);
    expect(field("duration")).toHaveText("");
    expect(field("message")).toHaveText("");
    expect(field("progress")).toHaveText("0%");
});

test("a number that may be none says what none means, and takes it back", async () => {
    await mountView({
        type: "form",
        resModel: "run",
        resId: 1,
        arch: `
            <form>
                <field name="limit" widget="ihub_number_or_none" placeholder="Never"/>
                <field name="time" widget="ihub_time_or_none" placeholder="Never"/>
            </form>`,
    });
    const limit = ".o_field_widget[name=limit] input";
    const time = ".o_field_widget[name=time] input";
    expect(limit).toHaveValue("");
    expect(limit).toHaveAttribute("placeholder", "Never");
    expect(time).toHaveValue("");
    expect(time).toHaveAttribute("placeholder", "Never");
    await contains(limit).edit("15");
    await contains(time).edit("6:30");
    await clickSave();
    expect(MockServer.env.run.browse(1)[0].limit).toBe(15);
    expect(MockServer.env.run.browse(1)[0].time).toBe(6.5);
    await contains(limit).edit("");
    await contains(time).edit("");
    await clickSave();
    expect(MockServer.env.run.browse(1)[0].limit).toBe(0);
    expect(MockServer.env.run.browse(1)[0].time).toBe(0);
});

test("a number that may be none says so where it cannot be changed", async () => {
    await mountView({
        type: "form",
        resModel: "run",
        resId: 1,
        arch: `
            <form edit="0">
                <field name="limit" widget="ihub_number_or_none" placeholder="Never" readonly="1"/>
            </form>`,
    });
    expect(".o_field_widget[name=limit]").toHaveText("Never");
});

test.tags("desktop");
test("a time zone is found as people write it, and as computers do", async () => {
    Run._records[0].zone = "Europe/Berlin";
    await mountView({
        type: "form",
        resModel: "run",
        resId: 1,
        arch: `<form><field name="zone" widget="ihub_time_zone"/></form>`,
    });
    await contains(".o_field_widget[name=zone] input").click();
    for (const typed of ["new york", "New_York"]) {
        await contains(".o_field_widget[name=zone] input").edit(typed, { confirm: false });
        await advanceTime(500);
        await animationFrame();
        expect(queryAllTexts(".o_select_menu_item")).toEqual(["America/New York"]);
    }
    await contains(".o_select_menu_item").click();
    expect(".o_field_widget[name=zone] input").toHaveValue("America/New York");
    await clickSave();
    expect(MockServer.env.run[0].zone).toBe("America/New_York");
});

test("a bar on a form is as wide as what it stands in", async () => {
    await mountView({
        type: "form",
        resModel: "run",
        resId: 1,
        arch: `<form><div style="width: 300px"><field name="progress" widget="ihub_progress"/></div></form>`,
    });
    expect(queryOne(".o_ihub_progress").offsetWidth).toBeGreaterThan(200);
});
