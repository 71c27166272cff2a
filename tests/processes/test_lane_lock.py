"""The lock of a lane is given back, however its run ends."""

import pytest
from hub_driver import LANE_SPACE, LOCKS_HERE


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("write", "done"),
        ("write\nraise value", "failed"),
        ("write\nclose", "interrupted"),
        ("write\nhook", "done"),
        ("write\ncommit\nabort", "failed"),
        ("write\nraise exit", "failed"),
        # What is no Exception would end the scheduler's thread.
        ("write\nraise cancelled", "failed"),
        ("write\nraise generator", "failed"),
        ("write\nraise interrupt", "failed"),
        ("write\nraise stop", "failed"),
        ("write\nhook postcommit cancelled", "done"),
        ("write\nhook precommit cancelled", "failed"),
        ("write\nhook prerollback interrupt\nraise value", "failed"),
        ("write\nhook postrollback exit\nraise value", "failed"),
        ("write\nterminate_backend", "interrupted"),
        ("write\nleave", "interrupted"),
    ],
)
def test_the_lock_does_not_stay_in_the_pool(hub, server_of_module, script, state):
    """Connections are used again: one that kept the lock would make the lane look busy for ever."""
    integration = hub.add(script)
    hub.start(integration)
    server_of_module()
    hub.wait_for(integration, state=state)
    query = f"SELECT count(*) FROM {LOCKS_HERE} l WHERE locktype = 'advisory' AND classid = %s"
    hub.wait(lambda: hub.row(query, LANE_SPACE) == (0,), "The lock's end", wake=False)
    # And the scheduler lives.
    other = hub.add("write")
    hub.start(other)
    hub.wait_for(other, state="done")
