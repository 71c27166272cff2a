import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

import { sayDuration } from "../fields/duration_field";
import { useLiveReload } from "../live/live_reload";
import { widgetOf } from "../views/record_widget";
import { Chart } from "./chart";
import { daysConfig, OUTCOMES, runsConfig } from "./chart_config";

/** How long the last runs took, how much they did, and how they ended, as graphs. */
export class History extends Component {
    static template = "ihub.History";
    static components = { Chart };
    static props = { id: Number };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.requests = 0;
        this.state = useState({ runs: [], days: [] });
        this.runsConfig = (el) => runsConfig(el, this.state.runs);
        this.daysConfig = (el) => daysConfig(el, this.state.days);
        onWillStart(() => Promise.all([loadBundle("web.chartjs_lib"), this.load(this.id)]));
        onWillUpdateProps(async ({ id }) => {
            if (id !== this.id) {
                await this.load(id);
            }
        });
        useLiveReload({
            concerns: (ids) => ids.includes(this.id),
            reload: () => this.load(this.id, this.orm.silent),
        });
    }

    get id() {
        return this.props.id;
    }

    async load(id, orm = this.orm) {
        const request = ++this.requests;
        const figures = await orm.call("ihub.integration", "history", [[id]]);
        if (request === this.requests) {
            Object.assign(this.state, figures);
        }
    }

    // --- What the graphs say, in words ---

    get runsSummary() {
        const { runs } = this.state;
        const times = runs.map((run) => run.duration).sort((one, other) => one - other);
        if (times.length === 1) {
            return _t("One run. It took %(duration)s.", { duration: sayDuration(times[0]) });
        }
        return _t("The last %(count)s runs. Usually %(usual)s, at most %(longest)s.", {
            count: runs.length,
            usual: sayDuration(times[Math.floor(times.length / 2)]),
            longest: sayDuration(times.at(-1)),
        });
    }

    get daysSummary() {
        const { days } = this.state;
        const count = (state) => days.reduce((sum, day) => sum + (day[state] || 0), 0);
        const parts = Object.keys(OUTCOMES)
            .filter(count)
            .map((state) =>
                _t("%(name)s: %(value)s", { name: OUTCOMES[state].label, value: count(state) }),
            );
        const outcomes = parts.join(", ");
        return days.length === 1
            ? _t("One day. %(outcomes)s.", { outcomes })
            : _t("%(count)s days. %(outcomes)s.", { count: days.length, outcomes });
    }

    // --- What opens ---

    async openRun(index) {
        await this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "ihub.run",
            res_id: this.state.runs[index].id,
            views: [[false, "form"]],
        });
    }

    async openGraph() {
        const action = await this.orm.call("ihub.integration", "action_open_history", [[this.id]]);
        await this.action.doAction(action);
    }
}

registry.category("view_widgets").add("ihub_history", { component: widgetOf(History) });
