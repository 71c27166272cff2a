"""Settings: a secret that is entered and never shown, the test of a connection, and a reset."""

import re

import hub_site
from playwright.sync_api import expect

from lib import postgres, web_client

SERVER = "ihub.integration.demo.unreachable"


def notice(page):
    """Return what the page answers, which this page does not close by itself."""
    page.remove_locator_handler(page.locator(".o_notification_close").first)
    return page.locator(".o_notification")


def open_settings(page, name):
    web_client.show(page, "/odoo/integrations")
    page.locator(".o_kanban_record").filter(has_text=name).locator(".o_ihub_name").first.click()
    press(page, "open_settings")
    expect(page.locator("[name=token]")).to_be_visible()


def press(page, name):
    """Press a button of the header, where a phone has most of them in a menu."""
    buttons = page.locator(".o_statusbar_buttons")
    expect(buttons.locator("button").first).to_be_visible()
    button = page.locator(f"[name={name}]").first
    if not button.is_visible():
        buttons.locator(".o-dropdown").click()
    button.click()


@hub_site.BOTH_SIZES
def test_a_secret_is_entered_replaced_and_never_shown(site, size):
    site.add("Archive", SERVER, address="http://127.0.0.1:9/")
    with site.browser("ihub_manager", size) as page:
        open_settings(page, "Archive")
        token = page.locator("[name=token]")
        token.locator("textarea").fill("hunter2-first")
        page.locator(".o_form_button_save").click()
        expect(token).to_contain_text("Set")
        expect(token.locator("textarea")).to_have_count(0)
        token.get_by_role("button", name="Replace").click()
        token.locator("textarea").fill("hunter2-second\nof two lines")
        expect(token.locator("textarea")).to_have_value("hunter2-second\nof two lines")
        page.locator(".o_form_button_save").click()
        expect(token.locator("textarea")).to_have_count(0)
        page.reload()
        expect(token).to_contain_text("Set")
        assert "hunter2" not in page.content()
        token.get_by_role("button", name="Remove").click()
        page.locator(".o_form_button_save").click()
        expect(token.locator("textarea")).to_have_value("")


@hub_site.BOTH_SIZES
def test_a_connection_is_tested_where_the_settings_are_and_on_the_page(site, size):
    site.add("Archive", SERVER, address="http://127.0.0.1:9/")
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, "/odoo/integrations")
        page.locator(".o_kanban_record").locator(".o_ihub_name").first.click()
        said = notice(page)
        press(page, "action_test_connection")
        expect(said).to_contain_text("The server 127.0.0.1:9 does not respond.")
    with site.browser("ihub_manager", size) as page:
        open_settings(page, "Archive")
        page.locator("[name=address] input").fill(f"{site.url}/web/login")
        said = notice(page)
        press(page, "action_test_connection")
        expect(said).to_contain_text("responded.")


@hub_site.BOTH_SIZES
def test_what_its_code_remembers_is_seen_and_reset(site, size):
    id_ = site.add("Archive", SERVER)
    postgres.Client({}).query(
        "INSERT INTO ihub_integration_state (integration_id, key, value)"
        f""" VALUES ({id_}, 'cursor', '{{"value": {{"page": 3, "token": "hunter2"}}}}'),"""
        f""" ({id_}, 'etag', '{{"value": "W/abc"}}')""",
        database=site.database,
    )
    with site.browser("ihub_manager", size) as page:
        web_client.show(page, f"/odoo/integrations/{id_}")
        page.get_by_role("tab", name="Advanced").click()
        state = page.locator("[name=own_state]")
        expect(state).to_contain_text("cursor")
        expect(state).to_contain_text("***")
        expect(state).not_to_contain_text("hunter2")
        state.scroll_into_view_if_needed()
        page.get_by_role("button", name="Reset", exact=True).click()
        dialog = page.locator(".modal")
        expect(dialog).to_contain_text("cannot be undone")
        dialog.get_by_role("button", name="Reset", exact=True).click()
        expect(state).to_have_count(0)
        expect(page.locator(".o-mail-Message").first).to_contain_text(
            re.compile("Reset what its code remembered: cursor, etag")
        )
