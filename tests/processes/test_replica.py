"""A server whose reads go to a standby, which knows none of the primary's locks."""

import os
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import hub_driver
import pytest
from hub_driver import ADDONS_PATH

from lib import paths, postgres


@pytest.fixture
def standby():
    """The folder with the socket of a standby of the server of the tests."""
    primary = postgres.Embedded()
    if os.environ.get("PGHOST") != str(primary.socket_folder()):
        pytest.skip("A standby is made of the embedded PostgreSQL only.")
    folder = Path(tempfile.mkdtemp(prefix="ihub-standby-", dir=paths.TEMPORARY))
    data, programs, user = folder / "data", postgres.binaries(), primary._as_user()
    primary._hand_over(folder)

    def call(program, *arguments):
        command = [*user, programs / program, "-D", data, *arguments]
        with open(folder / f"{program}.log", "a+") as log:
            done = subprocess.run(command, cwd="/", stdout=log, stderr=subprocess.STDOUT)
            log.seek(0)
            assert done.returncode == 0, log.read()

    try:
        call("pg_basebackup", "-R", "-c", "fast", "-X", "stream", "--no-sync",
             "-h", primary.socket_folder(), "-U", postgres.SUPERUSER)  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        options += " -c max_connections=300 -c fsync=off"
        call("pg_ctl", "-w", "-l", folder / "server.log", "-o", options, "start")
        yield folder
        call("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ask(hub, odoo_server, standby):
    """Return a function that calls a method over HTTP at a server with a replica."""
    key = hub.key()
    server = odoo_server(
        hub.database, ADDONS_PATH, "--max-cron-threads=1", f"--db_replica_host={standby}", http=True
    )
    return partial(hub_driver.ask, server, key)


def test_what_is_at_work_is_not_called_interrupted(hub, ask, standby):
    integration = hub.add("hold")
    with hub.held(integration):
        hub.start(integration)
        hub.wait_until_held(integration)
        copied = (
            "SELECT 1 FROM ihub_run WHERE state = 'running'",
            "SELECT pg_is_in_recovery()",
        )
        replica = postgres.Client({"PGHOST": str(standby), "PGUSER": postgres.ROLE})
        for query in copied:
            hub.wait(lambda query=query: replica.query(query, database=hub.database) in ("1", "t"))
        specification = {"health": {}, "is_executing": {}}
        wanted = {"id": integration, "health": "working", "is_executing": True}
        assert ask("ihub.integration/web_read", ids=[integration], specification=specification) == [
            wanted
        ]
        assert ask("ihub.integration/read", ids=[integration], fields=list(specification)) == [
            wanted
        ]
        assert ask("ihub.integration/board_summary") == {"working": 1}
        run = hub.run(integration, state="running")["id"]
        assert ask("ihub.run/read", ids=[run], fields=["status"])[0]["status"] == "running"
        # Not a question that names the integration's own model first.
        assert ask("ihub.integration/search_count", domain=[["health", "=", "working"]]) == 1
