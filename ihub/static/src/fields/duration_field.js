import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/**
 * Say a length of time as people do, with two units at most.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function sayDuration(seconds) {
    if (seconds < 1) {
        return _t("less than 1 s");
    }
    const total = Math.round(seconds);
    if (total < 60) {
        return _t("%(s)s s", { s: total });
    }
    const minutes = Math.floor(total / 60);
    if (minutes < 60) {
        return _t("%(min)s min %(s)s s", { min: minutes, s: total % 60 });
    }
    const hours = Math.floor(minutes / 60);
    if (hours < 24) {
        return _t("%(h)s h %(min)s min", { h: hours, min: minutes % 60 });
    }
    return _t("%(d)s d %(h)s h", { d: Math.floor(hours / 24), h: hours % 24 });
}

/** A number of seconds as "1 min 23 s". */
export class DurationField extends Component {
    static template = "ihub.DurationField";
    static props = { ...standardFieldProps };

    get text() {
        const { ended_at: ended, [this.props.name]: seconds } = this.props.record.data;
        return ended === false ? "" : sayDuration(seconds);
    }
}

export const durationField = {
    component: DurationField,
    displayName: _t("Duration"),
    supportedTypes: ["float", "integer"],
    listViewWidth: 110,
};

registry.category("fields").add("ihub_duration", durationField);
registry.category("formatters").add("ihub_duration", (value) => sayDuration(value || 0));
