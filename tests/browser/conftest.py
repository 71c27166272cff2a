"""One real server for all journeys of this folder."""

import os

import hub_site
import pytest

from lib import postgres


@pytest.fixture(scope="session")
def shared_site(request, tmp_path_factory):
    template = os.environ.get("IHUB_TEMPLATE")
    if not template:
        pytest.fail("There is no template database. Start with dev/test.")
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
