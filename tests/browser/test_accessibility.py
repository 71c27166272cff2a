"""Each screen for people who do not see it, or not well: axe-core finds nothing serious."""

import functools
import json
import os

import pytest

from lib import node, paths

AXE = paths.NODE / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# What is Odoo's own on our pages, and in need of mending there.
ODOO = [
    # The bar above each page, with its search; messages and activities below a form.
    ".o_control_panel",
    ".o-mail-Form-chatter",
    # The headers of tabs are no list of tabs.
    ".o_notebook_headers",
    # The labels of a form are too pale on a phone.
    ".o_form_label",
    # The box of a selection says that it is folded, but not that it is a button.
    ".o_select_menu",
    # The arrow between two dates, an image without that role.
    ".o_field_daterange .fa-long-arrow-right",
    # Pictures of users have no words, the boxes that select lines no labels, these buttons no name.
    ".o_avatar img",
    ".o_list_record_selector",
    ".o_optional_columns_dropdown",
    ".oi-panel-right",
    # Check boxes in a list have no label; nor has the one of a calendar's filters.
    ".o_list_view .o_field_boolean",
    ".o_calendar_sidebar",
    # The numbers of days that belong to another month are too pale.
    ".fc-daygrid-day-top",
]
SCAN = """
axe.run({include: [%(include)s], exclude: %(exclude)s.map(selector => [selector])},
        {runOnly: {type: "tag", values: %(tags)s}, resultTypes: ["violations"]})
    .then(result => result.violations.filter(v => %(serious)s.includes(v.impact)).map(
        v => `${v.id}: ${v.help}\\n` + v.nodes.map(
            n => `    ${n.html}\\n        ${n.failureSummary}`).join("\\n")))
"""


@functools.cache
def axe():
    node.ensure(os.environ)
    return AXE.read_text()


def scan(page, include=".o_action_manager"):
    """Return what axe finds in a part of the page, in words."""
    page.evaluate(f"void (() => {{ {axe()} }}).call(window)")
    return page.evaluate(
        SCAN
        % {
            "include": json.dumps(include),
            "exclude": json.dumps(ODOO),
            "tags": json.dumps(TAGS),
            "serious": json.dumps(SERIOUS),
        }
    )


@pytest.fixture(scope="module", params=["desktop", "phone"])
def page(request, troubled):
    """The browser of a manager."""
    with troubled.browser("ihub_manager", request.param) as browser:
        yield browser


def integration(site, name):
    return site.call("ihub.integration", "search", [["name", "=", name]])[0]


def failed_run(site):
    return site.call("ihub.run", "search", [["state", "=", "failed"]])[0]


SCREENS = {
    "board": ("/odoo/integrations", ".o_ihub_condition"),
    "board, filtered": ("/odoo/integrations", ".o_ihub_chip"),
    "list": ("/odoo/integrations?view_type=list", ".o_data_row, .o_kanban_record"),
    "runs": ("/odoo/ihub-runs", ".o_view_controller .o_content > *"),
    "calendar of runs": ("/odoo/ihub-calendar", ".o_calendar_view .o_content > *"),
    "graph of runs": ("/odoo/ihub-runs?view_type=graph", ".o_view_controller .o_content > *"),
    "events": ("/odoo/ihub-events", ".o_data_row, .o_kanban_record"),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_lists(page, screen):
    path, ready = SCREENS[screen]
    page.go(path)
    page.wait(ready)
    if screen == "board, filtered":
        page.click(".o_ihub_chip[data-word=failed]")
        page.wait(".o_ihub_chip.active")
    assert_nothing_found(page)


@pytest.mark.parametrize("name", ["Wrong password", "Stuck", "Remote down"])
def test_page_of_an_integration(page, troubled, name):
    page.go(f"/odoo/integrations/{integration(troubled, name)}")
    page.wait(".o_ihub_integration .o_ihub_coverage_bars")
    assert_nothing_found(page)


@pytest.mark.parametrize("tab", ["history", "about", "options"])
def test_further_tabs_of_an_integration(page, troubled, tab):
    page.go(f"/odoo/integrations/{integration(troubled, 'Bad record')}")
    page.click(f".nav-link[name={tab}]")
    page.wait(f".nav-link[name={tab}].active")
    if tab == "history":
        page.wait(".o_ihub_history canvas")
    assert_nothing_found(page)


def test_run_with_its_log(page, troubled):
    page.go(f"/odoo/ihub-runs/{failed_run(troubled)}")
    page.wait(".o_ihub_run .o_ihub_line")
    assert_nothing_found(page)


def test_event_with_details(page, troubled):
    events = troubled.call("ihub.event", "search", [["summary", "ilike", "no price"]])
    page.go(f"/odoo/ihub-events/{events[0]}")
    page.wait(".o_form_sheet .o_ihub_details, .o_form_sheet .o_field_ihub_event_details")
    assert_nothing_found(page)


@pytest.mark.parametrize(
    ("name", "button"),
    [
        ("Bad record", "action_run_manually"),
        ("Archived user", "action_run_manually"),
    ],
)
def test_dialog_of_running_manually(page, troubled, name, button):
    page.go("/odoo/integrations")
    page.wait(".o_kanban_record")
    card = "[...document.querySelectorAll('.o_kanban_record')].find(c => c.innerText.includes"
    page.evaluate(f"void {card}({json.dumps(name)})).querySelector('[name={button}]').click()")
    page.wait(".modal .o_form_view")
    assert_nothing_found(page, ".modal-content")


def test_dialog_of_adding(page):
    page.go("/odoo/integrations")
    page.click(".o-kanban-button-new")
    page.wait(".modal .o_form_view")
    assert_nothing_found(page, ".modal-content")


def test_settings_of_a_type(page, troubled):
    ids = troubled.call("ihub.integration.demo", "create", [{"name": "Settings"}])
    page.go(f"/odoo/ihub.integration.demo/{ids[0]}")
    page.wait(".o_form_sheet")
    found = scan(page)
    record = troubled.call("ihub.integration.demo", "read", ids, ["integration_id"])[0]
    troubled.call("ihub.integration", "unlink", [record["integration_id"][0]])
    assert not found, "\n".join(found)


def assert_nothing_found(page, include=".o_action_manager"):
    found = scan(page, include)
    assert not found, "\n".join(found)
