import { formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { useBus } from "@web/core/utils/hooks";
import { Component } from "@odoo/owl";

/**
 * What is counted: the word is the server's, and the name of the filter that a click sets.
 * Those that are `always` there tell at a glance that there is none.
 */
export const WORDS = {
    failed: { label: _t("Failed"), icon: "fa-times-circle", tone: "danger", always: true },
    blocked: { label: _t("Cannot run"), icon: "fa-ban", tone: "danger" },
    late: { label: _t("Late"), icon: "fa-clock-o", tone: "warning", always: true },
    retrying: { label: _t("Trying again"), icon: "fa-repeat", tone: "warning" },
    working: { label: _t("Running now"), icon: "fa-refresh", tone: "primary", always: true },
    well: { label: _t("Well"), icon: "fa-check", tone: "success", always: true },
    off: { label: _t("Switched off"), icon: "fa-stop", tone: "700" },
};

/** How all integrations are doing, in numbers; a click shows only those. */
export class BoardSummary extends Component {
    static template = "ihub.BoardSummary";
    static props = { counts: Object, freshness: Object };

    setup() {
        useBus(this.env.searchModel, "update", () => this.render());
    }

    get chips() {
        return Object.entries(WORDS)
            .map(([word, look]) => ({ word, ...look, count: this.props.counts[word] || 0 }))
            .filter(({ word, count, always }) => count || always || this.filter(word)?.isActive)
            .map((chip) => ({ ...chip, isActive: Boolean(this.filter(chip.word)?.isActive) }));
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
