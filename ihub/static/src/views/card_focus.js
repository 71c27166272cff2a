import { onPatched, useExternalListener } from "@odoo/owl";

const CARD = ".o_kanban_record";

/**
 * Leave the focus with the card that had it.
 *
 * What a button does can move its card to another column, where it is drawn anew: whoever works
 * with the keyboard would be thrown back to the top of the page.
 *
 * @param {{el: HTMLElement}} rootRef of a view of cards
 * @param {Object} model of that view
 */
export function useCardFocus(rootRef, model) {
    let last = null;

    useExternalListener(document, "focusin", ({ target }) => {
        const card = rootRef.el?.contains(target) && target.closest(CARD);
        const record = card && model.root.records.find(({ id }) => id === card.dataset.id);
        last = record ? { resId: record.resId, name: target.getAttribute("name") } : null;
    });

    useExternalListener(document, "pointerdown", () => (last = null));

    onPatched(() => {
        if (last && document.activeElement === document.body) {
            focus(last);
        }
    });

    function focus({ resId, name }) {
        const record = model.root.records.find((each) => each.resId === resId);
        const card = record && rootRef.el.querySelector(`${CARD}[data-id="${record.id}"]`);
        const same = name && card?.querySelector(`[name="${name}"]`);
        (same || card)?.focus();
    }
}
