import { _t } from "@web/core/l10n/translation";

// Of every status an icon, a word and a sentence: the colour is never the only sign.
export const STATUSES = {
    done: {
        icon: "fa-check",
        label: _t("Done"),
        hint: _t("Open what was done."),
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
    hole: {
        icon: "fa-question",
        label: _t("Not done"),
        hint: _t("Do it now."),
    },
    skipped: {
        icon: "fa-step-forward",
        label: _t("Skipped"),
        hint: _t("Do it after all."),
    },
    pending: {
        icon: "fa-clock-o",
        label: _t("Still to do"),
        hint: _t("Open what is queued."),
    },
    future: { icon: "", label: _t("In the future") },
    none: { icon: "", label: _t("Before the first period") },
};
export const TROUBLES = ["failed", "hole", "skipped"];

/** Whether there is something to open or to do. */
export function isActive(segment) {
    return "hint" in STATUSES[segment.status];
}
