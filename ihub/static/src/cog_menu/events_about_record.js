import { Component } from "@odoo/owl";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { patch } from "@web/core/utils/patch";
import { STATIC_ACTIONS_GROUP_NUMBER } from "@web/search/action_menus/action_menus";
import { ListController } from "@web/views/list/list_controller";

const GROUP = "ihub.group_user";

// Their pages say it themselves.
const OWN_PAGES = ["ihub.event", "ihub.integration", "ihub.item"];

/** "Where this came from", in the cog menu of every form: the time line of the record. */
export class EventsAboutRecord extends Component {
    static template = "ihub.EventsAboutRecord";
    static components = { DropdownItem };
    static props = {};

    async open() {
        // Not with useService: the menu closes meanwhile, and with it ends what this component
        // is waiting for.
        const { resModel, resId } = this.env.model.root;
        await this.env.services.action.doAction({
            type: "ir.actions.client",
            tag: "ihub_time_line",
            params: { about: `${resModel},${resId}` },
        });
    }
}

export const eventsAboutRecordItem = {
    Component: EventsAboutRecord,
    groupNumber: STATIC_ACTIONS_GROUP_NUMBER,
    isDisplayed: async (env) => {
        const root = env.config.viewType === "form" && env.model?.root;
        return Boolean(
            root?.resId && !OWN_PAGES.includes(root.resModel) && (await user.hasGroup(GROUP)),
        );
    },
};

registry
    .category("cogMenu")
    .add("ihub-events-about-record", eventsAboutRecordItem, { sequence: 100 });

/** The events about them, among the actions of every list where some rows are selected. */
patch(ListController.prototype, {
    setup() {
        super.setup();
        // No list waits for this.
        user.hasGroup(GROUP).then((isOfHub) => (this.ihubOffersEvents = isOfHub));
    },

    getStaticActionMenuItems() {
        const { resModel } = this.props;
        return {
            ...super.getStaticActionMenuItems(),
            ihubEvents: {
                isAvailable: () => this.ihubOffersEvents && resModel !== "ihub.event",
                sequence: 100,
                icon: "fa fa-list-alt",
                description: _t("Events about these records"),
                callback: async () => {
                    const { action, orm } = this.env.services;
                    const args = [resModel, await this.model.root.getResIds(true)];
                    await action.doAction(
                        await orm.call("ihub.event", "action_about_records", args),
                    );
                },
            },
        };
    },
});
