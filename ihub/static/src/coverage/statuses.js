import { _t } from "@web/core/l10n/translation";

// Of every status an icon, a word and a sentence: the colour is never the only sign.
export const STATUSES = {
    done: {
        icon: "fa-check",
        label: _t("Done"),
        hint: _t("Open the runs."),
    },
    running: {
        icon: "fa-refresh",
        label: _t("Running"),
        hint: _t("Open the run."),
    },
    failed: {
        icon: "fa-times",
        label: _t("Failed"),
        hint: _t("Try it again."),
    },
    incomplete: {
        icon: "fa-wrench",
        label: _t("Done, except items to repair"),
        hint: _t("Open the items to repair."),
    },
    hole: {
        icon: "fa-question",
        label: _t("Not done"),
        hint: _t("Run it now."),
    },
    skipped: {
        icon: "fa-step-forward",
        label: _t("Skipped"),
        hint: _t("Run it after all."),
    },
    pending: {
        icon: "fa-clock-o",
        label: _t("Still to do"),
        hint: _t("Open what is queued."),
    },
    future: { icon: "", label: _t("In the future") },
    none: { icon: "", label: _t("Before the first period") },
};
export const TROUBLES = ["failed", "hole", "incomplete", "skipped"];
// What can be filled: of an incomplete one the rest is done.
export const isFillable = ({ status }) => TROUBLES.includes(status) && status !== "incomplete";

/** What a segment is, in words. */
export function labelOf({ status, to_repair: count }) {
    if (status !== "incomplete") {
        return STATUSES[status].label;
    }
    return count === 1
        ? _t("Done, except one item to repair")
        : _t("Done, except %(count)s items to repair", { count });
}

/** Whether there is something to open or to do. */
export function isActive(segment) {
    return "hint" in STATUSES[segment.status];
}
