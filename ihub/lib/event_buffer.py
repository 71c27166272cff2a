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

from . import event_writer
from .event_flusher import flusher

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
        self._unsettled = []  # the first id of the open transaction, if it was written
        self._settled = []  # the same of transactions that were committed
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
        cr.postcommit.data[KEY] = True
        cr.postcommit.add(self.committed)
        # Marked before the rollback, which fails on a broken connection; written after it.
        cr.prerollback.add(self.undo)
        cr.postrollback.add(self.flush)

    def committed(self):
        """The work that the events describe is done."""
        with self._lock:
            self._begin = self.logged
            del self._written[:]
            self._settled += self._unsettled
            self._unsettled.clear()
        self.flush()

    def undo(self, position=0):
        """Mark the events of the open transaction from ``position`` on: their work is undone."""
        with self._lock:
            position = max(position, self._begin)
            self._undone.extend(self._written[position - self._begin :])
            for event in self._waiting:
                if event.position >= position:
                    event.undone = True
            if not position - self._begin:
                self._unsettled.clear()
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
            if self._settled:
                event_writer.settle(self.dbname, self._settled)
                self._settled.clear()
        except Exception as error:
            _logger.debug("Events are written later: %s", error)
            return False
        return True

    def _write_batch(self):
        batch = self._take()
        opens = self._opens_transaction(batch)
        try:
            ids = event_writer.write(self.dbname, batch, unsettled=opens)
        except psycopg2.DataError:
            ids = self._write_one_by_one(batch)
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise
        if opens and ids[0]:
            self._unsettled.append(ids[0])
        self._remember(batch, ids)

    def _remember(self, batch, ids):
        """Note the ids of the open transaction's events: it may be undone."""
        pairs = zip(ids, batch, strict=True)
        self._written.extend(id_ for id_, event in pairs if event.position >= self._begin)

    def _opens_transaction(self, batch):
        """Only a run is told apart later from one that died, and only its first event tells."""
        first = batch[0]
        return bool(first.run_id and not self._written and first.position >= self._begin)

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

    def _write_one_by_one(self, batch):
        """One event that PostgreSQL refuses must not take the others with it."""
        ids = []
        for event in batch:
            try:
                ids += event_writer.write(self.dbname, [event])
            except psycopg2.DataError:
                event_writer.report([event])
                ids.append(0)
        return ids

    def _give_up(self):
        self._attempts = 0
        events = list(self._waiting)
        self._waiting.clear()
        del self._undone[:]
        self._settled.clear()
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
