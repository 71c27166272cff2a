import { registry } from "@web/core/registry";
import { SearchModel } from "@web/search/search_model";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { useEffect } from "@odoo/owl";

import { BoardModel, useBoard } from "../board/board";
import { BoardSummary } from "../board/board_summary";
import { LiveModel } from "../live/live_model";
import { useLiveReload } from "../live/live_reload";
import { openAddDialog } from "./add_dialog";
import { ButtonsCogMenu } from "./cog_menu";
import { useKeptFocus } from "./kept_focus";
import { useStateOfView } from "./kept_state";
import { ARCHIVE, DELETE } from "./warnings";

/**
 * Let the keys that press a button press it.
 *
 * Odoo's cards take them for themselves, whatever in them has the focus.
 */
function leaveKeysToButtons(ev) {
    if (["Enter", " "].includes(ev.key) && ev.target.matches(".o_kanban_record :is(button, a)")) {
        ev.stopPropagation();
    }
}

function useKeysOfButtons(rootRef) {
    useEffect(
        (el) => {
            el?.addEventListener("keydown", leaveKeysToButtons);
            return () => el?.removeEventListener("keydown", leaveKeysToButtons);
        },
        () => [rootRef.el],
    );
}

/** Cards that show changes as they happen. */
export class LiveKanbanController extends KanbanController {
    static components = { ...KanbanController.components, CogMenu: ButtonsCogMenu };

    setup() {
        super.setup();
        useLiveReload({
            isBusy: () => Boolean(this.model.root.selection?.length),
            reload: (wouldDisturb) => this.model.refresh(wouldDisturb),
        });
        useKeysOfButtons(this.rootRef);
        useKeptFocus(this.rootRef, this.model);
    }
}

/** On a phone columns hide one another: there the cards follow each other, the worst first. */
export class BoardSearchModel extends SearchModel {
    load(config) {
        const defaultGroupBy = this.env.isSmall ? undefined : config.defaultGroupBy;
        return super.load({ ...config, defaultGroupBy });
    }
}

/** The same for items: a phone does not begin with a column for each cause. */
export class ItemSearchModel extends SearchModel {
    load(config) {
        const context = { ...config.context };
        if (this.env.isSmall) {
            delete context.search_default_by_cause;
        }
        return super.load({ ...config, context });
    }
}

/** The board of integrations. New ones are made in a dialog. */
export class BoardController extends KanbanController {
    static template = "ihub.BoardView";
    static components = { ...KanbanController.components, BoardSummary, CogMenu: ButtonsCogMenu };

    setup() {
        super.setup();
        useStateOfView();
        this.board = useBoard(this.model);
        useKeysOfButtons(this.rootRef);
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
}

const live = { ...kanbanView, Model: LiveModel };

registry.category("views").add("ihub_live_kanban", { ...live, Controller: LiveKanbanController });
registry.category("views").add("ihub_item_kanban", {
    ...live,
    Controller: LiveKanbanController,
    SearchModel: ItemSearchModel,
});
registry.category("views").add("ihub_board", {
    ...live,
    Model: BoardModel,
    Controller: BoardController,
    SearchModel: BoardSearchModel,
});
