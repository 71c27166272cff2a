import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";

import { LiveModel } from "../live/live_model";
import { useLiveReload } from "../live/live_reload";
import { openAddDialog } from "./add_dialog";

/** Cards that show changes as they happen. */
export class LiveKanbanController extends KanbanController {
    setup() {
        super.setup();
        useLiveReload({
            isBusy: () => Boolean(this.model.root.selection?.length),
            reload: () => this.model.load(),
        });
    }
}

/** The board of integrations. New ones are made in a dialog. */
export class BoardController extends LiveKanbanController {
    async createRecord() {
        await openAddDialog(this.actionService);
    }
}

const live = { ...kanbanView, Model: LiveModel };

registry.category("views").add("ihub_live_kanban", { ...live, Controller: LiveKanbanController });
registry.category("views").add("ihub_board", { ...live, Controller: BoardController });
