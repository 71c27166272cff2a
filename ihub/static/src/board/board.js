import { reactive, useState } from "@odoo/owl";

import { LiveModel, useLiveModel } from "../live/live_model";
import { openAddDialog } from "../views/add_dialog";
import { ButtonsCogMenu } from "../views/cog_menu";
import { useKeptFocus } from "../views/kept_focus";
import { ARCHIVE, DELETE } from "../views/warnings";
import { BoardSummary } from "./board_summary";

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
 * What the board and the list of integrations have in common: they are live, and summed up; new ones
 * are made in a dialog.
 */
export const boardControllerOn = (Controller) =>
    class extends Controller {
        static components = { ...Controller.components, BoardSummary, CogMenu: ButtonsCogMenu };

        setup() {
            super.setup();
            const { freshness } = useLiveModel(this.model);
            this.board = { summary: useState(this.model.summary), freshness: useState(freshness) };
            useKeptFocus(this.rootRef, this.model);
        }

        get archiveDialogProps() {
            return { body: ARCHIVE };
        }

        get deleteConfirmationDialogProps() {
            return { body: DELETE };
        }

        async createRecord() {
            // Where settings are asked for in a second dialog, that one ends here.
            await openAddDialog(this.actionService, { onClose: () => this.model.load() });
        }
    };
