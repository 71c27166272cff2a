"""What operators and managers do between the runs: find, filter, look, try again, arrange."""

import json
import re
from contextlib import contextmanager

import hub_site
from odoo_process import free_port
from playwright.sync_api import expect

from lib import web_client

CARDS = ".o_kanban_record:not(.o_kanban_ghost)"
JSON = "application/json"
REFUSAL = {
    "name": "odoo.exceptions.UserError", "message": "Too busy.", "arguments": ["Too busy."],
    "context": {}, "debug": "",
}  # fmt: skip
DOWN = "ihub.integration.demo.unreachable"


def cards(page, *names):
    """Wait until the board shows these integrations and no others, in any order."""
    page.wait_for_function(
        "([cards, names]) => [...document.querySelectorAll(cards)]"
        ".map(card => card.querySelector('.o_ihub_name')?.innerText).sort().join() === names",
        arg=[CARDS, ",".join(sorted(names))],
    )


def choose(page, size, label):
    """Choose an entry of the menu of filters and groups; on a phone it is behind a magnifier."""
    if size == "phone":
        page.click(
            ".o_control_panel button:has(.fa-search), .o_control_panel button:has(.oi-search)"
        )
    page.click(".o_searchview_dropdown_toggler")
    menu = page.locator(".o_search_bar_menu")
    menu.get_by_text(label, exact=True).click()
    expect(page.locator(".o_facet_value").get_by_text(label, exact=True)).to_be_visible()
    # It stays open, so that one may choose more.
    page.click(".o_searchview_dropdown_toggler")
    expect(menu).to_have_count(0)


def switch_view(page, size, name):
    if size == "phone":
        page.click(".o_cp_switch_buttons .dropdown-toggle")
        icon = {"list": "oi-view-list", "graph": "fa-area-chart"}[name]
        page.click(f".o-dropdown-item:has(.{icon})")
    else:
        page.click(f".o_switch_view.o_{name}")


@hub_site.BOTH_USERS
def test_the_board_is_searched(site, login, size):
    broken = site.add("Parcels", fail_run=True)
    site.add("Orders")
    site.call("ihub.integration", "run_manually", broken)
    with site.browser(login, size) as page:
        web_client.show(page, "/odoo/integrations")
        page.wait_for_selector(".o_ihub_chip[data-word=run_failed][data-count='1']")
        cards(page, "Orders", "Parcels")
        page.click(".o_ihub_chip[data-word=run_failed]")
        cards(page, "Parcels")
        page.click(".o_ihub_chip[data-word=run_failed].active")
        cards(page, "Orders", "Parcels")
        choose(page, size, "Archived")
        cards(page)
        # An empty answer says so, and the filter goes with a click.
        page.wait_for_selector(".o_view_nocontent, .o_kanban_group, .o_nocontent_help")
        page.click(".o_facet_remove")
        cards(page, "Orders", "Parcels")


def test_what_the_server_has_not_answered_is_shown_by_the_next_refresh(site):
    parcels, _orders = site.add("Parcels", fail_run=True), site.add("Orders")
    with site.browser("ihub_operator", "phone") as page:
        web_client.show(page, "/odoo/integrations")
        cards(page, "Orders", "Parcels")
        # A refresh that fails says so, and is not the last one.
        with refused(page):
            site.call("ihub.integration", "run_manually", parcels)
        chip = page.locator(".o_ihub_chip[data-word=run_failed]")
        site.call("ihub.integration", "start", parcels)
        expect(chip).to_have_attribute("data-count", "1")
        # Nor does a filter stay where it cannot be applied at once.
        with refused(page):
            chip.click()
        site.call("ihub.integration", "stop", parcels)
        cards(page, "Parcels")


@contextmanager
def refused(page):
    """Let the server refuse the next load of the board; what says so is closed."""
    error = {"code": 0, "message": "Odoo Server Error", "data": REFUSAL}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "error": error})
    loads = re.compile("/ihub.integration/web_(search_read|read_group)")
    page.route(loads, lambda route: route.fulfill(body=body, content_type=JSON), times=1)
    yield
    dialog = page.locator(".modal").filter(has_text="Too busy.")
    dialog.locator(".modal-footer button").first.click()
    expect(dialog).to_have_count(0)


@hub_site.BOTH_USERS
def test_the_board_is_a_list_and_a_graph_too(site, login, size):
    site.add("Parcels")
    with site.browser(login, size) as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_kanban_record .o_ihub_health")).to_be_visible()
        switch_view(page, size, "list")
        expect(page.locator(".o_list_view .o_data_row")).to_contain_text("Parcels")
        expect(page.locator(".o_list_view .o_ihub_summary")).to_be_attached()
        switch_view(page, size, "graph")
        expect(page.locator(".o_graph_renderer canvas")).to_be_visible()


@hub_site.BOTH_USERS
def test_what_waits_for_its_next_attempt_is_tried_now(site, login, size):
    # A server of its own: others that fail would be waited for together.
    server = f"127.0.0.1:{free_port()}"
    values = {"name": "Parcels", "address": f"http://{server}/"}
    (record,) = site.call(DOWN, "create", [{**values, "window_from": hub_site.hours_ago(3)}])
    integration = site.call(DOWN, "read", [record], ["integration_id"])[0]["integration_id"][0]
    site.call("ihub.integration", "start", integration)
    with site.browser(login, size) as page:
        web_client.show(page, "/odoo/integrations")
        card = page.locator(CARDS)
        expect(card.locator(".o_ihub_health [data-state=retrying]")).to_be_visible()
        expect(card).to_contain_text("up to 2 more after it")
        card.locator("[name=action_next_step]").click()
        # Five failures of a server in a row: what talks to it waits for it from now on.
        expect(card).to_contain_text("Down since")
        # The error is one click away.
        card.locator("[name=action_open_error]").click()
        expect(page.locator(".o_ihub_run")).to_contain_text(f"{server} does not")


@hub_site.BOTH_SIZES
def test_a_manager_arranges_who_is_told(site, size):
    integration = site.add("Parcels")
    with site.browser("ihub_manager", size) as page:
        web_client.show(page, f"/odoo/integrations/{integration}")
        page.click(".o_notebook .nav-link[name=options]")
        page.uncheck(".o_field_widget[name=notify_recovery] input")
        page.click(".o_form_button_save:enabled")
        page.wait_for_selector(".o_form_saved", state="attached")
    (read,) = site.call("ihub.integration", "read", integration, ["notify_recovery"])
    assert read["notify_recovery"] is False


@hub_site.BOTH_SIZES
def test_an_operator_sees_who_is_told_and_changes_nothing(site, size):
    integration = site.add("Parcels")
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, f"/odoo/integrations/{integration}")
        page.click(".o_notebook .nav-link[name=options]")
        told = page.locator(".o_field_widget[name^=notify] input")
        expect(told.first).to_be_visible()
        assert not [one for one in told.all() if one.is_enabled()]
