"""A database of its own for a benchmark, with Odoo in this process."""

from contextlib import contextmanager

from lib.database import Databases


@contextmanager
def database(purpose):
    """Yield the registry of a new database with the addons; it is dropped at the end."""
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db
    from odoo.tools import config

    databases = Databases({})
    with databases.copied(f"bench_{purpose}") as name:
        config.parse_config(["-d", name, "--log-level=error"], setup_logging=True)
        try:
            yield Registry(name)
        finally:
            Registry.delete(name)
            close_db(name)
