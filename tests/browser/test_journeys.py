"""What people do with the hub, in a real browser, with runs that really execute."""

import hub_site
import pytest
from playwright.sync_api import expect

from lib import web_client


@hub_site.BOTH_SIZES
def test_manager_adds_breaks_understands_repairs_and_deletes(site, size):
    with site.browser("ihub_manager", size) as page:
        hub_site.run_tour(page, "ihub_manager_journey")
    assert site.call("ihub.integration", "search_count", []) == 0


@hub_site.BOTH_SIZES
def test_operator_operates_but_does_not_configure(site, size):
    site.add("Parcels")
    with site.browser("ihub_operator", size) as page:
        hub_site.run_tour(page, "ihub_operator_journey")


@hub_site.BOTH_SIZES
def test_failed_card_leads_to_its_error(site, size):
    site.add("Parcels", fail_run=True)
    with site.browser("ihub_operator", size) as page:
        hub_site.run_tour(page, "ihub_failed_card")


def test_another_browser_sees_what_happens(site):
    integration = site.add("Parcels")
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_kanban_record .o_ihub_health")).to_be_visible()
        done = page.locator(".o_kanban_record .o_ihub_bar_success")
        expect(done).to_have_count(0)
        page.evaluate("window.neverReloaded = true")
        site.call("ihub.integration", "run_manually", integration)
        expect(done.first).to_be_visible()
        assert page.evaluate("window.neverReloaded")


def test_a_mouse_that_rests_on_a_button_holds_nothing_up(site):
    integration = site.add("Parcels")
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        page.locator(".o_kanban_record [data-tooltip]").first.hover()
        expect(page.locator(".o-tooltip")).to_be_visible()
        site.call("ihub.integration", "run_manually", integration)
        expect(page.locator(".o_kanban_record .o_ihub_bar_success").first).to_be_visible()


SCROLLER = """
(function find(element) {
    const { overflowY } = getComputedStyle(element);
    const scrolls = ["auto", "scroll"].includes(overflowY);
    const is = scrolls && element.scrollHeight > element.clientHeight;
    return is || !element.parentElement ? element : find(element.parentElement);
})(document.querySelector(".o_kanban_record"))
"""

# How far down something is: on a phone a card that is read, also where one above it has grown;
# the page where there are columns, in which browsers do not make up for that.
PLACE = """
() => {
    const read = document.querySelectorAll(".o_kanban_record")[3];
    const isPhone = matchMedia("(width < 768px)").matches;
    const place = isPhone ? read.getBoundingClientRect().top : scroller.scrollTop;
    return scroller.isConnected && place;
}
"""

# How often a reload was due and has looked for an open menu.
COUNT_LOOKS = """
() => {
    window.looks = 0;
    const query = document.querySelector;
    document.querySelector = function (selector) {
        window.looks += selector.startsWith?.(".o-dropdown--menu, ") ?? false;
        return query.call(this, selector);
    };
}
"""


@hub_site.BOTH_SIZES
def test_a_change_leaves_everything_where_it_is(site, size):
    """What has been scrolled stays so, and a menu that is open stays open."""
    first, *_others = [site.add(f"Parcels {number:02}") for number in range(40)]
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_kanban_record .o_ihub_health")).to_have_count(40)
        page.evaluate(f"window.scroller = {SCROLLER}; void (scroller.scrollTop = 300)")
        page.wait_for_function("scroller.scrollTop === 300")
        place = page.evaluate(PLACE)
        site.call("ihub.integration", "run_manually", first)
        expect(page.locator(".o_kanban_record .o_ihub_bar_success").first).to_be_attached()
        assert page.evaluate(PLACE) == place
        # By script: a mouse would scroll to what it clicks on.
        menu = page.locator(".o-dropdown--menu")
        page.locator(".o_kanban_record:nth-of-type(3) .o_dropdown_kanban button").first.evaluate(
            "button => button.click()"
        )
        expect(menu).to_be_visible()
        page.evaluate(COUNT_LOOKS)
        site.call("ihub.integration", "start", first)
        # The change has come, and its reload has been put off more than once.
        page.wait_for_function("looks > 1")
        expect(menu).to_be_visible()
        page.keyboard.press("Escape")
        well = page.locator(".o_kanban_record .o_ihub_health [data-state=ok]")
        expect(well).to_be_attached()
        assert page.evaluate(PLACE) == place


@pytest.mark.parametrize(
    ("login", "seen"),
    [("ihub_outsider", False), ("ihub_operator", True), ("ihub_manager", True)],
)
def test_the_app_is_for_members_only(site, login, seen):
    with site.browser(login) as page:
        web_client.show(page, "/odoo")
        page.click(".o_navbar_apps_menu button")
        apps = page.locator(".o_app")
        expect(apps.first).to_be_visible()
        assert ("Integration Hub" in [app.strip() for app in apps.all_inner_texts()]) is seen


@pytest.mark.parametrize(("login", "seen"), [("ihub_operator", False), ("ihub_manager", True)])
def test_only_managers_are_offered_to_add(site, login, seen):
    with site.browser(login) as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_ihub_board")).to_be_visible()
        menus = page.locator(".o_menu_sections").inner_text()
        assert ("Add Integration" in menus) is seen
        assert page.locator(".o-kanban-button-new").is_visible() is seen
