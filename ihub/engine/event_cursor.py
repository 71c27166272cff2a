"""Notice what Odoo tells nobody about a cursor: a savepoint that is rolled back, a last flush.

Three methods of Odoo are wrapped. `BaseCursor.savepoint` notes how many events there were;
`Savepoint.rollback`, and `BaseCursor.flush`, with which each commit begins, tell the cursor's
buffer, and the latter also what watches the transaction of a run. That is a look into a dictionary
beside round trips to the server, and nothing for those who report nothing. Savepoints made with SQL
are not seen.
"""

from functools import wraps

from odoo.sql_db import BaseCursor, Savepoint

from . import run_transaction
from .event_buffer import KEY

_MARK = "_ihub_logged"


def _savepoint(original):
    @wraps(original)
    def savepoint(self, flush=True):
        result = original(self, flush)
        buffer = self.__dict__.get(KEY)
        # Before the first event: all that follow are inside.
        setattr(result, _MARK, buffer.logged if buffer else 0)
        return result

    return savepoint


def _rollback(original):
    @wraps(original)
    def rollback(self):
        original(self)
        buffer = getattr(self._cr, "__dict__", {}).get(KEY)
        if buffer is None:
            return
        if _MARK in self.__dict__:
            buffer.undo(self.__dict__[_MARK])
        elif hasattr(buffer, "end_test"):
            buffer.end_test()

    return rollback


def _flush(original):
    @wraps(original)
    def flush(self):
        original(self)
        buffer = self.__dict__.get(KEY)
        if buffer is not None and KEY in self.postcommit.data:
            buffer.before_commit(self)
        watch = self.__dict__.get(run_transaction.KEY)
        if watch is not None:
            watch.before_commit()

    return flush


def install():
    """Wrap the methods, once."""
    if not hasattr(Savepoint.rollback, "__wrapped__"):
        BaseCursor.savepoint = _savepoint(BaseCursor.savepoint)
        BaseCursor.flush = _flush(BaseCursor.flush)
        Savepoint.rollback = _rollback(Savepoint.rollback)
