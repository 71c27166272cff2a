/* global luxon */

import { beforeEach, expect, test } from "@odoo/hoot";
import {
    drag,
    hover,
    pointerDown,
    pointerUp,
    press,
    queryAllAttributes,
    queryAllTexts,
    queryFirst,
    queryRect,
    scroll,
} from "@odoo/hoot-dom";
import { advanceTime, animationFrame, mockDate, mockTimeZone, runAllTimers } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    defineParams,
    fields,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { editTime, getPickerCell } from "@web/../tests/core/datetime/datetime_test_helpers";
import { CallbackRecorder } from "@web/search/action_hook";
import { closestScrollableY } from "@web/core/utils/scrolling";

import { HOLD } from "@ihub/coverage/dragging";
import { CHANGED, PAUSE } from "@ihub/live/live_reload";

const DAY = "2025-03-05";
const HOUR = 3600;
// The day that is seen begins at 15:55: bars are given in seconds from there.
const BARS = [
    [HOUR, 2 * HOUR, "done", 1, 60, 11],
    [2 * HOUR, 3 * HOUR, "failed", 3, 600, 12],
    [10 * HOUR, 11 * HOUR, "with_errors", 1, 5, 13],
];
const OUTCOMES = [
    ["done", "Done", "fa-check"],
    ["failed", "Failed", "fa-times-circle"],
    ["with_errors", "With Errors", "fa-exclamation-circle"],
    ["skipped", "Skipped", "fa-step-forward"],
];

class Integration extends models.Model {
    _name = "ihub.integration";

    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["running", "Running"],
            ["failed", "Failed"],
        ],
    });
    health = fields.Selection({
        selection: [["ok", "OK"]],
        looks: { ok: ["fa-check", "success"] },
    });
    takes_period = fields.Boolean();
    runs_manually = fields.Boolean();

    _records = [
        { id: 1, name: "Orders", state: "running", takes_period: true, runs_manually: true },
        { id: 2, name: "Parcels", state: "failed", takes_period: false, runs_manually: true },
    ].map((record) => ({ ...record, health: "ok" }));
}

defineMailModels();
defineModels([Integration]);

beforeEach(() => {
    mockTimeZone(0);
    mockDate(`${DAY} 14:00:00`);
    localStorage.removeItem("ihub.grid.zoom");
});

const ARCH = `
    <ihub_grid limit="1000">
        <field name="name"/>
        <field name="health"/>
        <field name="takes_period"/>
        <field name="runs_manually"/>
    </ihub_grid>`;
const minutes = (moment) => moment.slice(0, 16);

const writeDown = (ids, from, to) =>
    expect.step(`${ids.length} rows: ${minutes(from)} ${minutes(to)}`);

/** Show the grid; what the server is asked for is written down, and all rows have the bars. */
async function mountGrid(options = {}, onAsked = writeDown) {
    onRpc("ihub.integration", "grid", ({ args: [ids, from, to] }) => {
        onAsked(ids, from, to);
        return { lanes: Object.fromEntries(ids.map((id) => [id, BARS])), outcomes: OUTCOMES };
    });
    for (const method of ["action_fill", "action_open_runs_of"]) {
        onRpc("ihub.integration", method, ({ args: [[id], from, to] }) => {
            expect.step(`${method} ${id}: ${minutes(from)} ${minutes(to)}`);
            return { type: "ir.actions.act_window", tag: method };
        });
    }
    mockService("action", {
        doAction(action, { onClose } = {}) {
            expect.step(action.tag || `${action.res_model} ${action.res_id}`);
            onClose?.();
        },
    });
    await mountView({ type: "ihub_grid", resModel: "ihub.integration", arch: ARCH, ...options });
    await animationFrame();
}

const FIRST = `2 rows: 2025-03-04 15:55 ${DAY} 15:55`;
const EARLIER = `2 rows: 2025-03-03 15:55 2025-03-04 15:55`;
const lane = ".o_ihub_grid_lane";
const cursor = ".o_ihub_grid_cursor";

/** The point of a lane at an hour, also where there is no bar. */
const point = (hour, index = 0) => {
    const { width } = queryRect(`${lane}:eq(${index})`);
    return { position: { x: (width * hour) / 24, y: 8 }, relative: true };
};

