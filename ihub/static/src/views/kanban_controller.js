import { registry } from "@web/core/registry";
import { SearchModel } from "@web/search/search_model";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { useEffect } from "@odoo/owl";

import { BoardModel, boardControllerOn } from "../board/board";
import { BoardRenderer } from "../board/board_renderer";
import { LiveModel, useLiveModel } from "../live/live_model";
import { ButtonsCogMenu } from "./cog_menu";
import { useKeptFocus } from "./kept_focus";
import { useStateOfView } from "./kept_state";

/**
 * Let the keys that press a button press it.
 *
 * Odoo takes them for the cards, whatever in them or below them has the focus.
 */
function leaveKeysToButtons(ev) {
    if (["Enter", " "].includes(ev.key) && ev.target.matches(".o_kanban_renderer :is(button, a)")) {
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
        useLiveModel(this.model);
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

/** The board of integrations. */
export class BoardController extends boardControllerOn(KanbanController) {
    static template = "ihub.BoardView";

    setup() {
        super.setup();
        useStateOfView();
        useKeysOfButtons(this.rootRef);
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
    Renderer: BoardRenderer,
    SearchModel: BoardSearchModel,
});
