import { registry } from "@web/core/registry";
import { KanbanArchParser } from "@web/views/kanban/kanban_arch_parser";

import { BoardController } from "../views/kanban_controller";
import { GridRenderer } from "./grid_renderer";

/** The view of cards, whose cards are rows that are drawn elsewhere. */
class GridArchParser extends KanbanArchParser {
    parse(xmlDoc, ...others) {
        const card = xmlDoc.ownerDocument.createElement("t");
        card.setAttribute("t-name", "card");
        xmlDoc.append(card);
        return super.parse(xmlDoc, ...others);
    }
}

class GridController extends BoardController {
    /** Columns of cards scroll by themselves on a phone; rows do not. */
    get className() {
        return this.props.className;
    }
}

registry.category("views").add("ihub_grid", {
    ...registry.category("views").get("ihub_board"),
    type: "ihub_grid",
    ArchParser: GridArchParser,
    Controller: GridController,
    Renderer: GridRenderer,
});
