/* global luxon */

import {
    Component,
    markRaw,
    onWillRender,
    onWillUnmount,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { serializeDateTime } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
import { closestScrollableY } from "@web/core/utils/scrolling";
import { useDebounced } from "@web/core/utils/timing";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";
import { ActionHelper } from "@web/views/action_helper";

import { Period, sayScale, TimeControls } from "../coverage/time_controls";
import { StateField } from "../fields/state_field";
import { useKeptState } from "../views/kept_state";
import { GridLane, lookOf } from "./grid_lane";

const { DateTime } = luxon;
const ZOOMS = ["day", "week", "month"];
const STORED_ZOOM = "ihub.grid.zoom";
// Pixels: of a row, as in the style sheet, and of the narrowest bar with what is between two.
const ROW = { large: 40, small: 72 };
const COLUMN = 4;
// Rows above and below what is seen, as a part of the height of the screen.
const BUFFER = 0.3;
// Milliseconds: whoever scrolls fast passes over rows.
const PAUSE = 60;

// The same each time: rows that stay as they are are not drawn again.
const NONE = markRaw([]);

/** Integrations as rows, their runs on one time line. Only the rows that are seen are drawn. */
export class GridRenderer extends Component {
    static template = "ihub.Grid";
    static components = { ActionHelper, GridLane, StateField, TimeControls };
    // Those of the renderer of cards.
    static props = ["*"];

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.zooms = ZOOMS;
        const stored = browser.localStorage.getItem(STORED_ZOOM);
        const center = useKeptState("ihub.grid", () => this.period.center);
        this.period = useState(new Period(ZOOMS.includes(stored) ? stored : "day", center));
        this.state = useState({ shown: this.empty() });
        this.rowHeight = this.env.isSmall ? ROW.small : ROW.large;
        this.requests = 0;
        this.loadSoon = useDebounced(() => this.loadMissing(), PAUSE);
        const { root } = this;
        this.virtual = useVirtualGrid({
            scrollableRef: {
                get el() {
                    return root.el && closestScrollableY(root.el);
                },
            },
            bufferCoef: BUFFER,
            onChange: () => {
                this.render();
                this.loadSoon();
            },
        });
        onWillRender(() => this.setRows());
        useEffect(
            () => {
                this.reload();
            },
            () => [this.props.list, this.rows.length],
        );
        onWillUnmount(() => (this.requests = NaN));
    }

    // --- Rows ---

    setRows() {
        const { list } = this.props;
        const count = this.rows?.length;
        this.rows = list.isGrouped
            ? list.groups.flatMap((group) => this.rowsOfGroup(group))
            : this.rowsOf(list);
        if (this.rows.length !== count) {
            this.virtual.setRowsHeights(this.rows.map(() => this.rowHeight));
        }
    }

    rowsOfGroup(group) {
        const key = String(group.serverValue);
        return [{ key, group }, ...(group.isFolded ? [] : this.rowsOf(group.list, key))];
    }

    /** After a reload the keys are the same: the row that has the focus keeps it. */
    rowsOf(list, prefix = "") {
        return list.records.map((record) => ({ key: `${prefix}/${record.resId}`, record }));
    }

    /** What is drawn, and the space for what is not. */
    get visible() {
        const [first = 0, last = -1] = this.virtual.rowsIndexes ?? [];
        return {
            rows: this.rows.slice(first, last + 1).map((row, index) => ({
                ...row,
                position: first + index + 1,
            })),
            style: `padding-top: ${first * this.rowHeight}px;
                    padding-bottom: ${(this.rows.length - last - 1) * this.rowHeight}px;`,
        };
    }

    get visibleIds() {
        return this.visible.rows.flatMap(({ record }) => record?.resId ?? []);
    }

    bars(record) {
        return this.state.shown.lanes[record.resId] ?? NONE;
    }

    // --- Bars ---

    empty() {
        const { scale, zoom } = this.period;
        return markRaw({ scale, zoom, lanes: {}, outcomes: [], labels: {}, pixel: 0 });
    }

    get width() {
        return this.root.el.querySelector(".o_ihub_grid_axis").offsetWidth || COLUMN;
    }

    fetch(scale, ids) {
        return this.orm.silent.call("ihub.integration", "grid", [
            ids,
            serializeDateTime(scale.start),
            serializeDateTime(scale.end),
            Math.floor(this.width / COLUMN),
        ]);
    }

    /** Read what is seen anew. */
    async reload() {
        const request = ++this.requests;
        const { scale, zoom } = this.period;
        const ids = this.visibleIds;
        if (!ids.length) {
            return;
        }
        const data = await this.fetch(scale, ids);
        // Unless another period was asked for meanwhile.
        if (request === this.requests) {
            const labels = Object.fromEntries(data.outcomes);
            // Percent of the line.
            const pixel = 100 / this.width;
            this.state.shown = markRaw({ scale, zoom, labels, pixel, ...data });
            await this.loadMissing();
        }
    }

    /** Read what has come into sight. */
    async loadMissing() {
        const { shown } = this.state;
        const ids = this.visibleIds.filter((id) => !(id in shown.lanes));
        if (!ids.length) {
            return;
        }
        const { lanes } = await this.fetch(shown.scale, ids);
        if (shown.scale === this.state.shown.scale) {
            const all = { ...this.state.shown.lanes, ...lanes };
            this.state.shown = markRaw({ ...this.state.shown, lanes: all });
        }
    }

    onPeriodChange() {
        browser.localStorage.setItem(STORED_ZOOM, this.period.zoom);
        this.reload();
    }

    // --- A finger that swipes ---

    /** All rows follow it: by the style sheet, so that none is drawn anew. */
    shiftBy(pixels) {
        this.root.el?.style.setProperty("--ihub-shift", `${pixels}px`);
    }

    async pan(part) {
        this.period.pan(-part);
        try {
            await this.reload();
        } finally {
            this.shiftBy(0);
        }
    }

    // --- Around them ---

    get title() {
        return sayScale(this.state.shown.scale, this.state.shown.zoom);
    }

    get ticks() {
        return this.state.shown.scale.marks(this.state.shown.zoom);
    }

    get nowStyle() {
        return this.state.shown.scale.nowStyle(DateTime.now());
    }

    /** One entry for each outcome that is seen. */
    get legend() {
        const bars = this.visibleIds.flatMap((id) => this.state.shown.lanes[id] ?? []);
        const seen = new Set(bars.map(([, , outcome]) => outcome));
        return this.state.shown.outcomes
            .filter(([outcome]) => seen.has(outcome))
            .map(([outcome, label, icon]) => ({ outcome, label, icon, look: lookOf(outcome) }));
    }

    /** Up and down lead to the row above and below. */
    onKeydown(ev) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[ev.key];
        const kind = ev.target.dataset.stop;
        if (step && kind) {
            ev.preventDefault();
            const all = [...this.root.el.querySelectorAll(`[data-stop=${kind}]`)];
            all[all.indexOf(ev.target) + step]?.focus();
        }
    }
}
