"""A run whose process is gone is seen as dead, and its window is taken up again."""

import signal

import pytest
from hub_driver import is_running, kill

FIRST_ATTEMPT_HANGS = "write 2\n@1 hold\nwrite"


def assert_taken_up_again(hub, integration, steps, crashes=1):
    """The dead run says so, and a second one has done the same window, once.

    :param int crashes: how many in a row the second one knows of
    """
    done = hub.wait_for(integration, state="done")
    dead = hub.run(integration, state="interrupted")
    assert dead["ended_at"] == dead["last_seen"] >= dead["started_at"]
    assert f"{dead['last_seen']:%b %-d, %Y, %-I:%M}" in dead["message"]
    assert (done["window_from"], done["window_to"]) == (dead["window_from"], dead["window_to"])
    assert (done["previous_id"], done["attempt"], done["crash_count"]) == (dead["id"], 2, crashes)
    assert hub.steps(integration) == steps
    assert hub.state(integration) == "running"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_threaded_server(hub, server, number):
    integration = hub.add(FIRST_ATTEMPT_HANGS)
    with hub.held(integration):
        hub.start(integration)
        first = server()
        assert hub.wait_until_held(integration) == first.process.pid
        # Odoo itself must not count crashes: after three it would let the lane sleep for an hour.
        counted = "SELECT timed_out_counter, done FROM ir_cron_progress ORDER BY id DESC LIMIT 1"
        assert hub.row(counted) == (0, 1)
        first.kill(number)
        server()
        hub.wait(lambda: hub.count(integration, state="interrupted"))
        # The half-done work is not there: what the ledger has was written by the second run.
        assert_taken_up_again(hub, integration, [0, 1, 2])


def test_a_cron_worker_of_a_prefork_server(hub, server):
    integration = hub.add(FIRST_ATTEMPT_HANGS)
    with hub.held(integration):
        hub.start(integration)
        master = server(workers=1)
        worker = hub.wait_until_held(integration)
        assert worker != master.process.pid
        kill(worker)
        assert_taken_up_again(hub, integration, [0, 1, 2])


def test_the_master_of_a_prefork_server(hub, server):
    """Its worker goes on, alone: it is not dead, and nobody may take its window."""
    integration = hub.add("write\nhold\nwrite", check_alone=True)
    with hub.held(integration) as let_go:
        hub.start(integration)
        master = server(workers=1)
        worker = hub.wait_until_held(integration)
        kill(master.process.pid)
        master.process.wait()
        assert is_running(worker)
        # A scheduler that has seen the lane is one that has left it alone.
        other = hub.add("write")
        hub.start(other)
        server()
        hub.wait_for(other, state="done")
        assert hub.run(integration, state="running")
        let_go()
        hub.wait_for(integration, state="done")
    assert not hub.runs(integration, state="interrupted")
    assert hub.steps(integration) == [0, 1]
    hub.wait(lambda: not is_running(worker), "The orphaned worker's end")


def test_a_run_beyond_the_time_limit_of_crons(hub, server):
    integration = hub.add(FIRST_ATTEMPT_HANGS)
    with hub.held(integration):
        hub.start(integration)
        server("--limit-time-real-cron=2", workers=1)
        assert_taken_up_again(hub, integration, [0, 1, 2])


def test_a_process_that_dies_while_the_database_works_for_it(hub, server):
    """The database would not notice by itself: it is not talking to its client."""
    integration = hub.add("write 2\n@1 hold working\nwrite")
    with hub.held(integration):
        hub.start(integration)
        first = server()
        hub.wait_until_held(integration)
        first.kill()
        server()
        assert_taken_up_again(hub, integration, [0, 1, 2])


def test_the_working_connection_alone(hub, server):
    """The process lives, but its work is lost: the run is dead."""
    integration = hub.add(FIRST_ATTEMPT_HANGS, check_alone=True)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server()
        server()
        hub.wait_until_held(integration)
        hub.execute("SELECT pg_terminate_backend(%s)", hub.holder(integration))
        hub.wait(lambda: not hub.holder(integration), "The lock's end")
        assert not hub.read(integration, "is_executing")["is_executing"]
        let_go()
        assert_taken_up_again(hub, integration, [0, 1, 2])


def test_up_to_the_last_checkpoint(hub, server):
    """What a checkpoint has kept is there, once, and the next attempt goes on behind it."""
    integration = hub.add("@1 work 6 2 5\n@2 work 6 2")
    with hub.held(integration):
        hub.start(integration)
        first = server()
        hub.wait_until_held(integration)
        running = hub.run(integration, state="running")
        assert (running["processed"], running["total"], running["resume"]) == (4, 6, {"point": 4})
        assert hub.read(integration, "activity")["activity"] == "Running: 4/6 records"
        first.kill()
    assert hub.steps(integration) == [0, 1, 2, 3]
    server()
    assert_taken_up_again(hub, integration, [0, 1, 2, 3, 4, 5])
    attempts = hub.execute("SELECT step, attempt FROM ihub_test_ledger ORDER BY id")
    assert attempts == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (5, 2)]


def test_deaths_in_a_row_are_bounded(hub, server):
    integration = hub.add("write\nkill", name="Deadly")
    hub.start(integration)
    server(workers=1)
    hub.wait(lambda: hub.count(integration, state="interrupted") == 2)
    pending = hub.run(integration, state="pending")
    waits = hub.row(
        "SELECT due - write_date FROM ihub_run WHERE id = %s AND crash_count = 2", pending["id"]
    )
    assert waits[0].total_seconds() > 50, "Dying again and again must not be a hot loop."
    hub.wait(lambda: hub.hasten() or hub.state(integration) == "failed")
    assert [run["crash_count"] for run in hub.runs(integration, state="interrupted")] == [0, 1, 2]
    assert not hub.steps(integration)
    shown = hub.read(integration, "state_reason", "window_from")
    assert "3 times in a row" in shown["state_reason"]
    # The window is still to be done, and whoever is responsible has been told, once.
    first = hub.runs(integration, state="interrupted")[0]
    assert shown["window_from"] == first["window_from"]
    told = "SELECT count(*) FROM mail_message WHERE subject = 'Deadly failed'"
    assert hub.row(told) == (1,)
    # Nobody starts it again, until somebody presses Start.
    hub.execute("UPDATE ir_cron SET nextcall = '2020-01-01'")
    bystander = hub.add("write")
    hub.start(bystander)
    hub.wait_for(bystander, state="done")
    assert hub.count(integration, state="interrupted") == 3
