import {
    Component,
    onMounted,
    onPatched,
    onWillStart,
    onWillUnmount,
    onWillUpdateProps,
    useRef,
    useState,
} from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime, formatDateTime, serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// Lines that are fetched at a time, and lines that are in the page at most.
export const PAGE = 200;
export const LIMIT = 600;
// Lines that are looked at again at least, for what was undone.
export const OVERLAP = 50;
// Milliseconds for which lines are looked at again: ids are given before they can be seen, so lines
// of another thread or server may come into view behind, and above, later ones.
export const SETTLE = 10000;
// Milliseconds between two looks for new lines.
export const INTERVAL = 1000;
// Looks after the end of the run: its last lines, and which of all are undone, are written behind it.
export const LAST_LOOKS = 3;

const ACTIVE = ["pending", "running"];
const FIELDS = ["create_date", "level", "summary", "undone"];
const LEVELS = {
    all: { label: _t("All"), levels: ["info", "warning", "error"] },
    warning: { label: _t("Warnings"), levels: ["warning", "error"] },
    error: { label: _t("Errors"), levels: ["error"] },
};

/**
 * The log of a run, newest line at the bottom, followed while the run executes.
 *
 * The lines in the page are always a gapless part of the log. It pages by id, so that the length
 * of the log does not matter.
 */
export class RunLog extends Component {
    static template = "ihub.RunLog";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.scroller = useRef("scroller");
        this.levels = LEVELS;
        this.levelNames = { info: _t("info"), warning: _t("warning"), error: _t("error") };
        this.state = useState({ lines: [], level: "all", follow: true, more: false });
        this.runId = this.props.record.resId;
        this.looksLeft = 0;
        // Counts how often the lines were replaced: what was asked for before is not added to them.
        this.replaced = 0;
        onWillStart(() => this.loadNewest());
        onWillUpdateProps(async ({ record }) => {
            if (record.resId !== this.runId) {
                this.runId = record.resId;
                this.looksLeft = 0;
                await this.loadNewest();
            }
        });
        onMounted(() => {
            this.scrollToEnd();
            this.timer = browser.setInterval(() => this.poll(), INTERVAL);
        });
        onPatched(() => this.keepInView());
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get isActive() {
        return ACTIVE.includes(this.props.record.data.state);
    }

    async fetch(condition, order, limit = PAGE) {
        if (!this.runId) {
            return [];
        }
        const domain = [["run_id", "=", this.runId], ...condition];
        if (this.state.level !== "all") {
            domain.push(["level", "in", LEVELS[this.state.level].levels]);
        }
        return this.orm.silent.searchRead("ihub.event", domain, FIELDS, {
            order,
            limit,
        });
    }

    async loadNewest() {
        const replaced = ++this.replaced;
        const lines = await this.fetch([], "id desc");
        if (replaced !== this.replaced) {
            return;
        }
        this.state.more = lines.length === PAGE;
        this.state.lines = lines.reverse();
        this.state.follow = true;
        this.seen = [{ id: lines.at(-1)?.id || 0, at: Date.now() }];
    }

    async loadOlder() {
        if (this.loading || !this.state.more) {
            return;
        }
        this.loading = true;
        const { replaced } = this;
        try {
            const lines = await this.fetch([["id", "<", this.state.lines[0].id]], "id desc");
            if (replaced !== this.replaced) {
                return;
            }
            const first = this.scroller.el.querySelector(".o_ihub_line");
            this.anchor = { id: first.dataset.id, top: first.offsetTop };
            this.state.more = lines.length === PAGE;
            this.state.follow = false;
            this.state.lines = [...lines.reverse(), ...this.state.lines].slice(0, LIMIT);
        } finally {
            this.loading = false;
        }
    }

    async poll() {
        if (this.polling || document.hidden || !(this.isActive || this.looksLeft)) {
            return;
        }
        this.polling = true;
        try {
            if (this.isActive) {
                this.looksLeft = LAST_LOOKS;
                await this.loadNewer();
                await this.checkState();
            } else {
                await this.loadLast();
                this.looksLeft--;
            }
        } catch {
            // The server is away for a moment: the next look will tell.
        } finally {
            this.polling = false;
        }
    }

    async loadNewer() {
        if (!this.state.follow) {
            return;
        }
        const { replaced } = this;
        const before = this.state.lines;
        const lines = await this.fetch([["id", ">", this.settledId()]], "id desc", LIMIT);
        if (replaced !== this.replaced || !this.state.follow) {
            return;
        }
        this.seen.push({ id: lines[0]?.id || this.seen.at(-1).id, at: Date.now() });
        if (lines.length === LIMIT) {
            // Faster than anybody reads: what was skipped is found by scrolling up.
            this.state.lines = lines.slice(0, PAGE).reverse();
            this.state.more = true;
            return;
        }
        const known = new Map(before.map((line) => [line.id, line]));
        if (lines.every(({ id, undone }) => known.get(id)?.undone === undone)) {
            return;
        }
        lines.forEach((line) => known.set(line.id, line));
        const all = [...known.values()].sort((a, b) => a.id - b.id);
        this.state.more ||= all.length > LIMIT;
        this.state.lines = all.slice(-LIMIT);
    }

