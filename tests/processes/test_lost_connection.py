"""A run loses its connection, and nothing else does: the rest of the server goes on."""

import os
import signal
from types import SimpleNamespace

import pytest
from odoo.sql_db import db_connect

from lib import postgres
from odoo.addons.ihub.engine import connection, lane_lock

SECRET = "password=hunter2"


def events(hub, run):
    query = "SELECT summary, details, undone FROM ihub_event WHERE run_id = %s AND level = 'error'"
    return hub.execute(query, run["id"])


def assert_lost(hub, integration, words):
    """The run says what has happened, and an event has the error."""
    dead = hub.wait_for(integration, state="interrupted")
    assert "The connection to the database was lost" in dead["message"]
    assert f"{dead['last_seen']:%b %-d, %Y, %-I:%M}" in dead["message"]
    assert words in dead["traceback"]
    ((summary, details, _undone),) = events(hub, dead)
    assert words in summary
    assert "Traceback" in details
    return dead


def test_the_error_is_told_and_the_window_is_done(hub, server_of_module):
    integration = hub.add("write 2\n@1 terminate_backend\nwrite")
    hub.start(integration)
    server_of_module()
    # What PostgreSQL says depends on whether its last words arrive.
    dead = assert_lost(hub, integration, "connection")
    done = hub.wait_for(integration, state="done")
    assert (done["previous_id"], done["attempt"]) == (dead["id"], 2)
    assert hub.steps(integration) == [0, 1, 2]
    assert hub.state(integration) == "running"


def test_what_the_code_says_of_it_is_told_without_secrets(hub, server_of_module):
    integration = hub.add(f"write\n@1 terminate_backend No answer, {SECRET}")
    hub.start(integration)
    server = server_of_module()
    dead = assert_lost(hub, integration, "ValueError: No answer")
    hub.wait_for(integration, state="done")
    assert "hunter2" not in str(events(hub, dead)) + dead["traceback"] + server.output


def test_a_cursor_that_the_code_has_closed(hub, server_of_module):
    integration = hub.add("write\n@1 leave\nwrite")
    hub.start(integration)
    server_of_module()
    assert_lost(hub, integration, "Cursor already closed")
    hub.wait_for(integration, state="done")
    assert hub.steps(integration) == [0, 1]


def test_a_session_that_ends_later_than_its_client_knows(hub, monkeypatch):
    """PostgreSQL frees what a session holds when it gets to it: on a busy server that takes."""
    if os.environ.get("PGHOST") != str(postgres.Embedded().socket_folder()):
        pytest.skip("Only a session of the embedded PostgreSQL can be halted.")
    integration = hub.add()
    with db_connect(hub.database).cursor() as cr, lane_lock.hold(cr, integration) as session:

        def end(_seconds):
            os.kill(session, signal.SIGCONT)
            gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
            hub.wait(lambda: not hub.execute(gone, session), "The end", wake=False)

        os.kill(session, signal.SIGSTOP)
        connection.renew(cr)
        monkeypatch.setattr(lane_lock, "time", SimpleNamespace(sleep=end))
        assert lane_lock.hold_again(cr, integration, lost=session) not in (session, None)
        assert lane_lock.alive(cr, [integration]) == {integration}


def test_a_lane_that_another_process_has_taken_is_left_to_it(hub):
    integration = hub.add()
    with (
        db_connect(hub.database).cursor() as cr,
        db_connect(hub.database).cursor() as other,
        lane_lock.hold(other, integration),
        pytest.raises(lane_lock.LaneTaken),
    ):
        lane_lock.hold_again(cr, integration, lost=1)


def test_who_says_that_it_has_failed_is_believed(hub, server_of_module):
    integration = hub.add("fail No stock.\nterminate_backend")
    hub.start(integration)
    server_of_module()
    run = hub.wait_for(integration, state="failed")
    assert len(events(hub, run)) == 1
    assert hub.state(integration) == "failed"
    assert hub.read(integration, "state_reason")["state_reason"] == "No stock."


def test_a_loss_at_each_attempt_is_bounded(hub, server_of_module):
    integration = hub.add("write\nterminate_backend")
    hub.start(integration)
    server_of_module()
    hub.wait(lambda: hub.hasten() or hub.state(integration) == "failed")
    assert hub.count(integration, state="interrupted") == 3
    assert "3 times in a row" in hub.read(integration, "state_reason")["state_reason"]


def test_other_scheduled_actions_keep_their_turn(hub, server):
    """Odoo's scheduler works off one job after the other, and gives up where one breaks it."""
    unlucky = hub.add("write\n@1 terminate_backend\nwrite")
    neighbour = hub.add("write")
    for integration in (unlucky, neighbour):
        hub.start(integration)
    started = server()
    for integration in (unlucky, neighbour):
        hub.wait_for(integration, state="done")
    assert hub.count(unlucky, state="interrupted") == 1
    assert "Exception in cron" not in started.output
    assert "server action" not in started.output
