"""A server that is stopped during a run ends soon, and says nothing that looks like a fault."""

import re
import signal
import threading
from types import SimpleNamespace

import pytest
from odoo import sql_db

from odoo.addons.ihub.engine import odoo_internals

ALARMING = re.compile(r"^.*(?: ERROR | CRITICAL |Traceback|^Exception in thread).*$", re.M)
ITEMS = ",".join(map(str, range(400)))


@pytest.mark.parametrize(
    ("script", "windows"),
    [
        # In the midst of queries, of commits, of items, of runs that end, and of a long pause.
        ("write 100000", 1),
        ("tick 100000 0.01", 1),
        (f"each 400 {ITEMS} pause 0.01", 1),
        ("write", 900),
        ("write\npause 60", 1),
        ("swallow write 100000\n" * 5, 1),
    ],
    ids=["queries", "commits", "items", "ends", "pause", "caught"],
)
def test_a_stop_is_no_error(hub, server, script, windows):
    integration = hub.add(script, windows=windows)
    hub.start(integration)
    running = server()
    seen = "SELECT 1 FROM ihub_run WHERE state = %s"
    hub.wait(lambda: hub.execute(seen, "done" if windows > 1 else "running"), "A run")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert not ALARMING.findall(running.output), running.output[-8000:]


@pytest.mark.parametrize(
    ("script", "windows"),
    [("tick 600 0.1", 1), ("write\npause 0.2", 300)],
    ids=["checkpoints", "runs"],
)
def test_a_worker_begins_nothing_any_more(hub, server, script, windows):
    """Odoo asks it to end with what it is doing, and waits: a supervisor does not for long."""
    integration = hub.add(script, windows=windows)
    hub.start(integration)
    running = server(workers=1)
    hub.wait(lambda: len(hub.steps(integration)) > 2, "Some work")
    running.process.send_signal(signal.SIGTERM)
    before = len(hub.steps(integration))
    assert running.process.wait(60) == 0
    # What was under way, and what came before the signal did.
    assert len(hub.steps(integration)) <= before + 5
    assert not hub.count(integration, state="interrupted")
    (next_run,) = hub.runs(integration, state="pending")
    assert (next_run["crash_count"], next_run["message"]) == (0, None)
    assert not ALARMING.findall(running.output), running.output[-8000:]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (SimpleNamespace(quit_signals_received=1), True),
        (SimpleNamespace(quit_signals_received=0), False),
        (SimpleNamespace(), False),
        (None, False),
    ],
)
def test_only_a_server_that_was_asked_to_end_is_ending(monkeypatch, server, expected):
    monkeypatch.setattr(odoo_internals.server, "server", server)
    assert odoo_internals.is_ending() is expected


def test_threads_that_nobody_waits_for_keep_their_connections(hub, monkeypatch):
    """Such as another one that looks what is due: its query would be an error in the log."""
    pool = sql_db.ConnectionPool(maxconn=8)
    _name, address = sql_db.connection_info_for(hub.database)
    borrowed = []
    for daemon in (False, True, True):
        thread = threading.Thread(
            target=lambda: borrowed.append(pool.borrow(address)), daemon=daemon
        )
        thread.start()
        thread.join()
    _request, idle, used = borrowed
    pool.give_back(idle)
    monkeypatch.setattr(odoo_internals, "is_ending", lambda: True)
    pool.close_all()
    assert [bool(one.closed) for one in borrowed] == [True, True, False]
    pool.give_back(used)
    pool.close_all()
    assert used.closed
