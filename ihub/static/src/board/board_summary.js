import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { useBus, useService } from "@web/core/utils/hooks";
import { Component } from "@odoo/owl";

import { lookOf } from "../fields/state_field";

/**
 * How all integrations are doing, in numbers; a click shows only those.
 *
 * @prop {Object} field the badges, which one can also search for
 */
export class BoardSummary extends Component {
    static template = "ihub.BoardSummary";
    static props = {
        field: Object,
        counts: Object,
        freshness: Object,
        // What holds for all of them, and is said once.
        notice: { type: [String, Boolean], optional: true },
        // Where it is a question: of each answer the method, its button, and the question before it.
        answers: { type: Array, optional: true },
    };

    setup() {
        this.dialog = useService("dialog");
        this.orm = useService("orm");
        useBus(this.env.searchModel, "update", () => this.render());
    }

    answer(method, label, question) {
        this.dialog.add(ConfirmationDialog, {
            title: label,
            body: question,
            confirmLabel: label,
            confirm: async () => {
                await this.orm.call("ihub.integration", method, []);
                this.env.searchModel.search();
            },
            cancel: () => {},
        });
    }

    get chips() {
        const shown = this.shown;
        return this.props.field.selection
            .map(([word, label]) => {
                const [icon, severity] = lookOf(this.props.field, word);
                const tone = severity === "muted" ? "700" : severity;
                const count = this.props.counts[word] || 0;
                return { word, label, icon, tone, count, isActive: shown.includes(word) };
            })
            .filter(({ count, isActive }) => count || isActive);
    }

    get searchItem() {
        const isIt = ({ type, fieldName }) => type === "field" && fieldName === "health";
        return this.env.searchModel.getSearchItems(isIt)[0];
    }

    /** The badges that are searched for. */
    get shown() {
        const { query } = this.env.searchModel;
        return query
            .filter(({ searchItemId }) => searchItemId === this.searchItem?.id)
            .map(({ autocompleteValue }) => autocompleteValue.value);
    }

    toggle({ word, label, isActive }) {
        const { searchModel } = this.env;
        const { id, groupId } = this.searchItem;
        if (!isActive) {
            searchModel.addAutoCompletionValues(id, { label, operator: "=", value: word });
            return;
        }
        const others = this.chips.filter((chip) => chip.isActive && chip.word !== word);
        searchModel.deactivateGroup(groupId);
        for (const other of others) {
            searchModel.addAutoCompletionValues(id, {
                label: other.label,
                operator: "=",
                value: other.word,
            });
        }
    }

    describe({ label, count, isActive }) {
        const what = isActive
            ? _t("%(label)s: %(count)s. Click to show all again.", { label, count })
            : _t("%(label)s: %(count)s. Click to show only these.", { label, count });
        return `${what} ${_t("All integrations count here, whatever you search for.")}`;
    }

    get freshAt() {
        return formatDateTime(this.props.freshness.at, { format: localization.timeFormat });
    }

    /** What is said where the last refresh came to nothing. */
    get troubleText() {
        return this.props.freshness.trouble === "connection"
            ? _t("No connection. As of %s", this.freshAt)
            : _t("Refresh failed. As of %s", this.freshAt);
    }

    get freshTitle() {
        const { trouble } = this.props.freshness;
        if (trouble) {
            return trouble === "connection"
                ? _t("The server does not respond. The page refreshes as soon as it does.")
                : _t("The server reported an error. The page tries again by itself.");
        }
        return this.props.freshness.isConnected
            ? _t("Changes appear automatically. Refreshed at %s.", this.freshAt)
            : _t("The server cannot reach this browser, so the page refreshes every few seconds.");
    }
}
