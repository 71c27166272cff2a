import { browser } from "@web/core/browser/browser";
import { useState } from "@odoo/owl";

// Pixels. Whoever clicks may move the pointer a little.
const TOLERANCE = 5;

/**
 * Let the content of an element be dragged sideways.
 *
 * @param {{el: HTMLElement}} ref
 * @param {(part: number, start: number) => void} onDragged called with how far it was dragged,
 *      and where that began, both as parts of the element's width
 * @returns {Object} handlers for the template; `state.start` and `state.shift` are in pixels
 */
export function useDragging(ref, onDragged) {
    const state = useState({ start: 0, shift: 0 });
    let from = null;
    let moved = false;
    const end = (ev) => {
        if (from === null) {
            return;
        }
        const { shift } = state;
        from = null;
        state.shift = 0;
        // After the click that follows.
        browser.setTimeout(() => (moved = false));
        if (moved && ev.type === "pointerup") {
            onDragged(shift / ref.el.offsetWidth, state.start / ref.el.offsetWidth);
        }
    };
    return {
        state,
        wasDragged: () => moved,
        onPointerdown: (ev) => {
            moved = false;
            from = ev.button === 0 ? ev.clientX : null;
            state.start = ev.clientX - ref.el.getBoundingClientRect().left;
        },
        onPointermove: (ev) => {
            if (from === null) {
                return;
            }
            if (!ev.buttons) {
                // It was let go elsewhere.
                end(ev);
                return;
            }
            const shift = ev.clientX - from;
            if (!moved && Math.abs(shift) > TOLERANCE) {
                moved = true;
                ref.el.setPointerCapture(ev.pointerId);
            }
            state.shift = moved ? shift : 0;
        },
        onPointerup: end,
        onPointercancel: end,
    };
}
