/* global luxon */

import { Component, useState } from "@odoo/owl";
import { useDateTimePicker } from "@web/core/datetime/datetime_picker_hook";
import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

import { TimeScale } from "./time_scale";

const { DateTime } = luxon;
// All that the hub has moments for.
const FIRST = DateTime.fromObject({ year: 1900 });
const LAST = DateTime.fromObject({ year: 2199 });

/** Which period somebody wants to see: a zoom, around a moment or up to now. */
export class Period {
    /**
     * @param {keyof ZOOMS} zoom
     * @param {DateTime} [center]
     */
    constructor(zoom, center = null) {
        this.zoom = zoom;
        this.center = center;
    }

    get isFollowing() {
        return this.center === null;
    }

    /** @returns {TimeScale} */
    get scale() {
        return this.center
            ? TimeScale.around(this.zoom, this.center)
            : TimeScale.untilNow(this.zoom, DateTime.now());
    }

    /** @param {number} part of what is seen; negative: to the past */
    pan(part) {
        const { center, length } = this.scale;
        this.center = center.plus(length * part);
    }

    follow() {
        this.center = null;
    }

    /** @param {DateTime} moment comes into the middle */
    goTo(moment) {
        this.center = moment;
    }
}

/** @param {string} [tz] the reader's zone if there is none */
export function sayPeriod({ start, end }, tz = "default") {
    const isSameDay = start.setZone(tz).hasSame(end.setZone(tz), "day");
    return _t("%(start)s to %(end)s", {
        start: toLocaleDateTimeString(start, { tz }),
        end: toLocaleDateTimeString(end, { tz, showDate: !isSameDay }),
    });
}

/** What is seen, in words as exact as the zoom. */
export function sayScale(scale, zoom) {
    if (["hours", "day"].includes(zoom)) {
        return sayPeriod(scale);
    }
    return _t("%(start)s to %(end)s", {
        start: toLocaleDateTimeString(scale.start, { showTime: false }),
        end: toLocaleDateTimeString(scale.end, { showTime: false }),
    });
}

/** The buttons that choose a {@link Period}. */
export class TimeControls extends Component {
    static template = "ihub.TimeControls";
    static props = { period: Object, names: Array, step: Number, onChange: Function };

    setup() {
        this.period = useState(this.props.period);
        this.labels = {
            hours: _t("Hours"),
            day: _t("Day"),
            week: _t("Week"),
            month: _t("Month"),
            year: _t("Year"),
        };
        const { period } = this;
        this.picker = useDateTimePicker({
            target: "date",
            get pickerProps() {
                return {
                    type: "datetime",
                    value: period.scale.center.startOf("hour"),
                    minDate: FIRST,
                    maxDate: LAST,
                };
            },
            // On a phone the page would jump to make room below the button.
            ensureVisibility: () => false,
            onApply: (moment) => this.goTo(moment),
        });
    }

    setZoom(zoom) {
        this.period.zoom = zoom;
        this.props.onChange();
    }

    pan(part) {
        this.period.pan(part);
        this.props.onChange();
    }

    follow() {
        this.period.follow();
        this.props.onChange();
    }

    /** @param {DateTime|false} moment false where somebody has cleared it */
    goTo(moment) {
        if (moment) {
            this.period.goTo(moment);
            this.props.onChange();
        } else {
            this.follow();
        }
    }
}
