"""Real transactions of runs: savepoints, commits, rollbacks and conflicts, however made."""

import pytest

COMMITS = "The code of this integration makes its own commits."
AGAIN = "Restarted because somebody changed the same record at the same time."


def events(hub, integration, summary):
    return hub.execute(
        "SELECT e.run_id, e.undone, e.level FROM ihub_event e"
        " WHERE e.integration_id = %s AND e.summary = %s ORDER BY e.id",
        integration,
        summary,
    )


def outcome(hub, integration):
    """Return how the only run of an integration has ended."""
    hub.start(integration)
    return hub.wait(
        lambda: [run for run in hub.runs(integration) if run["ended_at"]], "The end of a run"
    )[0]


REFUSED = {
    "within checkpoint 5": "inside a savepoint",
    "sql SAVEPOINT mine\ncheckpoint 5": "inside a savepoint",
    "checkpoint 1\nsql SAVEPOINT mine\nwrite\ncheckpoint 5": "inside a savepoint",
    "commit\nwithin checkpoint 5": "inside a savepoint",
    "apart checkpoint 5": "in a different thread",
    "elsewhere checkpoint 5": "with a different cursor",
}


def test_a_checkpoint_at_the_wrong_place_is_refused(hub, server_of_module):
    made = {hub.add(f"{script}\nwrite", retry_limit=0): script for script in REFUSED}
    server_of_module()
    for integration, script in made.items():
        run = outcome(hub, integration)
        assert run["state"] == "failed", (script, run["message"])
        assert REFUSED[script] in run["message"], script
        assert (run["processed"] or 0) == (1 if script.startswith("checkpoint 1") else 0), script
        assert not hub.steps(integration), script
    # And the server lives.
    other = hub.add("write")
    hub.start(other)
    hub.wait_for(other, state="done")


@pytest.mark.parametrize(
    "script",
    [
        "write\nsavepoint\ncheckpoint 1\nsavepoint\nwrite",
        "sql SAVEPOINT mine\nwrite\nsql RELEASE SAVEPOINT mine\ncheckpoint 1\nwrite\nwrite 2",
        "sql SAVEPOINT mine\nwrite\nsql ROLLBACK TO SAVEPOINT mine\nsql RELEASE SAVEPOINT mine"
        "\nwrite 4",
        "sql SAVEPOINT mine\nwrite 4",
        "cursor\nwrite 3",
    ],
)
def test_savepoints_and_other_cursors_are_nobody_s_business(hub, server_of_module, script):
    integration = hub.add(script, retry_limit=0)
    server_of_module()
    run = outcome(hub, integration)
    assert run["state"] == "done", run["message"]
    assert len(hub.steps(integration)) == 4
    assert not events(hub, integration, COMMITS)


@pytest.mark.parametrize("commit", ["commit", "progress"])
def test_a_commit_is_reported_once_and_said_of_a_failed_run(hub, server_of_module, commit):
    integration = hub.add(
        f"write\n{commit}\nwrite\n{commit}\nwrite\nraise user Bad.", retry_limit=0
    )
    server_of_module()
    run = outcome(hub, integration)
    assert (
        run["message"] == "Bad. (Part of its work was kept, because the code had already "
        "committed it.)"
    )
    assert hub.steps(integration) == [0, 1]
    # Reported once the run has been settled.
    hub.wait(lambda: events(hub, integration, COMMITS))
    assert events(hub, integration, COMMITS) == [(run["id"], False, "warning")]


def test_a_commit_of_a_run_that_works_is_reported_too(hub, server_of_module):
    integration = hub.add("write\ncommit\nwrite\ncheckpoint 2\ncommit")
    server_of_module()
    run = outcome(hub, integration)
    assert run["state"] == "done", run["message"]
    hub.wait(lambda: events(hub, integration, COMMITS) == [(run["id"], False, "warning")])


