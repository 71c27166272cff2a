import { reactive, useState } from "@odoo/owl";

import { LiveModel } from "../live/live_model";
import { useLiveReload } from "../live/live_reload";

/** The integrations, and how all of them are doing: the server tells both at once. */
export class BoardModel extends LiveModel {
    setup() {
        super.setup(...arguments);
        this.summary = reactive({ counts: {}, notice: false, answers: [] });
    }

    async _webReadGroup() {
        return this.keepSummary(await super._webReadGroup(...arguments));
    }

    async _loadUngroupedList() {
        return this.keepSummary(await super._loadUngroupedList(...arguments));
    }

    keepSummary(response) {
        // Sample data for an empty board have none.
        if (response.ihub_summary) {
            this.summary.counts = response.ihub_summary;
            this.summary.notice = response.ihub_notice;
            this.summary.answers = response.ihub_answers;
        }
        return response;
    }
}

/**
 * What the board and the list of integrations have in common: they are live, and summed up.
 *
 * @param {BoardModel} model
 * @returns {{summary: Object, freshness: Object}} to be shown by BoardSummary
 */
export function useBoard(model) {
    const live = useLiveReload({
        isBusy: () => Boolean(model.root.selection?.length),
        reload: (wouldDisturb) => model.refresh(wouldDisturb),
    });
    return { summary: useState(model.summary), freshness: useState(live.freshness) };
}
