"""A copy of a database in which integrations have run, which nobody has neutralized."""

import hub_database
import pytest
from hub_driver import ADDONS_PATH, Hub, as_a_server

from lib import postgres

# Of the original, and due again.
DUE = (
    "UPDATE ihub_run SET window_from = window_from - interval '1 hour',"
    " window_to = window_to - interval '1 hour', due = window_to - interval '1 hour'"
    " WHERE state = 'pending'",
    "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC', lastcall = NULL WHERE active",
)


@pytest.fixture
def original(template, odoo_server):
    """The name of a database in which an integration has run once, and is due again."""
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    with postgres.Client({}).copied(template, "original") as name:
        with hub_database.opened(name) as hub:
            integration = hub.add()
            hub.start(integration)
            server = odoo_server(name, ADDONS_PATH, "--max-cron-threads=1")
            hub.wait_for(integration, state="done")
            server.kill()
            for statement in DUE:
                hub.execute(statement)
        Registry.delete(name)
        close_db(name)
        yield name


@pytest.fixture
def copy(original):
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    with postgres.Client({}).copied(original, "copy") as name:
        with as_a_server():
            hub = Hub(name, Registry(name))
        yield hub
        hub.close()
        Registry.delete(name)
        close_db(name)


def test_it_asks_before_it_does_the_work_of_the_original(copy, odoo_server):
    (integration,) = copy.row("SELECT id FROM ihub_integration WHERE name = 'Ledger'")
    odoo_server(copy.database, ADDONS_PATH, "--max-cron-threads=1")
    called = "SELECT 1 FROM ir_cron WHERE active AND lastcall IS NOT NULL AND nextcall > lastcall"
    copy.wait(lambda: copy.execute(called), "A call of the lane")
    assert copy.count(integration, state="done") == 1

    copy.request(lambda env: env["ihub.integration"].action_is_original(), login="admin")
    copy.wait(lambda: copy.count(integration, state="done") == 2, "The run that was due")
