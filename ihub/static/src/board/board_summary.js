import { formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { useBus } from "@web/core/utils/hooks";
import { Component } from "@odoo/owl";

import { lookOf } from "../fields/state_field";

// There even if there is none: it is told at a glance.
const ALWAYS = ["failed", "late", "working", "ok"];

/**
 * How all integrations are doing, in numbers; a click shows only those.
 *
 * Each value of `field` is also the name of the filter that a click sets.
 */
export class BoardSummary extends Component {
    static template = "ihub.BoardSummary";
    static props = { field: Object, counts: Object, freshness: Object };

    setup() {
        useBus(this.env.searchModel, "update", () => this.render());
    }

    get chips() {
        return this.props.field.selection
            .map(([word, label]) => {
                const [icon, severity] = lookOf(this.props.field, word);
                const tone = severity === "muted" ? "700" : severity;
                const count = this.props.counts[word] || 0;
                const isActive = Boolean(this.filter(word)?.isActive);
                return { word, label, icon, tone, count, isActive };
            })
            .filter(({ word, count, isActive }) => count || isActive || ALWAYS.includes(word));
    }

    filter(word) {
        const isIt = ({ type, name }) => type === "filter" && name === word;
        return this.env.searchModel.getSearchItems(isIt)[0];
    }

    toggle(word) {
        const filter = this.filter(word);
        if (filter) {
            this.env.searchModel.toggleSearchItem(filter.id);
        }
    }

    describe({ label, count, isActive }) {
        return isActive
            ? _t("%(label)s: %(count)s. Click to show all again.", { label, count })
            : _t("%(label)s: %(count)s. Click to show only these.", { label, count });
    }

    get freshAt() {
        return formatDateTime(this.props.freshness.at, { format: localization.timeFormat });
    }

    get freshTitle() {
        return this.props.freshness.isConnected
            ? _t("Changes appear by themselves. Refreshed at %s.", this.freshAt)
            : _t("The server cannot reach this browser, so it asks every few seconds.");
    }
}
