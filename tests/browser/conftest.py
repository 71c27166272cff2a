"""One real server for all journeys of this folder, and one for a hub full of troubles."""

import os

import hub_site
import pytest
import troubles
from http_server import LocalServer

from lib import postgres


def template_database():
    template = os.environ.get("IHUB_TEMPLATE")
    if not template:
        pytest.fail("There is no template database. Start with dev/test.")
    return template


@pytest.fixture(scope="session")
def shared_site(request, tmp_path_factory):
    template = template_database()
    # Both files are called conftest, so the other one cannot be imported.
    above = request.config.pluginmanager.get_plugin(str(hub_site.ROOT / "tests" / "conftest.py"))
    name = f"ihub_browser_{os.getpid()}"
    client = postgres.Client({})
    client.copy(template, name)
    server = None
    try:
        hub_site.prepare(name)
        log = tmp_path_factory.mktemp("browser") / "server.log"
        server = above.Server(name, ["--max-cron-threads=2", "--log-level=warn"], True, None, log)
        server.wait_until_it_answers()
        yield hub_site.Site(server, name)
    finally:
        if server:
            server.kill()
        client.drop(name)


@pytest.fixture
def site(shared_site):
    """A hub without integrations."""
    shared_site.empty()
    return shared_site


@pytest.fixture(scope="session")
def troubled_databases():
    """Return the names of a hub full of troubles, and of a neutralized copy of it."""
    name = f"ihub_troubles_{os.getpid()}"
    copy = f"{name}_copy"
    client = postgres.Client({})
    client.copy(template_database(), name)
    shop = LocalServer()
    try:
        troubles.stage(name, shop)
        client.copy(name, copy)
        troubles.neutralize(copy)
        yield name, copy
    finally:
        shop.close()
        client.drop(name)
        client.drop(copy)


# Of each module: Odoo's own tests in a browser, which may come between, end all other servers.
@pytest.fixture(scope="module")
def troubled(troubled_databases, tmp_path_factory):
    """A site of the hub full of troubles."""
    name, _copy = troubled_databases
    folder = tmp_path_factory.mktemp("troubled")
    at_work = troubles.executing(name, *troubles.AT_WORK)
    with at_work, troubles.serving(name, folder) as site:
        yield site
