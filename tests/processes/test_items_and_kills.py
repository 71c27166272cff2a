"""Items when processes die: each is done once, and what cannot be done is named once."""

import threading

import pytest
from hub_driver import is_running, kill

# Three commits on the way, and the one with which the run ends.
COUNT = 250
BAD = [7, 120, 201]
EACH = "each 250 7,120,201 raise value Bad."


def items(hub, integration, state):
    """Return ``{number: id}`` of the items of an integration that are in a state."""
    rows = hub.execute(
        "SELECT name::int, id FROM ihub_item WHERE integration_id = %s AND state = %s ORDER BY id",
        integration,
        state,
    )
    return dict(rows)


def assert_each_once(hub, integration, count, failed=()):
    """Each item is there once and done once, but for those that have failed."""
    done = [number for number in range(count) if number not in failed]
    assert sorted(hub.steps(integration)) == done
    found = hub.execute(
        "SELECT name::int, state FROM ihub_item WHERE integration_id = %s ORDER BY 1", integration
    )
    assert found == [(n, "failed" if n in failed else "done") for n in range(count)]
    # What an item has become is the row of its own work.
    bound = hub.execute(
        "SELECT i.name::int, l.step FROM ihub_item i"
        " JOIN ihub_test_ledger l ON i.record = 'ihub.test.ledger,' || l.id"
        " WHERE i.integration_id = %s ORDER BY 1",
        integration,
    )
    assert bound == [(number, number) for number in done]
    assert not untold(hub, integration)
    # Nor is anything told of an item whose work has died, and its row with it.
    assert not hub.execute(
        "SELECT e.summary FROM ihub_event e LEFT JOIN ihub_item i ON i.id = e.item_id"
        " WHERE e.integration_id = %s AND e.item_id IS NOT NULL AND i.id IS NULL AND NOT e.undone",
        integration,
    )


def untold(hub, integration):
    """Return failed items of which the log does not say as often as they were tried."""
    return hub.execute(
        "SELECT i.name, i.attempts FROM ihub_item i"
        " WHERE i.integration_id = %s AND i.state = 'failed' AND i.attempts !="
        " (SELECT count(*) FROM ihub_event e"
        "   WHERE e.item_id = i.id AND e.level = 'error' AND NOT e.undone)",
        integration,
    )


def assert_ended_well(hub, integration, count, failed=(), again=()):
    """The window is done but for the items that have failed, and the next one is queued.

    What has failed is not tried again by an attempt that follows by itself. Those of ``again`` were
    tried twice, since somebody has pressed Start between.
    """
    (run,) = hub.runs(integration, state="done", trigger="schedule")
    assert (run["processed"], run["failed_items"]) == (count, len(failed))
    if failed:
        assert run["message"] == f"{count - len(failed)} done, {len(failed)} to repair."
    following = hub.run(integration, state="pending", trigger="schedule")
    assert following["window_from"] == run["window_to"]
    assert hub.state(integration) == "running"
    assert not hub.count(integration, state="failed")
    assert_each_once(hub, integration, count, failed)
    tried = hub.execute(
        "SELECT name::int, attempts FROM ihub_item"
        " WHERE integration_id = %s AND state = 'failed' ORDER BY 1",
        integration,
    )
    assert tried == [(number, 2 if number in again else 1) for number in failed]


# --- Processes that die ---


# What is there after one commit is what is there before the next.
@pytest.mark.parametrize(
    ("when", "number"), [("before", 1), ("before", 2), ("after", 2), ("after", 3), ("after", 4)]
)
def test_at_each_commit(hub, prefork_of_module, when, number):
    integration = hub.add(f"@1 at {when} {number} kill\n{EACH}")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    if (when, number) != ("after", 4):
        hub.run(integration, state="interrupted")
    assert_ended_well(hub, integration, COUNT, BAD)


def test_after_the_last_commit_the_process_was_dead(hub, prefork_of_module):
    """Otherwise the case above would have tested nothing."""
    integration = hub.add("@1 at after 2 kill\neach 5")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    pid = hub.row("SELECT pid FROM ihub_test_ledger WHERE integration = %s", integration)[0]
    hub.wait(lambda: not is_running(pid), "The end of the process")
    assert_ended_well(hub, integration, 5)


