import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

import { useLiveReload } from "../live/live_reload";

// Milliseconds. It is on every page of Odoo, and integrations may change each second.
const DELAY = 5000;
// The server counts no further.
const MANY = 100;

/** How many items are to be repaired; nothing where there are none. */
export class ToRepairNumber extends Component {
    static template = "ihub.ToRepairNumber";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ count: 0 });
        onWillStart(() => this.load());
        useLiveReload({ reload: () => this.load(), delay: DELAY });
    }

    get number() {
        return this.state.count < MANY ? String(this.state.count) : `${MANY - 1}+`;
    }

    get title() {
        return _t("To repair: %s", this.number);
    }

    async load() {
        this.state.count = await this.orm.silent.call("ihub.item", "count_to_repair", []);
    }

    async open() {
        await this.action.doAction("ihub.ihub_item_action_repair", { clearBreadcrumbs: true });
    }
}

/** The same in the bar at the top, for members of the hub. */
export class ToRepairMenu extends Component {
    static template = "ihub.ToRepairMenu";
    static components = { ToRepairNumber };
    static props = {};

    setup() {
        this.state = useState({ isOfHub: false });
        // The bar does not wait for this.
        user.hasGroup("ihub.group_user").then((isOfHub) => (this.state.isOfHub = isOfHub));
    }
}

registry
    .category("systray")
    .add("ihub.ToRepairMenu", { Component: ToRepairMenu }, { sequence: 30 });
