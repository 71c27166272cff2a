/* global luxon */

import { browser } from "@web/core/browser/browser";
import { ConnectionLostError } from "@web/core/network/rpc";
import { useService } from "@web/core/utils/hooks";
import { FetchRecordError } from "@web/model/relational_model/errors";
import { onMounted, onWillUnmount, reactive } from "@odoo/owl";

export const CHANGED = "ihub.integration/changed";
// Milliseconds. A burst of changes leads to one reload per PAUSE.
export const PAUSE = 1000;
// What does not notify anybody (a dead server, a run that becomes late) is seen after this time.
export const HEARTBEAT = 60000;
// The same where the websocket cannot be reached, so that nothing notifies at all.
export const POLL = 10000;
// Whoever has waited so long for an answer has no connection.
export const SILENCE = 20000;

const CONNECTION_EVENTS = [
    "BUS:CONNECT",
    "BUS:DISCONNECT",
    "BUS:RECONNECT",
    "BUS:RECONNECTING",
    "BUS:WORKER_STATE_UPDATED",
];

// A tooltip is no menu: it is there as long as the mouse rests, which may be for hours.
const OPEN_MENU = ".o-dropdown--menu, .o_popover:not(:has(.o-tooltip))";

/**
 * Reload what is on screen when integrations change.
 *
 * Reloads are rare (one per PAUSE at most), never happen while the tab is hidden, and wait while
 * they would disturb somebody.
 */
export class LiveReload {
    /**
     * @param {Object} bus the service bus_service
     * @param {Object} params
     * @param {(wouldDisturb: () => Promise<boolean>) => Promise} params.reload returns false where
     *      it had to be put off: it may ask again what was asked before it
     * @param {(ids: number[]) => boolean} [params.concerns] whether a change of these
     *      integrations is on screen
     * @param {() => boolean|Promise<boolean>} [params.isBusy] whether a reload would disturb
     * @param {number} [params.delay] milliseconds between a change and the reload
     */
    constructor(bus, { reload, concerns = () => true, isBusy = () => false, delay = 0 }) {
        this.bus = bus;
        this.reload = reload;
        this.concerns = concerns;
        this.isBusy = isBusy;
        this.delay = delay;
        this.timer = null;
        this.isStale = false;
        this.freshAt = Date.now();
        this.askedAt = null;
        /** Why the last reload came to nothing: "connection", "failed" or null. */
        this.trouble = null;
        /** For those who show it; not more often than it changes. */
        this.freshness = reactive({ at: luxon.DateTime.now() });
        this.onConnection = () => this.showConnection();
        this.showConnection();
        this.onChanged = ({ ids }) => this.concerns(ids) && this.ask();
        this.onReconnected = () => this.ask();
        this.onVisible = () => this.isStale && this.ask();
        this.onOnline = () => this.ask();
        this.onOffline = () => {
            this.setTrouble("connection");
            // The server may be one that is reached all the same.
            this.ask();
        };
    }

    start() {
        this.bus.subscribe(CHANGED, this.onChanged);
        this.bus.addEventListener("BUS:RECONNECT", this.onReconnected);
        for (const event of CONNECTION_EVENTS) {
            this.bus.addEventListener(event, this.onConnection);
        }
        this.bus.start();
        document.addEventListener("visibilitychange", this.onVisible);
        browser.addEventListener("online", this.onOnline);
        browser.addEventListener("offline", this.onOffline);
        this.interval = browser.setInterval(() => this.look(), POLL);
    }

    stop() {
        this.bus.unsubscribe(CHANGED, this.onChanged);
        this.bus.removeEventListener("BUS:RECONNECT", this.onReconnected);
        for (const event of CONNECTION_EVENTS) {
            this.bus.removeEventListener(event, this.onConnection);
        }
        document.removeEventListener("visibilitychange", this.onVisible);
        browser.removeEventListener("online", this.onOnline);
        browser.removeEventListener("offline", this.onOffline);
        browser.clearInterval(this.interval);
        browser.clearTimeout(this.timer);
        this.isStopped = true;
    }

    /** Whether what is on screen is what there is: the worker alone notices late, or never. */
    get isConnected() {
        return !this.trouble && this.bus.workerState === "CONNECTED";
    }

    showConnection() {
        const { isConnected, trouble } = this;
        Object.assign(this.freshness, { isConnected, trouble });
    }

    setTrouble(trouble) {
        this.trouble = trouble;
        this.showConnection();
    }

    look() {
        if (this.askedAt && Date.now() - this.askedAt >= SILENCE) {
            this.setTrouble("connection");
        }
        const age = Date.now() - this.freshAt;
        if (age >= (this.isConnected ? HEARTBEAT : POLL) - PAUSE) {
            this.ask();
        }
    }

    /** Ask for a reload, now or as soon as PAUSE is over. */
    ask() {
        this.isStale = true;
        if (this.timer === null && !this.isStopped) {
            const wait = Math.max(this.delay, this.freshAt + PAUSE - Date.now());
            this.timer = browser.setTimeout(() => this.run(), wait);
        }
    }

    async run() {
        if (document.visibilityState === "hidden") {
            // It is made up for when the tab is looked at again.
            this.timer = null;
            return;
        }
        const wouldDisturb = async () =>
            Boolean(document.querySelector(OPEN_MENU)) || this.isBusy();
        if (await wouldDisturb()) {
            this.timer = browser.setTimeout(() => this.run(), PAUSE);
            return;
        }
        this.isStale = false;
        this.askedAt = Date.now();
        try {
            if ((await this.reload(wouldDisturb)) === false) {
                this.isStale = true;
            } else {
                this.freshness.at = luxon.DateTime.now();
                this.trouble = null;
            }
        } catch (error) {
            this.onError(error);
        } finally {
            this.showConnection();
            this.freshAt = Date.now();
            this.askedAt = null;
            this.timer = null;
            if (this.isStale) {
                this.ask();
            }
        }
    }

    onError(error) {
        if (error instanceof FetchRecordError) {
            // Somebody has deleted it: there is nothing left to refresh.
            this.stop();
        } else if (error instanceof ConnectionLostError) {
            this.trouble = "connection";
        } else if (this.trouble !== "failed") {
            // It is tried again: nobody needs to be told at each time.
            this.trouble = "failed";
            throw error;
        }
    }
}

/**
 * Use {@link LiveReload} as long as the component is on screen.
 *
 * @param {Object} params as for LiveReload
 */
export function useLiveReload(params) {
    const live = new LiveReload(useService("bus_service"), params);
    onMounted(() => live.start());
    onWillUnmount(() => live.stop());
    return live;
}
