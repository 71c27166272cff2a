import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { sayExactly, sayWhen } from "../fields/when_field";
import { useClock } from "../live/clock";
import { useLiveReload } from "../live/live_reload";

// Entries that are fetched at a time.
export const PAGE = 40;
// Milliseconds between a change and the reload, where it may be of any integration.
const DELAY = 5000;

/** What happened to a record, newest first: items, events, runs and what people have changed. */
export class TimeLine extends Component {
    static template = "ihub.TimeLine";
    static props = {
        model: String,
        id: Number,
        // Whether a change of these integrations is to be shown; without it any may be.
        concerns: { type: Function, optional: true },
        onLoaded: { type: Function, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.clock = useClock();
        this.requests = 0;
        this.limit = PAGE;
        this.state = useState({ entries: [], more: false });
        onWillStart(() => this.load(this.props));
        onWillUpdateProps(async (props) => {
            if (props.id !== this.props.id || props.model !== this.props.model) {
                this.limit = PAGE;
                await this.load(props);
            }
        });
        useLiveReload({
            concerns: (ids) => this.props.concerns?.(ids) ?? true,
            reload: () => this.load(this.props, this.orm.silent),
            delay: this.props.concerns ? 0 : DELAY,
        });
    }

    async load({ model, id, onLoaded }, orm = this.orm) {
        const request = ++this.requests;
        const found = await orm.call("ihub.event", "time_line", [model, id, this.limit]);
        if (request === this.requests) {
            Object.assign(this.state, { entries: found.entries, more: found.more });
            onLoaded?.(found);
        }
    }

    async showOlder() {
        this.limit += PAGE;
        await this.load(this.props);
    }

    // --- How an entry is shown ---

    moment(entry) {
        return deserializeDateTime(entry.at);
    }

    exact(entry) {
        return sayExactly(this.moment(entry));
    }

    short(entry) {
        return toLocaleDateTimeString(this.moment(entry));
    }

    ago(entry) {
        return sayWhen(this.moment(entry), this.clock.now);
    }

    href({ open }) {
        return `/odoo/${open.model}/${open.id}`;
    }

    // --- What opens ---

    async open(ev, { open }) {
        if (ev.ctrlKey || ev.metaKey) {
            // In a tab of its own, as any link.
            return;
        }
        ev.preventDefault();
        await this.action.doAction({
            type: "ir.actions.act_window",
            res_model: open.model,
            res_id: open.id,
            views: [[false, "form"]],
        });
    }

    async openEvents() {
        const { model, id } = this.props;
        const action = await this.orm.call("ihub.event", "action_about_records", [model, [id]]);
        await this.action.doAction(action);
    }
}

/** The time line of the record of a form: of an item, or of an integration. */
export class TimeLineWidget extends Component {
    static template = "ihub.TimeLineWidget";
    static components = { TimeLine };
    static props = { ...standardWidgetProps };

    concerns(ids) {
        const { resModel, resId, data } = this.props.record;
        return ids.includes(resModel === "ihub.integration" ? resId : data.integration_id?.id);
    }
}

registry.category("view_widgets").add("ihub_time_line", { component: TimeLineWidget });

/** The page of it, for any record of Odoo. Its address has the record, so it can be reloaded. */
export class TimeLinePage extends Component {
    static template = "ihub.TimeLinePage";
    static components = { Layout, TimeLine };
    static props = { ...standardActionServiceProps };
    static path = "ihub-time-line";

    setup() {
        const { about = "," } = this.props.action.params || {};
        this.props.updateActionState({ about });
        const [model, id] = about.split(",");
        Object.assign(this, { model, id: Number(id) });
        this.display = { controlPanel: {} };
    }

    onLoaded({ title }) {
        this.env.config.setDisplayName(title);
    }
}

registry.category("actions").add("ihub_time_line", TimeLinePage);
