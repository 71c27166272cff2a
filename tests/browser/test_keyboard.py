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
        page.press("Escape")
        page.wait_for("!document.querySelector('.modal')")
        # A bar of the strip leads to its run.
        page.go("/odoo/integrations")
        page.wait(".o_kanban_record .o_ihub_bar_done")
        page.evaluate(f"{FOCUSED}.blur()")
        tab_to(page, ".o_ihub_bar")
        page.press("Space")
        page.wait(".o_ihub_run")
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
        assert not page.errors
