"""The run that the current thread executes, and what becomes of its transaction.

The hub commits the work of a run together with its mark. Code may commit by itself, but then part
of its work stays whatever becomes of the run, and the run has to say so. Code that rolls back has
lost what it did, and its run must not look done. Whether a savepoint is open is not known to Odoo,
which makes some but not those of plain SQL; PostgreSQL writes another transaction id into a row
that is written inside one.
"""

import sys
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from .odoo_internals import CursorWatcher, has_own_transaction, is_healthy, set_watcher, watcher

_current = ContextVar("ihub_current_run", default=None)
# The id of the item that its code has in hand.
_item = ContextVar("ihub_current_item", default=None)
# Databases and ids of the integrations of which runs execute in this process: threads that their
# code starts do not inherit the above.
_executing = set()
# Under what a cursor keeps what watches it, and notes that its callbacks are set.
_KEY = "_ihub_run_watch"

# Transaction ids: the open transaction's, and the one that a write leaves in its row. The latter
# locks the run's row: only for a moment before a commit.
_OUTER = "pg_current_xact_id()::xid::text"
_WRITE = "UPDATE ihub_run SET attempt = attempt WHERE id = %(run)s RETURNING xmin::text"


@dataclass
class RunScope:
    """The executing run, for code inside it: what it may ask, and what it may say."""

    dbname: str
    run_id: int
    integration_id: int
    company_id: int | bool = False
    attempt: int = 1
    lang: str | None = None
    # Whether somebody waits for its outcome.
    is_manual: bool = False
    # Whether what has to wait waits for itself, so that it need not hold up the others.
    waits_apart: bool = False
    failed: bool = False
    reason: str | None = None
    # What was being handled when the code called fail().
    cause: BaseException | None = None
    error_logged: bool = False
    # Whether it had done so when the integration's code committed by itself.
    error_kept: bool = False
    # What ends the run also where its code catches it: the rest of the elements was not looked at.
    ended_by: BaseException | None = None
    # Whether a checkpoint has told the code that somebody had pressed Stop.
    stopped: bool = False
    # Whether a checkpoint has ended the attempt, since Odoo would have ended the process.
    out_of_time: bool = False
    # When its work was last kept, and the longest time between two such moments, in seconds.
    kept_at: float = field(default_factory=time.monotonic)
    longest: float = 0.0
    # Whether the run ends with the open transaction.
    ended: bool = False
    # Whether the integration's code has committed by itself.
    committed: bool = False
    # What has become of the elements of each ``process_each`` of this attempt.
    counts: list = field(default_factory=list)
    # Of what it has told once, and need not again.
    told: set = field(default_factory=set)
    # How many elements earlier attempts have got past, and whether this one goes on behind them.
    processed: int = 0
    goes_on: bool = False
    watch: "TransactionWatch | None" = None
    thread: int = field(default_factory=threading.get_ident)

    def begin(self):
        """Forget what an earlier try of the same attempt has said."""
        self.failed, self.reason, self.error_logged, self.ended = False, None, False, False
        self.stopped = self.out_of_time = False
        self.kept_at, self.longest = time.monotonic(), 0.0
        self.cause = self.ended_by = None
        self.counts, self.told = [], set()

    def note_kept(self):
        """Measure the piece of work that was kept just now."""
        before, self.kept_at = self.kept_at, time.monotonic()
        self.longest = max(self.longest, self.kept_at - before)

    def fail(self, reason=None):
        """Let the run end as failed once ``run_from_to`` returns."""
        self.failed = True
        self.reason = reason or self.reason
        handled = sys.exc_info()[1]
        self.cause = self.cause if handled is None else handled


def current_run(dbname):
    """Return the :class:`RunScope` that this thread executes on database ``dbname``, or None."""
    scope = _current.get()
    return scope if scope and scope.dbname == dbname else None


def executing_run():
    """Return the :class:`RunScope` that this thread executes on whatever database, or None."""
    return _current.get()


def current_database():
    """Return the name of the database that this thread works with, or None."""
    scope = executing_run()
    return scope.dbname if scope else getattr(threading.current_thread(), "dbname", None)


