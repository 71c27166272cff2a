import { Component } from "@odoo/owl";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { STATIC_ACTIONS_GROUP_NUMBER } from "@web/search/action_menus/action_menus";

function selectedIds(root) {
    if (root.resId) {
        return [root.resId];
    }
    return (root.selection || []).map((record) => record.resId).filter(Boolean);
}

/**
 * "Events about this record", in the cog menu of every form and of selected rows of every list.
 */
export class EventsAboutRecord extends Component {
    static template = "ihub.EventsAboutRecord";
    static components = { DropdownItem };
    static props = {};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
    }

    async open() {
        const root = this.env.model.root;
        const action = await this.orm.call("ihub.event", "action_about_records", [
            root.resModel,
            selectedIds(root),
        ]);
        await this.action.doAction(action);
    }
}

export const eventsAboutRecordItem = {
    Component: EventsAboutRecord,
    groupNumber: STATIC_ACTIONS_GROUP_NUMBER,
    isDisplayed: async (env) => {
        const root = ["form", "list"].includes(env.config.viewType) && env.model?.root;
        return Boolean(
            root &&
            root.resModel !== "ihub.event" &&
            selectedIds(root).length &&
            (await user.hasGroup("ihub.group_user")),
        );
    },
};

registry
    .category("cogMenu")
    .add("ihub-events-about-record", eventsAboutRecordItem, { sequence: 100 });
