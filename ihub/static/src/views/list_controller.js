import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { BoardModel, boardControllerOn } from "../board/board";
import { LiveModel, useLiveModel } from "../live/live_model";
import { ButtonsCogMenu } from "./cog_menu";
import { useKeptFocus } from "./kept_focus";

// So many columns of types are shown unless somebody hides them.
const TYPE_COLUMNS = 4;

/** A list that shows changes as they happen, unless somebody has ticked lines. */
export class LiveListController extends ListController {
    static components = { ...ListController.components, CogMenu: ButtonsCogMenu };

    setup() {
        super.setup();
        useLiveModel(this.model);
        useKeptFocus(this.rootRef, this.model);
    }
}

/** Items, with the columns that types add to them. */
class ItemListRenderer extends ListRenderer {
    getPropertyFieldColumns(column, list) {
        const columns = super.getPropertyFieldColumns(column, list);
        // Those of many types would leave no room for the others.
        const optional = columns.length > TYPE_COLUMNS ? "hide" : "show";
        return columns.map((added) => ({ ...added, optional }));
    }
}

/** The list of integrations. */
export class IntegrationListController extends boardControllerOn(ListController) {
    static template = "ihub.IntegrationListView";
}

const live = { ...listView, Model: LiveModel };

registry.category("views").add("ihub_live_list", { ...live, Controller: LiveListController });
registry.category("views").add("ihub_item_list", {
    ...live,
    Controller: LiveListController,
    Renderer: ItemListRenderer,
});
registry.category("views").add("ihub_integration_list", {
    ...live,
    Model: BoardModel,
    Controller: IntegrationListController,
});
