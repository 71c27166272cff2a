/* global luxon */

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { groupBy } from "@web/core/utils/arrays";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component, useRef, useState } from "@odoo/owl";

import { laterBy } from "../coverage/time_scale";
import { sayDuration } from "./duration_field";
import { lookOf } from "./state_field";
import { sayExactly } from "./when_field";

const { DateTime } = luxon;

// Percent of the height of the strip: the shortest run is still there to be clicked.
const LOWEST = 30;

/** What takes less than a second is equally short to people. */
const weigh = (duration) => Math.log1p(Math.max(1, duration));

/** How high the bars of runs are that took so many seconds, in percent: the longest is 100. */
export function heightsOf(durations) {
    const longest = Math.max(...durations.map(weigh));
    return durations.map((each) => LOWEST + (100 - LOWEST) * (weigh(each) / longest));
}

/** The last runs as small bars: colour and shape tell the outcome, height the duration. */
export class RunStripField extends Component {
    static template = "ihub.RunStripField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
        this.root = useRef("root");
        // The one bar that the Tab key reaches, counted from the newest: arrows lead to the others.
        this.state = useState({ back: 0 });
    }

    get runs() {
        const value = this.props.record.data[this.props.name] || "";
        // The sample data of an empty board are any text.
        const runs = value.startsWith("[") ? JSON.parse(value) : [];
        return runs.map(([id, outcome, duration, ended, message]) => ({
            id,
            outcome,
            duration,
            ended: ended && DateTime.fromISO(ended, { zone: "utc" }).setZone("default"),
            message,
        }));
    }

    /** @returns {number} which bar the Tab key reaches */
    get current() {
        return Math.max(0, this.runs.length - 1 - this.state.back);
    }

    onKeydown(ev) {
        const step = laterBy(ev.key);
        if (step) {
            ev.preventDefault();
            ev.stopPropagation();
            const last = this.runs.length - 1;
            this.state.back = Math.min(last, Math.max(0, this.state.back - step));
            this.root.el.children[this.current].focus();
        }
    }

    get bars() {
        const heights = heightsOf(this.runs.map((run) => run.duration));
        return this.runs.map((run, index) => ({
            id: run.id,
            severity: lookOf(this.field, run.outcome)[1],
            title: this.describe(run),
            height: heights[index],
        }));
    }

    /** What the server tells of outcomes: their words and looks. */
    get field() {
        return this.props.record.fields.last_run_state;
    }

    describe({ outcome, duration, ended, message }) {
        const when = ended ? sayExactly(ended) : "";
        const label = Object.fromEntries(this.field.selection)[outcome];
        const first = [label || outcome, when, sayDuration(duration)];
        return [first.filter(Boolean).join(" · "), message].filter(Boolean).join("\n");
    }

    /** What a screen reader says in place of the bars: how many there are of each. */
    get summary() {
        const counts = groupBy(this.runs, (run) => run.outcome);
        const outcomes = this.field.selection
            .filter(([outcome]) => counts[outcome])
            .map(([outcome, name]) =>
                _t("%(name)s: %(value)s", { name, value: counts[outcome].length }),
            )
            .join(", ");
        const count = this.runs.length;
        return count === 1
            ? _t("One run. %(outcomes)s.", { outcomes })
            : _t("The last %(count)s runs. %(outcomes)s.", { count, outcomes });
    }

    open(id) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "ihub.run",
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

export const runStripField = {
    component: RunStripField,
    displayName: _t("Last Runs"),
    supportedTypes: ["char"],
    fieldDependencies: [{ name: "last_run_state", type: "selection" }],
};

registry.category("fields").add("ihub_run_strip", runStripField);
