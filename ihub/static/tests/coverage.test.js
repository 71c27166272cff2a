/* global luxon */

import { beforeEach, Deferred, expect, test } from "@odoo/hoot";
import {
    hover,
    leave,
    press,
    queryAllAttributes,
    queryAllTexts,
    queryFirst,
    queryRect,
} from "@odoo/hoot-dom";
import { animationFrame, mockDate, mockTimeZone } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    defineParams,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { CallbackRecorder } from "@web/search/action_hook";

const DAY = "2025-03-05";
// A day of which 8 % are still to come.
const FIRST_LOAD = `1: 2025-03-04 15:55 ${DAY} 15:55`;
const SEGMENTS = [
    ["00:00", "06:00", "none"],
    ["06:00", "09:00", "done", [7]],
    ["09:00", "10:00", "hole"],
    ["10:00", "11:00", "failed", [8]],
    ["11:00", "12:00", "skipped", [9]],
    ["12:00", "13:00", "done", [10, 11]],
    ["13:00", "14:00", "pending", [12]],
    ["14:00", "16:00", "future"],
];

class Integration extends models.Model {
    _name = "ihub.integration";
    name = fields.Char();
    _records = [
        { id: 1, name: "Orders" },
        { id: 2, name: "Parcels" },
    ];
}

defineMailModels();
defineModels([Integration]);

beforeEach(() => {
    mockTimeZone(0);
    mockDate(`${DAY} 14:00:00`);
});

function segment([from, to, status, run_ids = [], exact = true, to_repair = 0]) {
    return { from: `${DAY} ${from}:00`, to: `${DAY} ${to}:00`, status, run_ids, exact, to_repair };
}

// The clock goes on while a test runs.
const minutes = (moment) => moment.slice(0, 16);

function answer({ segments = SEGMENTS, ...values } = {}) {
    return {
        now: `${DAY} 14:00:00`,
        beginning: `${DAY} 06:00:00`,
        complete_until: `${DAY} 09:00:00`,
        tz: "UTC",
        can_fill: true,
        segments: segments.map(segment),
        ...values,
    };
}

/** Show the coverage; the server answers with `values`, and writes down what it was asked for. */
async function mountCoverage(values, { first = FIRST_LOAD, ...props } = {}) {
    onRpc("ihub.integration", "coverage", ({ args: [[id], from, to] }) => {
        expect.step(`${id}: ${minutes(from)} ${minutes(to)}`);
        return answer(values);
    });
    await mountView({
        type: "form",
        resModel: "ihub.integration",
        resId: 1,
        resIds: [1, 2],
        arch: `<form js_class="ihub_live_form">
                <field name="name"/><widget name="ihub_coverage"/>
            </form>`,
        ...props,
    });
    expect.verifySteps([first]);
}

/** Write down what is opened, and how the server was asked. */
function watchActions() {
    for (const method of ["action_fill", "action_open_runs_of", "action_open_items_of"]) {
        onRpc("ihub.integration", method, ({ args: [[id], from, to] }) => {
            expect.step(`${method} ${id}: ${from} ${to}`);
            return { type: "ir.actions.act_window", tag: method };
        });
    }
    mockService("action", {
        doAction(action, options) {
            expect.step(action.tag || `${action.res_model} ${action.res_id}`);
            options?.onClose?.();
        },
    });
}

const bar = (status) => `.o_ihub_coverage_bars [data-status=${status}]`;

test("every span has its look, and its words for those who do not see it", async () => {
    await mountCoverage();
    expect(queryAllAttributes(".o_ihub_coverage_bars [data-status]", "data-status")).toEqual(
        SEGMENTS.map(([, , status]) => status),
    );
    expect(bar("none")).toHaveCount(1);
    expect(`button${bar("none")}`).toHaveCount(0);
    const label = queryFirst(bar("failed")).getAttribute("aria-label");
    expect(label).toMatch(/^Failed: Mar 5, .*10:00.* to 11:00.*\. Run 8\. Try it again\.$/);
    expect(".o_ihub_coverage_legend li").toHaveCount(6);
    expect(".o_ihub_coverage_now").toHaveCount(1);
});

