import { onPatched, useExternalListener } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useBus, useService } from "@web/core/utils/hooks";

const RECORD = ".o_kanban_record, .o_data_row";
// Menus and dialogs: who is in one has not left the view.
const OVERLAY = ".o-overlay-container";

/** What an element has in common with the one that is drawn in its place. */
function lookOf(el) {
    const name = el.getAttribute("name");
    const [className] = el.classList;
    return el.tagName + (name ? `[name="${name}"]` : className ? `.${className}` : "");
}

/**
 * Leave the focus where it was.
 *
 * What a button does can move its card to another column, where it is drawn anew, and a search or
 * another page does so with all: who works with the keyboard would be thrown back to the top. So would
 * be who leaves a dialog: the button that opens one is disabled meanwhile.
 *
 * @param {{el: HTMLElement}} rootRef of a view
 * @param {Object} model of that view
 */
export function useKeptFocus(rootRef, model) {
    let last = null;

    useExternalListener(document, "focusin", ({ target }) => {
        if (!target.closest(OVERLAY)) {
            last = rootRef.el?.contains(target) ? placeOf(target) : null;
        }
    });

    useExternalListener(document, "pointerdown", () => (last = null));

    onPatched(restore);

    // Once the dialog has gone.
    useBus(useService("ui").bus, "active-element-changed", () => browser.setTimeout(restore));

    function restore() {
        if (last && rootRef.el && document.activeElement === document.body) {
            focus(last);
        }
    }

    function placeOf(target) {
        const el = target.closest(RECORD);
        const record = el && model.root.records?.find(({ id }) => id === el.dataset.id);
        const look = lookOf(target);
        const index = [...(el || rootRef.el).querySelectorAll(look)].indexOf(target);
        return { resId: record?.resId, look, index };
    }

    function focus({ resId, look, index }) {
        const record = resId && model.root.records.find((each) => each.resId === resId);
        const el = record
            ? rootRef.el.querySelector(`:is(${RECORD})[data-id="${record.id}"]`)
            : !resId && rootRef.el;
        const alike = el && index >= 0 ? [...el.querySelectorAll(look)] : [];
        (alike[index] || alike.at(-1) || el)?.focus?.();
    }
}
