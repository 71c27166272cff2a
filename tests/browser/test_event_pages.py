"""The pages of events: lists, cards, graphs, all details, and the way to them from a record."""

import re

import hub_site
import pytest
from odoo_process import run_without_error
from playwright.sync_api import expect

from lib import postgres, web_client

# More than the list counts by itself.
COUNT = 501
# Not the cards of contacts on a partner's page.
EVENTS = ", ".join(
    [
        ".o_view_controller.o_list_view .o_data_cell[name=summary]",
        ".o_view_controller.o_kanban_view .o_kanban_record",
    ]
)
SEED = f"""
partner = env["res.partner"].create({{"name": "Peter Parcel"}})
env.cr.commit()
for number in range({COUNT - 3}):
    partner.ihub_info(f"Order {{number}} was sent", {{"order": number}}, related=partner)
partner.ihub_warning("Stock of <b>4711</b> is below zero", "x" * 3000, related=partner)
partner.ihub_error("A long answer", {{"lines": ["<i>line</i>"] * 20_000}}, related=partner)
env.cr.commit()
partner.ihub_info("Written and undone", related=partner)
env.cr.rollback()
print("PARTNER", partner.id)
"""


@pytest.fixture(scope="module")
def partner(hub):
    """A partner about whom much has been reported, and nothing else has."""
    database = hub.database
    clear(database)
    output = run_without_error("shell", "-d", database, "--no-http", script=SEED)
    yield int(output.rpartition("PARTNER ")[2].split()[0])
    clear(database)


def clear(database):
    postgres.Client({}).query("DELETE FROM ihub_event", database=database)


def pager(page, text):
    expect(page.locator(".o_pager")).to_have_text(re.compile(rf"^\s*{text}\s*$"))


def test_a_list_counts_so_far_and_all_when_asked(site, partner):
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/ihub-events")
        expect(page.locator(".o_data_row").first).to_be_visible()
        pager(page, r"1-80\s*/\s*500\+")
        page.click(".o_pager_limit_fetch")
        pager(page, rf"1-80\s*/\s*{COUNT}")


def test_a_phone_shows_what_was_reported(site, partner):
    """A table of which a phone shows the dates only says nothing."""
    with site.browser("ihub_operator", "phone") as page:
        web_client.show(page, "/odoo/ihub-events")
        cards = page.locator(".o_kanban_record")
        undone, error, warning = (cards.nth(number) for number in range(3))
        expect(undone).to_contain_text("Written and undone")
        expect(undone).to_contain_text("Rolled Back")
        expect(error).to_contain_text("A long answer")
        expect(error).to_contain_text("Error")
        expect(error).not_to_contain_text("Rolled Back")
        expect(warning).to_contain_text("Stock of <b>4711</b> is below zero")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        error.click()
        expect(page.locator(".o_form_view .o_ihub_event_text")).to_be_visible()


def test_numbers_by_level(site, partner):
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/ihub-events")
        page.click(".o_switch_view.o_graph")
        expect(page.locator("canvas")).to_be_visible()
        page.click(".o_switch_view.o_pivot")
        cells = page.locator(".o_pivot tbody tr").first.locator("td")
        # Error, info, warning, all.
        expect(cells).to_have_text(["1", str(COUNT - 2), "1", str(COUNT)])


@hub_site.BOTH_SIZES
def test_what_is_cut_can_be_had_whole(site, partner, size):
    with site.browser("ihub_operator", size) as page:
        event = web_client.call(
            page, "ihub.event", "search", [["summary", "=like", "A long answer%"]], limit=1
        )
        web_client.show(page, f"/odoo/ihub-events/{event[0]}")
        text = page.locator(".o_form_view .o_ihub_event_text")
        expect(text).to_be_visible()
        assert text.locator("i").count() == 0
        assert len(text.text_content()) <= 64 * 1024
        action = web_client.call(page, "ihub.event", "action_download_details", event)
        assert page.request.get(action["url"]).json() == {"lines": ["<i>line</i>"] * 20_000}
        expect(page.locator("button[name=action_download_details]")).to_be_attached()


@hub_site.BOTH_SIZES
def test_from_a_record_to_what_happened_to_it(site, partner, size):
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, f"/odoo/res.partner/{partner}")
        page.click("button:has(.fa-cog)")
        page.click(".o_ihub_events_about")
        entries = page.locator(".o_ihub_happened")
        expect(entries).to_have_count(40)
        expect(entries.first).to_contain_text("Written and undone")
        expect(page).to_have_title(re.compile("Where Peter Parcel came from"))
        page.click(".o_ihub_show_older")
        expect(entries).to_have_count(80)
        # Its address tells of which record it is.
        page.reload()
        expect(entries).to_have_count(40)
        page.click(".o_ihub_all_events")
        undone = page.locator(EVENTS).filter(has_text="Written and undone")
        expect(undone).to_be_visible()
        # And back, from an event to the record.
        undone.click()
        page.click("button[name=action_open_related]")
        expect(page.locator(".o_form_view .o_field_widget[name=phone]").first).to_be_visible()


def test_from_rows_of_a_list_to_what_was_reported_about_them(site, partner):
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/action-base.action_partner_form")
        # Its first view is this list. To ask for it once more would replace it, and what has been
        # marked in it would be lost.
        page.locator("thead .o_list_record_selector input").check()
        page.click(".o_cp_action_menus .dropdown-toggle")
        page.click(".o-dropdown--menu .o_menu_item:has(.fa-list-alt)")
        expect(page.locator(EVENTS).filter(has_text="Written and undone")).to_be_visible()


def test_others_are_not_offered_what_they_may_not_see(site, partner):
    with site.browser("ihub_outsider") as page:
        web_client.show(page, f"/odoo/res.partner/{partner}")
        page.click("button:has(.fa-cog)")
        expect(page.locator(".o-dropdown--menu .o_menu_item").first).to_be_visible()
        expect(page.locator(".o_ihub_events_about")).to_have_count(0)
