"""One lane, one run: whatever the servers, the buttons and the integration's code do."""

from contextlib import ExitStack
from datetime import timedelta

from hub_driver import LOCKS_HERE


def test_two_servers_with_everything_at_once(hub, server):
    """Scheduled windows, manual runs and a backfill of one integration, and of another."""
    integrations = [hub.add("write\ncommit\nwrite", windows=6, check_alone=True) for _ in range(2)]
    server(crons=2)
    server(crons=2)
    for integration in integrations:
        hub.start(integration)
        with hub.env() as env:
            records = env["ihub.integration"].browse(integration)
            end = records.window_from
            windows = list(records._schedule().windows(end - timedelta(hours=5), end))
            records.sudo()._queue_manually(windows, "backfill")
            for _each in range(3):
                records.run_manually()
    for integration in integrations:
        hub.wait(lambda i=integration: hub.count(i, state="done") == 6 + 5 + 3)
        assert hub.count(integration, trigger="schedule", state="done") == 6
        assert hub.count(integration, trigger="backfill", state="done") == 5
        assert hub.count(integration, trigger="manual", state="done") == 3
        assert not hub.row(
            "SELECT count(*) FROM ihub_test_ledger WHERE integration = %s AND note = 'overlap'",
            integration,
        )[0]
        spans = hub.execute(
            "SELECT count(*) FROM ihub_run a JOIN ihub_run b USING (integration_id)"
            " WHERE a.id < b.id AND a.integration_id = %s"
            " AND a.started_at < b.ended_at AND b.started_at < a.ended_at",
            integration,
        )
        assert spans == [(0,)]


def test_the_lane_outlives_the_lock_on_its_cron(hub, server):
    """Odoo gives the cron to the other server as soon as the first one's lock is lost."""
    integration = hub.add("write\nhold\nwrite", check_alone=True)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server()
        server()
        hub.wait_until_held(integration)
        (locker,) = hub.row(
            f"SELECT a.pid FROM {LOCKS_HERE} l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.relation = 'ir_cron'::regclass AND l.mode = 'RowShareLock' AND a.pid != %s"
            " ORDER BY a.xact_start LIMIT 1",
            hub.holder(integration),
        )
        hub.execute("SELECT pg_terminate_backend(%s)", locker)
        # The other server comes, finds the lane at work, and sets the alarm for later.
        query = "SELECT count(*) FROM ir_cron_trigger WHERE call_at > now() AT TIME ZONE 'UTC'"
        hub.wait(lambda: hub.row(query)[0], "A second look at the lane")
        assert hub.run(integration, state="running")
        let_go()
        hub.wait_for(integration, state="done")
    assert hub.steps(integration) == [0, 1]
    assert not hub.runs(integration, state="interrupted")


OWN_TRANSACTIONS = {
    # What the code itself has committed stays; the window is done again from its beginning.
    "write 2\ncommit\nwrite\n@1 hold\nwrite": [0, 1],
    # Without its rollback once it was killed: with it, a run has failed.
    "write 2\nrollback\nwrite\n@1 hold\nwrite": [],
    "write\nsavepoint\n@1 hold\nwrite": [],
    "write\ncursor\n@1 hold\nwrite": [1],
}


def test_code_that_has_its_own_transactions_and_is_killed(hub, server):
    kept = {
        hub.add(script, 2, check_alone=True): steps for script, steps in OWN_TRANSACTIONS.items()
    }
    crons = len(kept)
    with ExitStack() as stack:
        for integration in kept:
            stack.enter_context(hub.held(integration))
            hub.start(integration)
        first = server(crons=crons)
        for integration, steps in kept.items():
            assert hub.wait_until_held(integration) == first.process.pid
            # The code has committed, yet the lane is held and the run is not over.
            assert hub.steps(integration) == steps
            assert hub.holder(integration)
            assert hub.run(integration, state="running")
        first.kill()
        hub.execute("UPDATE ihub_integration_ledger SET script = replace(script, 'rollback', '')")
        server(crons=crons)
        for integration in kept:
            hub.wait(lambda i=integration: hub.count(i, state="interrupted") == 1)
    for integration in kept:
        hub.wait(lambda i=integration: hub.count(i, state="done") == 2)
        assert not hub.steps(integration, note="overlap")
        assert not hub.steps(integration, note="undone")
        first_done, second_done = hub.runs(integration, state="done")
        assert first_done["window_to"] == second_done["window_from"]
