"""The main journey without a mouse."""

from playwright.sync_api import expect

from lib import web_client

FOCUSED = "document.activeElement"
CARD = ".o_kanban_record:not(.o_kanban_ghost)"


def open_board(page):
    """Open the board, and leave Odoo's search, which keeps the Tab key to itself."""
    web_client.show(page, "/odoo/integrations")
    expect(page.locator(f"{CARD} .o_ihub_health")).to_be_visible()
    search = page.locator(".o_searchview_input")
    # It takes the focus by itself, as soon as it can.
    expect(search).to_be_focused()
    search.blur()


def tab_to(page, selector, most=80):
    """Press Tab until something that matches has the focus."""
    for _number in range(most):
        if page.evaluate(f"selector => {FOCUSED}.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} was not reached. {page.evaluate(FOCUSED + '.outerHTML')}")


def _bottom(element):
    box = element.bounding_box()
    return box["y"] + box["height"]


def test_the_board_is_operated_by_keys(site):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator") as page:
        bar = page.locator(f"{CARD} .o_ihub_bar_success")
        web_client.show(page, "/odoo/integrations")
        expect(bar).to_be_visible()
        open_board(page)
        expect(bar).to_be_visible()
        # The summary filters, and shows all again.
        tab_to(page, ".o_ihub_chip[data-word=created]")
        page.keyboard.press("Enter")
        expect(page.locator(".o_ihub_chip[data-word=created].active")).to_be_visible()
        expect(page.locator(CARD)).to_have_count(1)
        expect(page.locator(".o_ihub_chip[data-word=created]")).to_be_focused()
        before = page.locator(CARD).element_handle()
        page.keyboard.press("Enter")
        # The cards that were there meanwhile are gone, and what had the focus on them.
        page.wait_for_function("before => !before.isConnected", arg=before)
        expect(page.locator(".o_ihub_chip.active")).to_have_count(0)
        expect(page.locator(".o_ihub_chip[data-word=created]")).to_be_focused()
        expect(bar).to_be_visible()
        # A dialog opens, says what will happen, and is left.
        tab_to(page, ".o_kanban_record button[name=action_run_manually]")
        page.keyboard.press("Enter")
        expect(page.locator(".modal .o_field_widget[name=preview]")).to_be_visible()
        # What will happen is read first; the calendar unfolds below it, for who wants it.
        calendar = page.locator(".o_datetime_picker")
        warning = page.locator(".modal .alert:visible")
        expect(warning).to_be_focused()
        expect(calendar).to_have_count(0)
        page.keyboard.press("Tab")
        expect(calendar).to_be_visible()
        assert calendar.bounding_box()["y"] > _bottom(warning)
        page.keyboard.press("Escape")
        expect(calendar).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator(".modal")).to_have_count(0)
        # A bar of the strip leads to its run.
        open_board(page)
        expect(bar).to_be_visible()
        tab_to(page, ".o_ihub_bar")
        page.keyboard.press("Space")
        expect(page.locator(".o_ihub_run")).to_be_visible()


def test_an_integration_is_started_and_stopped_by_keys(site):
    integration = site.add("Parcels")
    focused = f"{CARD}:focus-within [data-state]"
    with site.browser("ihub_operator") as page:
        open_board(page)
        tab_to(page, ".o_kanban_record button[name=action_start]")
        state = page.locator(focused).first
        expect(state).to_have_attribute("data-state", "created")
        page.keyboard.press("Enter")
        # In its new column the card still has the focus.
        expect(page.locator(".o_kanban_record button[name=action_stop]")).to_be_visible()
        page.wait_for_selector(f"{focused}[data-state=queued], {focused}[data-state=ok]")
        tab_to(page, ".o_kanban_record button[name=action_stop]", 3)
        page.keyboard.press("Enter")
        expect(state).to_have_attribute("data-state", "stopped")
        found = site.call("ihub.integration", "read", [integration], ["state"])
        assert found[0]["state"] == "stopped"


def test_the_log_of_a_run_is_read_by_keys(site):
    site.call("ihub.integration", "run_manually", site.add("Parcels"))
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        page.click(".o_kanban_record .o_ihub_bar_success")
        lines = page.locator(".o_ihub_run .o_ihub_line")
        expect(lines.first).to_be_visible()
        # The levels filter.
        tab_to(page, ".o_ihub_run_log [data-level=error]")
        page.keyboard.press("Enter")
        expect(lines).to_have_count(0)
        tab_to(page, ".o_ihub_run_log [data-level=all]")
        page.keyboard.press("Enter")
        expect(lines.first).to_be_visible()
        # A line leads to its event.
        tab_to(page, ".o_ihub_run_log_lines")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator(".o_form_view .o_field_widget[name=level]")).to_be_visible()


def test_the_time_line_is_read_by_keys(site):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator") as page:
        web_client.show(page, f"/odoo/integrations/{integration}")
        expect(page.locator(".o_ihub_coverage_bars [data-status=done]").first).to_be_visible()
        tab_to(page, ".o_ihub_coverage_bars button")
        focused = page.locator(":focus")
        first = focused.get_attribute("aria-label")
        page.keyboard.press("ArrowRight")
        expect(focused).not_to_have_attribute("aria-label", first)
        page.keyboard.press("ArrowLeft")
        expect(focused).to_have_attribute("aria-label", first)
        page.keyboard.press("Enter")
        expect(page.locator(".o_ihub_run, .o_data_row").first).to_be_visible()


def test_an_item_is_repaired_by_keys(site, order):
    with site.browser("ihub_operator") as page:
        web_client.show(page, f"/odoo/ihub-items/{order}")
        tab_to(page, "button[name=action_change]")
        repair = page.locator("button[name=action_change]")
        dialog = page.locator(".modal")
        page.keyboard.press("Enter")
        # Whoever leaves the dialog is where they were.
        expect(dialog.get_by_role("textbox", name="Email")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(repair).to_be_focused()
        page.keyboard.press("Enter")
        # Each value is reached, and what is reached is typed into.
        values = dialog.locator("td[name=value]")
        expect(values.nth(0).locator("textarea")).to_be_focused()
        page.keyboard.press("Tab")
        expect(values.nth(1).locator("textarea")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        expect(values.nth(0).locator("textarea")).to_be_focused()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("fatima.haddad@example.com")
        tab_to(page, "button[name=action_save_and_retry]", 3)
        page.keyboard.press("Shift+Tab")
        expect(values.nth(1).locator("textarea")).to_be_focused()
        tab_to(page, "button[name=action_save_and_retry]", 2)
        page.keyboard.press("Enter")
        expect(page.locator(".o_ihub_item .alert-success")).to_be_visible()


def test_the_menu_of_a_card_is_opened_by_keys(site):
    site.add("Parcels")
    with site.browser("ihub_operator") as page:
        open_board(page)
        tab_to(page, ".o_kanban_record button[name=open_settings]")
        page.keyboard.press("Tab")
        menu = page.locator(CARD).get_by_role("button", name="Dropdown menu")
        expect(menu).to_be_focused()
        expect(menu.locator("..")).to_have_css("opacity", "1")
        page.keyboard.press("Enter")
        expect(page.locator(".o-dropdown--menu")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".o-dropdown--menu")).to_have_count(0)
        expect(menu).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".o-dropdown--menu")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator(".o_ihub_integration")).to_be_visible()
