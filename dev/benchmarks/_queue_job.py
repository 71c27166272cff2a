"""OCA's queue_job, which the hub is measured beside; fetched for that alone, into the cache."""

import os
import subprocess
import sys
from contextlib import contextmanager

from _servers import MODES, server

from lib import paths
from lib.console import Failure, say
from lib.database import Databases

PACKAGES = ("odoo-addon-queue_job==19.0.2.4.0.1", "openupgradelib==3.13.7")
FOLDER = paths.CACHE / "queue_job"
ADDONS = FOLDER / "odoo" / "addons"


def fetch():
    """Have the addon in a folder of its own, and let Odoo find it there."""
    import odoo.addons

    if not FOLDER.exists():
        say("Fetching queue_job ...")
        with paths.building(FOLDER) as folder:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
            done = subprocess.run([*pip, folder, *PACKAGES], check=False)
            if done.returncode:
                raise Failure("queue_job cannot be fetched. Measure with --alone without it.")
    sys.path.append(str(FOLDER))
    if str(ADDONS) not in odoo.addons.__path__:
        odoo.addons.__path__.append(str(ADDONS))


@contextmanager
def database():
    """Yield the registry of a database in which the addon is installed."""
    from hub_driver import as_a_server
    from odoo.modules.registry import Registry
    from odoo.sql_db import close_db

    with Databases({}).copied("bench_queue_job") as name:
        with as_a_server():
            registry = Registry.new(name, install_modules=["queue_job"])
        with registry.cursor() as cr:
            cr.execute("UPDATE ir_cron SET active = false")
        try:
            yield registry
        finally:
            Registry.delete(name)
            close_db(name)


def queue_server(registry, mode, capacity):
    """Return a context manager: a server that executes so many jobs at a time."""
    path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
    return server(
        registry.db_name,
        f"--addons-path={paths.ROOT},{ADDONS}",
        "--load=base,web,queue_job",
        "--max-cron-threads=0",
        f"--workers={MODES[mode]}",
        http=True,
        PYTHONPATH=path,
        ODOO_QUEUE_JOB_CHANNELS=f"root:{capacity}",
    )


def enqueue(registry, number):
    """Queue so many jobs that do nothing, and forget those before."""
    from odoo import SUPERUSER_ID, api

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        cr.execute("DELETE FROM queue_job")
        for _each in range(number):
            env["queue.job"].with_delay()._test_job()


def done(registry):
    """Return how many of the jobs are done."""
    with registry.cursor() as cr:
        cr.execute("SELECT count(*) FROM queue_job WHERE state = 'done'")
        return cr.fetchone()[0]
