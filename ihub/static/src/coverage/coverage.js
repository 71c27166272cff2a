/* global luxon */

import { Component, markup, onWillStart, onWillUpdateProps, useRef, useState } from "@odoo/owl";
import {
    deserializeDateTime,
    serializeDateTime,
    toLocaleDateTimeString,
} from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useLiveReload } from "../live/live_reload";
import { useDragging } from "./dragging";
import { isActive, isFillable, labelOf, STATUSES, TROUBLES } from "./statuses";
import { isOtherZone, TimeScale, ZOOM_NAMES, ZOOMS } from "./time_scale";

const { DateTime } = luxon;
// Spans that are listed below the line.
export const LISTED = 5;
// Percent of the line from which on there is room for an icon.
const ROOM = 2;
// The same for a line between two windows.
const NARROW = 1;

/** The time line of an integration: what was done, failed, was skipped, is still to come. */
export class Coverage extends Component {
    static template = "ihub.Coverage";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.requests = 0;
        this.line = useRef("line");
        this.zooms = {
            hours: _t("Hours"),
            day: _t("Day"),
            week: _t("Week"),
            month: _t("Month"),
            year: _t("Year"),
        };
        this.statuses = STATUSES;
        this.labelOf = labelOf;
        this.isFillable = isFillable;
        this.state = useState({ zoom: "day", center: null, focused: 0, shown: null, tip: null });
        this.drag = useDragging(this.line, (part) => this.pan(-part));
        onWillStart(() => this.load());
        onWillUpdateProps((props) => this.onWillUpdateProps(props));
        useLiveReload({
            concerns: (ids) => ids.includes(this.id),
            isBusy: () => this.drag.state.shift !== 0,
            reload: () => this.load({ silent: true }),
        });
    }

    get id() {
        return this.props.record.resId;
    }

    async onWillUpdateProps(props) {
        if (props.record.resId !== this.id) {
            Object.assign(this.state, { center: null, focused: 0, tip: null });
            await this.load({ id: props.record.resId });
        }
    }

    // --- What is seen ---

    get isFollowing() {
        return this.state.center === null;
    }

    get wantedScale() {
        const { zoom, center } = this.state;
        return center ? TimeScale.around(zoom, center) : TimeScale.untilNow(zoom, DateTime.now());
    }

    async load({ id = this.id, silent = false } = {}) {
        const { zoom } = this.state;
        const scale = this.wantedScale;
        const orm = silent ? this.orm.silent : this.orm;
        const period = [serializeDateTime(scale.start), serializeDateTime(scale.end)];
        const request = ++this.requests;
        const data = await orm.call("ihub.integration", "coverage", [[id], ...period]);
        if (request !== this.requests) {
            // Another period was asked for meanwhile.
            return;
        }
        const segments = data.segments.map((segment) => ({
            ...segment,
            start: deserializeDateTime(segment.from),
            end: deserializeDateTime(segment.to),
        }));
        const actives = segments.filter(isActive).length;
        this.state.focused = Math.max(0, Math.min(this.state.focused, actives - 1));
        this.state.shown = { ...data, segments, scale, zoom };
    }

    get scale() {
        return this.state.shown.scale;
    }

    get now() {
        return deserializeDateTime(this.state.shown.now);
    }

    get bars() {
        let index = 0;
        return this.state.shown.segments.map((segment) => {
            const left = this.scale.percent(segment.start);
            const width = this.scale.percent(segment.end) - left;
            const isButton = isActive(segment);
            return {
                segment,
                isButton,
                index: isButton ? index++ : -1,
                style: `left: ${left.toFixed(3)}%; width: ${width.toFixed(3)}%;`,
                isNarrow: width < NARROW,
                icon: width >= ROOM ? STATUSES[segment.status].icon : "",
                label: this.describe(segment),
            };
        });
    }

    get ticks() {
        const { format } = ZOOMS[this.state.shown.zoom];
        return this.scale.ticks(this.state.shown.zoom).map((moment) => ({
            key: moment.toMillis(),
            style: `left: ${this.scale.percent(moment).toFixed(3)}%;`,
            label: moment.toLocaleString(format),
        }));
    }

    get nowStyle() {
        const isSeen = this.scale.includes(this.now);
        return isSeen ? `left: ${this.scale.percent(this.now).toFixed(3)}%;` : "";
    }

    get legend() {
        const seen = new Set(this.state.shown.segments.map((segment) => segment.status));
        return Object.keys(STATUSES).filter((status) => seen.has(status) && status !== "future");
    }

    get troubles() {
        const { segments } = this.state.shown;
        return segments.filter((segment) => TROUBLES.includes(segment.status)).reverse();
    }

    get listed() {
        return this.troubles.slice(0, LISTED);
    }

    // --- Words ---

    get title() {
        const { start, end } = this.scale;
        if (["hours", "day"].includes(this.state.shown.zoom)) {
            return this.sayPeriod(this.scale);
        }
        return _t("%(start)s to %(end)s", {
            start: toLocaleDateTimeString(start, { showTime: false }),
            end: toLocaleDateTimeString(end, { showTime: false }),
        });
    }

    get completeUntil() {
        const moment = this.state.shown.complete_until;
        return moment ? toLocaleDateTimeString(deserializeDateTime(moment)) : "";
    }

    // Whole sentences, because other languages order them otherwise.

    get completeText() {
        const moment = markup`<b>${this.completeUntil}</b>`;
        return this.troubles.length
            ? _t("Data complete until %(moment)s, apart from what is listed below.", { moment })
            : _t("Data complete until %(moment)s.", { moment });
    }

    get zonesText() {
        return _t(
            "The times are those of your time zone (%(own)s). This integration works in %(zone)s, where it is now %(time)s.",
            { own: this.ownZone, zone: this.otherZone, time: this.timeInOtherZone },
        );
    }

    get moreText() {
        const count = this.troubles.length - this.listed.length;
        return _t("And %(count)s more on the line.", { count });
    }

    /** The zone of the integration, where its clocks differ from those of the reader. */
    get otherZone() {
        const { tz } = this.state.shown;
        return isOtherZone(tz, this.now) ? tz : "";
    }

    get ownZone() {
        return this.now.zoneName;
    }

    get timeInOtherZone() {
        return this.now.setZone(this.otherZone).toLocaleString({
            hour: "numeric",
            minute: "2-digit",
        });
    }

    /** @param {string} [tz] the reader's zone if there is none */
    sayPeriod({ start, end }, tz = "default") {
        const isSameDay = start.setZone(tz).hasSame(end.setZone(tz), "day");
        return _t("%(start)s to %(end)s", {
            start: toLocaleDateTimeString(start, { tz }),
            end: toLocaleDateTimeString(end, { tz, showDate: !isSameDay }),
        });
    }

    /** The same on the clocks of the integration, where they show another time at that moment. */
    sayPeriodThere(segment) {
        const { tz } = this.state.shown;
        if (!isOtherZone(tz, segment.start) && !isOtherZone(tz, segment.end)) {
            return "";
        }
        return _t("%(name)s: %(value)s", { name: tz, value: this.sayPeriod(segment, tz) });
    }

    hint(segment) {
        const { can_fill: canFill } = this.state.shown;
        if (!segment.exact && this.canZoom(-1)) {
            return _t("Several periods. Look closer.");
        }
        if (isFillable(segment) && !canFill) {
            return _t("Open the runs.");
        }
        return STATUSES[segment.status].hint;
    }

    runs(segment) {
        const [id, ...more] = segment.run_ids;
        if (!id) {
            return "";
        }
        return more.length
            ? _t("%(count)s runs", { count: more.length + 1 })
            : _t("Run %(id)s", { id });
    }

    describe(segment) {
        const there = this.sayPeriodThere(segment);
        const period = this.sayPeriod(segment) + (there && ` (${there})`);
        const what = _t("%(name)s: %(value)s", { name: labelOf(segment), value: period });
        const parts = [what, this.runs(segment), this.hint(segment)];
        return parts.filter(Boolean).join(". ");
    }

    // --- The tip ---

    get tip() {
        const bar = this.state.tip && this.bars.find(({ index }) => index === this.state.tip.index);
        if (!bar) {
            return null;
        }
        const { start, end } = bar.segment;
        const middle = (this.scale.percent(start) + this.scale.percent(end)) / 2;
        return {
            segment: bar.segment,
            // Moved by as much of itself: it never leaves the line.
            style: `left: ${middle.toFixed(2)}%; transform: translateX(-${middle.toFixed(2)}%);`,
        };
    }

    showTip(index) {
        this.state.tip = index >= 0 ? { index } : null;
    }

    hideTip() {
        this.state.tip = null;
    }

    // --- Zoom and pan ---

    canZoom(step) {
        return ZOOM_NAMES.indexOf(this.state.zoom) + step in ZOOM_NAMES;
    }

    async setZoom(zoom, center = this.isFollowing ? null : this.state.center) {
        Object.assign(this.state, { zoom, center, tip: null });
        await this.load();
    }

    async zoomBy(step, center) {
        if (this.canZoom(step)) {
            await this.setZoom(ZOOM_NAMES[ZOOM_NAMES.indexOf(this.state.zoom) + step], center);
        }
    }

    /** @param {number} part of what is seen; negative: to the past */
    async pan(part) {
        const { center, length } = this.wantedScale;
        this.state.center = center.plus(length * part);
        this.state.tip = null;
        await this.load();
    }

    async follow() {
        this.state.center = null;
        await this.load();
    }

    // --- Keyboard and wheel ---

    onKeydown(ev) {
        const last = this.bars.filter((bar) => bar.isButton).length - 1;
        const moves = {
            ArrowLeft: () => this.focus(Math.max(0, this.state.focused - 1)),
            ArrowRight: () => this.focus(Math.min(last, this.state.focused + 1)),
            Home: () => this.focus(0),
            End: () => this.focus(last),
            PageUp: () => this.pan(-0.5),
            PageDown: () => this.pan(0.5),
            "+": () => this.zoomBy(-1),
            "-": () => this.zoomBy(1),
            Escape: () => this.hideTip(),
        };
        if (moves[ev.key] && !ev.ctrlKey && !ev.altKey && !ev.metaKey) {
            ev.preventDefault();
            ev.stopPropagation();
            moves[ev.key]();
        }
    }

    focus(index) {
        this.state.focused = index;
        this.line.el.querySelector(`[data-index="${index}"]`)?.focus();
    }

    onFocus(index) {
        this.state.focused = index;
        this.showTip(index);
    }

    /** With Ctrl, as on maps; without, the page scrolls. */
    onWheel(ev) {
        if (!ev.ctrlKey) {
            return;
        }
        ev.preventDefault();
        const { left, width } = this.line.el.getBoundingClientRect();
        const { start, length } = this.scale;
        const center = start.plus((length * (ev.clientX - left)) / width);
        this.zoomBy(ev.deltaY < 0 ? -1 : 1, center);
    }

    // --- What can be done about a segment ---

    async onClick(segment) {
        if (this.drag.wasDragged()) {
            return;
        }
        this.hideTip();
        if (!segment.exact && this.canZoom(-1)) {
            const center = segment.start.plus((segment.end - segment.start) / 2);
            await this.zoomBy(-1, center);
        } else if (segment.status === "incomplete") {
            await this.openItems(segment);
        } else if (isFillable(segment) && this.state.shown.can_fill) {
            await this.fill(segment);
        } else {
            await this.openRuns(segment);
        }
    }

    async fill(segment) {
        const action = await this.call("action_fill", segment);
        await this.action.doAction(action, { onClose: () => this.load() });
    }

    async openRuns(segment) {
        if (segment.run_ids.length === 1) {
            await this.action.doAction({
                type: "ir.actions.act_window",
                res_model: "ihub.run",
                res_id: segment.run_ids[0],
                views: [[false, "form"]],
            });
        } else {
            await this.action.doAction(await this.call("action_open_runs_of", segment));
        }
    }

    async openItems(segment) {
        await this.action.doAction(await this.call("action_open_items_of", segment));
    }

    call(method, { from, to }) {
        return this.orm.call("ihub.integration", method, [[this.id], from, to]);
    }
}

export const coverage = { component: Coverage };

registry.category("view_widgets").add("ihub_coverage", coverage);
