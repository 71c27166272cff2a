"""The module is upgraded while something runs, and while other servers have the older code."""

import os
import re
import shutil
import threading
from contextlib import contextmanager

import hub_database
import pytest
from hub_driver import ADDONS_PATH, ROOT, TEST_ADDONS
from odoo.sql_db import db_connect
from odoo.tools import SQL
from odoo_process import run_without_error

LATER_MODELS = """
from odoo import fields, models


class IhubIntegration(models.Model):
    _inherit = "ihub.integration"

    later_limit = fields.Integer(default=7)


class IhubRun(models.Model):
    _inherit = "ihub.run"

    later_note = fields.Char(default="later")
"""

SHOP_MANIFEST = """{
    "name": "Shop", "version": "19.0.1.0.0", "author": "Test", "license": "LGPL-3",
    "depends": ["ihub"],
}"""
SHOP = """
from odoo import fields, models
from odoo.addons.ihub.lib import ihub_fields


class Shop(models.Model):
    _name = "shop.integration"
    _inherit = "ihub.abstract_integration"
    _description = "Shop"

    password = %s

    def run_from_to(self, _from, _to):
        print("PASSWORD", self.password, sep="|")
"""
ADD_SHOP = """
env["shop.integration"].create({"name": "Shop", "password": "open sesame"})
env["shop.integration"].create({"name": "Closed", "password": "not any more"}).password = False
env.cr.commit()
"""
RUN_SHOP = """
env.cr.execute("SELECT count(*) FROM information_schema.columns"
               " WHERE table_name = 'shop_integration' AND column_name = 'password'")
print("COLUMNS", env.cr.fetchone()[0], sep="|")
for shop in env["shop.integration"].search([], order="id"):
    shop.run_from_to(None, None)
env["shop.integration"].create({"name": "Another", "password": "new"}).run_from_to(None, None)
"""


@pytest.fixture
def own_hub():
    """A hub whose tables a test may change."""
    with hub_database.copied(os.environ["IHUB_TEMPLATE"], "versions") as hub:
        yield hub


@pytest.fixture
def later(tmp_path):
    """The argument with which Odoo finds a later version of the hub, which has more columns."""
    addon = tmp_path / "later" / "ihub"
    shutil.copytree(ROOT / "ihub", addon)
    manifest = addon / "__manifest__.py"
    manifest.write_text(manifest.read_text().replace('"19.0.1.', '"19.0.2.'))
    (addon / "models" / "later.py").write_text(LATER_MODELS)
    with open(addon / "models" / "__init__.py", "a") as models:
        models.write("from . import later\n")
    return f"--addons-path={addon.parent},{ROOT},{TEST_ADDONS}"


@contextmanager
def a_reader(hub):
    """Somebody has read all tables of the hub, in a transaction that stays open."""
    with db_connect(hub.database).cursor() as cr:
        cr.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'ihub%'")
        for (table,) in cr.fetchall():
            cr.execute(SQL("SELECT FROM %s LIMIT 1", SQL.identifier(table)))
        yield


def test_upgrading_during_a_run_loses_nothing(hub, server):
    integration = hub.add("write\nhold\nwrite", windows=3, check_alone=True)
    with hub.held(integration) as let_go, a_reader(hub):
        hub.start(integration)
        server()
        hub.wait_until_held(integration)
        outcome = []
        upgrade = threading.Thread(
            target=lambda: outcome.append(hub_database.upgrade(hub.database, "ihub"))
        )
        upgrade.start()
        hub.wait(
            lambda: (
                hub.row("SELECT count(*) FROM ir_module_module WHERE state = 'to upgrade'")[0]
                or not upgrade.is_alive()
            ),
            "The upgrade's beginning",
            wake=False,
        )
        let_go()
        upgrade.join(120)
    assert outcome, "The upgrade failed, or waits for ever."
    hub.wait(lambda: hub.count(integration, state="done") == 3)
    assert hub.steps(integration) == [0, 1] * 3
    assert hub.row("SELECT state FROM ir_module_module WHERE name = 'ihub'") == ("installed",)
    assert hub.read(integration, "state")["state"] == "running"


def test_two_versions_of_the_code_work_on_the_same_rows(own_hub, odoo_server, later):
    hub = own_hub

    def start(addons_path):
        return odoo_server(hub.database, addons_path, "--max-cron-threads=1", "--log-level=info")

    old = start(ADDONS_PATH)
    integration = hub.add("write\n@1 hold\nwrite", windows=2)
    hub_database.upgrade(hub.database, "ihub", later)
    with hub.held(integration):
        hub.start(integration)
        # The older code begins a window on the rows of the later version, and is killed in it.
        hub.wait_until_held(integration)
        new = start(later)
        old.kill()
        hub.wait_for(integration, state="interrupted")
    hub.wait(lambda: hub.count(integration, state="done") == 2)
    assert hub.steps(integration) == [0, 1] * 2

    # The older code goes on with what the later one has left.
    new.kill()
    start(ADDONS_PATH)
    run = hub.run_manually(integration)
    hub.wait_for(integration, id=run, state="done")
    notes = [run["later_note"] for run in hub.runs(integration)]
    assert "later" in notes and None in notes, notes
    assert hub.count(integration, state="pending") == 1
    assert not hub.runs(integration, state="failed")


def test_what_becomes_a_secret_is_not_left_in_its_table(template_copy, tmp_path):
    addon = tmp_path / "shop"
    addon.mkdir()
    (addon / "__manifest__.py").write_text(SHOP_MANIFEST)
    (addon / "__init__.py").write_text("from . import shop")
    path = f"--addons-path={ROOT},{tmp_path}"

    def shop(password, option, script):
        (addon / "shop.py").write_text(SHOP % password)
        run_without_error(
            "-d", template_copy, option, "shop", path, "--no-http", "--stop-after-init"
        )
        return run_without_error("shell", "-d", template_copy, path, "--no-http", script=script)

    shop("fields.Char(required=False)", "-i", ADD_SHOP)
    output = shop('ihub_fields.Secret("Password")', "-u", RUN_SHOP)
    found = re.findall(r"^PASSWORD\|(.*)$", output, re.M)
    assert found == ["open sesame", "False", "new"], output
    assert "COLUMNS|0" in output
