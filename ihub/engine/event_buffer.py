"""The events of a cursor: kept in memory until they are written, marked when work is undone.

A buffer hangs on the cursor on which something was reported. It is written

- at once for errors, by the thread that reports them,
- within a second, or after some hundred events, by the :mod:`flusher <.event_flusher>`,
- by :func:`flush`, at a checkpoint,
- when the cursor commits, rolls back or is closed.

Nothing that goes wrong here reaches the caller: what cannot be written is tried again, and put
into the server's log in the end.
"""

import logging
import threading
from array import array
from collections import deque

import psycopg2
from odoo.sql_db import Cursor
from psycopg2 import errors

from . import event_commit, event_writer
from .context import current_run
from .event_commit import OpenTransaction, new_key
from .event_flusher import flusher
from .odoo_internals import is_healthy

_logger = logging.getLogger(__name__)

# Where a cursor keeps its buffer, and notes in its callbacks that they are set.
KEY = "_ihub_events"

# After so many waiting events the flusher is woken, and the caller has to help.
WAKE = 400
HELP = 8_000
# Characters of details in memory after which the caller has to help.
HELP_SIZE = 16_000_000
# Events in one transaction of the log.
BATCH = 4_000
# Kinds of PostgreSQL errors that may be over in a moment: connection, transaction, a table that is
# being upgraded, resources, object in use, intervention, system.
PASSING = ("08", "25", "40", "42", "53", "55", "57", "58")
# What keeps every event from being written, and no single one.
HOPELESS = (errors.LockNotAvailable, errors.QueryCanceled, psycopg2.ProgrammingError)
# Seconds between attempts to write; after the last the server's log has to do.
PAUSES = (1, 2, 5, 10, 20, 20)


