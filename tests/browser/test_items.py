"""What is to be repaired, in a real browser: found on the board, corrected, tried again, done."""

import re

import hub_site
from playwright.sync_api import expect

from lib import postgres, web_client

# What of the page is wider than its place: on a phone it would have to be pushed aside to be read.
TOO_WIDE = """
[document.documentElement, ...document.querySelectorAll(".o_action_manager, .o_action_manager *")]
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .filter(e => e === document.documentElement
        || ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
    .map(e => `${e.tagName} ${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)
"""


@hub_site.BOTH_USERS
def test_bad_order_is_found_repaired_and_done(site, login, size):
    site.add("Web shop", hub_site.SHOP, window_from=hub_site.hours_ago(1))
    with site.browser(login, size) as page:
        hub_site.run_tour(page, "ihub_repair_journey")


def test_on_a_phone_nothing_is_wider_than_the_screen(site, order):
    with site.browser("ihub_manager", "phone") as page:
        web_client.show(page, "/odoo/ihub-repair")
        expect(page.locator(".o_ihub_items .o_kanban_record .fw-bold")).to_be_visible()
        assert page.evaluate(TOO_WIDE) == []
        web_client.show(page, f"/odoo/ihub-items/{order}")
        for tab in ("data", "story", "technical"):
            page.click(f".nav-link[name={tab}]")
            expect(page.locator(f".nav-link[name={tab}].active")).to_be_visible()
            assert page.evaluate(TOO_WIDE) == []
        page.click("button[name=action_change]")
        expect(page.locator(".modal .o_data_row")).to_have_count(2)
        assert page.evaluate(TOO_WIDE.replace("o_action_manager", "modal")) == []
        # What is to be corrected is named in full.
        labels = page.locator(".modal td[name=label]")
        assert not labels.evaluate_all("all => all.some(x => x.scrollWidth > x.clientWidth)")


@hub_site.BOTH_SIZES
def test_long_words_are_read_without_moving_the_page(site, order, size):
    words = {"key": "K" * 200, "name": "N" * 200, "message": "M" * 300}
    columns = ", ".join(f"{column} = '{text}'" for column, text in words.items())
    update = f"UPDATE ihub_item SET {columns} WHERE id = {order}"
    postgres.Client({}).query(update, database=site.database)
    with site.browser("ihub_manager", size) as page:
        web_client.show(page, f"/odoo/ihub-items/{order}")
        expect(page.locator(".o_ihub_item .alert-warning")).to_contain_text(words["message"])
        assert page.evaluate(TOO_WIDE) == []
        page.click("button[name=action_change]")
        expect(page.locator(".modal .alert-warning")).to_contain_text(words["message"])
        assert page.evaluate(TOO_WIDE.replace("o_action_manager", "modal")) == []


def long_press(cards):
    """Tick cards on a phone, as a finger does that stays on each."""
    for number in range(cards.count()):
        card = cards.nth(number)
        card.dispatch_event("touchstart")
        expect(card).to_have_class(re.compile("o_record_selected"))
        card.dispatch_event("touchend")


def test_on_a_phone_several_are_dealt_with_at_once(site, order):
    with site.browser("ihub_operator", "phone") as page:
        web_client.show(page, "/odoo/ihub-repair")
        expect(page.locator(".o_ihub_items .o_kanban_record .fw-bold")).to_be_visible()
        long_press(page.locator(".o_ihub_items .o_kanban_record:not(.o_kanban_ghost)"))
        page.click(".o_cp_action_menus .fa-cog", timeout=20_000)
        buttons = page.locator(".o-dropdown--menu button")
        expect(buttons).to_contain_text(
            ["Retry", "Retry All with This Cause", "Leave Out", "Assign to Me"]
        )
        page.get_by_role("button", name="Leave Out").click()
        page.fill(".modal [name=reason] textarea", "A test order")
        page.click(".modal button[name=action_confirm]")
        expect(page.locator(".modal")).to_have_count(0)
    (item,) = site.call("ihub.item", "read", [order], ["state"])
    assert item["state"] == "ignored"


def test_on_a_phone_several_integrations_are_started_at_once(site):
    ids = [site.add(name) for name in ("Orders", "Parcels")]
    with site.browser("ihub_operator", "phone") as page:
        web_client.show(page, "/odoo/integrations")
        cards = page.locator(".o_ihub_board .o_kanban_record:not(.o_kanban_ghost)")
        expect(cards).to_have_count(2)
        long_press(cards)
        page.click(".o_cp_action_menus .fa-cog", timeout=20_000)
        menu = page.locator(".o-dropdown--menu")
        expect(menu.get_by_role("button", name="Stop")).to_be_visible()
        menu.get_by_role("button", name="Start").click()
        expect(cards.locator("[name=action_stop]")).to_have_count(2)
    assert {row["state"] for row in site.call("ihub.integration", "read", ids, ["state"])} == {
        "running"
    }


def test_another_browser_sees_that_it_is_left_out(site, order):
    with site.browser("ihub_operator") as page:
        web_client.show(page, f"/odoo/ihub-items/{order}")
        expect(page.locator(".o_ihub_item .alert-warning")).to_be_visible()
        expect(page.locator(".o_ihub_to_repair .badge")).to_have_text("1")
        wizard = {"item_ids": [[6, 0, [order]]], "reason": "A test order"}
        (dialog,) = site.call("ihub.item.leave.out", "create", [wizard])
        site.call("ihub.item.leave.out", "action_confirm", dialog)
        expect(page.locator(".o_ihub_item .alert-secondary")).to_contain_text("A test order")
        expect(page.locator(".o_ihub_to_repair")).to_have_count(0)
