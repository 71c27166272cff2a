"""Nobody wakes Odoo's workers here but the hub's alarm: by themselves they look once a minute."""

import signal
from datetime import timedelta
from itertools import pairwise

import pytest

# Seconds, far below the minute after which workers look by themselves, far above what it takes.
SOON = 45
MODES = pytest.mark.parametrize("workers", [0, 1], ids=["threaded", "prefork"])


@MODES
def test_what_was_due_before_a_start(hub, server, workers):
    integration = hub.add()
    hub.start(integration)
    one = server(workers=workers)
    hub.wait(lambda: hub.runs(integration, state="done"), wake=False, patience=SOON)
    one.kill(signal.SIGTERM)
    # As the name of the thread in what Python prints of one that has failed.
    assert "ihub.alarm" not in one.output, one.output[-4000:]


@MODES
def test_a_wait_of_three_seconds(hub, server, workers):
    integration = hub.add("http 503 3", retry_limit=2)
    hub.start(integration)
    server(workers=workers)
    hub.wait(lambda: hub.runs(integration, state="failed"), wake=False, patience=2 * SOON)
    attempts = hub.execute("SELECT create_date FROM ihub_event WHERE level = 'error' ORDER BY id")
    assert len(attempts) == 3
    for (before,), (after,) in pairwise(attempts):
        assert 3 <= (after - before).total_seconds() < 3 + 10


FOREIGN = """
env["ihub.test.ledger"].create({"integration": 0, "run": 0, "attempt": 0, "step": 0, "pid": 0,
                                "window_from": "2025-01-01", "window_to": "2025-01-02"})
"""


def foreign_action(hub, seconds):
    """Make a scheduled action of somebody else that is due in some seconds; return its id."""
    with hub.env("__system__") as env:
        cron = env["ir.cron"].create(
            {
                "name": "Foreign",
                "model_id": env["ir.model"]._get_id("ihub.test.ledger"),
                "state": "code",
                "code": FOREIGN,
                "interval_number": 1,
                "interval_type": "days",
                "nextcall": env.cr.now() + timedelta(seconds=seconds),
            }
        )
        return cron.id


def test_other_actions_have_their_turn_between_lanes(hub, server):
    """One worker, and lanes for a quarter of a minute that were due before: it waits for few."""
    for number in range(16):
        hub.start(hub.add("sql SELECT pg_sleep(1)\nwrite", name=f"Ledger {number}"))
    cron = foreign_action(hub, 0)
    hub.execute("UPDATE ir_cron SET priority = 20 WHERE id = %s", cron)
    try:
        server()
        hub.wait(lambda: hub.steps(0), "The turn of the foreign action")
    finally:
        hub.execute("UPDATE ir_cron SET active = false WHERE id = %s", cron)
    order = hub.execute("SELECT integration FROM ihub_test_ledger ORDER BY id")
    assert order.index((0,)) < 10
