import { beforeEach, expect, test } from "@odoo/hoot";
import { press, queryAllTexts, queryOne } from "@odoo/hoot-dom";
import { advanceTime, mockDate, mockTimeZone } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    getService,
    mockService,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { router } from "@web/core/browser/router";
import { WebClient } from "@web/webclient/webclient";

import { LiveReload, PAUSE } from "@ihub/live/live_reload";
import { PAGE } from "@ihub/time_line/time_line";

class Item extends models.Model {
    _name = "ihub.item";
    name = fields.Char();
    integration_id = fields.Many2one({ relation: "ihub.integration" });
    _records = [
        { id: 5, name: "SO-12", integration_id: 1 },
        { id: 6, name: "SO-13", integration_id: 1 },
    ];
}

class Integration extends models.Model {
    _name = "ihub.integration";
    name = fields.Char();
    _records = [{ id: 1, name: "Shop" }];
}

class Event extends models.Model {
    _name = "ihub.event";
    summary = fields.Char();
}

defineMailModels();
defineModels([Item, Integration, Event]);

const ENTRY = ".o_ihub_happened";
const NEWEST = {
    key: "ihub.item,5",
    at: "2025-03-05 13:00:00",
    icon: "fa-wrench",
    severity: "warning",
    title: "Order SO-12 came from Shop.",
    detail: "To Repair: no such product",
    who: "Anna",
    open: { model: "ihub.item", id: 5 },
};
const OLDEST = {
    key: "ihub.run,7",
    at: "2025-03-05 12:00:00",
    icon: "fa-check",
    severity: "success",
    title: "118 runs, all done.",
    detail: "",
    who: "",
    open: null,
};
let entries, more;

beforeEach(() => {
    mockTimeZone(0);
    mockDate("2025-03-05 14:00:00");
    entries = [NEWEST, OLDEST];
    more = false;
    onRpc("ihub.event", "time_line", ({ args }) => {
        expect.step(args);
        return { title: "Where SO-12 came from", entries, more };
    });
});

async function mountForm() {
    await mountView({
        type: "form",
        resModel: "ihub.item",
        resId: 5,
        resIds: [5, 6],
        arch: `<form><field name="integration_id"/><widget name="ihub_time_line"/></form>`,
    });
    expect.verifySteps([["ihub.item", 5, PAGE]]);
}

test("what happened, newest first", async () => {
    await mountForm();
    expect("ol[aria-label] > li").toHaveCount(2);
    expect(queryAllTexts(`${ENTRY} time`)).toEqual(["Mar 5, 1:00 PM", "Mar 5, 12:00 PM"]);
    expect(`${ENTRY}:first`).toHaveText(/1 hour ago/);
    expect(`${ENTRY}:first .o_ihub_who`).toHaveText("Anna");
    expect(`${ENTRY}:first a`).toHaveText("Order SO-12 came from Shop.");
    expect(`${ENTRY}:first .o_ihub_happened_detail`).toHaveText("To Repair: no such product");
    expect(`${ENTRY}:first .fa-wrench`).toHaveCount(1);
    // What does not lead anywhere is no link, and nothing is there for what is empty.
    expect(`${ENTRY}:last a, ${ENTRY}:last .o_ihub_who`).toHaveCount(0);
    expect(`${ENTRY}:last .o_ihub_happened_detail`).toHaveCount(0);
    expect(".o_ihub_show_older").toHaveCount(0);
});

test("an entry opens what it tells about, with the keyboard too", async () => {
    mockService("action", { doAction: (action) => expect.step([action.res_model, action.res_id]) });
    await mountForm();
    expect(`${ENTRY} a`).toHaveAttribute("href", "/odoo/ihub.item/5");
    queryOne(`${ENTRY} a`).focus();
    await press("Enter");
    expect.verifySteps([["ihub.item", 5]]);
});

test("older ones are shown on demand", async () => {
    more = true;
    await mountForm();
    more = false;
    await contains(".o_ihub_show_older").click();
    expect.verifySteps([["ihub.item", 5, 2 * PAGE]]);
    expect(".o_ihub_show_older").toHaveCount(0);
});

test("another record has a time line of its own, of usual length", async () => {
    more = true;
    await mountForm();
    await contains(".o_ihub_show_older").click();
    expect.verifySteps([["ihub.item", 5, 2 * PAGE]]);
    await contains(".o_pager_next").click();
    expect.verifySteps([["ihub.item", 6, PAGE]]);
});

test("it follows what happens to its integration, and not to others", async () => {
    let live;
    patchWithCleanup(LiveReload.prototype, {
        start() {
            live = this;
        },
    });
    await mountForm();
    entries = [{ ...NEWEST, severity: "success", icon: "fa-check" }, OLDEST];
    live.onChanged({ ids: [2] });
    await advanceTime(2 * PAUSE);
    expect.verifySteps([]);
    queryOne(`${ENTRY} a`).focus();
    live.onChanged({ ids: [1] });
    await advanceTime(2 * PAUSE);
    expect.verifySteps([["ihub.item", 5, PAGE]]);
    expect(`${ENTRY}:first`).toHaveAttribute("data-severity", "success");
    expect(`${ENTRY}:first a`).toBeFocused();
});

test("nothing yet", async () => {
    entries = [];
    await mountForm();
    expect("ol").toHaveCount(0);
    expect(".o_ihub_time_line p").toHaveCount(1);
});

test("all events", async () => {
    onRpc("ihub.event", "action_about_records", ({ args }) => {
        expect.step(args);
        return { type: "ir.actions.act_window", res_model: "ihub.event" };
    });
    mockService("action", { doAction: (action) => expect.step(action.res_model) });
    await mountForm();
    await contains(".o_ihub_all_events").click();
    expect.verifySteps([["ihub.item", [5]], "ihub.event"]);
});

test("a page of any record, which knows of what after a reload", async () => {
    onRpc("ihub.item", "count_to_repair", () => 0);
    await mountWithCleanup(WebClient);
    await getService("action").doAction({
        type: "ir.actions.client",
        tag: "ihub_time_line",
        params: { about: "sale.order,12" },
    });
    expect.verifySteps([["sale.order", 12, PAGE]]);
    expect(".o_breadcrumb .active").toHaveText("Where SO-12 came from");
    expect(ENTRY).toHaveCount(2);
    await advanceTime(1);
    expect(router.current.about).toBe("sale.order,12");
});
