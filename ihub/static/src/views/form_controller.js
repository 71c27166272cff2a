import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus } from "@web/core/utils/hooks";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

import { useLiveReload } from "../live/live_reload";
import { openAddDialog } from "./add_dialog";
import { useKeptFocus } from "./kept_focus";
import { useStateOfView } from "./kept_state";
import { ARCHIVE } from "./warnings";

/** A form that shows changes as they happen, unless somebody is editing. */
export class LiveFormController extends FormController {
    static delay = 0;

    setup() {
        super.setup();
        useStateOfView();
        /** What somebody has begun to type into. */
        this.typedInto = null;
        useBus(this.model.bus, "FIELD_IS_DIRTY", ({ detail: isDirty }) => {
            this.typedInto = isDirty ? document.activeElement : null;
        });
        useLiveReload({
            concerns: (ids) => this.concernsIntegrations(ids),
            isBusy: () => this.isBeingEdited(),
            reload: () => this.refresh(),
            delay: this.constructor.delay,
        });
        useKeptFocus(this.rootRef, this.model);
    }

    /**
     * @param {number[]} ids of integrations
     * @returns {boolean}
     */
    concernsIntegrations(ids) {
        return ids.includes(this.model.root.data.integration_id?.id);
    }

    /** Who asks the record makes a value of what is half typed, without a blank at its end. */
    isBeingEdited() {
        const isTyping = this.typedInto && this.typedInto === document.activeElement;
        return isTyping || this.model.root.isDirty();
    }

    async refresh() {
        const { isNew, resId, resModel, data } = this.model.root;
        if (isNew) {
            return;
        }
        const before = data.state;
        await this.model.root.load();
        if (this.model.root.data.state !== before) {
            // The chatter has the note about it.
            this.env.bus.trigger("MAIL:RELOAD-THREAD", { model: resModel, id: resId });
        }
    }
}

/** The page of a run. */
export class RunFormController extends LiveFormController {
    // The log notices by itself within a second that the run is over, and shows its last lines.
    // It would not if the form were reloaded before.
    static delay = 1500;
}

/** The page of an integration. New ones are made in a dialog. */
export class IntegrationFormController extends LiveFormController {
    concernsIntegrations(ids) {
        return ids.includes(this.model.root.resId);
    }

    get archiveDialogProps() {
        return {
            ...super.archiveDialogProps,
            body: ARCHIVE,
        };
    }

    /** What led here may be a run of what is deleted, so the board is where to go on. */
    get deleteConfirmationDialogProps() {
        return {
            ...super.deleteConfirmationDialogProps,
            body: this.deletionText,
            confirm: async () => {
                await this.model.root.delete();
                await this.env.services.action.doAction("ihub.ihub_integration_action", {
                    clearBreadcrumbs: true,
                });
            },
        };
    }

    get deletionText() {
        const count = this.model.root.data.run_count;
        if (count === 1) {
            return _t("Its settings and one run are deleted for good. Its events are kept.");
        }
        return _t("Its settings and %(count)s runs are deleted for good. Its events are kept.", {
            count,
        });
    }

    async create() {
        const dirty = await this.model.root.isDirty();
        if (!dirty || (await this.model.root.save())) {
            await openAddDialog(this.env.services.action);
        }
    }
}

registry.category("views").add("ihub_live_form", { ...formView, Controller: LiveFormController });
registry.category("views").add("ihub_run_form", { ...formView, Controller: RunFormController });
registry
    .category("views")
    .add("ihub_integration_form", { ...formView, Controller: IntegrationFormController });