class EventBuffer:
    """The events of one real cursor. It never touches that cursor: other threads flush it."""

    def __init__(self, dbname):
        self.dbname = dbname
        self.logged = 0
        self._waiting = deque()
        self._size = 0
        # Guards all below, and keeps the batches in order.
        self._lock = threading.RLock()
        self._begin = 0  # position of the open transaction's first event
        self._written = array("q")  # ids of the open transaction's events
        self._key = 0  # of the open transaction
        self._noted = False  # whether the open transaction says that it will be committed
        self._aborted = False  # whether it cannot be
        self._undone = array("q")  # ids that are still to be marked
        self._attempts = 0

    # --- The caller's side ---

    def add(self, event):
        """Take ``event``; flush if it is time to."""
        waiting = self._waiting
        waiting.append(event)
        self.logged += 1
        self._size += event.size
        count = len(waiting)
        if event.level == "error" or count >= HELP or self._size >= HELP_SIZE:
            self.flush()
        elif count == 1:
            flusher.watch(self)
        elif not count % WAKE:
            flusher.watch(self, delay=0)

    def hook(self, cr):
        """Be told how the open transaction of ``cr`` ends."""
        self._key = new_key()
        self._noted = False
        cr.postcommit.data[KEY] = True
        cr.postcommit.add(self.committed)
        # Marked before the rollback, which fails on a broken connection; written after it.
        cr.prerollback.add(self.undo)
        cr.postrollback.add(self.flush)

    def before_commit(self, cr):
        """The open transaction of ``cr`` may be about to be committed. It may also go on."""
        # Odoo does not notice that PostgreSQL answers such a COMMIT with ROLLBACK.
        self._aborted = not is_healthy(cr)
        if self._aborted:
            return
        if self._undone:
            # What a savepoint has undone: not to be forgotten if the process dies after the commit.
            self.flush()
        scope = current_run(self.dbname)
        if scope and not scope.ended and not self._noted and not cr.readonly:
            self._noted = event_commit.note(cr, scope.run_id, self._key)

    def committed(self):
        """The work that the events describe is done."""
        with self._lock:
            if self._aborted:
                self.undo()
            self._begin = self.logged
            del self._written[:]
        self.flush()

    def undo(self, position=0):
        """Mark the events of the open transaction from ``position`` on: their work is undone."""
        with self._lock:
            position = max(position, self._begin)
            self._undone.extend(self._written[position - self._begin :])
            for event in self._waiting:
                if event.position >= position:
                    event.undone = True
            # A savepoint may have taken the note along.
            self._noted = False
            if self._undone:
                flusher.watch(self)

    def forget(self):
        """Drop all that is waiting: it is another process's to write."""
        self.__init__(self.dbname)

    # --- Any thread's side ---

    def flush(self, patient=False, last=False):
        """Write all that is waiting. Never raises an ``Exception``.

        :param bool patient: give up only after several attempts; the flusher does
        :param bool last: give up at once: the process ends
        """
        try:
            with self._lock:
                # A connection that broke meanwhile is the usual reason, and the next one is good.
                if self._attempt() or self._attempt():
                    self._attempts = 0
                elif last or self._attempts >= len(PAUSES):
                    self._give_up()
                else:
                    self._postpone(patient)
        except Exception:
            _logger.exception("Events could not be written")

    def _postpone(self, patient):
        flusher.watch(self, delay=PAUSES[self._attempts])
        if patient:
            self._attempts += 1

    def _attempt(self):
        """Return whether all is written."""
        try:
            while self._waiting:
                self._write_batch()
            if self._undone:
                event_writer.undo(self.dbname, self._undone)
                del self._undone[:]
        except Exception as error:
            _logger.debug("Events are written later: %s", type(error))
            return False
        return True

    def _write_batch(self):
        batch = self._take()
        opened = OpenTransaction(self._begin, self._key)
        try:
            self._remember(batch, event_writer.write(self.dbname, batch, opened))
        except Exception as error:
            if _may_pass(error):
                self._waiting.extendleft(reversed(batch))
                raise
            self._write_apart(batch, opened)
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise

    def _write_apart(self, batch, opened):
        """Write by halves what cannot be written together; report what cannot be written alone.

        One event that PostgreSQL refuses must not take the others with it.
        """
        if len(batch) == 1:
            event_writer.report(batch)
            self._remember(batch, [0])
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            try:
                self._remember(half, event_writer.write(self.dbname, half, opened))
            except Exception as error:
                if isinstance(error, HOPELESS) or not event_writer.is_up(self.dbname):
                    # Not the fault of one of them: no part of it could be written.
                    event_writer.report(half)
                    self._remember(half, [0] * len(half))
                else:
                    self._write_apart(half, opened)

    def _remember(self, batch, ids):
        """Note the ids of the open transaction's events: it may be undone."""
        pairs = zip(ids, batch, strict=True)
        self._written.extend(id_ for id_, event in pairs if event.position >= self._begin)

    def _take(self):
        """Take a batch off the left; the caller may be appending on the right meanwhile."""
        batch, size = [], 0
        while self._waiting and len(batch) < BATCH and size < HELP_SIZE:
            event = self._waiting.popleft()
            batch.append(event)
            size += event.size
        # The caller may have counted at the same moment: exact again once there is nothing.
        self._size = max(0, self._size - size) if self._waiting else 0
        return batch

    def _give_up(self):
        """Write what can be written, and put the rest into the server's log."""
        self._attempts = 0
        opened = OpenTransaction(self._begin, self._key)
        del self._undone[:]
        is_up = event_writer.is_up(self.dbname)
        while self._waiting:
            batch = self._take()
            if is_up:
                self._write_apart(batch, opened)
            else:
                event_writer.report(batch)
                self._remember(batch, [0] * len(batch))


def _may_pass(error):
    """Return whether what went wrong may be over in a moment, as a lost connection is."""
    if not isinstance(error, psycopg2.Error):
        return isinstance(error, OSError)
    if isinstance(error, psycopg2.DataError):
        return False
    # Without a code: said by the client, of its connection.
    code = getattr(error, "pgcode", None)
    return not code or code[:2] in PASSING


def buffer_of(cr):
    """Return the buffer of ``cr``, hooked to its open transaction."""
    buffer = cr.__dict__.get(KEY)
    if buffer is None:
        buffer = _new_buffer(cr)
    if KEY not in cr.postcommit.data:
        buffer.hook(cr)
    return buffer


def flush(cr):
    """Write the events that were reported on ``cr``. Never raises an ``Exception``."""
    buffer = cr.__dict__.get(KEY)
    if buffer is None and is_test(cr):
        buffer = _new_buffer(cr)
    if buffer is not None:
        buffer.flush()


def is_test(cr):
    """Return whether ``cr`` is the cursor of a test, or one that stands for it.

    Odoo's test cases forbid to commit, by patching that method of the cursor.
    """
    return not isinstance(cr, Cursor) or "commit" in cr.__dict__


def _new_buffer(cr):
    if is_test(cr):
        from .event_test_buffer import attach

        return attach(cr)
    buffer = cr.__dict__[KEY] = EventBuffer(cr.dbname)
    return buffer
