"""Mark what was reported inside a savepoint that is rolled back.

Odoo calls nobody when that happens, so two of its methods are wrapped: `BaseCursor.savepoint`
notes how many events there were, `Savepoint.rollback` tells the cursor's buffer. That is a look
into a dictionary beside two round trips to the server, and nothing for those who make no
savepoint. Savepoints made with SQL are not seen.
"""

from functools import wraps

from odoo.sql_db import BaseCursor, Savepoint

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


def install():
    """Wrap both methods, once."""
    if not hasattr(Savepoint.rollback, "__wrapped__"):
        BaseCursor.savepoint = _savepoint(BaseCursor.savepoint)
        Savepoint.rollback = _rollback(Savepoint.rollback)
