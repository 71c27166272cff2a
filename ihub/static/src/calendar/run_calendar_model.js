/* global luxon */

import { deserializeDateTime, serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { CalendarModel } from "@web/views/calendar/calendar_model";

import { lookOf } from "../fields/state_field";

// More than so many nobody can tell apart, and the browser would be slow.
export const LIMIT = 400;
// How runs are taken together where there are too many: finer first.
const LEVELS = {
    day: [
        ["hour", "integration_id"],
        ["hour", null],
    ],
    week: [
        ["hour", "integration_id"],
        ["day", "integration_id"],
        ["day", null],
    ],
    month: [
        ["day", "integration_id"],
        ["day", null],
    ],
    year: [["day", null]],
};
// Of Odoo's palette, as badges of the same severity have it.
const COLORS = { success: 10, danger: 1, warning: 2, primary: 8, info: 4, muted: 0 };

/** Runs one by one; many of them together by hour or day, one event per outcome. */
export class RunCalendarModel extends CalendarModel {
    /** On a phone a week has no room for names. */
    setup(params, services) {
        super.setup(this.env.isSmall ? { ...params, scale: "day" } : params, services);
    }

    /** What somebody has chosen on a large screen does not hold there. */
    get storageKey() {
        return this.env.isSmall ? `${super.storageKey}-small` : super.storageKey;
    }

    async fetchRecords(data) {
        const domain = this.computeDomain(data);
        if (this.meta.scale !== "year" && (await this.isFew(domain))) {
            return super.fetchRecords(data);
        }
        const levels = LEVELS[this.meta.scale];
        for (const [unit, by] of levels) {
            const groups = await this.fetchGroups(domain, unit, by);
            if (groups.length <= LIMIT || by === null) {
                return groups;
            }
        }
    }

    async isFew(domain) {
        const { context, resModel } = this.meta;
        const count = await this.orm.searchCount(resModel, domain, { context, limit: LIMIT + 1 });
        return count <= LIMIT;
    }

    /**
     * @param {Array} domain
     * @param {"hour"|"day"} unit
     * @param {string|null} by a field, besides the outcome
     * @returns {Promise<Object[]>} what is shown as if it were runs
     */
    async fetchGroups(domain, unit, by) {
        const isQueued = ["state", "=", "pending"];
        const [begun, queued] = await Promise.all([
            this.readGroups([...domain, "!", isQueued], "started_at", unit, by),
            this.readGroups([...domain, isQueued], "due", unit, by),
        ]);
        // Never the id of a run.
        return [...begun, ...queued].map((group, index) => ({ ...group, id: -1 - index }));
    }

    async readGroups(domain, field, unit, by) {
        const groups = await this.orm.formattedReadGroup(
            this.meta.resModel,
            domain,
            [`${field}:${unit}`, "outcome", ...(by ? [by] : [])],
            ["__count", "id:max"],
            {
                // Days begin where the reader is, as in the rest of the calendar.
                context: { ...this.meta.context, tz: luxon.DateTime.local().zoneName },
                limit: by ? LIMIT + 1 : undefined,
            },
        );
        return groups
            .filter((group) => group[`${field}:${unit}`])
            .map((group) => this.asRecord(group, group[`${field}:${unit}`][0], unit));
    }

    asRecord(group, value, unit) {
        const start = deserializeDateTime(value);
        const end = unit === "day" ? start : start.plus({ hours: 1 });
        return {
            calendar_from: value,
            calendar_to: serializeDateTime(end),
            outcome: group.outcome,
            integration_id: group.integration_id || false,
            group: {
                count: group.__count,
                domain: group.__domain,
                lastId: group["id:max"],
                isAllDay: unit === "day",
            },
        };
    }

    normalizeRecord(rawRecord) {
        const record = super.normalizeRecord(rawRecord);
        const { group, outcome } = rawRecord;
        // Seen in the narrowest column too, where there is no room for a word: the colour is not
        // the only sign.
        const [icon, severity] = lookOf(this.meta.fields.outcome, outcome);
        const title = this.title(rawRecord);
        Object.assign(record, { icon, title, colorIndex: COLORS[severity] });
        if (group?.isAllDay) {
            const start = record.start.startOf("day");
            Object.assign(record, { isAllDay: true, isTimeHidden: true, start, end: start });
        }
        return record;
    }

    title({ group, integration_id: integration, outcome }) {
        const label = Object.fromEntries(this.meta.fields.outcome.selection)[outcome];
        const what = group
            ? _t("%(outcome)s: %(count)s", { outcome: label, count: group.count })
            : label;
        // The name first: the icon says the rest where there is no room for both.
        return integration ? `${integration[1]} · ${what}` : what;
    }
}
