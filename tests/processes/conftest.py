"""Real servers, killed at every point, on one database that all tests of this folder share."""

import hub_database
import pytest
from hub_driver import ADDONS_PATH
from odoo_process import Server

# Those that are started once for a module, by the name of the fixture.
_kept_servers = {}


@pytest.fixture(scope="session")
def shared_hub(template):
    """A database with the addon ihub_test and nothing else that runs."""
    with hub_database.copied(template, "processes") as hub:
        yield hub


@pytest.fixture(scope="session")
def database(shared_hub):
    return shared_hub.database


@pytest.fixture
def hub(request, shared_hub):
    """A hub without integrations, on which no server works but those that the test asks for."""
    for name, servers in _kept_servers.items():
        while servers and name not in request.fixturenames:
            servers.pop().kill()
    shared_hub.empty()
    return shared_hub


@pytest.fixture
def server(odoo_server, database):
    """Return a function that starts a server that works on the hub.

    ``server(workers=0, crons=1, *arguments)``; with ``workers`` it is prefork.
    """

    def start(*arguments, workers=0, crons=1):
        return odoo_server(
            database,
            ADDONS_PATH,
            f"--workers={workers}",
            f"--max-cron-threads={crons}",
            "--log-level=info",
            *arguments,
        )

    return start


@pytest.fixture(scope="module")
def server_of_module(request, database, tmp_path_factory):
    """Return a function that sees to it that one threaded server works, which no test kills."""
    yield from _kept(request, database, tmp_path_factory)


@pytest.fixture(scope="module")
def prefork_of_module(request, database, tmp_path_factory):
    """Return a function that sees to it that one prefork server works, whose worker may die."""
    yield from _kept(request, database, tmp_path_factory, "--workers=1")


def _kept(request, database, tmp_path_factory, *more):
    """Yield a function that starts a server where none lives; it is killed at the end."""
    started = _kept_servers[request.fixturename] = []
    log = tmp_path_factory.mktemp("server") / "server.log"

    def start():
        if not started or started[-1].process.poll() is not None:
            arguments = (ADDONS_PATH, "--max-cron-threads=1", "--log-level=info", *more)
            started.append(Server(database, arguments, False, None, log))
        return started[-1]

    yield start
    for one in _kept_servers.pop(request.fixturename):
        one.kill()
