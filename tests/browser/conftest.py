"""A real server for the journeys of this folder, and one for a hub full of troubles."""

import hub_site
import pytest
import troubles
from odoo_process import Server

from lib import postgres, web_client


# What runs is of each module: at the end of a class of Odoo's own tests, which may come between,
# Odoo ends all other processes that pytest has started.
@pytest.fixture(scope="module")
def chromium():
    """Playwright's browser."""
    with web_client.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def database(template):
    """The database of the journeys."""
    with postgres.Client({}).copied(template, "browser") as name:
        hub_site.prepare(name)
        yield name


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    """A server of the journeys, with schedulers and without integrations."""
    arguments = ["--max-cron-threads=2", "--log-level=warn"]
    log = tmp_path_factory.mktemp("browser") / "server.log"
    server = Server(database, arguments, True, None, log)
    try:
        server.wait_until_it_answers()
        # What the last test of another module left running would go on, and report.
        hub_site.Site(server, database, None).empty()
        yield server
    finally:
        server.kill()


@pytest.fixture
def site(server, database, chromium):
    """A hub without integrations."""
    site = hub_site.Site(server, database, chromium)
    site.empty()
    return site


@pytest.fixture(scope="session")
def troubled_databases(template):
    """Return the names of a hub full of troubles, and of a neutralized copy of it."""
    with troubles.staged(template, "browser") as names:
        yield names


@pytest.fixture(scope="module")
def troubled(troubled_databases, tmp_path_factory, chromium):
    """A site of the hub full of troubles."""
    name, _copy = troubled_databases
    folder = tmp_path_factory.mktemp("troubled")
    at_work = troubles.executing(name, *troubles.AT_WORK)
    with at_work, troubles.serving(name, folder, chromium) as site:
        yield site
