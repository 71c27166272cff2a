"""A real server for the journeys of this folder, and one for a hub full of troubles."""

import hub_site
import pytest
import troubles
from kept import kept
from playwright.sync_api import expect

from lib import postgres, web_client


@pytest.fixture(scope="session")
def kept_chromium():
    """Return what keeps Playwright's browser."""
    with kept(web_client.chromium) as keeper:
        yield keeper


@pytest.fixture(scope="session")
def kept_hub(template, tmp_path_factory, kept_chromium):
    folder = tmp_path_factory.mktemp("browser")
    with postgres.Client({}).copied(template, "browser") as name:
        # Nothing but the hub's own schedulers is to run.
        postgres.Client({}).query("UPDATE ir_cron SET active = false", database=name)
        arguments = (name, folder, "--max-cron-threads=2")
        with kept(lambda: hub_site.serving(kept_chromium.get(), *arguments)) as keeper:
            yield keeper


@pytest.fixture(scope="module")
def hub(kept_hub):
    """A site of the journeys, with schedulers."""
    hub = kept_hub.get()
    # What the last test of another file left running would go on, and report.
    hub.empty()
    return hub


@pytest.fixture
def site(hub):
    """A hub without integrations."""
    hub.empty()
    return hub


@pytest.fixture
def order(site):
    """Return the id of the order that is to be repaired."""
    integration = site.add("Web shop", hub_site.SHOP)
    site.call("ihub.integration", "run_manually", integration)
    failed = [["integration_id", "=", integration], ["state", "=", "failed"]]
    with site.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_kanban_record [data-state=to_repair]")).to_be_visible()
    (item,) = site.call("ihub.item", "search", failed)
    return item


@pytest.fixture(scope="session")
def troubled_databases(template):
    """Return the names of a hub full of troubles, and of a neutralized copy of it."""
    with troubles.staged(template, "browser") as names:
        yield names


@pytest.fixture(scope="session")
def kept_troubled(troubled_databases, tmp_path_factory, kept_chromium):
    name, _copy = troubled_databases
    folder = tmp_path_factory.mktemp("troubled")
    keeping = kept(lambda: troubles.serving(name, folder, kept_chromium.get()))
    with troubles.executing(name, *troubles.AT_WORK), keeping as keeper:
        yield keeper


@pytest.fixture(scope="module")
def troubled(kept_troubled):
    """A site of the hub full of troubles."""
    return kept_troubled.get()


@pytest.fixture(scope="session")
def kept_copy(troubled_databases, tmp_path_factory, kept_chromium):
    _name, copy = troubled_databases
    folder = tmp_path_factory.mktemp("copy")
    with kept(lambda: troubles.serving(copy, folder, kept_chromium.get())) as keeper:
        yield keeper


@pytest.fixture(scope="module")
def copy(kept_copy):
    """A site of the neutralized copy."""
    return kept_copy.get()
