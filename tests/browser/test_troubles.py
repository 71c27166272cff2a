"""Ten troubles: whoever has only the screen finds out what is wrong, and what to do."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import hub_site
import psycopg2
import pytest
from http_server import LocalServer
from hub_driver import ADDONS_PATH
from odoo_process import Server

from lib import postgres

# The first half of the lane's advisory lock: see ihub/lib/lane_lock.py.
LOCK_SPACE = 0x69687562
ORDERS = [
    {"number": "S1", "customer": "Azure Interior", "price": 5},
    {"number": "S2", "customer": "Azure Interior", "price": None},
]


def odoo(*arguments, script=None, **env):
    return subprocess.run(
        [sys.executable, "-m", "odoo", *arguments, ADDONS_PATH, "--no-http", "--log-level=error"],
        cwd=hub_site.ROOT, input=script, text=True, capture_output=True, timeout=300, check=False,
        env={**os.environ, **env},
    )  # fmt: skip


def stage(database, shop):
    shop.reply("locked/orders", status=401)
    shop.reply("shop/orders", body=json.dumps(ORDERS).encode())
    installed = odoo("-d", database, "-i", "ihub_test", "--stop-after-init")
    assert installed.returncode == 0, installed.stderr[-3000:]
    hub_site.prepare(database)
    script = (hub_site.ROOT / "tests" / "browser" / "stage_troubles.py").read_text()
    staged = odoo("shell", "-d", database, script=script, IHUB_TEST_SHOP=shop.url)
    assert staged.returncode == -9, (staged.stdout + staged.stderr)[-3000:]


@contextmanager
def executing(database, *names):
    """Hold the lanes of integrations, as processes do that are at work."""
    connection = psycopg2.connect(dbname=database)
    try:
        connection.cursor().execute(
            "SELECT pg_advisory_lock(%s, id) FROM ihub_integration WHERE name = ANY(%s)",
            (LOCK_SPACE, list(names)),
        )
        yield
    finally:
        connection.close()


@pytest.fixture(scope="module")
def databases():
    """Return the names of a hub full of troubles, and of a neutralized copy of it."""
    template = os.environ.get("IHUB_TEMPLATE")
    if not template:
        pytest.fail("There is no template database. Start with dev/test.")
    name = f"ihub_troubles_{os.getpid()}"
    copy = f"{name}_copy"
    client = postgres.Client({})
    client.copy(template, name)
    shop = LocalServer()
    try:
        stage(name, shop)
        client.copy(name, copy)
        neutralized = odoo("neutralize", "-d", copy)
        assert neutralized.returncode == 0, neutralized.stderr[-3000:]
        yield name, copy
    finally:
        shop.close()
        client.drop(name)
        client.drop(copy)


@contextmanager
def serving(database, folder):
    """Serve a database without schedulers."""
    arguments = [ADDONS_PATH, "--max-cron-threads=0", "--log-level=warn"]
    server = Server(database, arguments, True, None, folder / "server.log")
    try:
        server.wait_until_it_answers()
        yield hub_site.Site(server, database)
    finally:
        server.kill()


@pytest.fixture(scope="module")
def troubled(databases, tmp_path_factory):
    name, _copy = databases
    with executing(name, "Late", "Stuck"), serving(name, tmp_path_factory.mktemp("own")) as site:
        yield site


@pytest.fixture(scope="module", params=["desktop", "phone"])
def board(request, troubled):
    """The board in the browser of an operator."""
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
    board.click(".o_data_row td[name=summary]")
    shown = page(board, ".o_form_sheet")
    assert "Order S2 has no price. Enter it in the shop." in shown
    assert "Azure Interior" in shown
    assert "price" in shown


def test_the_server_was_killed(board):
    text = card(board, "Killed server")
    assert "Interrupted" in text
    assert "the server stopped. It will be taken up again" in text


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
    assert counts["failed"] == 1
    assert counts["blocked"] == 2
    assert counts["late"] == 3
    assert counts["retrying"] == 2


def test_this_is_a_copy_of_the_production_database(databases, tmp_path):
    _name, copy = databases
    with serving(copy, tmp_path) as site, site.browser("ihub_operator") as board:
        text = card(board, "Remote down")
        assert "Paused in a Copy" in text
        assert "This is a copy of a database: nothing starts by itself here" in text
        assert not board.errors
