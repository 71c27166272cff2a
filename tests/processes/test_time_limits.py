"""Servers that give scheduled actions less time than a run needs, as hosted ones do."""

from functools import partial

import pytest
from hub_driver import ADDONS_PATH, ask

# Seconds of a limit, and what needs more of them than that.
LIMIT = 8
STEPS = 12


def assert_done_in_turns(hub, integration, running):
    """One run has done all of it, as one attempt, in more than one call of the scheduler."""
    run = hub.wait_for(integration, state="done")
    assert hub.count(integration, trigger="schedule") == 2  # the next one waits already
    assert (run["attempt"], run["crash_count"], run["forgiven_attempts"]) == (1, 0, 0)
    assert hub.steps(integration) == list(range(STEPS))
    assert running.output.count(") starting") >= 2
    assert "timeout" not in running.output
    assert "CPU time" not in running.output


@pytest.mark.parametrize("how", ["plain", "resume"])
def test_a_worker_that_may_not_take_as_long(hub, server, how):
    integration = hub.add(f"tick {STEPS} 1 {how}")
    hub.start(integration)
    assert_done_in_turns(hub, integration, server(f"--limit-time-real-cron={LIMIT}", workers=1))


def test_a_worker_that_may_not_work_as_long(hub, server):
    integration = hub.add(f"tick {STEPS} 0.5 burn")
    hub.start(integration)
    # Time of the processor: however busy the machine is, a step takes no more of it.
    assert_done_in_turns(hub, integration, server(f"--limit-time-cpu={LIMIT // 2}", workers=1))


def test_a_threaded_server(hub, server):
    """It would restart all of itself."""
    integration = hub.add(f"tick {STEPS} 1 plain")
    hub.start(integration)
    assert_done_in_turns(hub, integration, server(f"--limit-time-real-cron={LIMIT}"))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_request_that_runs_a_lane(hub, odoo_server, workers):
    """An administrator runs a scheduled action manually: Odoo gives requests less time."""
    integration = hub.add(f"tick {STEPS} 1 plain")
    hub.start(integration)
    limits = [f"--limit-time-real={LIMIT}", "--limit-time-real-cron=3600"]
    given = [f"--workers={workers}", "--max-cron-threads=0", *limits]
    server = odoo_server(hub.database, ADDONS_PATH, "--log-level=info", *given, http=True)
    call = {"ids": list(hub.row("SELECT cron_id FROM ihub_integration WHERE id = %s", integration))}
    run_manually = partial(ask, server, hub.key("admin"), "ir.cron/method_direct_trigger", **call)
    run_manually()
    (run,) = hub.runs(integration)
    assert (run["state"], run["crash_count"]) == ("pending", 0)
    hub.wait(lambda: run_manually() and hub.runs(integration, state="done"), wake=False)
    run = hub.run(integration, state="done")
    assert (run["attempt"], run["crash_count"]) == (1, 0)
    assert hub.steps(integration) == list(range(STEPS))
    assert "imeout" not in server.output
    assert "limit" not in server.output


def test_items(hub, server):
    """Without a cursor: what is done is passed over."""
    numbers = ",".join(map(str, range(STEPS)))
    integration = hub.add(f"each {STEPS} {numbers} pause 1")
    hub.start(integration)
    assert_done_in_turns(hub, integration, server(f"--limit-time-real-cron={LIMIT}", workers=1))


def test_one_that_begins_at_the_beginning_each_time(hub, server):
    """It would never end: by its own numbers it gets no further."""
    integration = hub.add(f"tick {STEPS} 1 count")
    hub.start(integration)
    server(f"--limit-time-real-cron={LIMIT}", workers=1)
    failed = hub.wait_for(integration, state="failed")
    assert "limit_time_real_cron" in failed["message"]
    assert hub.state(integration) == "failed"
    assert not hub.count(integration, state="interrupted")
