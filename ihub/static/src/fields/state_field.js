import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

// Of every state an icon and a colour: the colour is never the only sign.
export const LOOKS = {
    // of a run
    pending: ["fa-clock-o", "info"],
    running: ["fa-refresh", "primary"],
    done: ["fa-check", "success"],
    failed: ["fa-times-circle", "danger"],
    cancelled: ["fa-ban", "300"],
    interrupted: ["fa-bolt", "warning"],
    skipped: ["fa-step-forward", "300"],
    // of an integration
    created: ["fa-circle-o", "300"],
    stopped: ["fa-stop", "300"],
    // how an integration is doing
    type_missing: ["fa-puzzle-piece", "danger"],
    blocked: ["fa-ban", "danger"],
    unserved: ["fa-bed", "warning"],
    stuck: ["fa-hourglass-end", "danger"],
    late: ["fa-clock-o", "warning"],
    run_failed: ["fa-times-circle", "warning"],
    retrying: ["fa-repeat", "warning"],
    stopping: ["fa-hourglass-half", "info"],
    catching_up: ["fa-fast-forward", "info"],
    working: ["fa-refresh", "primary"],
    queued: ["fa-list-ol", "info"],
    well: ["fa-check", "success"],
    copy: ["fa-files-o", "300"],
    // how serious an event is
    info: ["fa-info-circle", "info"],
    warning: ["fa-exclamation-triangle", "warning"],
    error: ["fa-times-circle", "danger"],
    // what started a run
    schedule: ["fa-calendar", "300"],
    manual: ["fa-hand-pointer-o", "300"],
    backfill: ["fa-backward", "300"],
};

const PALE = ["success", "info", "primary"];

/** A state with its icon; as a badge, or as plain text for narrow places. */
export class StateField extends Component {
    static template = "ihub.StateField";
    static props = { ...standardFieldProps, isPlain: { type: Boolean, optional: true } };

    get value() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        const { selection } = this.props.record.fields[this.props.name];
        return Object.fromEntries(selection)[this.value] ?? this.value;
    }

    get icon() {
        return LOOKS[this.value]?.[0] ?? "fa-question";
    }

    get className() {
        const color = LOOKS[this.value]?.[1] ?? "300";
        if (this.props.isPlain) {
            return color === "300" ? "o_ihub_muted" : `text-${color}-emphasis`;
        }
        // White on green or blue is too pale to be read, black on a dark theme's violet too dark.
        const look = PALE.includes(color)
            ? `bg-${color}-subtle text-${color}-emphasis`
            : `text-bg-${color}`;
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
