import { deserializeDate, deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

import { forward } from "../coverage/time_scale";
import { sayDuration } from "../fields/duration_field";

// In the order in which they are stacked.
export const OUTCOMES = {
    done: { label: _t("Done") },
    incomplete: { label: _t("Incomplete") },
    with_errors: { label: _t("With Errors") },
    attempt_failed: { label: _t("Attempt Failed") },
    failed: { label: _t("Failed") },
    interrupted: { label: _t("Interrupted") },
    cancelled: { label: _t("Cancelled") },
};
// Drawn onto the colour, each in a tile of 8 by 8: whoever does not see the colours sees these.
const PATTERNS = {
    incomplete: (pen) => lines(pen, [0, 1, 8, 1]),
    with_errors: (pen) => lines(pen, [0, 4, 8, 4], [4, 0, 4, 8]),
    attempt_failed: (pen) => lines(pen, [0, 8, 8, 0]),
    failed: (pen) => lines(pen, [-4, 4, 4, -4], [0, 8, 8, 0], [4, 12, 12, 4]),
    interrupted: (pen) => lines(pen, [3, 3, 5, 3], [3, 5, 5, 5]),
    cancelled: (pen) => lines(pen, [0, 4, 8, 4]),
    skipped: (pen) => lines(pen, [2, 2, 6, 2], [6, 6, 10, 6], [-2, 6, 2, 6]),
    running: (pen) => lines(pen, [-4, 4, 4, 12], [0, 0, 8, 8], [4, -4, 12, 4]),
    pending: (pen) => lines(pen, [4, 0, 4, 8]),
};

function lines(pen, ...all) {
    for (const [fromX, fromY, toX, toY] of all) {
        pen.moveTo(fromX, fromY);
        pen.lineTo(toX, toY);
    }
}

/** The colour of the theme that the style sheet hands over. */
function color(el, name) {
    return getComputedStyle(el).getPropertyValue(`--ihub-${name}`).trim();
}

/** Whether a state of a run has a look of its own in graphs. */
export const isFillable = (state) => state === "done" || state in PATTERNS;

/** What an outcome is filled with, in the theme of an element. */
export function fill(el, state) {
    const name = color(el, state);
    if (!(state in PATTERNS)) {
        return name;
    }
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.fillStyle = name;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = color(el, "pen");
    pen.lineWidth = 2;
    PATTERNS[state](pen);
    pen.stroke();
    return pen.createPattern(tile, "repeat");
}

function axis(el, title, extra = {}) {
    const text = color(el, "text");
    return {
        beginAtZero: true,
        title: { display: Boolean(title), text: title, color: text },
        ticks: { color: text, precision: 0, ...extra.ticks },
        grid: { color: color(el, "grid"), ...extra.grid },
        ...extra.axis,
    };
}

/** The axis along which time runs, as it does on every time line. */
function timeAxis(el, maxTicksLimit, extra = {}) {
    return axis(el, "", {
        ticks: { maxTicksLimit, maxRotation: 0 },
        grid: { display: false },
        axis: { reverse: forward() < 0, ...extra },
    });
}

/** The sides at which time begins and ends. */
const sides = () => (forward() > 0 ? ["left", "right"] : ["right", "left"]);

function options(el, extra) {
    return {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        ...extra,
        plugins: { legend: { labels: { color: color(el, "text") } }, ...extra.plugins },
    };
}

const sayTick = (seconds) => (seconds ? sayDuration(seconds) : "0");
const sayState = (state) => OUTCOMES[state]?.label ?? state;

/**
 * A bar per run: as high as it took long; a line for how many records it processed.
 *
 * @param {HTMLElement} el
 * @param {Object[]} runs as the server's history() returns them
 */
export function runsConfig(el, runs) {
    const hasRecords = runs.some((run) => run.processed);
    const datasets = [
        {
            label: _t("Duration"),
            data: runs.map((run) => run.duration),
            backgroundColor: runs.map((run) => fill(el, run.state)),
            minBarLength: 3,
            yAxisID: "y",
            order: 2,
        },
    ];
    const [start, end] = sides();
    const scales = {
        x: timeAxis(el, 6),
        y: axis(el, _t("Duration"), {
            ticks: { callback: sayTick, maxTicksLimit: 5 },
            axis: { position: start },
        }),
    };
    if (hasRecords) {
        datasets.push({
            type: "line",
            label: _t("Records"),
            data: runs.map((run) => run.processed),
            borderColor: color(el, "records"),
            backgroundColor: color(el, "records"),
            borderWidth: 2,
            pointRadius: 2,
            yAxisID: "records",
            order: 1,
        });
        scales.records = axis(el, _t("Records"), {
            ticks: { maxTicksLimit: 5 },
            grid: { display: false },
            axis: { position: end },
        });
    }
    const labels = runs.map((run) => toLocaleDateTimeString(deserializeDateTime(run.ended)));
    const label = ({ dataset, raw }) =>
        _t("%(name)s: %(value)s", {
            name: dataset.label,
            value: dataset.yAxisID === "y" ? sayDuration(raw) : raw,
        });
    const plugins = {
        legend: { display: hasRecords, labels: { color: color(el, "text") } },
        tooltip: {
            callbacks: { label, footer: ([{ dataIndex }]) => sayState(runs[dataIndex].state) },
        },
    };
    return { type: "bar", data: { labels, datasets }, options: options(el, { scales, plugins }) };
}

/**
 * A bar per day, with a part for each outcome.
 *
 * @param {HTMLElement} el
 * @param {Object[]} days as the server's history() returns them
 */
export function daysConfig(el, days) {
    const datasets = Object.keys(OUTCOMES)
        .filter((state) => days.some((day) => day[state]))
        .map((state) => ({
            label: OUTCOMES[state].label.toString(),
            data: days.map((day) => day[state] || 0),
            backgroundColor: fill(el, state),
            stack: "outcomes",
        }));
    const labels = days.map(({ day }) =>
        deserializeDate(day).toLocaleString({ day: "numeric", month: "short" }),
    );
    const [position] = sides();
    const scales = {
        x: timeAxis(el, 8, { stacked: true }),
        y: axis(el, _t("Runs"), { ticks: { maxTicksLimit: 5 }, axis: { stacked: true, position } }),
    };
    return { type: "bar", data: { labels, datasets }, options: options(el, { scales }) };
}