    /** Return the id behind which a line may still change, or come into view. */
    settledId() {
        const { lines, more } = this.state;
        const settled = Date.now() - SETTLE;
        while (this.seen.length > 1 && this.seen[1].at <= settled) {
            this.seen.shift();
        }
        const [oldest] = this.seen;
        const start = more ? lines[0].id - 1 : 0;
        const id = oldest.at <= settled ? oldest.id : start;
        return Math.min(id, lines.at(-OVERLAP)?.id || 0);
    }

    /** The run has ended: show what came after its end. */
    async loadLast() {
        if (this.state.follow) {
            await this.loadNewest();
            return;
        }
        const ids = this.state.lines.map(({ id }) => id);
        const undone = await this.fetch(
            [
                ["id", "in", ids],
                ["undone", "=", true],
            ],
            "id desc",
            LIMIT,
        );
        const undoneIds = new Set(undone.map(({ id }) => id));
        for (const line of this.state.lines) {
            line.undone ||= undoneIds.has(line.id);
        }
    }

    async checkState() {
        const [run] = await this.orm.silent.read("ihub.run", [this.runId], ["state"]);
        if (run && run.state !== this.props.record.data.state) {
            await this.props.record.load();
            await this.loadLast();
        }
    }

    async setLevel(level) {
        this.state.level = level;
        await this.loadNewest();
    }

    onScroll() {
        const { scrollTop, scrollHeight, clientHeight } = this.scroller.el;
        if (scrollTop < 40) {
            this.loadOlder();
        }
        const atEnd = scrollHeight - scrollTop - clientHeight < 40;
        if (!atEnd) {
            this.state.follow = false;
        }
    }

    keepInView() {
        const scroller = this.scroller.el;
        if (this.state.follow) {
            this.scrollToEnd();
        } else if (this.anchor) {
            // Lines were added above: what was in view stays in view.
            const first = scroller.querySelector(`[data-id="${this.anchor.id}"]`);
            scroller.scrollTop += first ? first.offsetTop - this.anchor.top : 0;
        }
        this.anchor = null;
    }

    scrollToEnd() {
        const scroller = this.scroller.el;
        if (scroller) {
            scroller.scrollTop = scroller.scrollHeight;
        }
    }

    /** The log is one stop of the Tab key: arrows lead from line to line, Enter opens one. */
    onKeydown(ev) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[ev.key];
        const lines = [...this.scroller.el.querySelectorAll(".o_ihub_line")];
        const current = lines.indexOf(ev.target);
        if (step && lines.length) {
            ev.preventDefault();
            const next = current < 0 ? lines.length - 1 : current + step;
            lines[Math.min(lines.length - 1, Math.max(0, next))].focus();
        } else if (ev.key === "Enter" && current >= 0) {
            this.open(this.state.lines[current]);
        }
    }

    /** What is said before the first line, and by a run that reports nothing. */
    get beginning() {
        const { attempt, started_at: startedAt, state } = this.props.record.data;
        if (!startedAt) {
            return state === "pending" ? _t("Not started yet.") : _t("It was not started.");
        }
        return attempt > 1 ? _t("Attempt %s started.", attempt) : _t("Run started.");
    }

    /** The index of the line before which the attempt begins; null: that is further up. */
    get beginsBefore() {
        const { lines, more } = this.state;
        const { started_at: startedAt } = this.props.record.data;
        const begun = startedAt ? serializeDateTime(startedAt) : "";
        const index = lines.findIndex((line) => line.create_date >= begun);
        const place = index < 0 ? lines.length : index;
        return place === 0 && more ? null : place;
    }

    get emptyText() {
        return this.state.level === "all"
            ? _t("Nothing was reported.")
            : _t("Nothing of this level was reported. Press All to see the rest.");
    }

    time(line) {
        return this.sayTime(deserializeDateTime(line.create_date));
    }

    sayTime(moment) {
        return formatDateTime(moment, { format: "HH:mm:ss" });
    }

    open(line) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "ihub.event",
            res_id: line.id,
            views: [[false, "form"]],
        });
    }
}

export const runLog = {
    component: RunLog,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "started_at", type: "datetime" },
        { name: "attempt", type: "integer" },
    ],
};

registry.category("view_widgets").add("ihub_run_log", runLog);
