"""Ten troubles: whoever has only the screen finds out what is wrong, and what to do."""

import pytest
import troubles
from playwright.sync_api import expect

from lib import web_client

# The badges of what troubles nobody.
FINE = {"ok", "created", "stopped", "copy", "working", "queued", "catching_up", "stopping"}


@pytest.fixture(scope="module", params=web_client.SIZES)
def page(request, troubled):
    """A page of an operator."""
    with troubled.browser("ihub_operator", request.param) as page:
        yield page


@pytest.fixture
def board(page, troubled):
    """The board, however long the tests before took."""
    troubles.make_fresh(troubled.database)
    page.goto("/odoo/integrations")
    return page


def says(shown, *texts):
    """Wait until a part of the page can be read and says all this."""
    for text in texts:
        expect(shown).to_contain_text(text, use_inner_text=True)


def test_the_password_of_the_remote_system_is_wrong(board):
    card = web_client.card(board, "Wrong password")
    says(card, "Failed", "refuses access: check the user name, password or key", "Start")
    card.locator("[name=action_open_error]").first.click()
    run = board.locator(".o_ihub_run .o_ihub_alert")
    says(run, "check the user name, password or key", "(HTTP 401)")


def test_the_remote_system_is_down(board):
    card = web_client.card(board, "Remote down")
    says(card, "Trying Again", "does not accept connections", "Next attempt at", "up to 2 more")
    says(card, "Try Now")


def test_one_record_is_bad(board):
    card = web_client.card(board, "Bad record")
    errors = card.locator("[name=action_open_errors_today]")
    expect(errors).to_be_visible()
    # The others were imported.
    expect(card).not_to_contain_text("Failed", use_inner_text=True)
    errors.click()
    board.click(
        ".o_list_view .o_data_row td[name=summary], .o_kanban_view.o_ihub_events .o_kanban_record"
    )
    event = board.locator(".o_form_sheet")
    says(event, "Order S2 has no price. Enter it in the shop.", "Azure Interior", "price")


def test_the_server_was_killed(board):
    card = web_client.card(board, "Killed server")
    says(card, "Interrupted", "Interrupted. It will be taken up again")


def test_the_user_that_it_runs_as_is_archived(board):
    card = web_client.card(board, "Archived user")
    says(card, "Cannot Run", "Anna Former, as whom Archived user runs, is archived")
    says(card, "Choose another user in the field 'Runs as'", "Open")


def test_it_is_late(board):
    card = web_client.card(board, "Late")
    says(card, "Late: due since", "A run has been at work since", "Wait for it, or press Stop")


def test_it_is_stuck(board):
    card = web_client.card(board, "Stuck")
    says(card, "Running since", "longer than its limit of 30 minutes")
    says(card, "Press Stop; if it does not stop, ask your administrator to restart the server")


def test_the_time_zone_is_wrong(board):
    says(web_client.card(board, "Wrong time zone"), "Cannot Run", "Mars/Phobos")
    web_client.card(board, "Other clocks").locator(".o_ihub_name").click()
    says(board.locator(".o_form_sheet"), "Asia/Tokyo")


def test_there_is_no_scheduler(board):
    card = web_client.card(board, "No scheduler")
    says(card, "No Worker", "but no scheduler has taken it up")
    says(card, "Ask your administrator whether the server's cron workers run")


def test_what_is_wrong_comes_first_and_is_counted(board):
    expect(web_client.card(board, "Wrong password")).to_be_visible()
    counts = board.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.o_ihub_chip')]"
        ".map(chip => [chip.dataset.word, Number(chip.dataset.count)]))"
    )
    troubled = {word: count for word, count in counts.items() if word not in FINE}
    assert troubled == {
        "failed": 1, "run_failed": 1, "with_errors": 2, "to_repair": 1,
        "type_missing": 1, "blocked": 2, "no_worker": 1, "stuck": 1, "late": 1, "interrupted": 1,
        "retrying": 1,
    }  # fmt: skip


def test_this_is_a_copy_of_the_production_database(troubled_databases, tmp_path, chromium):
    _name, copy = troubled_databases
    serving = troubles.serving(copy, tmp_path, chromium)
    with serving as site, site.browser("ihub_operator") as page:
        page.goto("/odoo/integrations")
        card = web_client.card(page, "Remote down")
        says(card, "Paused in a Copy")
        said = "This is a copy of a database: nothing starts by itself here"
        says(page.locator(".o_ihub_notice"), said)
        expect(card).not_to_contain_text(said)
