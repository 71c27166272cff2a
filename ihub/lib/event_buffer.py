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

from . import event_commit, event_writer
from .event_commit import OpenTransaction, new_key
from .event_flusher import flusher
from .health import is_healthy
from .run_scope import current_run

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
        if event.details:
            self._size += len(event.details)
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

    def flush(self, patient=False):
        """Write all that is waiting. Never raises an ``Exception``.

        :param bool patient: give up only after several attempts; the flusher does
        """
        try:
            with self._lock:
                # A connection that broke meanwhile is the usual reason, and the next one is good.
                if self._attempt() or self._attempt():
                    self._attempts = 0
                else:
                    self._postpone(patient)
        except Exception:
            _logger.exception("Events could not be written")

    def _postpone(self, patient):
        if self._attempts >= len(PAUSES):
            self._give_up()
            return
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
            _logger.debug("Events are written later: %s", error)
            return False
        return True

    def _write_batch(self):
        batch = self._take()
        opened = OpenTransaction(self._begin, self._key)
        try:
            ids = event_writer.write(self.dbname, batch, opened)
        except psycopg2.DataError:
            ids = self._write_one_by_one(batch, opened)
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise
        self._remember(batch, ids)

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
            size += len(event.details or "")
        # The caller may have counted at the same moment: exact again once there is nothing.
        self._size = max(0, self._size - size) if self._waiting else 0
        return batch

    def _write_one_by_one(self, batch, opened):
        """One event that PostgreSQL refuses must not take the others with it."""
        ids = []
        for event in batch:
            try:
                ids += event_writer.write(self.dbname, [event], opened)
            except psycopg2.DataError:
                event_writer.report([event])
                ids.append(0)
        return ids

    def _give_up(self):
        self._attempts = 0
        events = list(self._waiting)
        self._waiting.clear()
        del self._undone[:]
        self._remember(events, [0] * len(events))
        event_writer.report(events)


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
