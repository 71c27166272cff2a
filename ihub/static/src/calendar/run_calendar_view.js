import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { CalendarCommonRenderer } from "@web/views/calendar/calendar_common/calendar_common_renderer";
import { CalendarController } from "@web/views/calendar/calendar_controller";
import { CalendarRenderer } from "@web/views/calendar/calendar_renderer";
import { calendarView } from "@web/views/calendar/calendar_view";

import { RunCalendarModel } from "./run_calendar_model";

/** A click opens what was clicked: there is nothing to edit or move. */
class RunCalendarCommonRenderer extends CalendarCommonRenderer {
    static eventTemplate = "ihub.RunCalendarEvent";

    get options() {
        // Reached by the keyboard as well.
        return { ...super.options, eventInteractive: true };
    }

    onEventClick({ event }) {
        this.props.editRecord(this.props.model.records[event.id]);
    }
}

class RunCalendarRenderer extends CalendarRenderer {
    static components = {
        ...CalendarRenderer.components,
        day: RunCalendarCommonRenderer,
        week: RunCalendarCommonRenderer,
        month: RunCalendarCommonRenderer,
    };
}

class RunCalendarController extends CalendarController {
    async editRecord(record) {
        const { group } = record.rawRecord;
        if (!group || group.count === 1) {
            return super.editRecord({ ...record, id: group ? group.lastId : record.id });
        }
        await this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Runs: %s", record.title),
            res_model: this.model.resModel,
            domain: group.domain,
            views: [
                [false, "list"],
                [false, "kanban"],
                [false, "form"],
            ],
        });
    }
}

registry.category("views").add("ihub_run_calendar", {
    ...calendarView,
    Controller: RunCalendarController,
    Model: RunCalendarModel,
    Renderer: RunCalendarRenderer,
});
