"""The kit for tests of integrations."""

import functools
import inspect
import json
import os
import threading
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import requests
from freezegun import freeze_time
from markupsafe import escape
from odoo import SUPERUSER_ID, api
from odoo.sql_db import Cursor, Savepoint
from odoo.tests import TransactionCase
from odoo.tools import SQL
from psycopg2 import errors

from ..core import masking
from ..engine import event_buffer, event_store, home, transaction, waiting
from ..engine.context import TransactionWatch
from ..engine.event_store import Event
from ..engine.odoo_internals import CursorWatcher, has_own_transaction, raw
from .http_server import LocalServer
from .recording import Recording

_LOG = "_ihub_log_of_tests"


class Killed(KeyboardInterrupt):
    """Ends a run as if its process were killed: nobody settles it, as with Ctrl-C in a shell."""


class IhubCase(TransactionCase):
    """A test case with a whole event log.

    All cursors of a test share one transaction. So what is reported is written through it: a
    search finds it, and it vanishes with the test. What a rollback takes along is written again,
    marked as undone. So is what ``RestClient`` keeps of servers; what it waits for in place takes
    no time.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(waiting, "sleep", lambda seconds: None))
        cls.startClassPatcher(patch.object(transaction, "own_transaction", cls._part_of_test))
        here = threading.current_thread()
        cls.startClassPatcher(patch.object(here, "dbname", cls.env.cr.dbname, create=True))
        cls.startClassPatcher(patch.object(event_buffer, "new_buffer", _new_buffer))
        # As if a scheduler were at work, whatever moment a test is in.
        cls.env.cr.execute("UPDATE ir_cron SET lastcall = now() + interval '1 day'")
        # As if it had run before: else each test would note where, and empty Odoo's caches.
        home.settle_once(cls.env)
        # Before the cursor is closed, which rolls it back.
        cls.addClassCleanup(_log_of(cls.cr).forget, 0)

    def setUp(self):
        super().setUp()
        self.addCleanup(masking.forget)
        log = _log_of(self.cr)
        # Before the savepoint of the test is rolled back: it takes all of its events along.
        self.addCleanup(log.forget, len(log.entries))

    @classmethod
    @contextmanager
    def _part_of_test(cls, _dbname):
        """Yield an environment for what has a transaction of its own elsewhere."""
        with cls.cr.savepoint():
            yield api.Environment(cls.cr, SUPERUSER_ID, {})

    def work(self, integration):
        """Let an integration's lane execute what is due, as the scheduler does.

        :param integration: a record of ``ihub.integration`` or of a type, of any user; one that was
            started or run manually before
        """
        # As superuser: crons belong to administrators.
        cron = integration_of(integration).sudo().cron_id
        if not cron:
            self.fail("It was never started: add(…, start=…) does so.")
        # From a frozen moment Odoo would count the hours until now one by one: thousands.
        cron.nextcall = self.env.cr.now()
        with suppress(Killed), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()


@dataclass
class Death:
    """Whether what a test has killed was reached at all."""

    happened: bool = False


class IntegrationCase(IhubCase):
    """A test case for a type of integration: what is due, trouble on the way, what came of it.

    Moments are naive UTC: a datetime, or text such as ``2025-03-01 12:00``. The clock is frozen,
    so nothing is waited for. An integration is a record of ``ihub.integration``, or the row of its
    type.
    """

    @functools.cached_property
    def server(self):
        """A local HTTP server of this test: :class:`~.http_server.LocalServer`."""
        server = LocalServer()
        self.addCleanup(server.close)
        return server

    @contextmanager
    def recording(self, name, secrets=()):
        """Answer what is asked by ``requests`` as a real server once did, for a ``with``.

        What it answered is in ``recordings/NAME.json`` beside the test, with secrets masked. With
        ``IHUB_RECORD=1`` in the environment the server is asked, and the file is written anew.

        :param secrets: values that must not be written, beside what masking finds by itself
        """
        path = self._recordings() / f"{name}.json"
        recording = Recording(path, os.environ.get("IHUB_RECORD") == "1", secrets)
        with patch.object(
            requests.Session, "send", lambda *args, **kw: recording.send(*args, **kw)
        ):
            yield recording
        if recording.is_new:
            recording.save()
        # Also where the code took it for an outage, or a bad item.
        self.assertFalse(recording.missing, f"Not in {path.name}: record it with IHUB_RECORD=1.")

    def _recordings(self):
        return Path(inspect.getfile(type(self))).parent / "recordings"

    def type_class(self, model):
        """Return the class of a type, for ``patch.object``."""
        return self.registry[model]

    # --- What happens ---

    def add(self, model, user=None, start=None, **values):
        """Add an integration of the type ``model``.

        :param user: who adds it, and as whom it works: a ``res.users``; None: as whom the test does
        :param start: when somebody presses Start; the first window begins then, unless ``values``
            says otherwise. None: it is not started.
        :param values: fields of the type and of ``ihub.integration``
        :return: the ``ihub.integration``
        """
        if start and self.env[model].is_job:
            values = {"window_from": moment(start), **values}
        values = {"name": "Orders", "tz": "UTC", **values}
        row = self.env[model].with_user(user or self.env.user).create(values)
        if start:
            with frozen(start):
                row.integration_id.start()
        return row.integration_id

    def run_due(self, integration, at=None):
        """Let an integration's lane execute what is due at a moment.

        :param integration: one that was started or run manually before
        :param at: the moment; None: now
        :return: the runs that were executed, those of retries included, oldest first
        :raise AssertionError: it was never started
        """
        before = {run.id: run.attempt for run in self.runs(integration)}
        with frozen(at):
            self.work(integration)
        return self.runs(integration).filtered(
            lambda run: run.started_at and run.attempt > before.get(run.id, 0)
        )

    def run_window(self, integration, start=None, end=None, at=None):
        """Run one window manually, as people do.

        :param start: of the window; None: as Run Manually proposes
        :param end: of the window, not included
        :param at: when that is done; None: now
        :return: its run, whatever has become of it
        :raise UserError: what Run Manually would refuse
        """
        with frozen(at):
            run = integration_of(integration).run_manually(*map(moment, (start, end)))
            self.work(integration)
        return run

    def receive(self, integration, data, at=None, message_id=None, **headers):
        """Send a message to the webhook of an integration, as the other system does.

        It is signed, and received as over HTTP. The lane takes it at the next :meth:`run_due`.

        :param data: what it says, as JSON; or bytes, as they are
        :param str message_id: the same as of another one: it is sent again; None: a new one
        :param headers: others than it would have, as ``webhook_signature="v1,…"``
        :return: the HTTP status of the answer
        :raise AssertionError: its type has no webhook
        :raise UserError: its type is not sound
        """
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        integration = integration_of(integration).sudo()
        if not integration.has_webhook:
            # Whose type is not sound takes no messages.
            integration._check_type(integration.integration_type)
            self.fail("Its type has no webhook: webhook = Webhook(…) is missing.")
        with frozen(at):
            if not integration.has_webhook_secret:
                integration._set_webhook_secret(integration._webhook().verify.new_secret())
            changed = {name.replace("_", "-"): value for name, value in headers.items()}
            return integration._deliver(body, message_id, changed)

    def correct(self, item, changes):
        """Correct the data of an item, as people do with Repair: values by path."""
        item._change(changes)

    def retry(self, items, at=None):
        """Press Retry on items, and let their integration deal with them; return that run."""
        with frozen(at):
            items.action_retry()
            self.work(items.integration_id)
        # The schedule may have been due as well.
        return self.runs(items.integration_id, trigger="items")[-1]

    def press_test_connection(self, integration):
        """Press Test Connection; return of which kind the answer is, and the answer.

        :return: ``("success", "The connection works.")``, or ``("danger", …)``
        """
        with self.enter_registry_test_mode():
            answer = integration.action_test_connection()["params"]
        return answer["type"], answer["message"]

    @contextmanager
    def running_as(self, function, model):
        """Let ``function(self, _from, _to)`` be what integrations of the type do."""
        with patch.object(self.type_class(model), "run_from_to", function):
            yield

    @contextmanager
    def die_at(self, number, owner, name, after=False):
        """Let a run end as if its process were killed, at the n-th call of something.

        What checkpoints have kept stays, all else is rolled back, the run is interrupted and taken
        up by the next :meth:`run_due`. Yields a :class:`Death`: whether it came to that.

        :param int number: 1 is the first call
        :param owner: the name of a model, or a class or module
        :param str name: of a method of the model, or a function
        :param bool after: die behind the call, not before it
        """
        death = Death()

        def kill(*args):
            death.happened = True
            raise Killed

        with self._at_call(number, owner, name, kill, after):
            yield death

    def die_at_checkpoint(self, number, after=False):
        """As :meth:`die_at`, at the n-th checkpoint; ``after``: when it has kept the work."""
        return self.die_at(number, TransactionWatch, "commit", after)

    def stop_at_checkpoint(self, integration, number):
        """Let somebody press Stop before the n-th checkpoint of a run, for a ``with``."""

        integration = integration_of(integration)

        def press(watch):
            integration.with_env(integration.env(cr=watch.cr)).stop()

        return self._at_call(number, TransactionWatch, "commit", press)

    @contextmanager
    def _at_call(self, number, owner, name, action, after=False):
        owner = self.registry[owner] if isinstance(owner, str) else owner
        original = getattr(owner, name)
        calls = []

        # Handlers of items are known by their name.
        @functools.wraps(original)
        def call(*args, **kwargs):
            calls.append(name)
            is_now = len(calls) == number
            if is_now and not after:
                action(*args)
            result = original(*args, **kwargs)
            if is_now and after:
                action(*args)
            return result

        with patch.object(owner, name, call):
            yield

    @contextmanager
    def undone(self):
        """Roll back what the body of a ``with`` has done, its events included."""
        log = _log_of(self.cr)
        position = len(log.entries)
        savepoint = self.cr.savepoint()
        try:
            yield
        finally:
            log.forget(position)
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)

    # --- What came of it ---

    def runs(self, integration, **criteria):
        """Return the runs of an integration that match field values, oldest first."""
        return self._found("ihub.run", integration, criteria)

    def items(self, integration, **criteria):
        """Return the items of an integration that match field values, oldest first."""
        return self._found("ihub.item", integration, criteria)

    def _found(self, model, integration, criteria):
        domain = [("integration_id", "=", integration_of(integration).id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env[model].search(domain, order="id")

    def assertItem(self, key, **expected):
        """There is one item with a key, and its fields are as expected; return it.

        :param expected: such as ``state="done"``, ``record=partner``, ``kind="order"``
        """
        items = self.env["ihub.item"].search([("key", "=", str(key))])
        self.assertEqual(len(items), 1, f"There are {len(items)} items with the key {key}.")
        self.assertEqual({name: items[name] for name in expected}, expected)
        return items

    def assertWindows(self, integration, expected, state="done"):
        """These windows, and no others, have come to a state: ``[(from, to), …]``, oldest first."""
        runs = self.runs(integration, state=state).sorted("window_from")
        found = [(run.window_from, run.window_to) for run in runs]
        self.assertEqual(found, [(moment(start), moment(end)) for start, end in expected])

    def assertEvent(self, level, text):
        """Something was reported that contains ``text``; return these events.

        :param str level: ``info``, ``warning`` or ``error``
        """
        events = self.env["ihub.event"].search([("level", "=", level)])
        found = events.filtered(lambda event: text in event.summary)
        self.assertTrue(found, f"No {level} says “{text}”, but: {events.mapped('summary')}")
        return found

    def assertNoSecret(self, value):
        """``value`` is in nothing that the hub or a chatter shows, nor in messages that came in.

        What ``set_state`` keeps is not shown, so it may be there.
        """
        self.env.flush_all()
        # As it is, in JSON and in HTML.
        forms = {value, json.dumps(value)[1:-1], str(escape(value))}
        for table in ("ihub_event", "ihub_run", "ihub_item", "ihub_integration", "mail_message"):
            query = SQL(
                """
                SELECT count(*) FROM %s AS t, jsonb_each_text(to_jsonb(t)) AS field
                 WHERE %s
                """,
                SQL.identifier(table),
                SQL(" OR ").join(SQL("strpos(field.value, %s) > 0", form) for form in forms),
            )
            ((count,),) = self.env.execute_query(query)
            self.assertFalse(count, f"A secret can be read in {count} places of {table}.")
        # Long details of events, and messages as they came.
        attachments = self.env["ir.attachment"].sudo().search([("res_model", "=like", "ihub.%")])
        bodies = self.env.execute_query(SQL("SELECT body FROM ihub_message WHERE body IS NOT NULL"))
        kept = {
            "ir_attachment": [one.raw or b"" for one in attachments],
            "ihub_message": [bytes(body) for (body,) in bodies],
        }
        for table, contents in kept.items():
            count = sum(any(form.encode() in one for form in forms) for one in contents)
            self.assertFalse(count, f"A secret can be read in {count} places of {table}.")


def integration_of(record):
    """Return the ``ihub.integration`` that ``record`` is, or whose row of a type it is."""
    is_row = "integration_id" in record._fields
    # As superuser: a type may hide its row from a user; this link is no secret.
    return record.sudo().integration_id.with_env(record.env) if is_row else record


def moment(text):
    """Return ``2025-03-01 12:00`` as a naive datetime (UTC); a datetime as it is."""
    return datetime.fromisoformat(text) if isinstance(text, str) else text


def frozen(when):
    """Freeze the clock at a moment for the body of a ``with``; None: leave it as it is."""
    return nullcontext() if when is None else freeze_time(when)


class _Log:
    """The events of all cursors that share the transaction of one."""

    def __init__(self, cr):
        self.entries = []
        self._cr = cr
        self._missing = set()  # positions of those that are not in the table

    def add(self, event, owner):
        """Take ``event``, which was reported on the cursor of the buffer ``owner``."""
        event.position = len(self.entries)
        self._missing.add(event.position)
        self.entries.append(_Entry(event, owner))
        self.store()

    def store(self):
        """Write what is missing, unless the transaction cannot take it now."""
        if not self._missing:
            return
        with suppress(errors.InFailedSqlTransaction, errors.ReadOnlySqlTransaction):
            with Savepoint(raw(self._cr)):
                self._insert([self.entries[position] for position in sorted(self._missing)])
            self._missing.clear()

    def lose(self, position, owner):
        """The rows from ``position`` on are gone; the work of ``owner`` among them is undone."""
        for entry in self.entries[position:]:
            self._missing.add(entry.event.position)
            entry.event.undone |= entry.owner is owner

    def forget(self, position):
        """The events from ``position`` on have never been."""
        del self.entries[position:]
        self._missing = {one for one in self._missing if one < position}

    def _insert(self, entries):
        cursor = raw(self._cr)
        if lost := [entry for entry in entries if entry.id]:
            ids = [entry.id for entry in lost]
            # Still there where a cursor was rolled back before its savepoint had begun.
            cursor.execute("DELETE FROM ihub_event WHERE id = ANY(%s)", [ids])
            event_store.insert(cursor, [entry.event for entry in lost], ids=ids)
        if new := [entry for entry in entries if not entry.id]:
            ids = event_store.insert(cursor, [entry.event for entry in new])
            for entry, id_ in zip(new, ids, strict=True):
                entry.id = id_


@dataclass
class _Entry:
    event: Event
    owner: object
    id: int | None = None


class _Buffer(CursorWatcher):
    """The events of one cursor, in the log that it shares with others."""

    def __init__(self, cr):
        self._log = _log_of(cr)

    def add(self, event):
        self._log.add(event, self)

    def hook(self, cr):
        """Be told how the open transaction of ``cr`` ends."""
        begin = self.position()
        cr.postcommit.data[event_buffer.KEY] = True
        cr.prerollback.add(lambda: self._log.lose(begin, self))
        cr.postrollback.add(self.flush)

    def flush(self):
        self._log.store()

    def position(self):
        return len(self._log.entries)

    def undo(self, position):
        self._log.lose(position, self)
        self.flush()

    def before_commit(self, cr):
        self.flush()


def _log_of(cr):
    """Return the log of the cursor that ``cr``, if it is a savepoint, stands for."""
    while not isinstance(cr, Cursor):
        cr = cr._cursor
    if _LOG not in cr.__dict__:
        cr.__dict__[_LOG] = _Log(cr)
    return cr.__dict__[_LOG]


_original = event_buffer.new_buffer


def _new_buffer(cr):
    return _original(cr) if has_own_transaction(cr) else _Buffer(cr)
