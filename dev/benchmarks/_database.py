"""A database of its own for a benchmark, with Odoo in this process."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "dev"))

from lib.database import Databases  # noqa: E402


@contextmanager
def database(purpose):
    """Yield the registry of a new database with the addons; it is dropped at the end."""
    databases = Databases(dict(os.environ))
    name = f"ihub_bench_{purpose}_{os.getpid()}"
    databases.client.copy(databases.template(), name)
    try:
        yield _registry(name)
    finally:
        _close(name)
        databases.client.drop(name)


def _registry(name):
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", name, "--log-level=error"], setup_logging=True)
    return Registry(name)


def _close(name):
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    Registry.delete(name)
    close_db(name)