test("a row for each, with its name, its badge and its runs", async () => {
    await mountGrid();
    expect.verifySteps([FIRST]);
    expect(queryAllTexts(".o_ihub_grid_name .btn")).toEqual(["Orders", "Parcels"]);
    expect(".o_ihub_grid_name .badge").toHaveCount(2);
    expect(queryAllAttributes(`${lane}:eq(0) [data-outcome]`, "data-outcome")).toEqual([
        "done",
        "failed",
        "with_errors",
    ]);
    expect(`${lane}:eq(0) [data-outcome=with_errors]`).toHaveClass("o_ihub_is_incomplete");
    expect(queryAllTexts(".o_ihub_coverage_legend li")).toEqual(["Done", "Failed", "With Errors"]);
});

test("the longest run has the highest bar", async () => {
    await mountGrid();
    const top = (outcome) =>
        queryFirst(`[data-outcome=${outcome}]`)
            .style.clipPath.match(/([\d.]+)%/g)
            .map(parseFloat);
    expect(Math.min(...top("failed").filter((value, index) => index % 2))).toBe(0);
    expect(Math.min(...top("done").filter((value, index) => index % 2))).toBeGreaterThan(10);
    expect.verifySteps([FIRST]);
});

test("a click opens the run, or the runs of a bar that is several", async () => {
    await mountGrid();
    await contains(`${lane}:eq(0)`).click(point(1.5));
    await contains(`${lane}:eq(0)`).click(point(2.5));
    await contains(`${lane}:eq(0)`).click(point(6));
    expect.verifySteps([
        FIRST,
        "ihub.run 11",
        "action_open_runs_of 1: 2025-03-04 17:55 2025-03-04 18:55",
        "action_open_runs_of",
    ]);
});

test.tags("desktop");
test("who points at a bar is told what it is", async () => {
    await mountGrid();
    await hover(`${lane}:eq(0)`, point(2.5));
    expect(`${lane}:eq(0)`).toHaveAttribute(
        "title",
        /^Failed: Mar 4, .*5:55.PM to 6:55.PM · 3 runs$/,
    );
    await hover(`${lane}:eq(0)`, point(6));
    expect(`${lane}:eq(0)`).toHaveAttribute("title", "");
    expect.verifySteps([FIRST]);
});

test("who comes back finds the moment of before", async () => {
    const __getLocalState__ = new CallbackRecorder();
    await mountGrid({ __getLocalState__ });
    await contains(".o_ihub_earlier").click();
    expect.verifySteps([FIRST, EARLIER]);
    const kept = Object.assign({}, ...__getLocalState__.callbacks.map((get) => get()));
    await mountGrid({ state: { "ihub.grid": kept["ihub.grid"] } });
    expect.verifySteps([EARLIER]);
});

test.tags("desktop");
test("a period is dragged, to and fro, and runs by the dialog", async () => {
    await mountGrid();
    for (const [from, to] of [
        [4, 6],
        [6, 4],
    ]) {
        const { drop } = await drag(`${lane}:eq(0)`, point(from));
        await drop(`${lane}:eq(0)`, point(to));
        await animationFrame();
    }
    const filled = ["action_fill 1: 2025-03-04 19:55 2025-03-04 21:55", "action_fill"];
    expect.verifySteps([FIRST, ...filled, FIRST, ...filled, FIRST]);
});

test.tags("desktop");
test("who lets go elsewhere chooses nothing", async () => {
    await mountGrid();
    await pointerDown(`${lane}:eq(0)`, point(4));
    await pointerUp(".o_ihub_grid_name:eq(1)");
    await hover(`${lane}:eq(0)`, point(6));
    await animationFrame();
    expect(".o_ihub_grid_selection").toHaveCount(0);
    expect.verifySteps([FIRST]);
});

test.tags("desktop");
test("what takes no period cannot be dragged", async () => {
    await mountGrid();
    const { drop } = await drag(`${lane}:eq(1)`, point(4, 1));
    expect(".o_ihub_grid_selection").toHaveCount(0);
    await drop(`${lane}:eq(1)`, point(6, 1));
    await animationFrame();
    expect.verifySteps([FIRST]);
});

