/* global luxon */

import { localization } from "@web/core/l10n/localization";

const { DateTime, Duration } = luxon;
const HOUR = 3600 * 1000;

/**
 * How much is seen at once, from near to far.
 *
 * - length: milliseconds
 * - tick: of the local calendar; `every` counts units from the start of the next larger one
 * - format: what stands at a tick, for luxon's toLocaleString
 */
export const ZOOMS = {
    hours: {
        length: 6 * HOUR,
        tick: { unit: "hour", every: 1 },
        format: { hour: "numeric", minute: "2-digit" },
    },
    day: {
        length: 24 * HOUR,
        tick: { unit: "hour", every: 3 },
        format: { hour: "numeric", minute: "2-digit" },
    },
    week: {
        length: 7 * 24 * HOUR,
        tick: { unit: "day", every: 1 },
        format: { weekday: "short", day: "numeric" },
    },
    month: {
        length: 31 * 24 * HOUR,
        tick: { unit: "day", every: 5 },
        format: { day: "numeric", month: "short" },
    },
    year: {
        length: 366 * 24 * HOUR,
        tick: { unit: "month", every: 1 },
        format: { month: "short" },
    },
};
export const ZOOM_NAMES = Object.keys(ZOOMS);
// The part of the line that is still to come, where it ends with now.
const AHEAD = 0.08;

/** Where time runs to: 1 is to the right; -1 to the left, where one reads from right to left. */
export const forward = () => (localization.direction === "rtl" ? -1 : 1);

/** How far an arrow key leads to what is later: 1 or -1; not a number for all other keys. */
export const laterBy = (key) => forward() * { ArrowLeft: -1, ArrowRight: 1 }[key];

/** How far on in time a place of the screen is on a line, as a part of the line's width. */
export function partAt(el, clientX) {
    const { left, right, width } = el.getBoundingClientRect();
    return (forward() > 0 ? clientX - left : right - clientX) / width;
}

/** A span of time as a line from 0 to 100 percent. */
export class TimeScale {
    /**
     * @param {luxon.DateTime} start
     * @param {luxon.DateTime} end
     */
    constructor(start, end) {
        this.start = start;
        this.end = end;
    }

    /**
     * @param {keyof ZOOMS} zoom
     * @param {luxon.DateTime} center
     */
    static around(zoom, center) {
        const half = Duration.fromMillis(ZOOMS[zoom].length / 2);
        const start = center.minus(half).set({ millisecond: 0 });
        return new TimeScale(start, start.plus(ZOOMS[zoom].length));
    }

    /** The time up to now, and a little of what is to come. */
    static untilNow(zoom, now) {
        return TimeScale.around(zoom, now.minus(ZOOMS[zoom].length * (0.5 - AHEAD)));
    }

    get length() {
        return this.end - this.start;
    }

    get center() {
        return this.start.plus(this.length / 2);
    }

    /** The percentage at which a moment is; less than 0 or more than 100 if it is outside. */
    percent(moment) {
        return (100 * (moment - this.start)) / this.length;
    }

    includes(moment) {
        return this.start <= moment && moment < this.end;
    }

    /** Where the line of now is; "" if it is not seen. */
    nowStyle(now) {
        return this.includes(now) ? `inset-inline-start: ${this.percent(now).toFixed(3)}%;` : "";
    }

    /** The marks below a line: where they are, and what stands there. */
    marks(zoom) {
        return this.ticks(zoom).map((moment) => ({
            key: moment.toMillis(),
            style: `inset-inline-start: ${this.percent(moment).toFixed(3)}%;`,
            label: moment.toLocaleString(ZOOMS[zoom].format),
        }));
    }

    /** The moments of the reader's calendar that are marked. */
    ticks(zoom) {
        const { unit, every } = ZOOMS[zoom].tick;
        const found = [];
        let moment = this.start.startOf(unit);
        while (moment < this.end) {
            if (moment >= this.start && isMarked(moment, unit, every)) {
                found.push(moment);
            }
            // Anew from the start of the unit: clocks may have changed in it.
            moment = moment.plus({ [unit]: 1 }).startOf(unit);
        }
        return found;
    }
}

function isMarked(moment, unit, every) {
    if (unit === "hour") {
        return moment.hour % every === 0;
    }
    // Not on the last days of a month: the first of the next one would be too near.
    const count = { day: moment.day - 1, month: moment.month - 1 }[unit];
    return count % every === 0 && (every === 1 || moment.day <= moment.daysInMonth - every / 2);
}

/** Whether the clocks of a zone show another time than the reader's, at a moment. */
export function isOtherZone(tz, moment = DateTime.now()) {
    const there = moment.setZone(tz);
    return there.isValid && there.offset !== moment.offset;
}
