import { _t } from "@web/core/l10n/translation";

/** What archiving and deleting integrations does besides, for the dialogs that ask. */
export const ARCHIVE = _t(
    "What is archived stops at once, and runs no more until somebody unarchives it and " +
        "presses Start. Settings, runs and events are kept.",
);
export const DELETE = _t("Settings and all runs are deleted for good. Events are kept.");
