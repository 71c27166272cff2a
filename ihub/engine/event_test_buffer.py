"""Events in the tests of integration developers.

There is no cursor beside the test's: rows are written through it, so that a search finds them and
they vanish with the test. All cursors that stand for the test's own share one buffer. What a
rollback took away with the rest is written again, marked undone.
"""

import logging
import sys

from odoo.modules import module
from odoo.sql_db import Cursor
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from . import event_writer
from .event_buffer import KEY

# This module is imported late: a logger of its own would not be masked.
_logger = logging.getLogger(event_writer.__name__)


class EventTestBuffer:
    """The events of a test and of all cursors on its connection."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.logged = 0
        self._events = []

    def view(self, cr):
        """Return this buffer as ``cr`` sees it."""
        return _View(self, cr)

    def write(self):  # pylint: disable=method-required-super
        """Write what is not in the table, unless the transaction cannot take it now."""
        events = [entry for entry in self._events if not entry.stored]
        if not events or not self._is_writable():
            return
        cursor = self.cursor._obj  # not counted among the test's queries
        missing = [entry for entry in events if entry.id is None]
        cursor.execute(
            "SELECT nextval('ihub_event_id_seq') FROM generate_series(1, %s)", [len(missing)]
        )
        for entry, (id_,) in zip(missing, cursor.fetchall(), strict=True):
            entry.id = id_
        event_writer.insert(
            cursor, [e.event for e in events], [e.id for e in events], event_writer.put_values
        )
        for entry in events:
            entry.stored = True

    def lost(self, position, owner):
        """The rows from ``position`` on are gone, the work of ``owner`` among them is undone."""
        for entry in self._events:
            if entry.event.position >= position:
                entry.stored = False
                if entry.owner is owner:
                    entry.event.undone = True

    def end_test(self):
        """The test's own savepoint is rolled back: its events have never been."""
        test = module.current_test
        self._events = [entry for entry in self._events if entry.test is not test]
        for entry in self._events:
            entry.stored = False

    def _is_writable(self):
        status = self.cursor._obj.connection.get_transaction_status()
        if status == TRANSACTION_STATUS_INERROR:
            return False
        # Never imported here: this code also runs where there are no tests.
        cursors = sys.modules.get("odoo.tests.test_cursor")
        return not cursors or not any(cr.readonly for cr in cursors.TestCursor._cursors_stack)


class _Entry:
    def __init__(self, event, owner):
        self.event = event
        self.owner = owner
        self.test = module.current_test
        self.id = None
        self.stored = False


class _View:
    def __init__(self, shared, cr):
        self._shared = shared
        self._owner = object()
        self._begin = 0
        self._cr_is_test = cr is not shared.cursor

    @property
    def logged(self):
        return self._shared.logged

    def add(self, event):
        self._shared._events.append(_Entry(event, self._owner))
        self._shared.logged += 1
        if event.level == "error":
            self.flush()

    def hook(self, cr):
        cr.postcommit.data[KEY] = True
        cr.precommit.add(self.flush)
        begin = self.logged
        cr.prerollback.add(lambda: self.undo(begin))
        cr.postrollback.add(self.flush)

    def before_commit(self, cr):
        """What is committed in a test goes with the test."""

    def undo(self, position=0):
        self._shared.lost(position, self._owner)

    def end_test(self):
        self._shared.end_test()

    def flush(self, patient=False):
        try:
            self._shared.write()
        except Exception:
            _logger.exception("Events could not be written")


def attach(cr):
    """Return the buffer of ``cr``, a cursor of a test."""
    cursor = cr
    while not isinstance(cursor, Cursor):
        cursor = cursor._cursor
    view = cursor.__dict__.get(KEY)
    if view is None:
        view = cursor.__dict__[KEY] = EventTestBuffer(cursor).view(cursor)
    if cr is not cursor:
        view = cr.__dict__[KEY] = view._shared.view(cr)
    return view
