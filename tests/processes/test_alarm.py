"""Nobody wakes Odoo's workers here but the hub's own alarm: by themselves they look once a minute."""

import signal
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
    assert "ERROR" not in one.output and "Traceback" not in one.output, one.output[-4000:]


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


