import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

import { fill, isFillable } from "../history/chart_config";

/**
 * The outcome that all points of a dataset have in common.
 *
 * @param {{identifiers: Set<string>}} dataset of Odoo's graph; each point says what it is grouped by
 * @returns {string|undefined} a state of a run
 */
export function outcomeOf({ identifiers }) {
    const states = new Set(
        [...(identifiers || [])].map(
            (identifier) => JSON.parse(identifier).find((group) => "state" in group)?.state,
        ),
    );
    return states.size === 1 ? [...states][0] : undefined;
}

/** A graph in which each outcome has the colour that it has everywhere else. */
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

registry.category("views").add("ihub_run_graph", { ...graphView, Renderer: RunGraphRenderer });
