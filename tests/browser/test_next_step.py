"""Each trouble has one coloured button, the same on its card and on its page, and it leads on."""

import pytest
import troubles
from playwright.sync_api import expect

from lib import web_client

STEPS = {
    "Wrong password": "Open Settings",
    "Remote down": "Try Now",
    "Bad record": "View Errors",
    "Archived user": "Choose User",
    "Late": "View Run",
    "Stuck": "Stop",
    "Wrong once": "Run Again",
    "Web shop": "Repair",
    # A time zone is changed only while it is stopped.
    "Wrong time zone": "Stop",
}


@pytest.fixture(scope="module", params=web_client.SIZES)
def page(request, troubled):
    """A page of a manager."""
    with troubled.browser("ihub_manager", request.param) as page:
        yield page


@pytest.fixture
def board(page, troubled):
    troubles.make_fresh(troubled.database)
    page.goto("/odoo/integrations")
    return page


def open_page(board, name):
    web_client.card(board, name).locator(".o_ihub_name").first.click()
    # Beside the chatter, whose button is always coloured.
    return board.locator(".o_form_sheet_bg")


@pytest.mark.parametrize(("name", "step"), STEPS.items())
def test_one_button_is_coloured_on_card_and_page(board, name, step):
    on_card = web_client.card(board, name).locator(".btn-primary")
    expect(on_card).to_have_count(1)
    expect(on_card).to_contain_text(step, use_inner_text=True)
    form = open_page(board, name)
    expect(form.locator(".o_ihub_alert")).to_be_visible()
    expect(form.locator(".btn-primary:visible")).to_have_text([step])
    expect(form.locator(".o_ihub_alert .btn-primary")).to_have_text([step])


def test_a_wrong_password_leads_to_the_settings_also_from_the_run(board):
    form = open_page(board, "Wrong password")
    form.locator("[name=action_open_error]").click()
    run = board.locator(".o_ihub_run")
    expect(run.locator(".btn-primary:visible")).to_have_text(["Open Settings"])
    run.locator(".o_ihub_alert [name=action_next_step]").click()
    expect(board.locator("[name=address]").first).to_be_visible()


def test_an_archived_user_is_replaced_in_the_dialog(board):
    open_page(board, "Archived user").locator("[name=action_next_step]").click()
    expect(board.locator(".modal [name=run_as_id]")).to_be_visible()


def test_a_run_at_work_has_stop_and_says_for_how_long(board):
    open_page(board, "At work").locator("[name=action_open_current_run]").click()
    run = board.locator(".o_ihub_run")
    expect(run.locator(".alert-info")).to_contain_text("Running for", use_inner_text=True)
    expect(run.locator(".alert-info [name=action_stop]:visible")).to_have_text(["Stop"])
    expect(run.locator(".o_form_statusbar [data-state]")).to_have_attribute("data-state", "running")
    expect(run.locator(".btn-primary:visible")).to_have_count(0)


def test_a_done_run_has_no_coloured_button_and_asks_before_it_runs_again(board):
    runs = web_client.call(
        board, "ihub.run", "search", [("outcome", "=", "done"), ("trigger", "=", "manual")]
    )
    board.goto(f"/odoo/ihub-runs/{runs[0]}")
    run = board.locator(".o_ihub_run")
    expect(run.locator(".alert-success")).to_be_visible()
    expect(run.locator(".btn-primary:visible")).to_have_count(0)
