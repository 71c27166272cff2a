import { patch } from "@web/core/utils/patch";
import { TourPointer } from "@web_tour/js/tour_pointer/tour_pointer";
import { tourState } from "@web_tour/js/tour_state";

/**
 * Let the pointer of the hub's tour be seen in dialogs.
 *
 * Odoo decides whether a dialog covers what is pointed at in the moment in which the dialog opens,
 * when it still points at what has opened it, and leaves it at that.
 */
patch(TourPointer.prototype, {
    get isVisible() {
        if (tourState.getCurrentTour() !== "ihub_tour") {
            return super.isVisible;
        }
        const { anchor, isVisible } = this.props.pointerState;
        return isVisible && this.env.services.ui.activeElement.contains(anchor);
    },
});