test("a zoom asks for another period and is marked", async () => {
    await mountCoverage();
    await contains("[data-zoom=year]").click();
    expect("[data-zoom=year]").toHaveAttribute("aria-pressed", "true");
    expect("[data-zoom=day]").toHaveAttribute("aria-pressed", "false");
    expect.verifySteps(["1: 2024-04-02 20:43 2025-04-03 20:43"]);
    expect(".o_ihub_coverage_ticks span").toHaveCount(12);
});

test("of two answers, that to the last question is shown, whichever comes last", async () => {
    await mountCoverage();
    const slow = new Deferred();
    onRpc("ihub.integration", "coverage", () => slow);
    queryFirst("[data-zoom=year]").click();
    onRpc("ihub.integration", "coverage", () => answer({ segments: [["08:00", "12:00", "hole"]] }));
    await contains("[data-zoom=week]").click();
    expect("[data-status=hole]").toHaveCount(1);
    slow.resolve(answer());
    await animationFrame();
    expect(".o_ihub_coverage_bars [data-status]").toHaveCount(1);
});

test("one can look at what was earlier, and come back to now", async () => {
    await mountCoverage();
    expect(".o_ihub_now").not.toBeEnabled();
    await contains(".o_ihub_earlier").click();
    await contains(".o_ihub_now").click();
    expect(".o_ihub_now").not.toBeEnabled();
    expect.verifySteps([`1: 2025-03-04 03:55 ${DAY} 03:55`, FIRST_LOAD]);
});

test("who comes back finds the period of before", async () => {
    const __getLocalState__ = new CallbackRecorder();
    await mountCoverage({}, { __getLocalState__ });
    await contains(".o_ihub_earlier").click();
    const first = `1: 2025-03-04 03:55 ${DAY} 03:55`;
    expect.verifySteps([first]);
    const kept = Object.assign({}, ...__getLocalState__.callbacks.map((get) => get()));
    const state = { "ihub.coverage": kept["ihub.coverage"] };
    await mountCoverage({}, { state, first });
});

test("of another integration nothing is kept", async () => {
    const state = { "ihub.coverage": { id: 2, zoom: "year", center: null } };
    await mountCoverage({}, { state });
});

test.tags("desktop");
test("hovering tells what a span is", async () => {
    await mountCoverage({ tz: "America/New_York" });
    expect(".o_ihub_coverage_tip").toHaveCount(0);
    await hover(bar("hole"));
    await animationFrame();
    const [tip] = queryAllTexts(".o_ihub_coverage_tip");
    expect(tip).toMatch(/^Not done/);
    expect(tip).toMatch(/Mar 5, .*9:00.* to 10:00/);
    expect(tip).toMatch(/America\/New_York: Mar 5, .*4:00.* to 5:00/);
    expect(tip).toMatch(/Run it now\.$/);
    await leave(bar("hole"));
    await animationFrame();
    expect(".o_ihub_coverage_tip").toHaveCount(0);
});

