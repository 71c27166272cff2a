/* global luxon */

import { beforeEach, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";

import { sayDuration } from "@ihub/fields/duration_field";
import { sayWhen } from "@ihub/fields/when_field";

const NOW = luxon.DateTime.fromISO("2025-03-01T12:00:00", { locale: "en" });

beforeEach(allowTranslations);

test("durations are said with two units at most", () => {
    expect(sayDuration(0.3)).toBe("less than 1 s");
    expect(sayDuration(59.4)).toBe("59 s");
    expect(sayDuration(59.6)).toBe("1 min 0 s");
    expect(sayDuration(83)).toBe("1 min 23 s");
    expect(sayDuration(3600 + 125)).toBe("1 h 2 min");
    expect(sayDuration(2 * 86400 + 3 * 3600)).toBe("2 d 3 h");
});

test("moments are said as seen from now", () => {
    expect(sayWhen(NOW.plus({ seconds: 20 }), NOW)).toBe("in a moment");
    expect(sayWhen(NOW.minus({ seconds: 20 }), NOW)).toBe("just now");
    expect(sayWhen(NOW.plus({ minutes: 12 }), NOW)).toBe("in 12 minutes");
    expect(sayWhen(NOW.minus({ days: 2 }), NOW)).toBe("2 days ago");
});
