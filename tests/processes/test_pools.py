"""At most so many of a pool at once: on real servers, changed while they run, and after a kill."""

from contextlib import ExitStack
from functools import partial

import pytest
from hub_driver import kill


@pytest.fixture
def pool(hub):
    """The id of a pool with one slot."""
    with hub.env("__system__") as env:
        return env["ihub.pool"].create({"name": "Warehouse"}).id


@pytest.fixture
def release(hub, pool):
    """What lets each of three integrations of the pool go on from its middle, by its id."""
    with ExitStack() as stack:
        made = [
            hub.add("write\nhold\nwrite", pool_id=pool, name=f"Ledger {number}") for number in "123"
        ]
        yield {one: stack.enter_context(hub.held(one)) for one in made}


def at_work(hub, integrations):
    """Return those of which a run has begun and not ended."""
    return [one for one in integrations if hub.runs(one, state="running")]


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


def next_one(hub, waiting):
    """Wait until one of two has begun; return it, and the other, which is put off."""
    (second,) = hub.wait(lambda: at_work(hub, waiting), "The second one", wake=False)
    hub.wait_until_held(second)
    (third,) = set(waiting) - {second}
    wait_until_put_off(hub, [third])
    return second, third


def end_with(hub, last, release):
    """Wait until the last one has begun, and let it end."""
    hub.wait(lambda: at_work(hub, [last]), "The third one", wake=False)
    release[last]()
    hub.wait_for(last, state="done")


@pytest.mark.parametrize("workers", [0, 1], ids=["threaded", "prefork"])
def test_one_after_the_other(hub, release, server, workers):
    integrations = list(release)
    server(workers=workers, crons=3)
    first, others = begin(hub, integrations)
    assert at_work(hub, integrations) == [first]
    for one in others:
        # In the second in which it is due it does not wait yet.
        read = partial(hub.read, one, "health", "activity")
        hub.wait(lambda read=read: read()["health"] == "queued", "The badge", wake=False)
        assert read()["activity"] == (
            "Waiting for its turn: the pool Warehouse runs at most 1 at once."
        )
    release[first]()
    hub.wait_for(first, state="done")
    second, third = next_one(hub, others)
    release[second]()
    end_with(hub, third, release)


def test_more_slots_are_had_at_once_and_fewer_when_they_are_free(hub, pool, release, server):
    integrations = list(release)
    server(crons=3)
    first, others = begin(hub, integrations)
    set_slots(hub, pool, 2)
    second, third = next_one(hub, others)
    set_slots(hub, pool, 1)
    release[first]()
    hub.wait_for(first, state="done")
    wait_until_put_off(hub, [third])
    assert at_work(hub, integrations) == [second]
    release[second]()
    end_with(hub, third, release)


def test_a_killed_process_gives_its_slot_back(hub, release, server):
    integrations = list(release)
    killed = server(crons=3)
    first, others = begin(hub, integrations)
    kill(killed.process.pid)
    killed.process.wait()
    server(crons=3)
    hub.hasten()
    for integration in integrations:
        release[integration]()
    for integration in integrations:
        hub.wait_for(integration, state="done")
    assert hub.count(first, state="interrupted") == 1
    assert [hub.steps(one) for one in (first, *others)] == [[0, 1]] * 3