test.tags("desktop");
test("it is the clocks of that moment that count, not those of now", async () => {
    // In March both are alike; in July only the integration's have summer time.
    const july = { from: "2025-07-05 09:00:00", to: "2025-07-05 10:00:00", status: "hole" };
    const march = { from: `${DAY} 09:00:00`, to: `${DAY} 10:00:00`, status: "hole" };
    onRpc("ihub.integration", "coverage", () => ({
        ...answer({ tz: "Europe/London", segments: [] }),
        segments: [march, july].map((one) => ({ ...one, run_ids: [], exact: true })),
    }));
    await mountView({
        type: "form",
        resModel: "ihub.integration",
        resId: 1,
        arch: `<form><widget name="ihub_coverage"/></form>`,
    });
    const [first, second] = queryAllAttributes(bar("hole"), "aria-label");
    expect(first).not.toMatch(/London/);
    expect(second).toMatch(/Jul 5, .*9:00.* \(Europe\/London: Jul 5, .*10:00.* to 11:00/);
});

test("the zone of the integration is named only where its clocks differ", async () => {
    await mountCoverage({ tz: "Africa/Abidjan" });
    expect(".o_ihub_coverage_zones").toHaveCount(0);
});

test("the zone of the integration, and what time it is there", async () => {
    await mountCoverage({ tz: "America/New_York" });
    expect(".o_ihub_coverage_zones").toHaveText(/America\/New_York, where it is now 9:00/);
});

test("the keyboard goes from span to span, zooms and moves", async () => {
    await mountCoverage();
    expect(".o_ihub_coverage_bars [tabindex='0']").toHaveCount(1);
    queryFirst(".o_ihub_coverage_bars [tabindex='0']").focus();
    await press("ArrowRight");
    await animationFrame();
    expect(bar("hole")).toBeFocused();
    expect(".o_ihub_coverage_tip").toHaveText(/^Not done/);
    await press("End");
    await animationFrame();
    expect(bar("pending")).toBeFocused();
    await press("Home");
    await press("ArrowLeft");
    await animationFrame();
    expect(queryFirst(bar("done"))).toBeFocused();
    await press("PageUp");
    await animationFrame();
    await press("-");
    await animationFrame();
    expect("[data-zoom=week]").toHaveClass("active");
    expect.verifySteps([
        `1: 2025-03-04 03:55 ${DAY} 03:55`,
        "1: 2025-03-01 03:55 2025-03-08 03:55",
    ]);
});

test("a hole is filled, and the line shows what comes of it", async () => {
    watchActions();
    await mountCoverage();
    await contains(bar("hole")).click();
    expect.verifySteps([
        `action_fill 1: ${DAY} 09:00:00 ${DAY} 10:00:00`,
        "action_fill",
        FIRST_LOAD,
    ]);
});

test("what is done but for some items says how many, and opens them", async () => {
    watchActions();
    await mountCoverage({
        segments: [
            ["09:00", "10:00", "incomplete", [7], true, 3],
            ["10:00", "11:00", "incomplete", [8], true, 1],
            ["11:00", "12:00", "done", [9]],
        ],
    });
    expect(queryAllTexts(".o_ihub_trouble .fw-bold")).toEqual([
        "Done, except one item to repair",
        "Done, except 3 items to repair",
    ]);
    expect(".o_ihub_coverage_legend").toHaveText(/Done, except items to repair/);
    expect(".o_ihub_fill").toHaveCount(0);
    const label = queryFirst(bar("incomplete")).getAttribute("aria-label");
    expect(label).toMatch(/^Done, except 3 items to repair: .*Open the items to repair\.$/);
    await contains(`${bar("incomplete")}:first`).click();
    await contains(".o_ihub_repair:first").click();
    expect.verifySteps([
        `action_open_items_of 1: ${DAY} 09:00:00 ${DAY} 10:00:00`,
        "action_open_items_of",
        `action_open_items_of 1: ${DAY} 10:00:00 ${DAY} 11:00:00`,
        "action_open_items_of",
    ]);
});

test("what has failed is tried again; what was skipped is done after all", async () => {
    watchActions();
    await mountCoverage();
    await contains(bar("failed")).click();
    await contains(bar("skipped")).click();
    expect.verifySteps([
        `action_fill 1: ${DAY} 10:00:00 ${DAY} 11:00:00`,
        "action_fill",
        FIRST_LOAD,
        `action_fill 1: ${DAY} 11:00:00 ${DAY} 12:00:00`,
        "action_fill",
        FIRST_LOAD,
    ]);
});

test("what is done opens its run, or its runs", async () => {
    watchActions();
    await mountCoverage();
    await contains(`${bar("done")}:first`).click();
    await contains(`${bar("done")}:last`).click();
    expect.verifySteps([
        "ihub.run 7",
        `action_open_runs_of 1: ${DAY} 12:00:00 ${DAY} 13:00:00`,
        "action_open_runs_of",
    ]);
});

test("what cannot be run manually opens its run instead of a dialog", async () => {
    watchActions();
    await mountCoverage({ can_fill: false });
    expect(".o_ihub_fill").toHaveCount(0);
    await contains(bar("failed")).click();
    expect.verifySteps(["ihub.run 8"]);
});

test("what holds more than can be shown is looked at closer", async () => {
    watchActions();
    await mountCoverage({ segments: [["09:00", "11:00", "failed", [], false]] });
    expect(".o_ihub_closer").toHaveCount(1);
    expect(".o_ihub_fill").toHaveCount(0);
    await contains(bar("failed")).click();
    expect("[data-zoom=hours]").toHaveClass("active");
    expect.verifySteps([`1: ${DAY} 07:00 ${DAY} 13:00`]);
});

test("what needs attention is listed, the latest first", async () => {
    await mountCoverage();
    expect(queryAllTexts(".o_ihub_trouble").map((text) => text.split("Mar")[0])).toEqual([
        "Skipped",
        "Failed",
        "Not done",
    ]);
    expect(queryAllTexts(".o_ihub_fill")).toEqual(["Fill", "Try Again", "Fill"]);
    expect(".o_ihub_coverage").toHaveText(/Data complete until .*, except for/);
});

test("a long list is cut, and says so", async () => {
    const segments = [...Array(9).keys()].map((hour) => [`0${hour}:00`, `0${hour + 1}:00`, "hole"]);
    await mountCoverage({ segments: segments.slice(0, 8) });
    expect(".o_ihub_trouble").toHaveCount(5);
    expect(".o_ihub_coverage_troubles").toHaveText(/And\s+3\s+more/);
});

test("a line without runs teaches", async () => {
    await mountCoverage({
        segments: [["00:00", "14:00", "none"]],
        beginning: false,
        complete_until: false,
    });
    expect(".o_ihub_coverage").toHaveText(/Nothing has run yet/);
    expect(".o_ihub_coverage_troubles").toHaveCount(0);
});

test("the next record has its own line", async () => {
    await mountCoverage();
    await contains(".o_pager_next").click();
    expect.verifySteps([FIRST_LOAD.replace("1:", "2:")]);
});

test("so has one that is gone on to with changes, which are saved", async () => {
    await mountCoverage();
    await contains("[name=name] input").edit("Bills", { confirm: false });
    await contains(".o_pager_next").click();
    expect.verifySteps([FIRST_LOAD.replace("1:", "2:")]);
});

test("dragging moves the line and opens nothing", async () => {
    watchActions();
    await mountCoverage();
    let shownUntil;
    onRpc("ihub.integration", "coverage", ({ args: [, , to] }) => {
        shownUntil = luxon.DateTime.fromSQL(to);
        return answer();
    });
    const { drop } = await contains(bar("hole")).drag();
    const width = queryFirst(".o_ihub_coverage_line").offsetWidth;
    await drop(".o_ihub_coverage_line", { position: { x: width }, relative: true });
    // The middle of the hole, 9:30, is now where the line ends; pixels are whole.
    const middle = luxon.DateTime.fromSQL(`${DAY} 09:30:00`);
    const minutesOfPixel = (24 * 60) / width;
    expect(Math.abs(shownUntil.diff(middle, "minutes").minutes)).toBeLessThan(1 + minutesOfPixel);
    expect.verifySteps([]);
});

test("where one reads from right to left, time runs so", async () => {
    defineParams({ lang_parameters: { direction: "rtl" } });
    await mountCoverage();
    queryFirst(".o_ihub_coverage").style.direction = "rtl";
    const line = queryRect(".o_ihub_coverage_line");
    const at = (hour) => line.right - (line.width * hour) / 24;
    // What is seen begins at 15:55 of the day before.
    expect(queryRect(bar("hole")).right).toBeWithin(at(17.1) - 2, at(17.1) + 2);
    expect(queryRect(bar("hole")).left).toBeWithin(at(18.1) - 2, at(18.1) + 2);
    const midnight = queryRect(".o_ihub_coverage_ticks span:eq(2)").right;
    expect(midnight).toBeWithin(at(8.1) - 2, at(8.1) + 2);
    expect(queryRect(".o_ihub_coverage_now").right).toBeWithin(at(22.1) - 2, at(22.1) + 2);
    queryFirst(bar("done")).focus();
    await press("ArrowLeft");
    await animationFrame();
    expect(bar("hole")).toBeFocused();
    const tip = queryRect(".o_ihub_coverage_tip");
    expect(tip.left).toBeLessThan(at(17.6));
    expect(tip.right).toBeGreaterThan(at(17.6));
    // Pulled to the right, what is later comes into sight.
    let shownFrom;
    onRpc("ihub.integration", "coverage", ({ args: [, from] }) => {
        shownFrom = luxon.DateTime.fromSQL(from);
        return answer();
    });
    const { drop } = await contains(bar("hole")).drag();
    await drop(".o_ihub_coverage_line", { position: { x: line.width }, relative: true });
    const middle = luxon.DateTime.fromSQL(`${DAY} 09:30:00`);
    expect(Math.abs(shownFrom.diff(middle, "minutes").minutes)).toBeLessThan(6);
});
