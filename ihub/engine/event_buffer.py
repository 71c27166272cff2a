"""The events of a cursor: kept in memory until they are written, marked when work is undone.

A buffer hangs on the cursor on which something was reported. It is written

- at once for errors, by the thread that reports them,
- within a second, or after some hundred events, by the thread of :mod:`.timer`,
- by :func:`flush`, at a checkpoint,
- when the cursor commits, rolls back or is closed.

Nothing that goes wrong here reaches the caller: what cannot be written is tried again, and put
into the server's log in the end.
"""

import atexit
import logging
import secrets
import threading
from array import array
from collections import deque

import psycopg2
from odoo.sql_db import Savepoint
from psycopg2 import errors

from . import event_store
from .context import current_run
from .odoo_internals import (
    CursorWatcher,
    has_own_transaction,
    is_healthy,
    raw,
    set_watcher,
    watcher,
)
from .timer import Timed, TimerThread

_logger = logging.getLogger(__name__)

# Under what a cursor keeps its buffer, and notes in its callbacks that they are set.
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

flusher = TimerThread("ihub.events")
atexit.register(flusher.call_all)


def waiting(dbname):
    """Return how many events of a database this process has yet to write."""
    return sum(buffer.waiting for buffer in flusher.pending() if buffer.dbname == dbname)


class EventBuffer(CursorWatcher, Timed):
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

    @property
    def waiting(self):
        """Return how many events are to be written."""
        return len(self._waiting)

    # --- The caller's side ---

    def add(self, event):
        """Take ``event``; flush if it is time to."""
        event.position = self.logged
        self._waiting.append(event)
        self.logged += 1
        self._size += event.size
        count = len(self._waiting)
        if event.level == "error" or count >= HELP or self._size >= HELP_SIZE:
            self.flush()
        elif count == 1:
            flusher.call_in(self)
        elif not count % WAKE:
            flusher.call_in(self, 0)

    def hook(self, cr):
        """Be told how the open transaction of ``cr`` ends."""
        # As many bits as JavaScript's numbers hold. Not from `random`, whose state forks share.
        self._key = secrets.randbits(53)
        self._noted = False
        cr.postcommit.data[KEY] = True
        cr.postcommit.add(lambda: self._committed(cr))
        # Marked before the rollback, which fails on a broken connection; written after it.
        cr.prerollback.add(self.undo)
        cr.postrollback.add(self.flush)

    def position(self):
        return self.logged

    def before_commit(self, cr):
        if KEY not in cr.postcommit.data:
            return
        # Odoo does not notice that PostgreSQL answers such a COMMIT with ROLLBACK.
        self._aborted = not is_healthy(cr)
        if self._aborted:
            return
        if self._undone:
            # What a savepoint has undone: not to be forgotten if the process dies after the commit.
            self.flush()
        scope = current_run(self.dbname)
        if scope and not scope.ended and not self._noted and not cr.readonly:
            self._noted = event_store.note_commit(cr, scope.run_id, self._key)

    def _committed(self, cr):
        """The work that the events describe is done.

        What a callback behind this one reports is hooked anew: it is no part of what comes next.
        """
        cr.postcommit.data.pop(KEY, None)
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
                flusher.call_in(self)

    def forget(self):
        self.__init__(self.dbname)

    # --- Any thread's side ---

    def on_time(self):
        self.flush(patient=True)

    def at_exit(self):
        self.flush(last=True)

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
                    flusher.call_in(self, PAUSES[self._attempts])
                    self._attempts += 1 if patient else 0
        except Exception:
            _logger.exception("Events could not be written")

    def _attempt(self):
        """Return whether all is written."""
        try:
            while self._waiting:
                self._write(self._take())
            if self._undone:
                event_store.undo(self.dbname, self._undone)
                del self._undone[:]
        except Exception as error:
            _logger.debug("Events are written later: %s", type(error))
            return False
        return True

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

    def _write(self, batch, may_wait=True):
        """Write by halves what cannot be written together; report what cannot be written alone.

        One event that PostgreSQL refuses must not take the others with it.

        :param bool may_wait: put all back, and raise, if what went wrong may be over in a moment
        """
        try:
            ids = event_store.write(self.dbname, batch, (self._begin, self._key))
            self._remember(batch, ids)
        except BaseException as error:
            if not isinstance(error, Exception) or (may_wait and _may_pass(error)):
                self._waiting.extendleft(reversed(batch))
                raise
            if len(batch) == 1 or self._is_hopeless(error):
                self._report(batch)
                return
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                self._write(half, may_wait=False)

    def _is_hopeless(self, error):
        """Return whether it is not the fault of one of them, so that no part could be written."""
        return isinstance(error, HOPELESS) or not event_store.is_up(self.dbname)

    def _report(self, batch):
        event_store.report(batch)
        self._remember(batch, [0] * len(batch))

    def _remember(self, batch, ids):
        """Note the ids of the open transaction's events: it may be undone."""
        pairs = zip(ids, batch, strict=True)
        self._written.extend(id_ for id_, event in pairs if event.position >= self._begin)

    def _give_up(self):
        """Write what can be written, and put the rest into the server's log."""
        self._attempts = 0
        del self._undone[:]
        is_up = event_store.is_up(self.dbname)
        while self._waiting:
            batch = self._take()
            if is_up:
                self._write(batch, may_wait=False)
            else:
                self._report(batch)


class WriteThrough(CursorWatcher):
    """Writes at once, in the transaction of a cursor that shares one with others: that of a test.

    Events are found there, and gone with what is rolled back. Those of tests that are made with
    ``ihub.tests.common`` are marked as undone, as they are elsewhere.
    """

    def __init__(self, cr):
        self.cr = cr

    def add(self, event):
        """Write ``event``, unless the transaction cannot take it."""
        try:
            with Savepoint(raw(self.cr)):
                event_store.insert(raw(self.cr), [event])
        except psycopg2.Error as error:
            _logger.info("An event of a test could not be written: %s", type(error))

    def hook(self, cr):
        """The transaction does not end before the test does."""

    def flush(self):
        """Nothing is waiting."""


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
    buffer = watcher(cr, KEY)
    if buffer is None:
        buffer = new_buffer(cr)
        set_watcher(cr, KEY, buffer)
    if KEY not in cr.postcommit.data:
        buffer.hook(cr)
    return buffer


def new_buffer(cr):
    """Return what takes the events of ``cr``."""
    return EventBuffer(cr.dbname) if has_own_transaction(cr) else WriteThrough(cr)


def flush(cr):
    """Write the events that were reported on ``cr``. Never raises an ``Exception``."""
    buffer = watcher(cr, KEY)
    if buffer is not None:
        buffer.flush()
