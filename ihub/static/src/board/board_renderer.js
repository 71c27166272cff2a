import { KanbanRecord } from "@web/views/kanban/kanban_record";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";

/** A card whose menu has a name for those who do not see it, in place of its icon's letter. */
class BoardRecord extends KanbanRecord {
    static menuTemplate = "ihub.BoardRecordMenu";
}

export class BoardRenderer extends KanbanRenderer {
    static components = { ...KanbanRenderer.components, KanbanRecord: BoardRecord };
}
