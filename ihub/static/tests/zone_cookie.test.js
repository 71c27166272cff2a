import { afterEach, expect, test } from "@odoo/hoot";
import { mockTimeZone } from "@odoo/hoot-mock";
import { cookie } from "@web/core/browser/cookie";

import { zoneCookieService } from "@ihub/zone/zone_cookie";

afterEach(() => cookie.delete("tz"));

test("the server is told where the browser is", () => {
    mockTimeZone("Asia/Tokyo");
    zoneCookieService.start();
    expect(cookie.get("tz")).toBe("Asia/Tokyo");
});

test("the zone of the place where somebody was before is replaced", () => {
    cookie.set("tz", "America/New_York");
    mockTimeZone("Europe/Madrid");
    zoneCookieService.start();
    expect(cookie.get("tz")).toBe("Europe/Madrid");
});