LOST = {
    "write\nrollback\nwrite": "rolled back its transaction",
    "write\ncheckpoint 1\nwrite\nrollback\nwrite": "rolled back its transaction",
    "write\nrollback\nwrite\ncheckpoint 5": "rolled back its transaction",
    # Not noticed by looking at the first transaction and at the last.
    "write\ncommit\nwrite\nrollback\nwrite": "rolled back its transaction",
    "write\ncommit\nwrite\ncommit\nrollback\nwrite\ncommit": "rolled back its transaction",
    # PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK.
    "write\nabort\ncommit\nwrite": "rolled back its transaction",
    "write\ncommit\nwrite\nabort\ncommit\nwrite": "rolled back its transaction",
    "write\nsql ROLLBACK\nwrite": "behind Odoo's back",
    "write\nsql COMMIT\nwrite": "behind Odoo's back",
    "write\nsql COMMIT\nwrite\ncheckpoint 5": "behind Odoo's back",
    "write\ncheckpoint 1\nwrite\nconnection rollback\nwrite": "behind Odoo's back",
    "write\nconnection commit\nwrite": "behind Odoo's back",
}


@pytest.mark.parametrize("script", LOST)
def test_work_that_may_be_lost_is_not_done(hub, server_of_module, script):
    integration = hub.add(script, retry_limit=0)
    server_of_module()
    run = outcome(hub, integration)
    assert run["state"] == "failed", run["message"]
    assert LOST[script] in run["message"]
    assert (run["processed"] or 0) == (1 if "checkpoint 1" in script else 0)
    shown = hub.read(integration, "state", "window_from")
    assert (shown["state"], shown["window_from"]) == ("failed", run["window_from"])


def test_an_aborted_transaction_is_not_done(hub, server_of_module):
    integration = hub.add("write\nabort", retry_limit=0)
    server_of_module()
    assert outcome(hub, integration)["state"] == "failed"
    assert not hub.steps(integration)


# --- Conflicts ---


def save(hub, integration, script):
    """Save the settings as the operator's web client does; a lock is an error after a second."""
    with hub.env("__system__") as env:
        env.cr.execute("SET LOCAL lock_timeout = '1s'")
        record = env["ihub.integration.ledger"].search([("integration_id", "=", integration)])
        record.write({"name": "Renamed", "script": script})


def test_saved_settings_begin_a_run_again_that_writes_them(hub, server_of_module):
    script = "write\nhold\nedit"
    integration = hub.add(script)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        save(hub, integration, script + "\n")
        let_go()
        run = hub.wait_for(integration, state="done")
    assert run["attempt"] == 2
    assert events(hub, integration, AGAIN) == [(run["id"], False, "info")]
    assert hub.steps(integration) == [0]


def test_own_state_does_not_meet_saved_settings(hub, server_of_module):
    """Neither waits for the other, and the run is not begun again."""
    script = "write\nstate token one\nhold\nstate token two\nstate cursor three"
    integration = hub.add(script)
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        save(hub, integration, script + "\n")
        let_go()
        run = hub.wait_for(integration, state="done")
    assert run["attempt"] == 1
    kept = hub.execute(
        "SELECT key, value FROM ihub_integration_state WHERE integration_id = %s ORDER BY key",
        integration,
    )
    assert kept == [("cursor", {"value": "three"}), ("token", {"value": "two"})]


def test_own_state_that_two_write_at_once_is_a_conflict(hub, server_of_module):
    """Also when both are the first."""
    integration = hub.add("write\n@1 hold\nstate token mine")
    with hub.held(integration) as let_go:
        hub.start(integration)
        server_of_module()
        hub.wait_until_held(integration)
        with hub.env("__system__") as env:
            record = env["ihub.integration.ledger"].search([("integration_id", "=", integration)])
            record.set_state("token", "theirs")
        let_go()
        run = hub.wait_for(integration, state="done")
    assert run["attempt"] == 2
    with hub.env("__system__") as env:
        record = env["ihub.integration.ledger"].search([("integration_id", "=", integration)])
        assert record.get_state("token") == "mine"


def test_work_that_moves_on_survives_any_number_of_deaths(hub, server):
    """Each attempt dies behind a checkpoint further on."""
    integration = hub.add("creep 5", retry_limit=0)
    hub.start(integration)
    server(workers=1)
    run = hub.wait(
        lambda: hub.hasten() or hub.runs(integration, state="done"), "The end", patience=90
    )[0]
    assert (run["attempt"], run["processed"]) == (6, 5)
    assert hub.count(integration, state="interrupted") == 5
    assert hub.steps(integration) == [0, 1, 2, 3, 4]
