import { beforeEach, expect, test } from "@odoo/hoot";
import { queryAllAttributes, queryAllTexts, queryFirst } from "@odoo/hoot-dom";
import { mockDate, mockTimeZone } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
    preloadBundle,
} from "@web/../tests/web_test_helpers";
import { changeScale } from "@web/../tests/views/calendar/calendar_test_helpers";

import { LIMIT } from "../src/calendar/run_calendar_model";

const ARCH = `
    <calendar js_class="ihub_run_calendar" date_start="calendar_from" date_stop="calendar_to"
        color="outcome" mode="week" create="false" edit="false" delete="false" quick_create="0">
        <field name="integration_id"/>
        <field name="state" invisible="1"/>
        <field name="outcome" filters="1"/>
    </calendar>`;

class Integration extends models.Model {
    _name = "ihub.integration";
    name = fields.Char();
    _records = [
        { id: 1, name: "Orders" },
        { id: 2, name: "Parcels" },
    ];
    _views = { form: "<form/>" };
}

class Run extends models.Model {
    _name = "ihub.run";
    integration_id = fields.Many2one({ relation: "ihub.integration" });
    state = fields.Char();
    outcome = fields.Selection({
        selection: [
            ["pending", "Queued"],
            ["done", "Done"],
            ["incomplete", "Incomplete"],
            ["failed", "Failed"],
            ["skipped", "Skipped"],
        ],
        looks: {
            pending: ["fa-clock-o", "info"],
            done: ["fa-check", "success"],
            failed: ["fa-times-circle", "danger"],
            incomplete: ["fa-wrench", "warning"],
            skipped: ["fa-step-forward", "muted"],
        },
    });
    due = fields.Datetime();
    started_at = fields.Datetime();
    calendar_from = fields.Datetime();
    calendar_to = fields.Datetime();
}

defineMailModels();
defineModels([Integration, Run]);
preloadBundle("web.fullcalendar_lib");

function run(id, time, outcome, values = {}) {
    const moment = `2025-03-05 ${time}:00`;
    return {
        id,
        integration_id: 1,
        // As the domain of what is queued has it.
        state: outcome,
        outcome,
        due: moment,
        started_at: moment,
        calendar_from: moment,
        calendar_to: moment,
        ...values,
    };
}

/** More runs than can be shown one by one, all in one hour of one integration. */
function many(outcome = "done") {
    return [...Array(LIMIT + 1).keys()].map((index) => run(1000 + index, "10:10", outcome));
}

beforeEach(() => {
    mockTimeZone(0);
    mockDate("2025-03-05 14:00:00");
});

function watchActions() {
    mockService("action", {
        doAction(action) {
            const { res_model: model, res_id: id, views } = action;
            expect.step(
                `${model} ${id ?? JSON.stringify(action.domain.length > 0)} ${views[0][1]}`,
            );
        },
    });
}

const mount = () => mountView({ type: "calendar", resModel: "ihub.run", arch: ARCH });
const titles = () => queryAllTexts(".o_event .o_event_title");

test("each run has its outcome in words and in colour", async () => {
    Run._records = [
        run(1, "09:00", "done"),
        run(2, "10:00", "failed", { integration_id: 2 }),
        run(3, "11:00", "skipped"),
        run(5, "12:00", "incomplete"),
        run(4, "15:00", "pending"),
    ];
    await mount();
    expect(titles()).toEqual([
        "Orders · Done",
        "Parcels · Failed",
        "Orders · Skipped",
        "Orders · Incomplete",
        "Orders · Queued",
    ]);
    expect(".o_event.o_calendar_color_10").toHaveText(/Done/);
    expect(".o_event.o_calendar_color_1").toHaveText(/Failed/);
    expect(".o_event.o_calendar_color_2").toHaveText(/Incomplete/);
    // The place says when; in a narrow column the name is read in full as a tooltip.
    expect(".o_event .fc-time").toHaveCount(0);
    expect(".o_event_title:first").toHaveAttribute("title", "Orders · Done");
    // Where a column is too narrow for words.
    expect(queryAllAttributes(".o_event .o_ihub_outcome_icon", "class")).toEqual(
        ["fa-check", "fa-times-circle", "fa-step-forward", "fa-wrench", "fa-clock-o"].map(
            (icon) => `o_ihub_outcome_icon fa fa-fw ${icon}`,
        ),
    );
});

test("a click opens the run", async () => {
    watchActions();
    Run._records = [run(7, "09:00", "done")];
    await mount();
    await contains(".o_event").click();
    expect.verifySteps(["ihub.run 7 form"]);
});

test("too many runs are shown together, each outcome apart", async () => {
    watchActions();
    Run._records = [
        ...many(),
        run(1, "10:30", "failed"),
        run(2, "15:00", "pending", { started_at: false }),
    ];
    onRpc("ihub.run", "search_read", () => expect.step("read one by one"));
    await mount();
    expect(titles().sort()).toEqual([
        `Orders · Done: ${LIMIT + 1}`,
        "Orders · Failed: 1",
        "Orders · Queued: 1",
    ]);
    const event = (text) =>
        [...document.querySelectorAll(".o_event")].find((el) => el.innerText.includes(text));
    await contains(event("Done")).click();
    await contains(event("Failed")).click();
    expect.verifySteps(["ihub.run true list", "ihub.run 1 form"]);
});

test("of very many, only the number per day is shown", async () => {
    const count = LIMIT + 1;
    const integrations = [...Array(count).keys()].map((index) => ({
        id: index + 1,
        name: `I ${index}`,
    }));
    Integration._records = integrations;
    Run._records = integrations.map(({ id }) => run(id, "10:10", "done", { integration_id: id }));
    await mount();
    await changeScale("week");
    expect(titles()).toEqual([`Done: ${count}`]);
    expect(queryFirst(".o_event").closest(".fc-daygrid-body, .fc-timegrid-body")).toHaveClass(
        "fc-daygrid-body",
    );
});

test.tags("mobile");
test("a phone begins with a day, and remembers another choice", async () => {
    await mount();
    expect(".fc-timeGridDay-view").toHaveCount(1);
    await changeScale("week");
    expect(".fc-timeGridWeek-view").toHaveCount(1);
    // Beside the first one.
    await mount();
    expect(".fc-timeGridWeek-view").toHaveCount(2);
});

test.tags("desktop");
test("a large screen begins with a week", async () => {
    await mount();
    expect(".fc-timeGridWeek-view").toHaveCount(1);
});
