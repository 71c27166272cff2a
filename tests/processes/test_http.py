"""Real servers that talk to another system: a wait in a run, and what several processes share."""

import json
import threading
import time

import pytest
from http_server import Reply, local_server

from odoo.addons.ihub.engine import secrets, server_state

OK = Reply(body=b"ok")
WAITING_FOR_A_ROW = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query ILIKE '%ihub_token%'"
)


@pytest.fixture
def shop():
    with local_server() as shop:
        yield shop


def test_stop_ends_a_wait_and_the_window_is_still_to_be_done(hub, shop, server_of_module):
    shop.reply("", Reply(429, headers={"Retry-After": "50"}), OK)
    integration = hub.add(f"write\nfetch {shop.url}")
    hub.start(integration)
    server_of_module()
    hub.wait(lambda: hub.execute("SELECT 1 FROM ihub_wait WHERE seconds = 50"), "A wait")
    name = shop.url.split("/")[2]
    activity = hub.read(integration, "activity")["activity"]
    assert activity == f"Running now · The server {name} asks to wait 50 s"
    begun = time.monotonic()
    hub.stop(integration)
    run = hub.wait_for(integration, state="cancelled")
    assert time.monotonic() - begun < 30
    assert run["message"] == "Stopped by Operator."
    assert not hub.steps(integration)
    assert not hub.execute("SELECT 1 FROM ihub_wait")
    hub.start(integration)
    done = hub.wait_for(integration, state="done")
    assert done["window_from"] == run["window_from"]
    assert len(shop.requests) == 2


def test_a_rate_is_kept_by_all_processes_together(hub, shop, server):
    shop.reply("", OK)
    moments = []
    ask = shop._next_reply
    shop._next_reply = lambda path: moments.append(time.monotonic()) or ask(path)
    integrations = [hub.add(f"fetch {shop.url} 5 5/s") for _each in range(3)]
    for integration in integrations:
        hub.start(integration)
    server(workers=2, crons=2)
    for integration in integrations:
        hub.wait_for(integration, state="done")
    assert len(moments) == 15
    holders = hub.execute("SELECT count(DISTINCT integration) FROM ihub_test_ledger")
    assert holders == [(3,)]
    # Fifteen turns of 0.2 s: none is given twice, whoever asks. A sleep may end a little early.
    assert moments[-1] - moments[0] > 14 * 0.2 - 0.1


def test_processes_that_need_a_token_at_the_same_moment_ask_for_one(hub, shop, server):
    """The refresh token is exchanged: whoever used it a second time would be locked out."""
    hub.execute("DELETE FROM ihub_token")
    shop.reply("", OK)
    integrations = [hub.add("") for _each in range(2)]
    with local_server() as issuer:
        both_wait = threading.Event()
        ask = issuer._next_reply

        def answer(path):
            # Not before the other one has come to the row of the token as well.
            assert both_wait.wait(60)
            return ask(path)

        issuer._next_reply = answer
        token = {"access_token": "one", "refresh_token": "second", "expires_in": 3600}
        issuer.reply("", Reply(body=json.dumps(token).encode()), Reply(400))
        for integration in integrations:
            hub.execute(
                "UPDATE ihub_integration_ledger SET script = %s WHERE integration_id = %s",
                f"signin {issuer.url} {shop.url}\nraise value Bad.",
                integration,
            )
            hub.start(integration)
        server(workers=2, crons=2)
        hub.wait(lambda: hub.execute(WAITING_FOR_A_ROW), "A process that waits for the token")
        both_wait.set()
        for integration in integrations:
            hub.wait_for(integration, state="failed")
        (asked,) = issuer.requests
    assert b"refresh_token=first" in asked.body
    assert {request.headers["Authorization"] for request in shop.requests} == {"Bearer one"}
    ((stored,),) = hub.execute("SELECT value FROM ihub_token")
    with hub.env() as env:
        kept = json.loads(secrets.reveal(env, stored))
    assert kept["refresh_token"] == "second", "Kept although both runs have failed."


