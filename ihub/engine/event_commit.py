"""Whether the work that an event describes was committed, also when its process has died.

An event that is written while its transaction is open carries the run that executes and a key of
that transaction. The transaction itself notes its key as it is about to be committed: the note is
there exactly if the work is.
"""

import logging
import secrets
import sys
from contextlib import suppress
from typing import NamedTuple

import psycopg2

_logger = logging.getLogger(__name__)

# In a savepoint: what goes wrong here must not abort the caller's transaction.
_NOTE = """
    SAVEPOINT ihub_event_commit;
    INSERT INTO ihub_event_commit (run_id, key) VALUES (%s, %s);
    RELEASE SAVEPOINT ihub_event_commit
"""


class OpenTransaction(NamedTuple):
    """A transaction that has not ended yet."""

    begin: int  # position of its first event
    key: int

    def of(self, event):
        """Return the run and the key that the row of ``event`` carries; both None if it is over."""
        if event.executing_run_id is None or event.position < self.begin:
            return None, None
        return event.executing_run_id, self.key


# For events that are not reported in any.
NO_TRANSACTION = OpenTransaction(sys.maxsize, 0)


def new_key():
    """Return a key that no other transaction has: as many bits as JavaScript's numbers hold.

    Not from :mod:`random`, whose state forked processes share.
    """
    return secrets.randbits(53)


def note(cr, run_id, key):
    """Let the open transaction of ``cr`` say that it was committed, if it will be.

    :return: whether it will
    """
    # Psycopg2's cursor: an error is not reported as one of the caller.
    cursor = cr._obj
    try:
        cursor.execute(_NOTE, [run_id, key])
    except psycopg2.Error as error:
        _logger.warning("Whether work of run %s is done cannot be noted: %s", run_id, error)
        # Of a connection that is broken the caller hears from its own commit.
        with suppress(psycopg2.Error):
            cursor.execute("ROLLBACK TO SAVEPOINT ihub_event_commit")
        return False
    return True
