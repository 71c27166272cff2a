import { Component } from "@odoo/owl";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
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

    async open() {
        // Not with useService: the menu closes meanwhile, and with it ends what this component
        // is waiting for.
        const { action, orm } = this.env.services;
        const root = this.env.model.root;
        const args = [root.resModel, selectedIds(root)];
        await action.doAction(await orm.call("ihub.event", "action_about_records", args));
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
