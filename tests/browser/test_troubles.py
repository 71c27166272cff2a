"""Ten troubles: whoever has only the screen finds out what is wrong, and what to do."""

import json

import pytest
import troubles


@pytest.fixture(scope="module", params=["desktop", "phone"])
def board(request, troubled):
    """The board in the browser of an operator."""
    troubles.make_fresh(troubled.database)
    with troubled.browser("ihub_operator", request.param) as browser:
        yield browser
        assert not browser.errors


def card(board, name):
    """Return the text of a card."""
    board.go("/odoo/integrations")
    board.wait(".o_kanban_record .o_ihub_condition")
    cards = "[...document.querySelectorAll('.o_kanban_record:not(.o_kanban_ghost)')]"
    found = f"{cards}.find(c => c.innerText.includes({json.dumps(name)}))"
    board.wait_for(f"!!{found}")
    board.evaluate(f"void (window.ihubCard = {found})")
    return board.evaluate("window.ihubCard.innerText")


def press(board, selector):
    board.evaluate(f"window.ihubCard.querySelector({json.dumps(selector)}).click()")


def page(board, selector):
    board.wait(selector)
    return board.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")


def test_the_password_of_the_remote_system_is_wrong(board):
    text = card(board, "Wrong password")
    assert "Failed" in text
    assert "refuses access: check the user name, password or key" in text
    assert "Start" in text
    press(board, "[name=action_open_last_run]")
    shown = page(board, ".o_ihub_run .alert-danger")
    assert "check the user name, password or key" in shown
    assert "(HTTP 401)" in shown


def test_the_remote_system_is_down(board):
    text = card(board, "Remote down")
    assert "Trying Again" in text
    assert "does not accept connections" in text
    assert "Next attempt at" in text
    assert "2 of 4" in text
    assert "Try Now" in text


def test_one_record_is_bad(board):
    text = card(board, "Bad record")
    assert "Failed" not in text, "The others were imported."
    press(board, "[name=action_open_errors_today]")
    board.click(
        ".o_list_view .o_data_row td[name=summary], .o_kanban_view.o_ihub_events .o_kanban_record"
    )
    shown = page(board, ".o_form_sheet")
    assert "Order S2 has no price. Enter it in the shop." in shown
    assert "Azure Interior" in shown
    assert "price" in shown


def test_the_server_was_killed(board):
    text = card(board, "Killed server")
    assert "Interrupted" in text
    assert "Interrupted. It will be taken up again" in text


def test_the_user_that_it_runs_as_is_archived(board):
    text = card(board, "Archived user")
    assert "Cannot Run" in text
    assert "Anna Former, as whom Archived user runs, is archived" in text
    assert "Choose another user in the field 'Runs as'" in text
    assert "Open" in text


def test_it_is_late(board):
    text = card(board, "Late")
    assert "Late: due since" in text
    assert "A run has been at work since" in text
    assert "Wait for it, or press Stop" in text


def test_it_is_stuck(board):
    text = card(board, "Stuck")
    assert "Running since" in text
    assert "longer than its limit of 30 minutes" in text
    assert "Press Stop; if it does not stop, ask your administrator to restart the server" in text


def test_the_time_zone_is_wrong(board):
    text = card(board, "Wrong time zone")
    assert "Cannot Run" in text
    assert "Mars/Phobos" in text
    card(board, "Other clocks")
    board.evaluate("window.ihubCard.click()")
    assert "Asia/Tokyo" in page(board, ".o_form_sheet")


def test_there_is_no_scheduler(board):
    text = card(board, "No scheduler")
    assert "Not Taken Up" in text
    assert "but no scheduler has taken it up" in text
    assert "Ask your administrator whether the server's cron workers run" in text


def test_what_is_wrong_comes_first_and_is_counted(board):
    card(board, "Wrong password")
    counts = board.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.o_ihub_chip')]"
        ".map(chip => [chip.dataset.word, Number(chip.dataset.count)]))"
    )
    assert counts["failed"] == 2, "One of them is a run by hand."
    assert counts["blocked"] == 3, "One of them because its type is not installed."
    assert counts["late"] == 3
    assert counts["retrying"] == 2


def test_this_is_a_copy_of_the_production_database(troubled_databases, tmp_path):
    _name, copy = troubled_databases
    with troubles.serving(copy, tmp_path) as site, site.browser("ihub_operator") as board:
        text = card(board, "Remote down")
        assert "Paused in a Copy" in text
        assert "This is a copy of a database: nothing starts by itself here" in text
        assert not board.errors
