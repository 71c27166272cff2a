"""Servers that give scheduled actions less time than a run needs, as hosted ones do."""

import pytest

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
    integration = hub.add(f"tick {STEPS} 1 burn")
    hub.start(integration)
    assert_done_in_turns(hub, integration, server(f"--limit-time-cpu={LIMIT}", workers=1))


def test_a_threaded_server(hub, server):
    """It would restart all of itself."""
    integration = hub.add(f"tick {STEPS} 1 plain")
    hub.start(integration)
    assert_done_in_turns(hub, integration, server(f"--limit-time-real-cron={LIMIT}"))


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
