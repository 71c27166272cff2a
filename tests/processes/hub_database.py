"""The database of the process tests: the project's template with the addon ihub_test."""

from contextlib import contextmanager

from hub_driver import ADDONS_PATH, OPERATOR, TEST_ADDONS, Hub, as_a_server
from odoo_process import run_without_error


def upgrade(database, module, addons_path=ADDONS_PATH):
    """Upgrade a module as an administrator does on the command line; return the output."""
    return run_without_error(
        "-d", database, "-u", module, addons_path, "--no-http", "--max-cron-threads=0",
        "--stop-after-init",
    )  # fmt: skip


def _install(database):
    """Install ihub_test; switch off all other scheduled actions; add an operator."""
    from odoo import api
    from odoo.modules.registry import Registry

    with as_a_server():
        registry = Registry.new(database, install_modules=["ihub_test"])
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        env["ir.cron"].search([]).active = False
        groups = env.ref("ihub.group_user") + env.ref("base.group_user")
        env["res.users"].create(
            {
                "name": "Operator",
                "login": OPERATOR,
                "email": "operator@example.com",
                "group_ids": groups.ids,
                "tz": "UTC",
            }
        )
    return registry


def _prepare_odoo():
    """Let Odoo find the addons in this process; servers get their path as an argument."""
    import odoo.addons
    from odoo.modules.module import initialize_sys_path
    from odoo.tools import config

    if not config["db_name"]:
        config.parse_config(["--no-http", "--log-level=error"], setup_logging=True)
    initialize_sys_path()
    if str(TEST_ADDONS) not in odoo.addons.__path__:
        odoo.addons.__path__.append(str(TEST_ADDONS))


@contextmanager
def opened(database):
    """Install ihub_test in a database and yield its :class:`Hub`.

    Odoo's registry of it is in this process.
    """
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    _prepare_odoo()
    hub = Hub(database, _install(database))
    try:
        yield hub
    finally:
        hub.close()
        Registry.delete(database)
        close_db(database)


@contextmanager
def copied(template, purpose):
    """Yield the :class:`Hub` of a copy of a template, which is dropped at the end."""
    from lib import postgres

    with postgres.Client({}).copied(template, purpose) as name, opened(name) as hub:
        yield hub
