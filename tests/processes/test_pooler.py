"""PgBouncer between Odoo and PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hub_driver import ADDONS_PATH, LANE_SPACE, LOCKS_HERE

from lib import paths, postgres
from lib import pooler as pgbouncer

SETTINGS = """
[databases]
; Odoo listens there for what wakes its crons.
postgres = host={host} user={role} pool_mode=session
* = host={host} user={role}
[pgbouncer]
auth_type = any
pool_mode = {mode}
listen_port = 5432
unix_socket_dir = {folder}
ignore_startup_parameters = extra_float_digits
max_client_conn = 200
"""


@pytest.fixture
def pooler():
    """Return a function that starts a pooler, and returns the folder of its socket."""
    server = postgres.Embedded()
    command = pgbouncer.command()
    if not command:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    if os.environ.get("PGHOST") != str(server.socket_folder()):
        pytest.skip("A pooler is set up before the embedded PostgreSQL only.")
    folder, started = Path(tempfile.mkdtemp(prefix="ihub-pooler-", dir=paths.TEMPORARY)), []

    def start(mode):
        settings = SETTINGS.format(
            host=server.socket_folder(), role=postgres.ROLE, mode=mode, folder=folder
        )
        (folder / "settings.ini").write_text(settings)
        server._hand_over(folder)
        (folder / "settings.ini").chmod(0o644)
        with open(folder / "log", "wb") as log:
            started.append(
                subprocess.Popen(
                    [*server._as_user(), *command, folder / "settings.ini"],
                    cwd="/", stdout=log, stderr=log,
                )
            )  # fmt: skip
        return folder

    yield start
    for process in started:
        process.kill()
        process.wait()
    shutil.rmtree(folder)


@pytest.fixture
def pooled(hub, odoo_server, pooler):
    """Return a function that starts a server which reaches the database through a pooler."""

    def start(mode):
        folder = pooler(mode)
        hub.wait((folder / ".s.PGSQL.5432").exists, "The pooler", wake=False, patience=30)
        arguments = (ADDONS_PATH, "--max-cron-threads=1", "--log-level=info")
        return odoo_server(hub.database, *arguments, env={"PGHOST": str(folder)})

    return start


def lane_locks(hub):
    query = f"SELECT count(*) FROM {LOCKS_HERE} l WHERE locktype = 'advisory' AND classid = %s"
    return hub.row(query, LANE_SPACE)[0]


def test_sessions_that_others_get_with_the_next_transaction(hub, pooled, server):
    """A lock would stay with one of them, and nothing could run for as long as it lives."""
    integration = hub.add("work 6 1")
    hub.start(integration)
    behind = pooled("transaction")
    hub.wait(lambda: hub.state(integration) == "failed", "A refusal")
    assert "pool_mode = session" in hub.read(integration, "problem")["problem"]
    assert not lane_locks(hub)
    assert not hub.steps(integration)

    behind.kill()
    server()
    hub.start(integration)
    hub.wait_for(integration, state="done")
    assert hub.steps(integration) == list(range(6))


def test_sessions_of_ones_own(hub, pooled):
    integration = hub.add("work 6 1")
    hub.start(integration)
    pooled("session")
    hub.wait_for(integration, state="done")
    hub.wait(lambda: not lane_locks(hub), "The lock's end")
