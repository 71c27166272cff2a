/* global luxon */

import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";

/**
 * Keep the cookie right that tells the server in which time zone the browser shows dates.
 *
 * Odoo writes it where it is missing. Browsers restore it with their windows, so it would stay that
 * of the place where somebody was last month.
 */
export const zoneCookieService = {
    start() {
        const zone = luxon.DateTime.local().zoneName;
        if (zone && cookie.get("tz") !== zone) {
            // Until the browser is closed, as Odoo writes it.
            document.cookie = `tz=${zone}; path=/`;
        }
    },
};

registry.category("services").add("ihub_zone_cookie", zoneCookieService);
