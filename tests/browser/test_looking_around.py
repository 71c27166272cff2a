"""What operators and managers do between the runs: find, filter, look, try again, arrange."""

import json

import hub_site
import pytest

BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])
BOTH_USERS = pytest.mark.parametrize("login", ["ihub_operator", "ihub_manager"])
CARDS = "[...document.querySelectorAll('.o_kanban_record:not(.o_kanban_ghost)')]"
DOWN = "ihub.integration.demo.unreachable"


def cards(page, *names):
    """Wait until the board shows these integrations and no others, in any order."""
    texts = f"{CARDS}.map(c => c.querySelector('.fw-bold.fs-5').innerText)"
    wanted = json.dumps(json.dumps(sorted(names), separators=(",", ":")))
    page.wait_for(f"JSON.stringify({texts}.sort()) === {wanted}")


def choose(page, size, label):
    """Choose an entry of the menu of filters and groups; on a phone it is behind a magnifier."""
    if size == "phone":
        page.click(
            ".o_control_panel button:has(.fa-search), .o_control_panel button:has(.oi-search)"
        )
    page.click(".o_searchview_dropdown_toggler")
    page.wait(".o_search_bar_menu .o_menu_item")
    items = "[...document.querySelectorAll('.o_search_bar_menu .o_menu_item')]"
    page.evaluate(f"{items}.find(i => i.innerText.trim() === {json.dumps(label)}).click()")


def switch_view(page, size, name):
    if size == "phone":
        page.click(".o_cp_switch_buttons .dropdown-toggle")
        icon = {"list": "oi-view-list", "graph": "fa-area-chart"}[name]
        page.click(f".o-dropdown-item:has(.{icon})")
    else:
        page.click(f".o_switch_view.o_{name}")


@BOTH_USERS
@BOTH_SIZES
def test_the_board_is_searched(site, size, login):
    broken = site.add("Parcels", fail_run=True)
    site.add("Orders")
    site.call("ihub.integration", "run_manually", broken)
    with site.browser(login, size) as page:
        page.go("/odoo/integrations")
        page.wait(".o_ihub_chip[data-word=failed][data-count='1']")
        cards(page, "Orders", "Parcels")
        page.click(".o_ihub_chip[data-word=failed]")
        cards(page, "Parcels")
        page.click(".o_ihub_chip[data-word=failed].active")
        cards(page, "Orders", "Parcels")
        choose(page, size, "Late")
        cards(page)
        # An empty answer says so, and the filter goes with a click.
        page.wait(".o_view_nocontent, .o_kanban_group, .o_nocontent_help")
        page.click(".o_facet_remove")
        cards(page, "Orders", "Parcels")
        assert not page.errors


@BOTH_USERS
@BOTH_SIZES
def test_the_board_is_a_list_and_a_graph_too(site, size, login):
    site.add("Parcels")
    with site.browser(login, size) as page:
        page.go("/odoo/integrations")
        page.wait(".o_kanban_record .o_ihub_condition")
        switch_view(page, size, "list")
        page.wait(".o_list_view .o_data_row")
        assert "Parcels" in page.evaluate("document.querySelector('.o_data_row').innerText")
        assert page.evaluate("!!document.querySelector('.o_list_view .o_ihub_summary')")
        switch_view(page, size, "graph")
        page.wait(".o_graph_renderer canvas")
        assert not page.errors


@BOTH_USERS
@BOTH_SIZES
def test_what_waits_for_its_next_attempt_is_tried_now(site, size, login):
    (record,) = site.call(
        DOWN, "create", [{"name": "Parcels", "window_from": hub_site.hours_ago(3)}]
    )
    integration = site.call(DOWN, "read", [record], ["integration_id"])[0]["integration_id"][0]
    site.call("ihub.integration", "start", integration)
    with site.browser(login, size) as page:
        page.go("/odoo/integrations")
        page.wait(".o_ihub_condition [data-state=retrying]", 60)
        assert "2 of 4" in page.evaluate("document.querySelector('.o_kanban_record').innerText")
        page.click(".o_kanban_record [name=action_try_now]")
        page.wait_for("document.querySelector('.o_kanban_record').innerText.includes('3 of 4')", 60)
        # The error is one click away.
        page.click(".o_kanban_record [name=action_open_retry_run]")
        page.wait(".o_ihub_run")
        page.wait_for("document.body.innerText.includes('127.0.0.1:9 does not')")
        assert not page.errors


@BOTH_SIZES
def test_a_manager_arranges_who_is_told(site, size):
    integration = site.add("Parcels")
    with site.browser("ihub_manager", size) as page:
        page.go(f"/odoo/integrations/{integration}")
        page.click(".o_notebook .nav-link[name=options]")
        page.click(".o_field_widget[name=notify_recovery] input")
        page.click(".o_form_button_save:enabled")
        page.wait(".o_form_saved")
        assert not page.errors
    (read,) = site.call("ihub.integration", "read", integration, ["notify_recovery"])
    assert read["notify_recovery"] is False


@BOTH_SIZES
def test_an_operator_sees_who_is_told_and_changes_nothing(site, size):
    integration = site.add("Parcels")
    with site.browser("ihub_operator", size) as page:
        page.go(f"/odoo/integrations/{integration}")
        page.click(".o_notebook .nav-link[name=options]")
        page.wait(".o_field_widget[name=notify_recovery]")
        assert page.evaluate(
            "[...document.querySelectorAll('.o_field_widget[name^=notify] input')]"
            ".every(input => input.disabled)"
        )
        assert not page.errors
