"""A hub that real servers work on: put integrations into it, watch them, hold them, kill them.

Nothing here runs inside a test's transaction: everything is committed.
"""

import json
import os
import signal
import time
import urllib.request
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg2
import psycopg2.extras

ROOT = Path(__file__).resolve().parents[2]
TEST_ADDONS = ROOT / "tests" / "addons"
ADDONS_PATH = f"--addons-path={ROOT},{TEST_ADDONS}"
TYPE = "ihub.integration.ledger"
OPERATOR = "ihub_process_operator"

# As in the engine and in the addon ihub_test.
LANE_SPACE = 0x69687562
HOLD_SPACE = 0x7E57
HELD_SPACE = 0x7E58

# All locks of the server are in one list, also those of other databases.
LOCKS_HERE = (
    "(SELECT * FROM pg_locks WHERE database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
# Odoo names its connections after the process that they are of.
CONNECTIONS = (
    "SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database()"
)
# Seconds after which something hangs: a busy machine is waited for.
PATIENCE = 300
# Seconds between two looks; one in so many also wakes the schedulers.
LOOK = 0.1
LOOKS = 5
EMPTY = (
    "DELETE FROM ir_cron_trigger",
    "UPDATE ihub_integration SET cron_id = NULL",
    "DELETE FROM ir_cron WHERE id IN (SELECT c.id FROM ir_cron c JOIN ir_act_server s"
    " ON s.id = c.ir_actions_server_id WHERE s.code LIKE '%_cron_lane%')",
    "DELETE FROM ihub_run",
    "DELETE FROM ihub_event",
    "DELETE FROM ihub_test_ledger",
    "DELETE FROM ihub_integration_ledger",
    "DELETE FROM ihub_integration_hook",
    "DELETE FROM ihub_integration_idle",
    "DELETE FROM ihub_integration",
)


@contextmanager
def as_a_server():
    """Load registries as a server does: beside other tests, Odoo would look for tests to run."""
    from odoo.tools import config

    before = config["test_enable"]
    config["test_enable"] = False
    try:
        yield
    finally:
        config["test_enable"] = before


class Hub:
    """One database, seen through SQL and, to press buttons, through Odoo in this process."""

    def __init__(self, database, registry=None, **server):
        self.database = database
        self.registry = registry
        self.server = server
        self.connection = self.connect()
        self.bell = None

    def connect(self, database=None):
        connection = psycopg2.connect(dbname=database or self.database, **self.server)
        connection.autocommit = True
        return connection

    def close(self):
        self.connection.close()
        if self.bell:
            self.bell.close()

    def empty(self):
        """Forget all integrations: the next test begins with none."""
        self.end_orphans()
        for statement in EMPTY:
            self.execute(statement)

    def end_orphans(self):
        """End the connections of processes that are no more; return when they are gone.

        PostgreSQL does not notice that a process was killed before it has done what it was sent.
        """
        for pid, name in self.execute(CONNECTIONS):
            process = name.rpartition("-")[2]
            if process.isdigit() and not is_running(process):
                self.execute("SELECT pg_terminate_backend(%s, %s)", pid, PATIENCE * 1000)

    # --- Buttons ---

    @contextmanager
    def env(self, login=OPERATOR):
        """An environment of a user, by default an operator, that is committed at the end."""
        from odoo import api

        (uid,) = self.row("SELECT id FROM res_users WHERE login = %s", login)
        with as_a_server():
            self.registry = self.registry.check_signaling()
        with self.registry.cursor() as cr:
            yield api.Environment(cr, uid, {})

    def request(self, function, login=OPERATOR):
        """Return ``function(env)``, called as Odoo calls a method for a browser."""
        from odoo.service.model import retrying

        with self.env(login) as env:
            return retrying(lambda: function(env), env)

    def key(self, login=OPERATOR):
        """Return a new API key of a user."""
        with self.env(login) as env:
            keys = env["res.users.apikeys"].sudo()
            return keys._generate("rpc", "test", datetime.now() + timedelta(days=1))

    def press(self, integration, button, *args):
        """Call a method of an integration as the operator, again after a conflict, as Odoo does."""
        from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

        while True:
            with suppress(PG_CONCURRENCY_EXCEPTIONS_TO_RETRY), self.env() as env:
                return getattr(env["ihub.integration"].browse(integration), button)(*args)

    def add(self, script="write", windows=1, **values):
        """Add an integration with that many due windows of an hour; return its id.

        The last of them ends now, so that no other becomes due while a test goes on.

        :param script: what it does, in the words of its type; None: nothing
        """
        with self.env("__system__") as env:
            run_as = env["res.users"].search([("login", "=", OPERATOR)])
            values = {"tz": "UTC", "run_as_id": run_as.id, "user_id": run_as.id, **values}
            given = {} if script is None else {"script": script}
            values = {"name": "Ledger", **given, **values}
            values = {"interval_type": "hours", "catch_up": "each", **values}
            step = timedelta(**{values["interval_type"]: 1})
            now = env.cr.now().replace(second=0, microsecond=0)
            if values["interval_type"] not in ("minutes", "hours"):
                now = now.replace(minute=0)
            # Nobody reads the mail that says who is responsible for it.
            model = env["ihub.integration.idle" if script is None else TYPE].with_context(
                mail_auto_subscribe_no_notify=True
            )
            values = {"window_from": now - windows * step, **values}
            return model.create(values).integration_id.id

    def add_hook(self):
        """Add an integration that takes messages, started; return its id, path and secret."""
        with self.env("__system__") as env:
            run_as = env["res.users"].search([("login", "=", OPERATOR)])
            hook = env["ihub.integration.hook"].create({"name": "Hook", "run_as_id": run_as.id})
            integration = hook.integration_id
            secret = integration._webhook().verify.new_secret()
            integration._set_webhook_secret(secret)
            integration.start()
            return integration.id, f"/ihub/in/{integration.webhook_token}", secret

    def start(self, integration):
        self.press(integration, "start")

    def stop(self, integration):
        self.press(integration, "stop")

    def run_manually(self, integration, *period):
        with self.env() as env:
            return env["ihub.integration"].browse(integration).run_manually(*period).id

    def read(self, integration, *names):
        """Return what an operator's screen shows of an integration."""
        with self.env() as env:
            return env["ihub.integration"].browse(integration).read(names)[0]

    # --- SQL ---

    def execute(self, query, *args, connection=None):
        with (connection or self.connection).cursor() as cr:
            cr.execute(query, args or None)
            return cr.fetchall() if cr.description else []

    def row(self, query, *args):
        return self.execute(query, *args)[0]

    def runs(self, integration, **criteria):
        """Return the runs of an integration, oldest first, as dictionaries."""
        where = "".join(f" AND {name} = %s" for name in criteria)
        query = f"SELECT * FROM ihub_run WHERE integration_id = %s{where} ORDER BY id"
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cr:
            cr.execute(query, (integration, *criteria.values()))
            return cr.fetchall()

    def run(self, integration, **criteria):
        (run,) = self.runs(integration, **criteria)
        return run

    def count(self, integration, **criteria):
        return len(self.runs(integration, **criteria))

    def state(self, integration):
        return self.row("SELECT state FROM ihub_integration WHERE id = %s", integration)[0]

    def steps(self, integration, note=None):
        """Return the steps in the ledger of an integration, in the order of being written."""
        query = "SELECT step FROM ihub_test_ledger WHERE integration = %s"
        query += " AND note = %s" if note else ""
        args = (integration, note) if note else (integration,)
        return [step for (step,) in self.execute(f"{query} ORDER BY id", *args)]

    # --- Waiting ---

    def wake(self):
        """Let the schedulers look now instead of within a minute."""
        with suppress(psycopg2.Error):
            # Closed by a server that goes away.
            if not self.bell or self.bell.closed:
                self.bell = self.connect("postgres")
            self.execute(
                "SELECT pg_notify('cron_trigger', %s)", self.database, connection=self.bell
            )

    def hasten(self):
        """Let the minutes pass that a lane waits after crashes in a row, failures or a conflict."""
        self.execute(
            "UPDATE ihub_run SET due = date_trunc('second', now() AT TIME ZONE 'UTC')"
            " WHERE state = 'pending' AND due > now() AT TIME ZONE 'UTC'"
            " AND (crash_count > 0 OR attempt > 0)"
        )
        self.execute(
            "UPDATE ir_cron_trigger SET call_at = now() AT TIME ZONE 'UTC'"
            " WHERE call_at > now() AT TIME ZONE 'UTC' AND NOT EXISTS"
            " (SELECT 1 FROM ihub_run WHERE state = 'pending' AND due = call_at)"
        )

    def wait(self, condition, what="what was waited for", wake=True, patience=PATIENCE):
        """Wait until ``condition()`` is true, and return that."""
        deadline = time.monotonic() + patience
        looks = count()
        while time.monotonic() < deadline:
            if wake and not next(looks) % LOOKS:
                self.wake()
            if result := condition():
                return result
            time.sleep(LOOK)
        raise AssertionError(f"{what} did not come true in {patience} s.\n{self.picture()}")

    def wait_for(self, integration, **criteria):
        """Wait for a run of an integration that matches, and return the first one."""
        runs = self.wait(lambda: self.runs(integration, **criteria), f"A run with {criteria}")
        return runs[0]

    def picture(self):
        """Return what is in the database, for the message of a failed test."""
        runs = self.execute(
            "SELECT id, integration_id, state, trigger, window_from::text, window_to::text,"
            " due::text, attempt, crash_count, left(message, 90)"
            " FROM ihub_run ORDER BY id DESC LIMIT 12"
        )
        crons = self.execute("SELECT id, active, nextcall::text FROM ir_cron WHERE active")
        triggers = self.execute("SELECT cron_id, call_at::text FROM ir_cron_trigger")
        return "\n".join(map(str, [*runs, ("crons", *crons), ("triggers", *triggers)]))

    # --- Processes ---

    def holder(self, integration):
        """Return the PostgreSQL pid of the connection that holds a lane, or None."""
        rows = self.execute(
            f"SELECT pid FROM {LOCKS_HERE} l WHERE locktype = 'advisory' AND granted"
            " AND classid = %s AND objid = %s",
            LANE_SPACE,
            integration,
        )
        return rows[0][0] if rows else None

    @contextmanager
    def held(self, integration):
        """Whoever comes to a ``hold`` in the script waits until the end of the block."""
        connection = self.connect()
        key = (HOLD_SPACE, integration)
        self.execute("SELECT pg_advisory_lock(%s, %s)", *key, connection=connection)
        try:
            yield connection.close
        finally:
            connection.close()

    def wait_until_held(self, integration):
        """Wait until a run has come to its ``hold``, and return its process."""
        query = (
            f"SELECT a.application_name FROM {LOCKS_HERE} l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.objid = %s"
            " AND (l.classid = %s AND l.granted OR l.classid = %s AND NOT l.granted)"
        )
        args = (integration, HELD_SPACE, HOLD_SPACE)
        rows = self.wait(lambda: self.execute(query, *args), "A run that comes to its hold")
        return int(rows[0][0])


def ask(server, key, method, **parameters):
    """Return what a method of a model answers over JSON-2."""
    request = urllib.request.Request(
        f"{server.url}/json/2/{method}",
        json.dumps(parameters).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def kill(pid, number=signal.SIGKILL):
    """Send a signal to one process."""
    os.kill(pid, number)


def is_running(pid):
    """Return whether a process exists and is not one that only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