def test_runs_wait_together_for_a_server_that_is_down_and_go_on_together(hub, shop, server):
    hub.execute("DELETE FROM ihub_server")
    shop.reply("", Reply(502))
    integrations = [hub.add(f"fetch {shop.url}", retry_limit=3) for _each in range(4)]
    for integration in integrations:
        hub.start(integration)
    server(workers=2, crons=2)

    def all_wait():
        hub.hasten()
        return all(hub.runs(one, message_code="server_down") for one in integrations)

    hub.wait(all_wait, "Runs that all wait")
    asked = len(shop.requests)
    assert asked <= 6, "Five failures, and at most one that was on its way."
    # As long as it is down, whoever looks sends nothing, and no attempt is used up.
    hub.execute("UPDATE ihub_server SET probe_at = now() AT TIME ZONE 'UTC' + interval '1 hour'")
    ((tried,),) = hub.execute("SELECT sum(attempt) FROM ihub_run")

    def more_have_looked():
        hub.hasten()
        return hub.execute("SELECT sum(attempt) FROM ihub_run")[0][0] > tried + 8

    hub.wait(more_have_looked, "More attempts")
    assert len(shop.requests) == asked

    def all_rest():
        at_rest = [one for one in integrations if hub.runs(one, state="pending")]
        return at_rest == integrations and not any(map(hub.holder, integrations))

    hub.wait(all_rest, "Nobody at work", wake=False)
    shop.reply("", OK)
    hub.execute("UPDATE ihub_server SET probe_at = now() AT TIME ZONE 'UTC'")
    hub.execute("UPDATE ihub_run SET due = due + interval '1 hour' WHERE state = 'pending'")
    hub.execute(
        "UPDATE ihub_run SET due = now() AT TIME ZONE 'UTC' WHERE integration_id = %s"
        " AND state = 'pending'",
        integrations[0],
    )
    hub.execute(
        "INSERT INTO ir_cron_trigger (cron_id, call_at) SELECT cron_id, now() AT TIME ZONE 'UTC'"
        " FROM ihub_integration WHERE id = %s",
        integrations[0],
    )
    for integration in integrations:
        hub.wait_for(integration, state="done")
    assert {hub.state(one) for one in integrations} == {"running"}


def test_people_are_told_while_a_server_is_in_use(hub, monkeypatch):
    """Each request at an agreed rate changes the row in which is noted who was told."""
    hub.execute("DELETE FROM ihub_server")
    waiting, late = hub.add(), hub.add(windows=30, late_after_intervals=1)
    hub.start(late)
    hub.execute(
        "UPDATE ihub_integration SET state_date = state_date - interval '30 hours' WHERE id = %s",
        late,
    )
    origin = "https://shop.example.com"
    hub.execute(
        "INSERT INTO ihub_server (origin, name, failures, failed_since, told_ids)"
        " VALUES (%s, 'shop', 0, now() AT TIME ZONE 'UTC', %s)",
        origin,
        json.dumps([waiting]),
    )
    told = []
    notify = hub.registry["ihub.integration"]._notify_people

    def notify_meanwhile(integrations, kind, *args, **facts):
        told.append(kind)
        server_state.take_turn(hub.database, origin, 0.01, 60)
        return notify(integrations, kind, *args, **facts)

    monkeypatch.setattr(hub.registry["ihub.integration"], "_notify_people", notify_meanwhile)
    with hub.env("__system__") as env:
        # As a transaction does that has looked at something before.
        assert env["ihub.server"].search_count([]) == 1
        env["ihub.integration"]._cron_notify_late()
    assert told == ["server_up", "late"]
    assert hub.execute("SELECT told_ids FROM ihub_server") == [(None,)]
    assert hub.execute("SELECT id FROM ihub_integration WHERE late_since IS NOT NULL") == [(late,)]
