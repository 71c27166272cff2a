import { registry } from "@web/core/registry";
import { GraphModel } from "@web/views/graph/graph_model";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

import { fill, isFillable } from "../history/chart_config";

// What is no outcome of a run looks like the one that it resembles: levels of events, and states of
// integrations.
const LIKE = {
    error: "failed",
    warning: "interrupted",
    info: "pending",
    created: "pending",
    stopped: "cancelled",
};

function lookOf(groups) {
    const group = groups.find((each) => "outcome" in each || "state" in each || "level" in each);
    const word = group && (group.outcome ?? group.state ?? group.level);
    return LIKE[word] ?? word;
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

/** Stacked bars end where their sum is: a line that says so again would hide them. */
class OutcomeGraphModel extends GraphModel {
    _getLineOverlayDataset() {
        return null;
    }
}

/** A graph in which each outcome, level and state has the colour that it has everywhere else. */
class OutcomeGraphRenderer extends GraphRenderer {
    /** What is counted has no fractions. */
    getScaleOptions() {
        const scales = super.getScaleOptions();
        if (scales.y && this.model.metaData.measure === "__count") {
            scales.y.ticks.precision = 0;
        }
        return scales;
    }

    formatValue(value, allIntegers, formatType) {
        return super.formatValue(value, allIntegers || Number.isInteger(value), formatType);
    }

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

registry.category("views").add("ihub_graph", {
    ...graphView,
    Model: OutcomeGraphModel,
    Renderer: OutcomeGraphRenderer,
});
