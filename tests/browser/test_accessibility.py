"""Each screen for people who do not see it, or not well: axe-core finds nothing serious."""

import functools
import os
from datetime import datetime, timedelta, timezone

import hub_site
import pytest
import troubles
from playwright.sync_api import expect

from lib import node, paths, web_client

AXE = paths.NODE / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# What the dark may change: all else is as on a desktop.
COLORS = ["color-contrast", "link-in-text-block"]
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
    # On a phone the keyboard does not reach what a calendar's filters have scrolled away.
    ".o_calendar_view .o_filter",
    # The numbers of days that belong to another month are too pale; so are measures of a pivot.
    ".fc-daygrid-day-top",
    ".o_pivot_measure_row",
]
SCAN = """
([include, odoo, tags, colors, serious]) => {
    const isDark = document.cookie.includes("color_scheme=dark");
    const runOnly = isDark ? {type: "rule", values: colors} : {type: "tag", values: tags};
    return axe.run({include: [include], exclude: odoo.map(selector => [selector])},
                   {runOnly, resultTypes: ["violations"]})
        .then(result => result.violations.filter(v => serious.includes(v.impact)).map(
            v => `${v.id}: ${v.help}\\n` + v.nodes.map(
                n => `    ${n.html}\\n        ${n.failureSummary}`).join("\\n")));
}
"""
# Of what is behind all else: 0 is black, 255 is white.
BRIGHTNESS = (
    "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3))"
)
# Names are taken away from buttons, and texts are hardly paler than what is behind them.
SPOIL = """() => {
    for (const bar of document.querySelectorAll(".o_ihub_bar")) {
        ["title", "aria-label"].forEach(name => bar.removeAttribute(name));
    }
    for (const name of document.querySelectorAll(".o_ihub_name")) {
        name.style.cssText = "color: #888 !important; background: #999 !important";
    }
}"""


@functools.cache
def axe():
    node.ensure(os.environ)
    return AXE.read_text()


def scan(page, include=".o_action_manager"):
    """Return what axe finds in a part of the page, in words."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"void (() => {{ {axe()} }}).call(window)")
    return page.evaluate(SCAN, [include, ODOO, TAGS, COLORS, SERIOUS])


WIDE = ("desktop", "dark")


@pytest.fixture(scope="module", params=[*WIDE, "phone"])
def page(request, troubled):
    """A page of a manager; in the dark it is as wide as a desktop's."""
    is_dark = request.param == "dark"
    with troubled.browser("ihub_manager", "desktop" if is_dark else request.param) as page:
        if is_dark:
            web_client.set_theme(page, troubled.url, "dark")
        page.goto("/odoo/integrations")
        expect(page.locator(".o_ihub_health").first).to_be_visible()
        assert (page.evaluate(BRIGHTNESS) < 64) is is_dark
        yield page


@pytest.fixture
def behind(troubled):
    """Return the ids of an integration for which Start has much to make up, and of its settings."""
    month_ago = (datetime.now(timezone.utc) - timedelta(days=30)).strftime("%Y-%m-%d 00:00:00")
    values = {"name": "Behind", "window_from": month_ago, "catch_up": "each"}
    ids = troubled.call(hub_site.DEMO, "create", [values])
    (record,) = troubled.call(hub_site.DEMO, "read", ids, ["integration_id"])
    yield record["integration_id"][0], ids[0]
    troubled.call("ihub.integration", "unlink", [record["integration_id"][0]])


def find(site, model, *domain):
    return site.call(model, "search", [list(term) for term in domain], limit=1)[0]


def integration(site, name):
    return find(site, "ihub.integration", ("name", "=", name))


REFUSED = "Wrong password"
LINES = ".o_data_row, .o_kanban_record"
SCREENS = {
    "board, filtered": ("/odoo/integrations", ".o_ihub_chip"),
    "cards of runs": ("/odoo/ihub-runs?view_type=kanban", ".o_kanban_record"),
    "calendar of runs": ("/odoo/ihub-calendar", ".o_calendar_view .o_event"),
    "events": ("/odoo/ihub-events", LINES),
    "items to repair": ("/odoo/ihub-repair", LINES),
    "cards of items": ("/odoo/ihub-items?view_type=kanban", ".o_kanban_record"),
}
# On a phone they are the cards.
TABLES = {
    "list": ("/odoo/integrations?view_type=list", ".o_data_row"),
    "graph": ("/odoo/integrations?view_type=graph", "canvas"),
    "runs": ("/odoo/ihub-runs", ".o_data_row"),
    "graph of runs": ("/odoo/ihub-runs?view_type=graph", "canvas"),
    "pivot of runs": ("/odoo/ihub-runs?view_type=pivot", ".o_pivot table"),
}


