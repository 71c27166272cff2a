"""Stop is honest, whatever the run is doing, and whoever else presses what."""

import random
import threading

import pytest


def test_cancel_while_the_lane_takes_the_run(hub):
    """Whoever comes second does not overwrite what the first has done.

    It is the first of this file, so no server is there yet that takes the run in earnest.
    """
    from odoo.exceptions import UserError

    integration = hub.add("write")
    run = hub.run_manually(integration)
    lane = hub.connect()
    lane.autocommit = False
    hub.execute("UPDATE ihub_run SET state = 'running' WHERE id = %s", run, connection=lane)
    with hub.env() as env, pytest.raises(UserError, match="in progress"):
        env["ihub.run"].browse(run).action_cancel()
    lane.rollback()
    lane.close()
    assert hub.run(integration, id=run)["state"] == "pending"


def test_at_the_next_checkpoint(hub, server_of_module):
    integration = hub.add("@1 work 6 2 3")
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        hub.stop(integration)
        shown = hub.read(integration, "state", "is_stopping", "activity", "state_user_id")
        assert shown["state"] == "stopped"
        assert shown["is_stopping"]
        assert "Stopping" in shown["activity"]
        assert shown["state_user_id"][1] == "Operator"
        let_go()
        run = hub.wait_for(integration, state="cancelled")
    assert run["message"] == "Stopped by Operator."
    # The work of the checkpoint at which it stopped is kept, and where to go on.
    assert hub.steps(integration) == [0, 1, 2, 3]
    following = hub.run(integration, state="pending")
    assert following["resume"] == {"point": 4}
    assert following["window_from"] == run["window_from"]


def test_without_checkpoints_the_window_ends_and_nothing_follows(hub, server_of_module):
    integration = hub.add("write\nhold\nwrite", windows=3)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        hub.stop(integration)
        assert hub.read(integration, "is_stopping")["is_stopping"]
        let_go()
        hub.wait_for(integration, state="done")
    other = hub.add("write")
    hub.start(other)
    hub.wait_for(other, state="done")
    assert hub.count(integration, state="done") == 1
    assert hub.steps(integration) == [0, 1]


def test_stop_and_start_during_one_run(hub, server_of_module):
    """Nothing is lost and nothing is done twice: the run simply goes on."""
    integration = hub.add("work 4 2 3", windows=1)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        hub.stop(integration)
        hub.start(integration)
        assert not hub.read(integration, "is_stopping")["is_stopping"]
        let_go()
        hub.wait_for(integration, state="done")
    assert not hub.runs(integration, state="cancelled")
    assert hub.steps(integration) == [0, 1, 2, 3]


def test_every_button_during_a_run(hub, server_of_module):
    """No lock message, no traceback, no lost click."""
    from odoo.exceptions import UserError

    integration = hub.add("work 4 2 3")
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        manual = hub.run_manually(integration)
        hub.start(integration)
        with hub.env("__system__") as env:
            record = env["ihub.integration"].browse(integration)
            record.name = "Renamed"
            try:
                record.unlink()
            except UserError as error:
                assert "has a run in progress" in str(error)
            else:
                raise AssertionError("What is at work was deleted.")
        with hub.env("__system__") as env:
            env["ihub.integration"].browse(integration).active = False
        let_go()
        hub.wait_for(integration, state="cancelled", trigger="schedule")
    run = hub.wait_for(integration, trigger="manual", state="cancelled")
    assert run["id"] == manual
    name = hub.row("SELECT name, active FROM ihub_integration WHERE id = %s", integration)
    assert name == ("Renamed", False)


def test_cancel_of_a_run_that_is_executing(hub, server_of_module):
    """It is refused, and the run works on to its end."""
    from odoo.exceptions import UserError

    integration = hub.add("hold\nwrite", windows=1)
    with hub.held(integration) as let_go:
        server_of_module()
        run = hub.run_manually(integration)
        hub.wait_until_held(integration)
        with hub.env() as env, pytest.raises(UserError, match="in progress"):
            env["ihub.run"].browse(run).action_cancel()
        let_go()
        assert hub.wait_for(integration, id=run, state="done")["message"] == "Done."


def test_deleting_while_the_scheduler_looks_at_its_cron(hub):
    """The row of a cron that Odoo has just picked cannot be deleted; the integration can."""
    integration = hub.add("write")
    hub.start(integration)
    hub.stop(integration)
    (cron,) = hub.row("SELECT cron_id FROM ihub_integration WHERE id = %s", integration)
    scheduler = hub.connect()
    scheduler.autocommit = False
    hub.execute(
        "SELECT id FROM ir_cron WHERE id = %s FOR NO KEY UPDATE", cron, connection=scheduler
    )
    with hub.env("__system__") as env:
        env["ihub.integration"].browse(integration).unlink()
    # Whoever closes a connection does not wait until its locks are free.
    scheduler.rollback()
    scheduler.close()
    assert not hub.execute("SELECT 1 FROM ihub_integration WHERE id = %s", integration)
    # What the scheduler finds at its next call, and the garbage collector after it.
    with hub.env("__system__") as env:
        assert env["ir.cron"].browse(cron).method_direct_trigger() is True
    with hub.env("__system__") as env:
        assert not env["ir.cron"].browse(cron).active
        env["ihub.integration"]._gc_crons()
    assert not hub.execute("SELECT 1 FROM ir_cron WHERE id = %s", cron)


def test_two_people_press_everything_at_once(hub, server_of_module):
    """In any order: no traceback, no lost click, and one scheduled run all the time."""
    integration = hub.add("work 4 2", windows=3)
    server_of_module()
    failures = []

    def person(seed):
        rng = random.Random(seed)
        try:
            for _each in range(12):
                hub.press(integration, rng.choice(("start", "stop", "run_manually")))
        except Exception as error:
            failures.append(error)

    people = [threading.Thread(target=person, args=(seed,)) for seed in (1, 2)]
    for one in people:
        one.start()
    for one in people:
        one.join(60)
    assert not failures
    hub.start(integration)
    assert hub.state(integration) == "running"
    hub.wait(lambda: hub.count(integration, state="done", trigger="schedule") == 3)
    hub.wait(lambda: not hub.count(integration, state="pending", trigger="manual"))
    open_ones = hub.runs(integration, trigger="schedule", state="pending")
    assert len(open_ones) == 1
    windows = hub.runs(integration, trigger="schedule", state="done")
    for before, after in zip(windows, [*windows[1:], *open_ones], strict=True):
        assert before["window_to"] == after["window_from"]
