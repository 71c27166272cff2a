"""What people do with the hub, in a real browser, with runs that really execute."""

import json

import pytest

BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@BOTH_SIZES
def test_manager_adds_breaks_understands_repairs_and_deletes(site, size):
    with site.browser("ihub_manager", size) as browser:
        browser.run_tour("ihub_manager_journey")
    assert site.call("ihub.integration", "search_count", []) == 0


@BOTH_SIZES
def test_operator_operates_but_does_not_configure(site, size):
    site.add("Parcels")
    with site.browser("ihub_operator", size) as browser:
        browser.run_tour("ihub_operator_journey")


@BOTH_SIZES
def test_failed_card_leads_to_its_error(site, size):
    site.add("Parcels", fail_run=True)
    with site.browser("ihub_operator", size) as browser:
        browser.run_tour("ihub_failed_card")


def test_another_browser_sees_what_happens(site):
    integration = site.add("Parcels")
    done = ".o_kanban_record [data-state=done]"
    with site.browser("ihub_operator") as other:
        other.go("/odoo/integrations")
        other.wait(".o_kanban_record")
        assert not other.evaluate(f"!!document.querySelector({json.dumps(done)})")
        other.evaluate("window.neverReloaded = true")
        site.call("ihub.integration", "run_manually", integration)
        other.wait(done)
        assert other.evaluate("window.neverReloaded")
        assert not other.errors


SCROLLER = """
(function find(element) {
    const { overflowY } = getComputedStyle(element);
    const scrolls = ["auto", "scroll"].includes(overflowY);
    const is = scrolls && element.scrollHeight > element.clientHeight;
    return is || !element.parentElement ? element : find(element.parentElement);
})(document.querySelector(".o_kanban_record"))
"""


@BOTH_SIZES
def test_a_change_leaves_everything_where_it_is(site, size):
    """What has been scrolled stays so, and a menu that is open stays open."""
    first, *_others = [site.add(f"Parcels {number:02}") for number in range(15)]
    with site.browser("ihub_operator", size) as page:
        page.go("/odoo/integrations")
        page.wait_for("document.querySelectorAll('.o_kanban_record .o_ihub_condition').length > 14")
        page.evaluate(f"window.scroller = {SCROLLER}; void (scroller.scrollTop = 300)")
        page.wait_for("scroller.scrollTop === 300")
        site.call("ihub.integration", "run_manually", first)
        page.wait(".o_kanban_record [data-state=done]")
        assert page.evaluate("scroller.isConnected && scroller.scrollTop") == 300
        page.click(".o_kanban_record:nth-of-type(3) .o_dropdown_kanban button")
        page.wait(".o-dropdown--menu")
        site.call("ihub.integration", "start", first)
        page.evaluate("new Promise(resolve => setTimeout(resolve, 2500))")
        assert page.evaluate("!!document.querySelector('.o-dropdown--menu')")
        page.press("Escape")
        page.wait(".o_kanban_record .o_ihub_condition [data-state=well]")
        assert page.evaluate("scroller.isConnected && scroller.scrollTop") == 300
        assert not page.errors


@pytest.mark.parametrize(
    ("login", "seen"),
    [("ihub_outsider", False), ("ihub_operator", True), ("ihub_manager", True)],
)
def test_the_app_is_for_members_only(site, login, seen):
    with site.browser(login) as browser:
        browser.go("/odoo")
        browser.click(".o_navbar_apps_menu button")
        browser.wait(".o_app")
        apps = browser.evaluate("[...document.querySelectorAll('.o_app')].map(a => a.innerText)")
    assert ("Integration Hub" in [app.strip() for app in apps]) is seen


@pytest.mark.parametrize(("login", "seen"), [("ihub_operator", False), ("ihub_manager", True)])
def test_only_managers_are_offered_to_add(site, login, seen):
    with site.browser(login) as browser:
        browser.go("/odoo/integrations")
        browser.wait(".o_menu_sections")
        menus = browser.evaluate("document.querySelector('.o_menu_sections').innerText")
        button = browser.evaluate("!!document.querySelector('.o-kanban-button-new')")
    assert ("Add Integration" in menus) is seen
    assert button is seen
