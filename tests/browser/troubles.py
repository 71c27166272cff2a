"""A hub full of troubles, and servers without schedulers for it."""

import json
from contextlib import ExitStack, contextmanager

import hub_site
import psycopg2
from http_server import local_server
from hub_driver import ADDONS_PATH
from odoo_process import run

from lib import postgres

# The first half of the lane's advisory lock: see ihub/report/locks.py.
LOCK_SPACE = 0x69687562
# Whose lanes must be held for them to be at work.
AT_WORK = ("Late", "Stuck", "At work", "Behind the times", "Ending")
FRESH = (
    "UPDATE ihub_run r SET due = now() AT TIME ZONE 'UTC' + interval '5 minutes'"
    "  FROM ihub_integration i WHERE i.id = r.integration_id AND r.state = 'pending'"
    "   AND i.name <> 'No scheduler'",
    "UPDATE ihub_run r SET last_seen = now() AT TIME ZONE 'UTC'"
    "  FROM ihub_integration i WHERE i.id = r.integration_id AND r.state = 'running'"
    "   AND i.name = 'Killed server'",
    # It may be past midnight by now: cards count the errors of today.
    "UPDATE ihub_event SET create_date = date_trunc('day', now() AT TIME ZONE 'UTC')"
    "  WHERE create_date < date_trunc('day', now() AT TIME ZONE 'UTC')",
)
WAITED = (
    "UPDATE ihub_run r SET window_from = window_from - make_interval(days => %(days)s),"
    "       window_to = window_to - make_interval(days => %(days)s)"
    "  FROM ihub_integration i WHERE i.id = r.integration_id AND r.state = 'pending'"
    "   AND i.name = %(name)s",
    "UPDATE ihub_integration SET state_date = state_date - make_interval(days => %(days)s)"
    " WHERE name = %(name)s",
)
# The last one kills the process.
STAGES = ("addons", "badges", "troubles")
ORDERS = [
    {"number": "S1", "customer": "Azure Interior", "price": 5},
    {"number": "S2", "customer": "Azure Interior", "price": None},
]


def odoo(*arguments, script="", **env):
    return run(*arguments, ADDONS_PATH, "--no-http", "--log-level=error", script=script, env=env)


def stage(database, shop):
    """Let all come about in one process: each would load all of Odoo."""
    shop.reply("locked/orders", status=401)
    shop.reply("shop/orders", body=json.dumps(ORDERS).encode())
    folder = hub_site.ROOT / "tests" / "browser"
    script = "".join((folder / f"stage_{name}.py").read_text() for name in STAGES)
    staged = odoo("shell", "-d", database, script=script, IHUB_TEST_SHOP=shop.url)
    assert staged.returncode == -9, staged.stdout[-3000:]


@contextmanager
def staged(template, purpose):
    """Yield the names of a hub full of troubles, and of a neutralized copy of it."""
    client = postgres.Client({})
    with ExitStack() as stack:
        shop = stack.enter_context(local_server())
        name = stack.enter_context(client.copied(template, f"{purpose}_troubles"))
        stage(name, shop)
        copy = stack.enter_context(client.copied(name, f"{purpose}_copy"))
        neutralize(copy)
        yield name, copy


def make_fresh(database):
    """Let the troubles be moments old again: there is no scheduler that goes on with them."""
    execute(database, *FRESH)


@contextmanager
def late(database, name):
    """Let an integration have waited for a day, and so be late, for the body of a ``with``."""
    execute(database, *WAITED, name=name, days=1)
    try:
        yield
    finally:
        execute(database, *WAITED, name=name, days=-1)


def execute(database, *statements, **values):
    connection = psycopg2.connect(dbname=database)
    try:
        with connection, connection.cursor() as cr:
            for statement in statements:
                cr.execute(statement, values)
    finally:
        connection.close()


def neutralize(database):
    """Make a database a copy of another one, as administrators do."""
    done = odoo("neutralize", "-d", database)
    assert done.returncode == 0, done.stdout[-3000:]


@contextmanager
def executing(database, *names):
    """Hold the lanes of integrations, as processes do that are at work."""
    connection = psycopg2.connect(dbname=database)
    try:
        connection.cursor().execute(
            "SELECT pg_advisory_lock(%s, id) FROM ihub_integration WHERE name = ANY(%s)",
            (LOCK_SPACE, list(names)),
        )
        yield
    finally:
        connection.close()


def serving(database, folder, chromium):
    """Serve a database without schedulers, for visitors with Playwright's browser ``chromium``."""
    return hub_site.serving(chromium, database, folder, ADDONS_PATH, "--max-cron-threads=0")
