import { browser } from "@web/core/browser/browser";
import { useState } from "@odoo/owl";

import { forward, partAt } from "./time_scale";

// Pixels. Whoever clicks may move the pointer a little.
const TOLERANCE = 5;
// Milliseconds that a finger rests before it chooses: as in Odoo's calendar.
export const HOLD = 500;

/**
 * Let the time in an element be dragged sideways.
 *
 * Where a mouse chooses, a finger that swipes moves what is seen, and one that has rested chooses.
 *
 * @param {{el: HTMLElement}} ref
 * @param {Object} params
 * @param {(part: number, start: number) => void} params.onDragged called with how far it was
 *      dragged, and where that began, both as parts of the element's width, as time runs
 * @param {(part: number) => void} [params.onSwiped] called in its place where a finger has not
 *      rested; without it, a finger is as a mouse
 * @param {(shift: number) => void} [params.onSwiping] called with the pixels to the right while it
 *      swipes, and with 0 where that comes to nothing
 * @param {() => boolean} [params.canHold] whether a finger that rests may choose
 * @returns {Object} handlers for the template; `state.start` and `state.shift` are in pixels as time
 *      runs, `pixels` is the shift to the right; `state.isSwiping` and `state.isHeld` tell what a
 *      finger does
 */
export function useDragging(
    ref,
    { onDragged, onSwiped, onSwiping = () => {}, canHold = () => true },
) {
    const state = useState({ start: 0, shift: 0, isSwiping: false, isHeld: false });
    let from = null;
    let moved = false;
    let timer;
    const hold = () => {
        Object.assign(state, { isSwiping: false, isHeld: true });
        // Whoever lets go now has not clicked.
        moved = true;
    };
    const end = (ev) => {
        if (from === null) {
            return;
        }
        browser.clearTimeout(timer);
        const { shift, start, isSwiping } = state;
        from = null;
        Object.assign(state, { shift: 0, isSwiping: false, isHeld: false });
        // After the click that follows.
        browser.setTimeout(() => (moved = false));
        if (moved && ev.type === "pointerup") {
            const onDone = isSwiping ? onSwiped : onDragged;
            onDone(shift / ref.el.offsetWidth, start / ref.el.offsetWidth);
        } else if (moved && isSwiping) {
            onSwiping(0);
        }
    };
    return {
        state,
        get pixels() {
            return forward() * state.shift;
        },
        wasDragged: () => moved,
        onPointerdown: (ev) => {
            moved = false;
            from = ev.button === 0 ? ev.clientX : null;
            state.start = partAt(ref.el, ev.clientX) * ref.el.offsetWidth;
            state.isSwiping = Boolean(onSwiped) && ev.pointerType === "touch";
            if (state.isSwiping && canHold()) {
                timer = browser.setTimeout(hold, HOLD);
            }
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
            const shift = forward() * (ev.clientX - from);
            if (!moved && Math.abs(shift) > TOLERANCE) {
                moved = true;
                browser.clearTimeout(timer);
                ref.el.setPointerCapture(ev.pointerId);
            }
            state.shift = moved ? shift : 0;
            if (moved && state.isSwiping) {
                onSwiping(ev.clientX - from);
            }
        },
        onPointerup: end,
        onPointercancel: end,
        /** While a finger chooses, the page does not scroll. */
        onTouchmove: (ev) => {
            if (state.isHeld) {
                ev.preventDefault();
            }
        },
        /** Nor does a menu open where it rests. */
        onContextmenu: (ev) => {
            if (from !== null) {
                ev.preventDefault();
            }
        },
    };
}
