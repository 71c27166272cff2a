"""At most so many of a pool at once: on real servers, changed while they run, and after a kill."""

import pytest
from hub_driver import kill


@pytest.fixture
def pool(hub):
    """A pool with one slot, of three integrations that are due."""
    with hub.env("__system__") as env:
        pool = env["ihub.pool"].create({"name": "Warehouse"}).id
    integrations = [
        hub.add("write\nhold\nwrite", pool_id=pool, name=f"Ledger {number}") for number in "123"
    ]
    return pool, integrations


def at_work(hub, integrations):
    """Return those of which a run has begun and not ended."""
    return [one for one in integrations if hub.runs(one, state="running")]


def wait_until_at_hold(hub, integrations):
    for integration in integrations:
        hub.wait_until_held(integration)


def wait_until_put_off(hub, integrations):
    """Wait until their lanes have looked for a slot and sleep; let them sleep for long."""
    asleep = (
        "SELECT id FROM ihub_integration i WHERE EXISTS (SELECT FROM ir_cron_trigger t"
        " WHERE t.cron_id = i.cron_id AND t.call_at > now() AT TIME ZONE 'UTC')"
    )
    wanted = set(integrations)
    hub.wait(lambda: wanted <= {id_ for (id_,) in hub.execute(asleep)}, "All lanes put off")
    # What follows is by somebody's waking them, and not since a minute is over.
    hub.execute(
        "UPDATE ir_cron_trigger SET call_at = call_at + interval '1 hour'"
        " WHERE call_at > now() AT TIME ZONE 'UTC'"
    )


def set_slots(hub, pool, slots):
    with hub.env("__system__") as env:
        env["ihub.pool"].browse(pool).slots = slots


def begin(hub, integrations):
    for integration in integrations:
        hub.start(integration)
    (first,) = hub.wait(lambda: at_work(hub, integrations), "The first one")
    hub.wait_until_held(first)
    others = [one for one in integrations if one != first]
    wait_until_put_off(hub, others)
    return first, others


@pytest.mark.parametrize("workers", [0, 1], ids=["threaded", "prefork"])
def test_one_after_the_other(hub, pool, server, workers):
    __, integrations = pool
    with (
        hub.held(integrations[0]) as a,
        hub.held(integrations[1]) as b,
        hub.held(integrations[2]) as c,
    ):
        release = dict(zip(integrations, (a, b, c), strict=True))
        server(workers=workers, crons=3)
        first, others = begin(hub, integrations)
        assert at_work(hub, integrations) == [first]
        for one in others:
            shown = hub.read(one, "health", "activity")
            assert shown["health"] == "queued"
            assert shown["activity"] == (
                "Waiting for its turn: the pool Warehouse runs at most 1 at once."
            )
        release[first]()
        hub.wait_for(first, state="done")
        (second,) = hub.wait(lambda: at_work(hub, others), "The second one", wake=False)
        hub.wait_until_held(second)
        (third,) = set(others) - {second}
        wait_until_put_off(hub, [third])
        release[second]()
        hub.wait(lambda: at_work(hub, [third]), "The third one", wake=False)
        release[third]()
        hub.wait_for(third, state="done")


def test_more_slots_are_had_at_once_and_fewer_when_they_are_free(hub, pool, server):
    pool_id, integrations = pool
    with (
        hub.held(integrations[0]) as a,
        hub.held(integrations[1]) as b,
        hub.held(integrations[2]) as c,
    ):
        release = dict(zip(integrations, (a, b, c), strict=True))
        server(crons=3)
        first, others = begin(hub, integrations)
        set_slots(hub, pool_id, 2)
        (second,) = hub.wait(lambda: at_work(hub, others), "The second one", wake=False)
        hub.wait_until_held(second)
        (third,) = set(others) - {second}
        wait_until_put_off(hub, [third])
        set_slots(hub, pool_id, 1)
        release[first]()
        hub.wait_for(first, state="done")
        wait_until_put_off(hub, [third])
        assert at_work(hub, integrations) == [second]
        release[second]()
        hub.wait(lambda: at_work(hub, [third]), "The third one", wake=False)
        release[third]()
        hub.wait_for(third, state="done")


def test_a_killed_process_gives_its_slot_back(hub, pool, server):
    __, integrations = pool
    with (
        hub.held(integrations[0]) as a,
        hub.held(integrations[1]) as b,
        hub.held(integrations[2]) as c,
    ):
        killed = server(crons=3)
        first, others = begin(hub, integrations)
        kill(killed.process.pid)
        killed.process.wait()
        server(crons=3)
        hub.hasten()
        for let in (a, b, c):
            let()
        for integration in integrations:
            hub.wait_for(integration, state="done")
        assert hub.count(first, state="interrupted") == 1
        assert hub.steps(first) == [0, 1]
        assert [hub.steps(one) for one in others] == [[0, 1]] * 2
