"""The lock of a lane is given back, however its run ends."""

from functools import partial

from hub_driver import LANE_SPACE, LOCKS_HERE

ENDINGS = [
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
]


def test_the_lock_does_not_stay_in_the_pool(hub, server_of_module):
    """Connections are used again: one that kept the lock would make the lane look busy for ever.

    One scheduler serves all lanes, one after the other: it outlives each of them.
    """
    made = {hub.add(script): (script, state) for script, state in ENDINGS}
    made[hub.add("write")] = ("write", "done")
    for integration in made:
        hub.start(integration)
    server_of_module()
    for integration, (script, state) in made.items():
        hub.wait(partial(hub.runs, integration, state=state), f"{script!r} that is {state}")
    query = f"SELECT count(*) FROM {LOCKS_HERE} l WHERE locktype = 'advisory' AND classid = %s"
    hub.wait(lambda: hub.row(query, LANE_SPACE) == (0,), "The locks' end", wake=False)
