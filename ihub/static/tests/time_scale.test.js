/* global luxon */

import { describe, expect, test } from "@odoo/hoot";
import { mockTimeZone } from "@odoo/hoot-mock";

import { isOtherZone, TimeScale, ZOOM_NAMES } from "@ihub/coverage/time_scale";

const { DateTime } = luxon;
const NOON = () => DateTime.fromISO("2025-03-05T12:00:00");

function labels(scale, zoom, format) {
    return scale.ticks(zoom).map((moment) => moment.toFormat(format));
}

describe.current.tags("headless");

test("a moment is a percentage of the line", () => {
    const scale = TimeScale.around("day", NOON());
    expect(scale.percent(scale.start)).toBe(0);
    expect(scale.percent(NOON())).toBe(50);
    expect(scale.percent(scale.end)).toBe(100);
    expect(scale.includes(scale.start)).toBe(true);
    expect(scale.includes(scale.end)).toBe(false);
});

test("following now shows mostly what has been, and a little of what is to come", () => {
    for (const zoom of ZOOM_NAMES) {
        const percent = TimeScale.untilNow(zoom, NOON()).percent(NOON());
        expect(Math.round(percent)).toBe(92);
    }
});

test("the farther, the coarser the marks", () => {
    const around = (zoom) => TimeScale.around(zoom, NOON());
    expect(labels(around("hours"), "hours", "HH:mm")).toEqual([
        "09:00",
        "10:00",
        "11:00",
        "12:00",
        "13:00",
        "14:00",
    ]);
    expect(labels(around("day"), "day", "HH")).toEqual([
        "00",
        "03",
        "06",
        "09",
        "12",
        "15",
        "18",
        "21",
    ]);
    expect(labels(around("week"), "week", "d")).toEqual(["2", "3", "4", "5", "6", "7", "8"]);
    expect(labels(around("month"), "month", "d.M.")).toEqual([
        "21.2.",
        "1.3.",
        "6.3.",
        "11.3.",
        "16.3.",
    ]);
    expect(around("year").ticks("year").length).toBe(12);
});

test("days are marked at midnight also when clocks change", () => {
    mockTimeZone("Europe/Paris");
    const scale = TimeScale.around("week", DateTime.fromISO("2025-03-30T12:00:00"));
    expect(new Set(labels(scale, "week", "HH:mm"))).toEqual(new Set(["00:00"]));
    expect(scale.ticks("week").length).toBe(7);
    const day = TimeScale.around("day", DateTime.fromISO("2025-03-30T12:00:00"));
    expect(day.start.hour).toBe(23);
    expect(labels(day, "day", "HH")).toEqual(["00", "03", "06", "09", "12", "15", "18", "21"]);
});

test("another zone is one whose clocks differ", () => {
    mockTimeZone("Europe/Paris");
    expect(isOtherZone("Europe/Berlin", NOON())).toBe(false);
    expect(isOtherZone("America/New_York", NOON())).toBe(true);
    expect(isOtherZone("Nowhere/At_All", NOON())).toBe(false);
});