def is_executing(dbname, integration_id):
    """Return whether a run of an integration executes in any thread of this process."""
    return (dbname, integration_id) in _executing


def current_item():
    """Return the id of the item that this thread's code has in hand, or None."""
    return _item.get()


@contextmanager
def declared(variable, value):
    """Let a context variable have a value for the body of a ``with``."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def in_hand(item_id):
    """Declare that the body deals with an item: what it reports is about that one."""
    return declared(_item, item_id)


def current_language():
    """Return the code of the language in which this thread's run speaks to people, or None."""
    scope = executing_run()
    return scope.lang if scope else None


@contextmanager
def executing(scope):
    """Declare that the body executes ``scope``, a :class:`RunScope`."""
    key = (scope.dbname, scope.integration_id)
    with declared(_current, scope):
        _executing.add(key)
        try:
            yield scope
        finally:
            _executing.discard(key)


class TransactionWatch(CursorWatcher):
    """Notices how the transaction of a run ends while the integration's code has it.

    :param cr: the cursor that the run works with
    :param RunScope scope: the executing run
    """

    def __init__(self, cr, scope):
        self.cr = cr
        self._scope = scope
        # In a test the run's transaction is a savepoint, which only a write can tell from others.
        self._is_savepoint = not has_own_transaction(cr)
        self._lost = False
        self._is_healthy = True
        self._id = None  # of the open transaction; None where that is not known

    # --- The hub's side ---

    def begin(self):
        """The code gets the transaction: what happens to it from here on is the code's doing."""
        set_watcher(self.cr, _KEY, self)
        self._arm()
        self._id = self._ask(_WRITE if self._is_savepoint else f"SELECT {_OUTER}")[0]

    def begin_anew(self):
        """Begin, with nothing of what an earlier try has done."""
        self._lost = False
        self.begin()

    def end(self):
        """The hub has the transaction again."""
        if self._is_watching():
            self._notice_commit()
            set_watcher(self.cr, _KEY, None)

    def commit(self):
        """Commit in the midst of the run. Code may swallow the error of a commit that fails."""
        self.end()
        self._lost = True
        # Asked for by the code's checkpoint().
        self.cr.commit()  # pylint: disable=invalid-commit
        self._lost = False
        self.begin()

    def find_loss(self):
        """Return ``rollback`` or ``ended`` when work of the run may be lost, or None."""
        self._notice_commit()
        if self._lost:
            return "rollback"
        if self._id is None or self._is_savepoint:
            return None
        return None if self._ask(f"SELECT {_OUTER}")[0] == self._id else "ended"

    def why_not_commit(self):
        """Return why nothing can be committed now: as above or ``savepoint``, or None."""
        self._notice_commit()
        if self._lost:
            return "rollback"
        inner, outer = self._ask(f"{_WRITE}, {_OUTER}")
        if self._is_savepoint:
            outer = self._id or inner
        elif self._id not in (None, outer):
            return "ended"
        return None if inner == outer else "savepoint"

    def _ask(self, query):
        self.cr.execute(query, {"run": self._scope.run_id})
        return self.cr.fetchone()

    # --- The cursor's side ---

    def before_commit(self, cr):
        self._notice_commit()
        # PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK.
        self._is_healthy = is_healthy(self.cr)

    def _arm(self):
        self.cr.postcommit.data[_KEY] = True
        self.cr.postcommit.add(self._committed)
        self.cr.postrollback.add(self._rolled_back)

    def _notice_commit(self):
        """Cursors of tests do not call what should follow a commit, but forget it."""
        if _KEY not in self.cr.postcommit.data:
            if not self._lost:
                self._note_commit()
            self._arm()

    def _committed(self):
        if self._is_watching():
            self._note_commit()
            # The commit has cleared it.
            self.cr.postrollback.add(self._rolled_back)

    def _note_commit(self):
        # Not asked for now: a query would fix what the next transaction sees.
        self._id = None
        if self._is_healthy:
            self._scope.committed = True
            self._scope.error_kept |= self._scope.error_logged
        else:
            self._lost = True

    def _rolled_back(self):
        if self._is_watching():
            self._lost = True

    def _is_watching(self):
        return watcher(self.cr, _KEY) is self