test.tags("mobile");
test("a finger that swipes moves the time, and opens nothing", async () => {
    const starts = [];
    await mountGrid({}, (ids, from) => starts.push(luxon.DateTime.fromSQL(from)));
    // Also where no period can be chosen.
    for (const index of [0, 1]) {
        const { drop } = await drag(`${lane}:eq(${index})`, point(2.5, index));
        expect(".o_ihub_grid_selection").toHaveCount(0);
        await drop(`${lane}:eq(${index})`, point(14.5, index));
        await advanceTime(HOLD);
        await animationFrame();
    }
    const [first, second, third] = starts;
    // Half a day each; pixels are whole.
    for (const [before, after] of [
        [first, second],
        [second, third],
    ]) {
        expect(before.diff(after, "hours").hours).toBeWithin(11.8, 12.2);
    }
    expect.verifySteps([]);
});

test.tags("mobile");
test("a finger that rests first chooses a period", async () => {
    await mountGrid();
    await pointerDown(`${lane}:eq(0)`, point(4));
    expect(".o_ihub_grid_selection").toHaveCount(0);
    await advanceTime(HOLD);
    await animationFrame();
    expect(".o_ihub_grid_selection").toHaveCount(1);
    await hover(`${lane}:eq(0)`, point(6));
    await pointerUp(`${lane}:eq(0)`, point(6));
    await animationFrame();
    expect(".o_ihub_grid_selection").toHaveCount(0);
    expect.verifySteps([
        FIRST,
        "action_fill 1: 2025-03-04 19:55 2025-03-04 21:55",
        "action_fill",
        FIRST,
    ]);
});

test.tags("mobile");
test("a finger that rests and goes chooses nothing", async () => {
    await mountGrid();
    await pointerDown(`${lane}:eq(0)`, point(2.5));
    await advanceTime(HOLD);
    await pointerUp(`${lane}:eq(0)`, point(2.5));
    await animationFrame();
    expect(".o_ihub_grid_selection").toHaveCount(0);
    expect.verifySteps([FIRST]);
});

test.tags("desktop");
test("the keyboard reaches each row by one stop, and each bar by arrows", async () => {
    await mountGrid();
    queryFirst(`${cursor}:eq(0)`).focus();
    expect(`${cursor}:eq(0)`).toHaveAttribute("aria-label", /^With Errors: .* · 5 s$/);
    await press("ArrowLeft");
    await animationFrame();
    expect(`${cursor}:eq(0)`).toHaveAttribute("aria-label", /^Failed: /);
    await press("Home");
    await animationFrame();
    await press("Enter");
    await press("ArrowDown");
    expect(`${cursor}:eq(1)`).toBeFocused();
    await press("Enter");
    await press("ArrowUp");
    expect(`${cursor}:eq(0)`).toBeFocused();
    expect.verifySteps([FIRST, "ihub.run 11", "ihub.run 13"]);
    await press(["Shift", "Enter"]);
    await animationFrame();
    expect.verifySteps(["action_fill 1: 2025-03-04 16:55 2025-03-04 17:55", "action_fill", FIRST]);
});

test("another period is asked for, and remembered", async () => {
    await mountGrid();
    await contains(".o_ihub_earlier").click();
    expect.verifySteps([FIRST, `2 rows: 2025-03-03 15:55 2025-03-04 15:55`]);
    await contains(".o_ihub_now").click();
    await contains("[data-zoom=month]").click();
    expect.verifySteps([FIRST, `2 rows: 2025-02-05 01:31 2025-03-08 01:31`]);
    expect(localStorage.getItem("ihub.grid.zoom")).toBe("month");
});

test("a moment is chosen, and comes into the middle", async () => {
    await mountGrid();
    await contains(".o_ihub_date").click();
    await contains(getPickerCell("3", true)).click();
    await editTime("10:00");
    await contains(".o_datetime_buttons .btn-primary").click();
    expect.verifySteps([FIRST, "2 rows: 2025-03-02 22:00 2025-03-03 22:00"]);
    await contains(".o_ihub_date").click();
    await contains(".o_datetime_buttons .btn-secondary").click();
    expect.verifySteps([FIRST]);
    expect(".o_ihub_now").not.toBeEnabled();
});