# The first and the last of all; the last of a batch and the first of the next.
@pytest.mark.parametrize("item", [0, 99, 100, 249])
def test_in_the_midst_of_an_item(hub, prefork_of_module, item):
    integration = hub.add(f"each 250 {item} @1 kill")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    hub.run(integration, state="interrupted")
    assert_ended_well(hub, integration, COUNT)


def test_two_servers(hub, server, prefork_of_module):
    """Whichever of them works is killed, twice; whichever is there goes on."""
    integration = hub.add(f"{EACH}; 50 @1 hold; 220 @2 hold", check_alone=True)
    for deaths in (1, 2):
        with hub.held(integration):
            if deaths == 1:
                hub.start(integration)
                prefork_of_module()
                server()
            kill(hub.wait_until_held(integration))
            hub.wait(
                lambda n=deaths: hub.hasten() or hub.count(integration, state="interrupted") == n
            )
    hub.wait(lambda: hub.hasten() or hub.runs(integration, state="done"))
    assert hub.run(integration, state="done")["attempt"] == 3
    assert_ended_well(hub, integration, COUNT, BAD)


def test_a_record_made_on_the_other_side_then_a_crash_then_a_retry(hub, prefork_of_module):
    """Nothing there is undone, so the item comes again, with the key that the other side knows."""
    integration = hub.add("each 5 1 export 1; 3 export 3 @1 kill")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    hub.run(integration, state="interrupted")
    there = "SELECT step, attempt FROM ihub_test_ledger WHERE note LIKE 'export %' ORDER BY step"
    # Both are of the attempt that has died, with all of its work here.
    assert hub.execute(there) == [(1, 1), (3, 1)]
    here = "SELECT step, attempt FROM ihub_test_ledger WHERE note IS NULL ORDER BY step"
    assert hub.execute(here) == [(number, 2) for number in range(5)]
    assert list(items(hub, integration, "done")) == list(range(5))


# --- Many ---

MANY = 2000


def test_one_bad_of_thousands(hub, prefork_of_module):
    integration = hub.add(f"each {MANY} 1000 raise value Bad.")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    assert_ended_well(hub, integration, MANY, [1000])


def test_thousands_bad_of_thousands(hub, prefork_of_module):
    """Nothing is half done: neither an item, nor the window, nor what the badge says."""
    numbers = ",".join(map(str, range(MANY)))
    integration = hub.add(f"each {MANY} {numbers} raise value Bad.")
    hub.start(integration)
    prefork_of_module()
    run = hub.wait_for(integration, state="failed")
    assert "Too many items failed (10 of 10)" in run["message"]
    assert hub.state(integration) == "failed"
    assert not hub.steps(integration)
    assert list(items(hub, integration, "failed")) == list(range(10))
    assert not items(hub, integration, "done")
    assert not untold(hub, integration)
    again = hub.run(integration, state="pending")
    assert again["window_from"] == run["window_from"]
    assert not hub.count(integration, state="done")


# --- The database ---


@pytest.mark.parametrize(
    "fault", ["sql SELECT 1/0", "abort", "sql INSERT INTO ihub_run (id) VALUES (1)"]
)
def test_an_error_of_the_database_is_that_of_one_item(hub, prefork_of_module, fault):
    integration = hub.add(f"each 250 120,201 {fault}")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    assert_ended_well(hub, integration, COUNT, [120, 201])


@pytest.mark.parametrize(
    ("fault", "interrupted"),
    [("conflict", 0), ("raise serialization", 0), ("terminate_backend", 1), ("close", 1)],
)
def test_what_is_nobody_s_fault_begins_again(hub, prefork_of_module, fault, interrupted):
    integration = hub.add(f"each 250 120 @1 {fault}; 7,201 raise value Bad.")
    hub.start(integration)
    prefork_of_module()
    run = hub.wait_for(integration, state="done")
    assert run["attempt"] == 2
    assert hub.count(integration, state="interrupted") == interrupted
    assert_ended_well(hub, integration, COUNT, [7, 201])


@pytest.mark.parametrize("ending", ["commit", "rollback", "connection rollback"])
def test_who_ends_the_transaction_of_an_item_is_told_how_not_to(hub, prefork_of_module, ending):
    integration = hub.add(f"each 5 2 {ending}")
    hub.start(integration)
    prefork_of_module()
    run = hub.wait_for(integration, state="failed")
    assert "Let process_each() commit" in run["message"]
    assert not hub.count(integration, state="done")
    assert 3 not in hub.steps(integration)


