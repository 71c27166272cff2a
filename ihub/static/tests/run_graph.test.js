import { expect, test } from "@odoo/hoot";

import { outcomeOf } from "../src/graph/run_graph_view";

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
