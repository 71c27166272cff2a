import { Component, markup, onWillStart, onWillUpdateProps, useRef, useState } from "@odoo/owl";
import {
    deserializeDateTime,
    serializeDateTime,
    toLocaleDateTimeString,
} from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

import { useLiveReload } from "../live/live_reload";
import { useKeptState } from "../views/kept_state";
import { widgetOf } from "../views/record_widget";
import { useDragging } from "./dragging";
import { useSpanActions } from "./span_actions";
import { isActive, isFillable, labelOf, STATUSES, TROUBLES } from "./statuses";
import { Period, sayPeriod, sayScale, TimeControls } from "./time_controls";
import { forward, isOtherZone, laterBy, partAt, ZOOM_NAMES } from "./time_scale";

// Spans that are listed below the line.
export const LISTED = 5;
// Percent of the line from which on there is room for an icon.
const ROOM = 2;
// The same for a line between two windows.
const NARROW = 1;

/** The coverage of an integration: what was done, failed, was skipped, is still to come. */
export class Coverage extends Component {
    static template = "ihub.Coverage";
    static components = { TimeControls };
    static props = { id: Number };

    setup() {
        this.orm = useService("orm");
        this.spans = useSpanActions();
        this.requests = 0;
        this.line = useRef("line");
        this.zoomNames = ZOOM_NAMES;
        this.sayPeriod = sayPeriod;
        this.statuses = STATUSES;
        this.labelOf = labelOf;
        this.isFillable = isFillable;
        const kept = useKeptState("ihub.coverage", () => {
            const { zoom, center } = this.period;
            return { id: this.id, zoom, center };
        });
        const { zoom = "day", center } = kept?.id === this.id ? kept : {};
        this.period = useState(new Period(zoom, center));
        this.state = useState({ focused: 0, shown: null, tip: null });
        this.drag = useDragging(this.line, { onDragged: (part) => this.pan(-part) });
        onWillStart(() => this.load());
        onWillUpdateProps((props) => this.onWillUpdateProps(props));
        useLiveReload({
            concerns: (ids) => ids.includes(this.id),
            isBusy: () => this.drag.state.shift !== 0,
            reload: () => this.load({ silent: true }),
        });
    }

    get id() {
        return this.props.id;
    }

    async onWillUpdateProps({ id }) {
        if (id !== this.id) {
            this.period.follow();
            Object.assign(this.state, { focused: 0, tip: null });
            await this.load({ id });
        }
    }

    // --- What is seen ---

    async load({ id = this.id, silent = false } = {}) {
        const { zoom, scale } = this.period;
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
            const start = this.scale.percent(segment.start);
            const width = this.scale.percent(segment.end) - start;
            const isButton = isActive(segment);
            return {
                segment,
                isButton,
                index: isButton ? index++ : -1,
                style: `inset-inline-start: ${start.toFixed(3)}%; width: ${width.toFixed(3)}%;`,
                isNarrow: width < NARROW,
                icon: width >= ROOM ? STATUSES[segment.status].icon : "",
                label: this.describe(segment),
            };
        });
    }

    get ticks() {
        return this.scale.marks(this.state.shown.zoom);
    }

    get nowStyle() {
        return this.scale.nowStyle(this.now);
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
        return sayScale(this.scale, this.state.shown.zoom);
    }

    get completeUntil() {
        const moment = this.state.shown.complete_until;
        return moment ? toLocaleDateTimeString(deserializeDateTime(moment)) : "";
    }

    // Whole sentences, because other languages order them otherwise.

    get completeText() {
        const moment = markup`<b>${this.completeUntil}</b>`;
        return _t("Data complete until %(moment)s, except for what is listed below.", { moment });
    }

    get zonesText() {
        return _t(
            "Times are shown in your time zone (%(own)s). This integration works in %(zone)s, where it is now %(time)s.",
            { own: this.ownZone, zone: this.otherZone, time: this.timeInOtherZone },
        );
    }

    get moreText() {
        const count = this.troubles.length - this.listed.length;
        return _t("And %(count)s more on the timeline.", { count });
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

    /** The same on the clocks of the integration, where they show another time at that moment. */
    sayPeriodThere(segment) {
        const { tz } = this.state.shown;
        if (!isOtherZone(tz, segment.start) && !isOtherZone(tz, segment.end)) {
            return "";
        }
        return _t("%(name)s: %(value)s", { name: tz, value: sayPeriod(segment, tz) });
    }

    hint(segment) {
        const { can_fill: canFill } = this.state.shown;
        if (!segment.exact && this.canZoom(-1)) {
            return _t("Several periods. Zoom in.");
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
        const period = sayPeriod(segment) + (there && ` (${there})`);
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
            style: `inset-inline-start: ${middle.toFixed(2)}%;
                    transform: translateX(${(-forward() * middle).toFixed(2)}%);`,
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
        return ZOOM_NAMES.indexOf(this.period.zoom) + step in ZOOM_NAMES;
    }

    async onPeriodChange() {
        this.hideTip();
        await this.load();
    }

    async zoomBy(step, center = this.period.center) {
        if (this.canZoom(step)) {
            const zoom = ZOOM_NAMES[ZOOM_NAMES.indexOf(this.period.zoom) + step];
            Object.assign(this.period, { zoom, center });
            await this.onPeriodChange();
        }
    }

    async pan(part) {
        this.period.pan(part);
        await this.onPeriodChange();
    }

    // --- Keyboard and wheel ---

    onKeydown(ev) {
        const last = this.bars.filter((bar) => bar.isButton).length - 1;
        const step = () =>
            this.focus(Math.min(last, Math.max(0, this.state.focused + laterBy(ev.key))));
        const moves = {
            ArrowLeft: step,
            ArrowRight: step,
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
        const { start, length } = this.scale;
        const center = start.plus(length * partAt(this.line.el, ev.clientX));
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
        await this.spans.fill(this.id, segment, () => this.load());
    }

    async openRuns(segment) {
        await this.spans.openRuns(this.id, segment);
    }

    async openItems(segment) {
        await this.spans.openItems(this.id, segment);
    }
}

export const coverage = { component: widgetOf(Coverage) };

registry.category("view_widgets").add("ihub_coverage", coverage);
