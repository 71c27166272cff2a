"""The main journey without a mouse."""

import json

FOCUSED = "document.activeElement"


def tab_to(page, selector, most=80):
    """Press Tab until something that matches has the focus."""
    for _number in range(most):
        if page.evaluate(f"{FOCUSED}.matches({json.dumps(selector)})"):
            return
        page.press("Tab")
    raise AssertionError(f"{selector} was not reached. {page.evaluate(FOCUSED + '.outerHTML')}")


def test_the_board_is_operated_by_keys(site):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator") as page:
        page.go("/odoo/integrations")
        page.wait(".o_kanban_record .o_ihub_bar_done")
        # Odoo's search keeps the Tab key to itself.
        page.evaluate(f"{FOCUSED}.blur()")
        # The summary filters, and shows all again.
        tab_to(page, ".o_ihub_chip[data-word=failed]")
        page.press("Enter")
        page.wait(".o_ihub_chip[data-word=failed].active")
        page.wait_for("!document.querySelector('.o_kanban_record:not(.o_kanban_ghost)')")
        page.wait_for(f"{FOCUSED}.dataset.word === 'failed'")
        page.press("Enter")
        page.wait(".o_kanban_record .o_ihub_bar_done")
        # A dialog opens, says what will happen, and is left.
        tab_to(page, ".o_kanban_record button[name=action_run_manually]")
        page.press("Enter")
        page.wait(".modal .o_field_widget[name=preview]")
        # First the calendar, which Odoo unfolds below the period, then the dialog.
        page.press("Escape", "Escape")
        page.wait_for("!document.querySelector('.modal')")
        # A bar of the strip leads to its run.
        page.go("/odoo/integrations")
        page.wait(".o_kanban_record .o_ihub_bar_done")
        page.evaluate(f"{FOCUSED}.blur()")
        tab_to(page, ".o_ihub_bar")
        page.press("Space")
        page.wait(".o_ihub_run")
        assert not page.errors


def test_an_integration_is_started_and_stopped_by_keys(site):
    integration = site.add("Parcels")
    state = f"{FOCUSED}.closest('.o_kanban_record')?.querySelector('[data-state]').dataset.state"
    with site.browser("ihub_operator") as page:
        page.go("/odoo/integrations")
        page.wait(".o_kanban_record")
        page.evaluate(f"{FOCUSED}.blur()")
        tab_to(page, ".o_kanban_record button[name=action_start]")
        assert page.evaluate(state) == "created"
        page.press("Enter")
        # In its new column the card still has the focus.
        page.wait(".o_kanban_record button[name=action_stop]")
        page.wait_for(f"{state} === 'queued' || {state} === 'well'")
        tab_to(page, ".o_kanban_record button[name=action_stop]", 3)
        page.press("Enter")
        page.wait_for(f"{state} === 'stopped'")
        found = site.call("ihub.integration", "read", [integration], ["state"])
        assert found[0]["state"] == "stopped"
        assert not page.errors


def test_the_log_of_a_run_is_read_by_keys(site):
    site.call("ihub.integration", "run_manually", site.add("Parcels"))
    with site.browser("ihub_operator") as page:
        page.go("/odoo/integrations")
        page.click(".o_kanban_record .o_ihub_bar_done")
        page.wait(".o_ihub_run .o_ihub_line")
        # The levels filter.
        tab_to(page, ".o_ihub_run_log [data-level=error]")
        page.press("Enter")
        page.wait_for("!document.querySelector('.o_ihub_line')")
        tab_to(page, ".o_ihub_run_log [data-level=all]")
        page.press("Enter")
        page.wait(".o_ihub_line")
        # A line leads to its event.
        tab_to(page, ".o_ihub_run_log_lines")
        page.press("ArrowUp", "Enter")
        page.wait(".o_form_view .o_field_widget[name=level]")
        assert not page.errors


def test_the_time_line_is_read_by_keys(site):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator") as page:
        page.go(f"/odoo/integrations/{integration}")
        page.wait(".o_ihub_coverage_bars [data-status=done]")
        tab_to(page, ".o_ihub_coverage_bars button")
        first = page.evaluate(f"{FOCUSED}.getAttribute('aria-label')")
        page.press("ArrowRight")
        assert page.evaluate(f"{FOCUSED}.getAttribute('aria-label')") != first
        page.press("ArrowLeft")
        assert page.evaluate(f"{FOCUSED}.getAttribute('aria-label')") == first
        page.press("Enter")
        page.wait(".o_ihub_run, .o_data_row")
        assert not page.errors
