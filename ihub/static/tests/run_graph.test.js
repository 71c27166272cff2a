import { expect, test } from "@odoo/hoot";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    defineModels,
    fields,
    models,
    mountView,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { GraphRenderer } from "@web/views/graph/graph_renderer";

import { outcomeOf } from "../src/graph/run_graph_view";

class Run extends models.Model {
    _name = "run";
    day = fields.Date();
    outcome = fields.Selection({
        selection: [
            ["done", "Done"],
            ["skipped", "Skipped"],
        ],
    });
    _records = [
        { day: "2025-03-01", outcome: "done" },
        { day: "2025-03-01", outcome: "skipped" },
        { day: "2025-03-02", outcome: "done" },
    ];
}

defineMailModels();
defineModels([Run]);

test("bars are counted in whole numbers, and no line says their sum again", async () => {
    let graph;
    patchWithCleanup(GraphRenderer.prototype, {
        setup() {
            super.setup();
            graph = this;
        },
    });
    await mountView({
        type: "graph",
        resModel: "run",
        arch: `<graph stacked="1" js_class="ihub_graph">
            <field name="day" interval="day"/><field name="outcome"/>
        </graph>`,
    });
    expect(graph.chart.data.datasets.map(({ label }) => label)).toEqual(["Done", "Skipped"]);
    expect(graph.chart.scales.y.ticks.map(({ label }) => label)).toEqual(["0", "1", "2"]);
});

const dataset = (...identifiers) => ({
    identifiers: new Set(identifiers.map((groups) => JSON.stringify(groups))),
});

test("a dataset has the outcome that all its points share", async () => {
    const failed = { state: "failed" };
    expect(outcomeOf(dataset([{ day: 1 }, failed], [{ day: 2 }, failed]))).toBe("failed");
    expect(outcomeOf(dataset([{ day: 1 }, { outcome: "incomplete" }]))).toBe("incomplete");
});

test("what is not grouped by outcome has none", async () => {
    expect(outcomeOf(dataset([{ state: "failed" }], [{ state: "done" }]))).toBe(undefined);
    expect(outcomeOf(dataset([{ day: 1 }]))).toBe(undefined);
    expect(outcomeOf({})).toBe(undefined);
});

test("an error looks like a failure, not like a success", async () => {
    const error = { level: "error" };
    expect(outcomeOf(dataset([{ day: 1 }, error], [{ day: 2 }, error]))).toBe("failed");
    expect(outcomeOf(dataset([error], [{ level: "info" }]))).toBe(undefined);
    expect(outcomeOf(dataset([{ level: false }]))).toBe(false);
});

test("an integration that has failed looks like a run that has", async () => {
    const type = { integration_type: "shop" };
    expect(outcomeOf(dataset([type, { state: "failed" }]))).toBe("failed");
    expect(outcomeOf(dataset([type, { state: "stopped" }]))).toBe("cancelled");
    expect(outcomeOf(dataset([type, { state: "running" }]))).toBe("running");
});
