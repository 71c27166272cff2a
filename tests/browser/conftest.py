"""A real server for the journeys of this folder, and one for a hub full of troubles."""

import os
from contextlib import contextmanager

import hub_site
import pytest
import troubles
from http_server import LocalServer
from odoo_process import Server

from lib import postgres, web_client


@contextmanager
def template_copied(prefix):
    """Yield the name of a copy of the template, which is dropped at the end."""
    template = os.environ.get("IHUB_TEMPLATE")
    if not template:
        pytest.fail("There is no template database. Start with dev/test.")
    name = f"{prefix}_{os.getpid()}"
    client = postgres.Client({})
    client.copy(template, name)
    try:
        yield name
    finally:
        client.drop(name)


# What runs is of each module: at the end of a class of Odoo's own tests, which may come between,
# Odoo ends all other processes that pytest has started.
@pytest.fixture(scope="module")
def chromium():
    """Playwright's browser."""
    with web_client.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def database():
    """The database of the journeys."""
    with template_copied("ihub_browser") as name:
        hub_site.prepare(name)
        yield name


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    """A server of the journeys, with schedulers."""
    arguments = ["--max-cron-threads=2", "--log-level=warn"]
    log = tmp_path_factory.mktemp("browser") / "server.log"
    server = Server(database, arguments, True, None, log)
    try:
        server.wait_until_it_answers()
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
def troubled_databases():
    """Return the names of a hub full of troubles, and of a neutralized copy of it."""
    client = postgres.Client({})
    shop = LocalServer()
    with template_copied("ihub_troubles") as name:
        copy = f"{name}_copy"
        try:
            troubles.stage(name, shop)
            client.copy(name, copy)
            troubles.neutralize(copy)
            yield name, copy
        finally:
            shop.close()
            client.drop(copy)


@pytest.fixture(scope="module")
def troubled(troubled_databases, tmp_path_factory, chromium):
    """A site of the hub full of troubles."""
    name, _copy = troubled_databases
    folder = tmp_path_factory.mktemp("troubled")
    at_work = troubles.executing(name, *troubles.AT_WORK)
    with at_work, troubles.serving(name, folder, chromium) as site:
        yield site
