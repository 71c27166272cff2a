import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

import { fill, isFillable } from "../history/chart_config";

// What is reported looks like the outcome that it resembles.
const LEVELS = { error: "failed", warning: "interrupted", info: "pending" };

function lookOf(groups) {
    const group = groups.find((each) => "state" in each || "level" in each);
    return group && (group.state ?? LEVELS[group.level]);
}

/**
 * The outcome that all points of a dataset have in common.
 *
 * @param {{identifiers: Set<string>}} dataset of Odoo's graph; each point says what it is grouped by
 * @returns {string|undefined} a state of a run
 */
export function outcomeOf({ identifiers }) {
    const states = new Set(
        [...(identifiers || [])].map((identifier) => lookOf(JSON.parse(identifier))),
    );
    return states.size === 1 ? [...states][0] : undefined;
}

/** A graph in which each outcome, and each level, has the colour that it has everywhere else. */
class RunGraphRenderer extends GraphRenderer {
    getBarChartData() {
        const data = super.getBarChartData();
        for (const dataset of this.model.data.datasets) {
            const outcome = outcomeOf(dataset);
            if (isFillable(outcome)) {
                dataset.backgroundColor = fill(this.rootRef.el, outcome);
            }
        }
        return data;
    }
}

for (const name of ["ihub_run_graph", "ihub_event_graph"]) {
    registry.category("views").add(name, { ...graphView, Renderer: RunGraphRenderer });
}