# --- Items that are tried again ---


@pytest.fixture
def failed(hub, prefork_of_module):
    """Return an integration of which a run has left items 1, 2 and 3 of five to be repaired."""
    integration = hub.add("each 5 1,2,3 raise value Bad.")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    assert_ended_well(hub, integration, 5, [1, 2, 3])
    return integration


def repair(hub, integration, changes):
    """Let failed items, by number, do something else, and try them again, as an operator does."""
    ids = items(hub, integration, "failed")
    for number, then in changes.items():
        change(hub, ids[number], then)
    retry(hub, [ids[number] for number in changes])


def change(hub, ids, then):
    hub.request(lambda env: env["ihub.item"].browse(ids)._change({"then": then}))


def retry(hub, ids):
    hub.request(lambda env: env["ihub.item"].browse(ids).action_retry())


def leave_out(hub, ids):
    hub.request(lambda env: env["ihub.item"].browse(ids)._leave_out("Not ours."))


@pytest.mark.parametrize(
    "death", ["kill", "at after 1 kill", "at before 3 kill", "at after 3 kill"]
)
def test_during_a_retry(hub, failed, death):
    """Each item is committed on its own; the last commit is the end of the run."""
    repair(hub, failed, {1: "", 2: f"@1 {death}", 3: ""})
    hub.wait_for(failed, trigger="items", state="done")
    dead = hub.count(failed, trigger="items", state="interrupted")
    assert dead == (death != "at after 3 kill")
    assert not hub.count(failed, state="failed")
    assert_each_once(hub, failed, 5)


def test_a_retry_that_fails_again_and_dies(hub, failed):
    repair(hub, failed, {1: "raise value Worse.", 2: "@1 kill", 3: ""})
    run = hub.wait_for(failed, trigger="items", state="done")
    assert (run["message"], run["processed"]) == ("2 done, 1 to repair.", 3)
    found = hub.row("SELECT message, attempts FROM ihub_item WHERE state = 'failed'")
    assert found == ("ValueError: Worse.", 2)
    assert hub.count(failed, trigger="items", state="interrupted") == 1
    assert_each_once(hub, failed, 5, [1])


def test_a_retry_waits_for_the_run_that_is_at_work(hub, failed):
    follow(hub, failed, "hold\nwrite")
    with hub.held(failed) as let_go:
        run_again(hub, failed)
        hub.wait_until_held(failed)
        repair(hub, failed, {1: "", 2: "", 3: ""})
        assert hub.run(failed, trigger="items")["state"] == "pending"
        let_go()
        run = hub.wait_for(failed, trigger="items", state="done")
    manual = hub.run(failed, trigger="manual")
    assert (manual["state"], manual["attempt"], run["attempt"]) == ("done", 1, 1)
    assert manual["ended_at"] <= run["started_at"]
    assert run["message"] == "Done: 3 records."


# --- Stop ---


def test_stop_keeps_what_is_done(hub, prefork_of_module):
    integration = hub.add("each 250 120 @1 hold; 7,201 raise value Bad.")
    with hub.held(integration) as let_go:
        hub.start(integration)
        prefork_of_module()
        hub.wait_until_held(integration)
        hub.stop(integration)
        let_go()
        run = hub.wait_for(integration, state="cancelled")
    assert run["message"] == "Stopped by Operator."
    steps = hub.steps(integration)
    assert steps[:120] == [number for number in range(121) if number != 7]
    assert max(steps) < 200
    assert list(items(hub, integration, "done")) == steps
    hub.start(integration)
    hub.wait_for(integration, state="done")
    assert_ended_well(hub, integration, COUNT, [7, 201], again=[7])


def test_stop_gives_back_what_a_retry_has_not_come_to(hub, failed):
    with hub.held(failed) as let_go:
        repair(hub, failed, {1: "", 2: "hold", 3: ""})
        hub.wait_until_held(failed)
        assert hub.holder(failed), "A retry, too, has the lane to itself."
        hub.stop(failed)
        let_go()
        hub.wait_for(failed, trigger="items", state="cancelled")
    assert_each_once(hub, failed, 5, [3])
    retry(hub, list(items(hub, failed, "failed").values()))
    hub.wait_for(failed, trigger="items", state="done")
    assert_each_once(hub, failed, 5)


