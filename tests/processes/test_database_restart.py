"""The database server crashes in the middle of a run, and comes back."""

import subprocess
import time

import pytest
from hub_driver import ADDONS_PATH, Hub

from lib import paths, postgres


@pytest.fixture
def own_postgres(tmp_path, monkeypatch):
    """A PostgreSQL server that belongs to this test alone."""
    monkeypatch.setattr(paths, "DEV", tmp_path)
    monkeypatch.setattr(paths, "POSTGRES", tmp_path / "postgres")
    monkeypatch.setattr(postgres, "DATA", tmp_path / "postgres" / "data")
    with postgres.Embedded().running() as server:
        yield server


def move(database, server):
    """Copy a database to another server."""
    env = {name: value for name, value in server.env().items() if value is not None}
    env = {name: str(value) for name, value in env.items()}
    programs = postgres.binaries()
    dump = subprocess.run([programs / "pg_dump", "-Fc", database], capture_output=True, check=True)
    subprocess.run([programs / "createdb", database], env=env, check=True)
    subprocess.run(
        [programs / "pg_restore", "--no-owner", "-d", database],
        input=dump.stdout, env=env, check=True,
    )  # fmt: skip
    # The servers of this project may lose their last commits in a crash: not the question here.
    durable = f'ALTER DATABASE "{database}" SET synchronous_commit = on'
    # As somebody does who answers that it has moved: a copy would ask before it runs anything.
    moved = "DELETE FROM ir_config_parameter WHERE key = 'ihub.home'"
    for query in (durable, moved):
        subprocess.run([programs / "psql", "-qc", query, database], env=env, check=True)
    return env


@pytest.mark.parametrize("noticed_before", [False, True])
def test_an_immediate_shutdown(noticed_before, hub, odoo_server, own_postgres, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    integration = hub.add(f"write 2\n@1 file {gate}\nwrite", windows=2)
    hub.start(integration)
    env = move(hub.database, own_postgres)
    hub.stop(integration)
    odoo_server(hub.database, ADDONS_PATH, "--max-cron-threads=1", env=env)

    there = Hub(hub.database, host=env["PGHOST"], user=env["PGUSER"])
    there.wait(gate.with_name("gate.reached").exists, "A run that is in its middle")
    assert there.run(integration, state="running")
    own_postgres._ctl("-m", "immediate", "-w", "stop", otherwise="PostgreSQL does not stop.")
    if noticed_before:
        gate.unlink()
        time.sleep(1)
    own_postgres._start()
    gate.unlink(missing_ok=True)

    back = Hub(hub.database, host=env["PGHOST"], user=env["PGUSER"])
    back.wait(lambda: back.count(integration, state="done") == 2)
    dead = back.run(integration, state="interrupted")
    assert f"{dead['last_seen']:%b %-d, %Y, %-I:%M}" in dead["message"]
    assert "connection to the database" in dead["message"]
    # What its process knows of it is not lost with the connection.
    query = "SELECT details FROM ihub_event WHERE run_id = %s AND level = 'error'"
    back.wait(lambda: back.execute(query, dead["id"]), "The event of the lost connection")
    ((details,),) = back.execute(query, dead["id"])
    assert "Traceback" in details
    assert back.steps(integration) == [0, 1, 2] * 2
    windows = [
        (run["window_from"], run["window_to"]) for run in back.runs(integration, state="done")
    ]
    assert windows[0] == (dead["window_from"], dead["window_to"])
    assert windows[0][1] == windows[1][0]
    back.close()