test.tags("desktop");
test("a reload leaves the focus where it is", async () => {
    await mountGrid();
    queryFirst(`${cursor}:eq(1)`).focus();
    await press("ArrowLeft");
    await animationFrame();
    expect.verifySteps([FIRST]);
    await advanceTime(PAUSE);
    MockServer.env["bus.bus"]._sendone("broadcast", CHANGED, { ids: [1] });
    await animationFrame();
    await advanceTime(PAUSE);
    await expect.waitForSteps([FIRST]);
    await animationFrame();
    expect(`${cursor}:eq(1)`).toBeFocused();
    expect(`${cursor}:eq(1)`).toHaveAttribute("aria-label", /^Failed/);
});

test("a name opens the integration", async () => {
    await mountGrid({ selectRecord: (id) => expect.step(`open ${id}`) });
    await contains(".o_ihub_grid_name .btn:eq(1)").click();
    expect.verifySteps([FIRST, "open 2"]);
});

test("groups are rows, too, and fold", async () => {
    await mountGrid({ groupBy: ["state"] });
    expect(queryAllTexts(".o_ihub_grid_group")).toEqual(["Running (1)", "Failed (1)"]);
    expect(lane).toHaveCount(2);
    await contains(".o_ihub_grid_group:eq(0) button").click();
    expect(lane).toHaveCount(1);
    expect(".o_ihub_grid_group:eq(0) button").toHaveAttribute("aria-expanded", "false");
    expect.verifySteps([FIRST, `1 rows: 2025-03-04 15:55 ${DAY} 15:55`]);
});

test("of a thousand rows only those are drawn and asked for that are seen", async () => {
    Integration._records = [...Array(1000).keys()].map((index) => ({
        id: index + 1,
        name: `Shop ${index + 1}`,
        health: "ok",
    }));
    const asked = [];
    await mountGrid({}, (ids) => asked.push(...ids));
    expect(asked.length).toBeLessThan(80);
    expect(queryAllTexts(".o_ihub_grid_name .btn").length).toBe(asked.length);
    expect(".o_ihub_grid_row:eq(0)").toHaveAttribute("aria-setsize", "1000");
    const scroller = closestScrollableY(queryFirst(".o_ihub_grid"));
    await scroll(scroller, { y: scroller.scrollHeight });
    await runAllTimers();
    await animationFrame();
    expect(asked.includes(1000)).toBe(true);
    expect(asked.length).toBeLessThan(160);
    expect(queryAllTexts(".o_ihub_grid_name .btn").at(-1)).toBe("Shop 1000");
    expect(queryAllTexts(".o_ihub_grid_name .btn").length).toBeLessThan(80);
});

test.tags("desktop");
test("where one reads from right to left, time runs so", async () => {
    defineParams({ lang_parameters: { direction: "rtl" } });
    await mountGrid();
    queryFirst(".o_ihub_grid").style.direction = "rtl";
    const corners = queryFirst("[data-outcome=done]").style.clipPath.match(/[\d.]+%/g);
    // The second hour of what is seen.
    expect(corners[0]).toBe(`${(100 - 100 / 24).toFixed(2)}%`);
    await contains(`${lane}:eq(0)`).click(point(24 - 1.5));
    const { drop } = await drag(`${lane}:eq(0)`, point(24 - 4));
    await hover(`${lane}:eq(0)`, point(24 - 6));
    await animationFrame();
    const { left, right, width } = queryRect(`${lane}:eq(0)`);
    const selection = queryRect(".o_ihub_grid_selection");
    expect(right - selection.right).toBeWithin((width * 4) / 24 - 2, (width * 4) / 24 + 2);
    expect(selection.left - left).toBeWithin((width * 18) / 24 - 2, (width * 18) / 24 + 2);
    await drop(`${lane}:eq(0)`, point(24 - 6));
    await animationFrame();
    expect.verifySteps([
        FIRST,
        "ihub.run 11",
        "action_fill 1: 2025-03-04 19:55 2025-03-04 21:55",
        "action_fill",
        FIRST,
    ]);
    queryFirst(cursor).focus();
    await press("ArrowRight");
    await animationFrame();
    expect(queryFirst(cursor)).toHaveAttribute("aria-label", /^Failed: /);
});