# --- People, at the same moment as the run ---


@pytest.fixture
def open_item(hub, prefork_of_module):
    """Return an integration that has left one item to be repaired, behind one that holds."""
    integration = hub.add("each 2 0 hold; 1 raise value Bad.")
    hub.start(integration)
    prefork_of_module()
    hub.wait_for(integration, state="done")
    return integration, items(hub, integration, "failed")[1]


def follow(hub, integration, script):
    """Let an integration follow another script from now on."""
    with hub.env("__system__") as env:
        record = env["ihub.integration.ledger"].search([("integration_id", "=", integration)])
        record.script = script


def run_again(hub, integration):
    """Queue a manual run of the window that is done: it deals with the same items."""
    done = hub.run(integration, state="done")
    hub.run_manually(integration, done["window_from"], done["window_to"])


def shown(hub, item):
    """Return what an operator sees of an item."""
    with hub.env() as env:
        return env["ihub.item"].browse(item).read(["state", "reason", "is_corrected", "message"])[0]


def while_in_hand(hub, open_item, press):
    """Call ``press`` when a run has looked an item up and not written it; return that run."""
    integration, item = open_item
    with hub.held(integration) as let_go:
        run_again(hub, integration)
        hub.wait_until_held(integration)
        press(item)
        let_go()
        return hub.wait_for(integration, trigger="manual", state="done")


def test_left_out_while_a_run_has_it_in_hand(hub, open_item):
    run = while_in_hand(hub, open_item, lambda item: leave_out(hub, item))
    # Begun again, since what it had seen was not true any more.
    assert (run["attempt"], run["failed_items"]) == (2, 0)
    assert shown(hub, open_item[1])["state"] == "ignored"
    assert shown(hub, open_item[1])["reason"] == "Not ours."
    assert hub.steps(open_item[0]) == [0, 0]


def test_corrected_while_a_run_has_it_in_hand(hub, open_item):
    run = while_in_hand(hub, open_item, lambda item: change(hub, item, ""))
    assert (run["attempt"], run["failed_items"]) == (2, 0)
    assert shown(hub, open_item[1])["state"] == "done"
    assert shown(hub, open_item[1])["is_corrected"]
    assert hub.steps(open_item[0]) == [0, 0, 1]


BAD_ONE = "1 raise value Bad."


def while_written(hub, open_item, press, then):
    """Call ``press`` while a run has written an item and not committed it.

    :param str then: what items do in that run
    :return: list of what ``press`` has raised
    """
    integration, item = open_item
    follow(hub, integration, f"@1 at before 1 hold\neach 2 {then}")
    raised = []

    def person():
        try:
            press(item)
        except Exception as error:
            raised.append(error)

    one = threading.Thread(target=person)
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    with hub.held(integration) as let_go:
        run_again(hub, integration)
        hub.wait_until_held(integration)
        one.start()
        hub.wait(lambda: hub.execute(waits), "The person waiting for the run", wake=False)
        let_go()
        one.join(60)
        hub.wait_for(integration, trigger="manual", state="done")
    assert not one.is_alive()
    return raised


def test_left_out_while_it_is_written_as_failed(hub, open_item):
    assert not while_written(hub, open_item, lambda item: leave_out(hub, item), BAD_ONE)
    assert shown(hub, open_item[1])["state"] == "ignored"
    assert shown(hub, open_item[1])["reason"] == "Not ours."


def test_corrected_while_it_is_written_as_failed(hub, open_item):
    def press(item):
        change(hub, item, "")
        retry(hub, item)

    assert not while_written(hub, open_item, press, BAD_ONE)
    hub.wait_for(open_item[0], trigger="items", state="done")
    assert shown(hub, open_item[1])["state"] == "done"
    assert hub.steps(open_item[0])[-1] == 1


@pytest.mark.parametrize("press", [leave_out, retry, lambda hub, item: change(hub, item, "write")])
def test_pressed_while_it_is_written_as_done(hub, open_item, press):
    """Whoever comes too late is told so, and the run is not disturbed."""
    (error,) = while_written(hub, open_item, lambda item: press(hub, item), "")
    assert "There is nothing left to repair here." in str(error)
    assert shown(hub, open_item[1])["state"] == "done"
    assert hub.run(open_item[0], trigger="manual")["attempt"] == 1
    assert hub.steps(open_item[0]) == [0, 0, 1]
