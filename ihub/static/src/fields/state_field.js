import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

const PALE = ["success", "info", "primary"];

/**
 * How a value looks, as the server tells with the field: the colour is never the only sign.
 *
 * @param {{looks: Object}} field
 * @param {string} value
 * @returns {[string, string]} icon and severity
 */
export const lookOf = (field, value) => field.looks?.[value] ?? ["fa-question", "muted"];

/** A state with its icon; as a badge, or as plain text for narrow places. */
export class StateField extends Component {
    static template = "ihub.StateField";
    static props = { ...standardFieldProps, isPlain: { type: Boolean, optional: true } };

    get field() {
        return this.props.record.fields[this.props.name];
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        return Object.fromEntries(this.field.selection)[this.value] ?? this.value;
    }

    get icon() {
        return lookOf(this.field, this.value)[0];
    }

    get severity() {
        return lookOf(this.field, this.value)[1];
    }

    get className() {
        const isMuted = this.severity === "muted";
        if (this.props.isPlain) {
            return isMuted ? "o_ihub_muted" : `text-${this.severity}-emphasis`;
        }
        // White on green or blue is too pale to be read, black on a dark theme's violet too dark.
        const look = PALE.includes(this.severity)
            ? `bg-${this.severity}-subtle text-${this.severity}-emphasis`
            : `text-bg-${isMuted ? "300" : this.severity}`;
        return `badge rounded-pill ${look}`;
    }
}

export const stateField = {
    component: StateField,
    displayName: _t("State with Icon"),
    supportedTypes: ["selection"],
    supportedOptions: [{ name: "plain", label: _t("Text, not a badge"), type: "boolean" }],
    extractProps: ({ options }) => ({ isPlain: Boolean(options.plain) }),
    listViewWidth: [100, 130],
};

registry.category("fields").add("ihub_state", stateField);