@pytest.mark.parametrize("page", WIDE, indirect=True)
@pytest.mark.parametrize("screen", TABLES)
def test_tables_and_graphs(page, screen):
    path, ready = TABLES[screen]
    web_client.go(page, path)
    page.wait_for_selector(ready)
    assert_nothing_found(page)


@pytest.mark.parametrize("screen", SCREENS)
def test_lists(page, screen):
    path, ready = SCREENS[screen]
    web_client.go(page, path)
    page.wait_for_selector(ready)
    if screen == "board, filtered":
        page.click(".o_ihub_chip[data-word=failed]")
        page.wait_for_selector(".o_ihub_chip.active")
    assert_nothing_found(page)


def test_grid(page):
    web_client.open_grid(page)
    assert_nothing_found(page)


def badges(page):
    """Return the words of the badges that the board shows."""
    web_client.go(page, "/odoo/integrations")
    page.wait_for_selector(".o_ihub_health [data-state]")
    return page.evaluate(
        "[...document.querySelectorAll('.o_ihub_health [data-state]')].map(b => b.dataset.state)"
    )


def test_board_of_all_badges(page, troubled):
    known = troubled.call("ihub.integration", "fields_get", ["health"])
    troubles.make_fresh(troubled.database)
    assert set(badges(page)) == {*dict(known["health"]["selection"])} - {"copy"}
    assert_nothing_found(page)


def test_what_has_no_name_or_is_too_pale_is_found(page):
    """A scan that leaves out too much would find nothing anywhere."""
    badges(page)
    page.evaluate(SPOIL)
    found = {each.partition(":")[0] for each in scan(page)}
    is_dark = page.evaluate(BRIGHTNESS) < 64
    assert found == {"color-contrast"} | (set() if is_dark else {"button-name"})


def test_board_of_a_copy(copy):
    with copy.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        assert "copy" in badges(page)
        assert_nothing_found(page)


@pytest.mark.parametrize("name", [REFUSED, "Stuck", "Remote down", "Halted", "At work"])
def test_page_of_an_integration(page, troubled, name):
    web_client.go(page, f"/odoo/integrations/{integration(troubled, name)}")
    page.wait_for_selector(".o_ihub_integration .o_ihub_coverage_bars")
    assert_nothing_found(page)
    # On a phone they are entries of a menu.
    if page.viewport_size["width"] > 500:
        assert_figures_are_read_as_well_as_words(page)


def assert_figures_are_read_as_well_as_words(page):
    """Axe does not judge a text of one character, such as a 0 on a button."""
    figure = page.locator(".o_stat_value:visible").first
    colors = figure.evaluate(
        "el => [el, el.parentElement.querySelector('.o_stat_text')]"
        ".map(each => getComputedStyle(each).color)"
    )
    assert colors[0] == colors[1]


def assert_nothing_found_in_tabs(page, **ready):
    """Scan the page, and below each of its tabs what changes.

    :param ready: by the name of a tab: what is there when all of it is
    """
    assert_nothing_found(page)
    for tab, selector in ready.items():
        page.click(f".nav-link[name={tab}]")
        page.wait_for_selector(f".nav-link[name={tab}].active")
        page.wait_for_selector(f".tab-pane.active {selector}", state="attached")
        assert_nothing_found(page, ".o_notebook", tab)


def test_further_tabs_of_an_integration(page, troubled):
    web_client.go(page, f"/odoo/integrations/{integration(troubled, 'Bad record')}")
    page.wait_for_selector(".o_ihub_integration .o_ihub_coverage_bars")
    tabs = {"story": ".o_ihub_happened", "history": "canvas", "about": "", "options": ""}
    assert_nothing_found_in_tabs(page, **tabs)


