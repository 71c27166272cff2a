import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

import { useClock } from "../live/clock";
import { sayDuration } from "./duration_field";

/**
 * Say a moment in words, as seen from now.
 *
 * @param {luxon.DateTime} moment
 * @param {luxon.DateTime} now
 * @returns {string}
 */
export function sayWhen(moment, now) {
    const seconds = moment.diff(now, "seconds").seconds;
    if (Math.abs(seconds) < 60) {
        return seconds > 0 ? _t("in a moment") : _t("just now");
    }
    return moment.toRelative({ base: now });
}

/**
 * A moment to the second, for those who hover: "Nov 26, 9:07:03 AM".
 *
 * @param {luxon.DateTime} moment
 * @returns {string}
 */
export function sayExactly(moment) {
    return toLocaleDateTimeString(moment, { showSeconds: true });
}

/** A moment as "in 12 minutes"; hovering tells the exact time. */
export class WhenField extends Component {
    static template = "ihub.WhenField";
    static props = {
        ...standardFieldProps,
        isDue: { type: Boolean, optional: true },
        isElapsed: { type: Boolean, optional: true },
        isPast: { type: Boolean, optional: true },
    };

    setup() {
        this.clock = useClock();
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get text() {
        const { now } = this.clock;
        if (this.props.isElapsed) {
            return sayDuration(Math.max(0, now.diff(this.value, "seconds").seconds));
        }
        if (this.props.isDue && this.value < now) {
            return _t("due now");
        }
        // The clock of the server may be ahead of this one.
        const isEarly = this.props.isPast && this.value > now;
        return sayWhen(isEarly ? now : this.value, now);
    }

    get exact() {
        return sayExactly(this.value);
    }

    get iso() {
        return this.value.toISO();
    }
}

export const whenField = {
    component: WhenField,
    displayName: _t("In Words"),
    supportedTypes: ["datetime"],
    supportedOptions: [
        { name: "due", label: _t("Past means due"), type: "boolean" },
        { name: "elapsed", label: _t("How long ago, as a duration"), type: "boolean" },
        { name: "past", label: _t("Never in the future"), type: "boolean" },
    ],
    extractProps: ({ options }) => ({
        isDue: Boolean(options.due),
        isElapsed: Boolean(options.elapsed),
        isPast: Boolean(options.past),
    }),
    listViewWidth: [110, 160],
};

registry.category("fields").add("ihub_when", whenField);
