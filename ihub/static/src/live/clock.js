/* global luxon */

import { browser } from "@web/core/browser/browser";
import { onMounted, onWillUnmount, reactive, useState } from "@odoo/owl";

// Milliseconds between two looks at the clock.
const TICK = 10000;

const { DateTime } = luxon;
const clock = reactive({ now: DateTime.now() });
let users = 0;
let interval;

function tick() {
    clock.now = DateTime.now();
}

/**
 * Let the component be rendered again as time goes by.
 *
 * @returns {{now: luxon.DateTime}}
 */
export function useClock() {
    onMounted(() => {
        tick();
        if (users++ === 0) {
            interval = browser.setInterval(tick, TICK);
        }
    });
    onWillUnmount(() => {
        if (--users === 0) {
            browser.clearInterval(interval);
        }
    });
    return useState(clock);
}
