import { beforeEach, expect, getFixture, test } from "@odoo/hoot";
import { mockDate, mockTimeZone } from "@odoo/hoot-mock";
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
    patchWithCleanup,
    preloadBundle,
} from "@web/../tests/web_test_helpers";
import { Chart } from "@ihub/history/chart";
import { fill, isFillable } from "@ihub/history/chart_config";

const RUNS = [
    { id: 1, state: "done", ended: "2025-03-04 10:00:00", duration: 61, processed: 5 },
    { id: 2, state: "failed", ended: "2025-03-05 11:00:00", duration: 3, processed: 0 },
    { id: 3, state: "done", ended: "2025-03-05 12:00:00", duration: 600, processed: 9 },
];
const DAYS = [
    { day: "2025-03-04", done: 1 },
    { day: "2025-03-05", done: 1, failed: 1 },
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
preloadBundle("web.chartjs_lib");

let charts;

beforeEach(() => {
    mockTimeZone(0);
    mockDate("2025-03-05 14:00:00");
    charts = {};
    patchWithCleanup(Chart.prototype, {
        draw() {
            super.draw();
            const isOfDays = "stacked" in this.chart.config.options.scales.x;
            charts[isOfDays ? "days" : "runs"] = this.chart;
        },
    });
});

async function mountHistory(runs = RUNS, days = DAYS) {
    onRpc("ihub.integration", "history", ({ args: [[id]] }) => {
        expect.step(`history ${id}`);
        return { runs, days };
    });
    await mountView({
        type: "form",
        resModel: "ihub.integration",
        resId: 1,
        resIds: [1, 2],
        arch: `<form><field name="name"/><widget name="ihub_history"/></form>`,
    });
    expect.verifySteps(["history 1"]);
}

test("duration and records of each run", async () => {
    await mountHistory();
    const [duration, records] = charts.runs.data.datasets;
    expect(duration.data).toEqual([61, 3, 600]);
    expect(records.data).toEqual([5, 0, 9]);
    const [done, failed] = duration.backgroundColor;
    expect(done).toMatch(/^#/);
    expect(failed).toBeInstanceOf(CanvasPattern);
    expect(".o_ihub_history_runs").toHaveText(
        /The last 3 runs\. Usually 1 min 1 s, at most 10 min 0 s\./,
    );
});

test("without records there is no line for them", async () => {
    await mountHistory(RUNS.map((run) => ({ ...run, processed: 0 })));
    expect(charts.runs.data.datasets.length).toBe(1);
});

test("outcomes per day", async () => {
    await mountHistory();
    expect(charts.days.data.labels).toEqual(["Mar 4", "Mar 5"]);
    expect(charts.days.data.datasets.map(({ label, data }) => [label, ...data])).toEqual([
        ["Done", 1, 1],
        ["Failed", 0, 1],
    ]);
    expect(".o_ihub_history_days").toHaveText(/2 days\. Done: 2, Failed: 1\./);
});

test("those who do not see the graphs are told the same", async () => {
    await mountHistory();
    expect(".o_ihub_history_runs canvas").toHaveAttribute("aria-label", /The last 3 runs/);
    expect(".o_ihub_history_days canvas").toHaveAttribute("aria-label", /Failed: 1/);
});

test("whoever sees no colours can tell the outcomes apart", async () => {
    const states = [
        "done",
        "incomplete",
        "with_errors",
        "attempt_failed",
        "failed",
        "interrupted",
        "cancelled",
        "running",
        "pending",
    ];
    const grey = document.createElement("div");
    getFixture().append(grey);
    states.forEach((state) => grey.style.setProperty(`--ihub-${state}`, "#808080"));
    grey.style.setProperty("--ihub-pen", "#ffffff");
    const looks = states.map((state) => {
        const pen = document.createElement("canvas").getContext("2d");
        pen.fillStyle = fill(grey, state);
        pen.fillRect(0, 0, 16, 16);
        return pen.getImageData(0, 0, 16, 16).data.join();
    });
    expect(new Set(looks).size).toBe(states.length);
    expect(states.every(isFillable)).toBe(true);
    expect(isFillable(undefined)).toBe(false);
});

test("a bar opens its run", async () => {
    mockService("action", {
        doAction: (action) => expect.step(`${action.res_model} ${action.res_id}`),
    });
    await mountHistory();
    charts.runs.config.options.onClick({}, [{ index: 1 }]);
    charts.runs.config.options.onClick({}, []);
    charts.days.config.options.onClick({}, [{ index: 1 }]);
    expect.verifySteps(["ihub.run 2"]);
});

test("all runs are shown as Odoo's own graph", async () => {
    onRpc("ihub.integration", "action_open_history", ({ args: [[id]] }) => ({
        tag: `graph ${id}`,
    }));
    mockService("action", { doAction: (action) => expect.step(action.tag) });
    await mountHistory();
    await contains(".o_ihub_open_graph").click();
    expect.verifySteps(["graph 1"]);
});

test("without runs there are words in place of empty graphs", async () => {
    await mountHistory([], []);
    expect("canvas").toHaveCount(0);
    expect(".o_ihub_history").toHaveText(/Nothing has run yet/);
});

test("another record has figures of its own, also where changes are saved before", async () => {
    await mountHistory();
    await contains("[name=name] input").edit("Bills", { confirm: false });
    await contains(".o_pager_next").click();
    expect.verifySteps(["history 2"]);
});

test("where one reads from right to left, time runs so", async () => {
    defineParams({ lang_parameters: { direction: "rtl" } });
    await mountHistory();
    for (const { scales } of [charts.runs, charts.days]) {
        expect(scales.x.getPixelForValue(0)).toBeGreaterThan(scales.x.getPixelForValue(1));
        expect(scales.y.position).toBe("right");
    }
});
