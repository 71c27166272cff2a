import { Component, useRef, useState } from "@odoo/owl";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { groupBy } from "@web/core/utils/arrays";

import { useDragging } from "../coverage/dragging";
import { useSpanActions } from "../coverage/span_actions";
import { sayPeriod } from "../coverage/time_controls";
import { forward, laterBy, partAt } from "../coverage/time_scale";
import { sayDuration } from "../fields/duration_field";
import { heightsOf } from "../fields/run_strip_field";

// Outcomes that look like another status of the coverage; their words tell them apart.
const LOOKS = { interrupted: "failed", with_errors: "incomplete", cancelled: "skipped" };
export const lookOf = (outcome) => LOOKS[outcome] ?? outcome;
// Pixels of the narrowest bar.
const NARROWEST = 3;
// Minutes to which a dragged period is rounded.
const STEPS = { day: 5, week: 60, month: 60 };

/** The runs of an integration as bars: colour and pattern tell the outcome, height the duration. */
export class GridLane extends Component {
    static template = "ihub.GridLane";
    static props = {
        record: Object,
        bars: Array,
        scale: Object,
        zoom: String,
        pixel: Number,
        labels: Object,
        onFilled: Function,
        onSwiping: Function,
        onSwiped: Function,
    };

    setup() {
        this.spans = useSpanActions();
        this.lane = useRef("lane");
        // The one bar that the Tab key reaches, counted from the newest: arrows lead to the others.
        this.state = useState({ back: 0 });
        this.drag = useDragging(this.lane, {
            onDragged: (part, start) => this.onDragged(part, start),
            onSwiped: (part) => this.props.onSwiped(part),
            onSwiping: (shift) => this.props.onSwiping(shift),
            canHold: () => this.canFill,
        });
    }

    percent(seconds) {
        return (1e5 * seconds) / this.props.scale.length;
    }

    /**
     * The bars of an outcome as one element, cut out along their outline.
     *
     * With an element for each bar it is thousands, and whoever scrolls waits for the browser.
     */
    get layers() {
        const heights = heightsOf(this.props.bars.map(([, , , , duration]) => duration));
        const outlines = groupBy(
            this.props.bars.map((bar, index) => [bar[2], this.outline(bar, 100 - heights[index])]),
            ([outcome]) => outcome,
        );
        return Object.keys(this.props.labels)
            .filter((outcome) => outlines[outcome])
            .map((outcome) => ({
                outcome,
                className: `o_ihub_is_${lookOf(outcome)}`,
                style: `clip-path: polygon(${outlines[outcome].map(([, points]) => points).join()});`,
            }));
    }

    /** From the ground up and down again. */
    outline([from, to], top) {
        const { pixel } = this.props;
        const start = this.percent(from);
        const end = Math.max(start + NARROWEST * pixel, this.percent(to) - pixel);
        const [left, right] = [start, end].map((x) => (forward() > 0 ? x : 100 - x));
        return [
            [left, 100],
            [left, top],
            [right, top],
            [right, 100],
        ]
            .map((point) => point.map((value) => `${value.toFixed(2)}%`).join(" "))
            .join();
    }

    /** The bar that the keyboard is at. */
    get current() {
        const { bars } = this.props;
        return bars[Math.max(0, bars.length - 1 - this.state.back)];
    }

    get currentStyle() {
        const [from, to] = this.current.map((seconds) => this.percent(seconds));
        return `inset-inline-start: ${from.toFixed(2)}%; width: ${(to - from).toFixed(2)}%;`;
    }

    get isSelecting() {
        const { shift, isSwiping, isHeld } = this.drag.state;
        return isHeld || (shift !== 0 && !isSwiping);
    }

    get selectionStyle() {
        const { start, shift } = this.drag.state;
        return `inset-inline-start: ${Math.min(start, start + shift)}px; width: ${Math.abs(shift)}px;`;
    }

    get canFill() {
        const { takes_period: takesPeriod, runs_manually: runsManually } = this.props.record.data;
        return takesPeriod && runsManually;
    }

    moment(seconds) {
        return this.props.scale.start.plus({ seconds });
    }

    describe([from, to, outcome, count, duration]) {
        const period = sayPeriod({ start: this.moment(from), end: this.moment(to) });
        const name = this.props.labels[outcome];
        const runs = count > 1 ? _t("%(count)s runs", { count }) : sayDuration(duration);
        return [_t("%(name)s: %(value)s", { name, value: period }), runs].join(" · ");
    }

    // --- What can be done ---

    span([from, to, , count, , id]) {
        return {
            from: serializeDateTime(this.moment(from)),
            to: serializeDateTime(this.moment(to)),
            run_ids: count === 1 ? [id] : [],
        };
    }

    open(bar) {
        return this.spans.openRuns(this.props.record.resId, this.span(bar));
    }

    fill(span) {
        return this.spans.fill(this.props.record.resId, span, this.props.onFilled);
    }

    /** @returns {Array|undefined} the bar below the mouse, also above a low one */
    barAt({ clientX }) {
        const x = 100 * partAt(this.lane.el, clientX);
        const narrowest = NARROWEST * this.props.pixel;
        return this.props.bars.findLast(([from, to]) => {
            const start = this.percent(from);
            return start <= x && x < Math.max(this.percent(to), start + narrowest);
        });
    }

    onPointerdown(ev) {
        if (this.canFill || ev.pointerType === "touch") {
            this.drag.onPointerdown(ev);
        }
    }

    /** The words of a bar are made when somebody points at it: there are thousands. */
    onMousemove(ev) {
        const bar = this.barAt(ev);
        this.lane.el.title = bar ? this.describe(bar) : "";
        this.lane.el.classList.toggle("o_ihub_grid_on_bar", Boolean(bar));
    }

    onClick(ev) {
        const bar = !this.drag.wasDragged() && this.barAt(ev);
        if (bar) {
            this.open(bar);
        }
    }

    onDragged(part, start) {
        const ends = [start, start + part].map((each) => this.rounded(each));
        const [from, to] = ends.sort((a, b) => a - b).map((moment) => serializeDateTime(moment));
        if (from !== to) {
            this.fill({ from, to });
        }
    }

    /** @returns {luxon.DateTime} the moment at a part of the line, on the reader's clock */
    rounded(part) {
        const { start, length } = this.props.scale;
        const moment = start.plus(length * Math.min(1, Math.max(0, part)));
        const unit = STEPS[this.props.zoom];
        const minutes = moment.minute + moment.second / 60;
        return moment.startOf("hour").plus({ minutes: Math.round(minutes / unit) * unit });
    }

    onKeydown(ev) {
        const last = this.props.bars.length - 1;
        const step = () => Math.min(last, Math.max(0, this.state.back - laterBy(ev.key)));
        const moves = {
            ArrowLeft: step,
            ArrowRight: step,
            Home: () => last,
            End: () => 0,
        };
        if (moves[ev.key]) {
            ev.preventDefault();
            this.state.back = moves[ev.key]();
        }
    }

    /** What Enter and Space do; with Shift the period of the bar is run. */
    onPress(ev) {
        ev.stopPropagation();
        if (ev.shiftKey && this.canFill) {
            this.fill(this.span(this.current));
        } else {
            this.open(this.current);
        }
    }
}