def test_schedule(page, troubled):
    web_client.go(page, f"/odoo/integrations/{integration(troubled, 'Other clocks')}")
    page.wait_for_selector(".o_ihub_integration .o_ihub_coverage_bars")
    assert_nothing_found_in_tabs(page, schedule="[name=time_of_day] input")
    expect(page.get_by_role("textbox", name="Interval Unit")).to_be_visible()


def test_run_that_failed(page, troubled):
    of_refused = ("integration_id", "=", integration(troubled, REFUSED))
    failed = find(troubled, "ihub.run", ("state", "=", "failed"), of_refused)
    web_client.go(page, f"/odoo/ihub-runs/{failed}")
    page.wait_for_selector(".o_ihub_run .o_ihub_line")
    assert_nothing_found_in_tabs(page, log=".o_ihub_line", technical="")


EVENTS = {
    "data": ("summary", "ilike", "no price"),
    "traceback": ("details", "ilike", "Traceback"),
    "undone": ("undone", "=", True),
    "cut": ("is_cut", "=", True),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_event(page, troubled, kind):
    web_client.go(page, f"/odoo/ihub-events/{find(troubled, 'ihub.event', EVENTS[kind])}")
    page.wait_for_selector(".o_form_sheet .o_ihub_event_details")
    assert_nothing_found(page)


def open_item(page, site, state):
    web_client.go(page, f"/odoo/ihub-items/{find(site, 'ihub.item', ('state', '=', state))}")


def test_item_to_repair(page, troubled):
    open_item(page, troubled, "failed")
    page.wait_for_selector(".o_ihub_item .alert-warning")
    assert_nothing_found_in_tabs(page, data="", story="", technical="")
    page.click("button[name=action_change]")
    page.wait_for_selector(".modal .o_data_row")
    assert_nothing_found(page, ".modal-content")


def test_item_that_is_done(page, troubled):
    open_item(page, troubled, "done")
    page.wait_for_selector(".o_ihub_item .alert-success")
    assert_nothing_found(page)


def test_where_a_record_came_from(page, troubled):
    item = find(troubled, "ihub.item", ("record", "!=", False))
    (row,) = troubled.call("ihub.item", "read", [item], ["record"])
    web_client.go(page, f"/odoo/ihub-time-line?about={row['record']}")
    page.wait_for_selector(".o_ihub_happened")
    assert_nothing_found(page)


def press_on_card(page, name, button):
    web_client.go(page, "/odoo/integrations")
    web_client.card(page, name).locator(f"[name={button}]").click()


@pytest.mark.parametrize("name", ["Bad record", "Archived user"])
def test_dialog_of_running_manually(page, name):
    press_on_card(page, name, "action_run_manually")
    page.wait_for_selector(".modal .o_field_widget[name=preview]")
    expect(page.locator(".o_datetime_picker")).to_have_count(0)
    assert_nothing_found(page, ".modal-content")


def test_dialog_that_asks_before_starting(page, behind):
    web_client.go(page, f"/odoo/integrations/{behind[0]}")
    page.wait_for_selector(".o_ihub_integration .o_ihub_coverage_bars")
    page.click("button[name=action_start]")
    page.wait_for_selector(".modal .o_field_widget[name=preview]")
    assert_nothing_found(page, ".modal-content")


def test_dialog_that_asks_before_stopping(page):
    press_on_card(page, "On demand", "action_stop")
    page.wait_for_selector(".modal .o_field_widget[name=preview]")
    assert_nothing_found(page, ".modal-content")


def test_dialog_of_adding(page):
    web_client.go(page, "/odoo/integrations")
    page.click(".o-kanban-button-new")
    page.wait_for_selector(".modal .o_form_view")
    assert_nothing_found(page, ".modal-content")


def test_settings_of_a_type(page, behind):
    web_client.go(page, f"/odoo/{hub_site.DEMO}/{behind[1]}")
    page.wait_for_selector(".o_form_sheet")
    assert_nothing_found(page)


def assert_nothing_found(page, include=".o_action_manager", where=""):
    found = scan(page, include)
    assert not found, "\n".join([where, *found])
