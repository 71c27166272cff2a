"""The kit for tests of integrations."""

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.sql_db import Cursor, Savepoint
from odoo.tests import TransactionCase
from psycopg2 import errors

from ..core import masking
from ..engine import event_buffer, event_store, waiting
from ..engine.event_store import Event
from ..engine.odoo_internals import CursorWatcher, has_own_transaction, raw

_LOG = "_ihub_log_of_tests"


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
        cls.startClassPatcher(patch.object(waiting, "own_transaction", cls._part_of_test))
        here = threading.current_thread()
        cls.startClassPatcher(patch.object(here, "dbname", cls.env.cr.dbname, create=True))
        cls.startClassPatcher(patch.object(event_buffer, "new_buffer", _new_buffer))
        # As if a scheduler were at work, whatever moment a test is in.
        cls.env.cr.execute("UPDATE ir_cron SET lastcall = now() + interval '1 day'")
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
        with self.enter_registry_test_mode():
            integration.sudo().cron_id.method_direct_trigger()
        self.env.invalidate_all()


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
