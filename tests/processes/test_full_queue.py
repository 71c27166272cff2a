"""Buttons while the lane works off hundreds of queued runs as fast as it can.

Each is pressed once, or as often as Odoo itself begins a request again: no person ever sees an
error of the database.
"""

import threading
import time
from datetime import timedelta

import pytest
from hub_driver import OPERATOR

WINDOWS = 300
A_THOUSAND = pytest.mark.parametrize("full", [1000], indirect=True)
# A person notices more than that.
SECONDS = 5


@pytest.fixture
def full(request, hub, server_of_module):
    """Return an integration whose lane is in the middle of a backfill."""
    integration = hub.add("tell working", windows=0)
    queue(hub, integration, getattr(request, "param", WINDOWS))
    server_of_module()
    done(hub, integration, 20)
    return integration


def queue(hub, integration, number):
    with hub.env() as env:
        record = env["ihub.integration"].browse(integration)
        end = record.window_from - timedelta(hours=1)
        windows = list(record._schedule().windows(end - timedelta(hours=number), end))
        record.sudo()._queue_manually(windows, "backfill")


def done(hub, integration, number):
    hub.wait(lambda: hub.count(integration, state="done", trigger="backfill") >= number)


def waiting(hub, integration):
    return hub.count(integration, state="pending", trigger="backfill")


def once(hub, integration, button, *args, login=OPERATOR):
    """Press a button once, without beginning again after a conflict; return the seconds."""
    begin = time.monotonic()
    with hub.env(login) as env:
        # As a request does: who it is, and what may be seen, is read before anything is written.
        record = env["ihub.integration"].browse(integration)
        record.read(["name", "state", "queued_count"])
        getattr(record, button)(*args)
    return time.monotonic() - begin


def as_a_request(hub, function, login=OPERATOR):
    """Call ``function(env)`` as Odoo calls a method for a browser; return the seconds."""
    begin = time.monotonic()
    hub.request(function, login)
    return time.monotonic() - begin


@A_THOUSAND
def test_stop_says_stop_at_once(hub, full):
    assert once(hub, full, "stop") < SECONDS
    shown = hub.read(full, "queued_count", "can_stop", "next_run")
    assert shown["queued_count"] == 0
    at_stop = hub.count(full, state="done", trigger="backfill")
    hub.wait(lambda: not waiting(hub, full), "The lane cancelling what is queued")
    # Nothing was begun after Stop; what was at work may have ended.
    assert hub.count(full, state="done", trigger="backfill") <= at_stop + 1
    assert hub.count(full, trigger="backfill") == 1000
    cancelled = hub.runs(full, state="cancelled", trigger="backfill")
    assert {run["message"] for run in cancelled} == {"Cancelled before it started."}
    assert all(run["ended_at"] for run in cancelled)


def test_stop_again_and_again_and_what_is_asked_for_between(hub, full):
    for _each in range(5):
        assert once(hub, full, "stop") < SECONDS
        queue(hub, full, 100)
        seen = hub.count(full, state="done", trigger="backfill")
        done(hub, full, seen + 3)
    once(hub, full, "stop")
    hub.wait(lambda: not waiting(hub, full), "The lane cancelling what is queued")


def test_two_people_press_stop(hub, full):
    failures, seconds = [], []

    def person():
        try:
            for _each in range(3):
                seconds.append(
                    as_a_request(hub, lambda env: env["ihub.integration"].browse(full).stop())
                )
        except Exception as error:
            failures.append(error)

    people = [threading.Thread(target=person) for _each in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join(60)
    assert not failures
    assert len(seconds) == 6
    assert max(seconds) < SECONDS
    hub.wait(lambda: not waiting(hub, full), "The lane cancelling what is queued")


def test_stop_while_a_queued_run_executes(hub, server_of_module):
    integration = hub.add("@1 work 6 2 3", windows=0)
    with hub.held(integration) as let_go:
        queue(hub, integration, 50)
        server_of_module()
        hub.wait_until_held(integration)
        assert once(hub, integration, "stop") < SECONDS
        shown = hub.read(integration, "is_stopping", "queued_count", "activity")
        assert shown["is_stopping"] and shown["queued_count"] == 0
        assert "Stopping" in shown["activity"]
        let_go()
        hub.wait(lambda: not waiting(hub, integration), "The lane cancelling what is queued")
    assert hub.count(integration, state="cancelled", trigger="backfill") == 50
    assert not hub.count(integration, state="done")


def test_start_and_settings_during_it(hub, full):
    assert once(hub, full, "start") < SECONDS
    assert once(hub, full, "write", {"name": "Renamed"}, login="__system__") < SECONDS
    assert once(hub, full, "stop") < SECONDS
    assert once(hub, full, "start") < SECONDS
    hub.wait(lambda: not waiting(hub, full), "The lane cancelling what is queued")
    assert hub.state(full) == "running"


def test_archiving_during_it(hub, full):
    assert once(hub, full, "write", {"active": False}, login="__system__") < SECONDS
    hub.wait(lambda: not waiting(hub, full), "The lane cancelling what is queued")


@A_THOUSAND
def test_cancelling_many_during_it(hub, full):
    ids = [run["id"] for run in hub.runs(full, state="pending", trigger="backfill")]
    seconds = as_a_request(hub, lambda env: env["ihub.run"].browse(ids).action_cancel())
    assert seconds < SECONDS
    hub.wait(lambda: not waiting(hub, full), "The end of what had begun")
    assert hub.count(full, state="cancelled") > len(ids) / 2
    assert not hub.count(full, state="failed")


def test_deleting_after_stop(hub, full):
    from odoo.exceptions import UserError

    once(hub, full, "stop")

    def delete(env):
        try:
            env["ihub.integration"].browse(full).unlink()
        except UserError as error:
            assert "has a run in progress" in str(error)
            return False
        return True

    deleted = []
    hub.wait(
        lambda: (
            as_a_request(hub, lambda env: deleted.append(delete(env)), "__system__") and deleted[-1]
        ),
        "The lane letting go",
    )
    assert not hub.execute("SELECT 1 FROM ihub_run WHERE integration_id = %s", full)
