"""The proof that a lane is alive: a session-level advisory lock.

It is held on the very connection that does the work, so it ends with that connection, however that
happens: a crash, a kill, a restart of the database. It survives commits and rollbacks of the work.
"""

import json
import time
from contextlib import contextmanager, suppress

import psycopg2
from odoo.sql_db import db_connect
from odoo.tools import SQL

from ..report.locks import LANES, held
from .connection import roll_back
from .odoo_internals import close_connection, is_pooled

NOTICE_DEATH = {
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# How often it is looked whether others get the session of a connection: others may be faster.
_LOOKS = 3
# Seconds between looks whether a session has ended whose connection is lost, and how many of them.
_PAUSE = 0.1
_PATIENCE = 150


class LaneTaken(Exception):
    """The lane is another process's now: what a run has left behind is that one's to settle."""


def can_hold(cr):
    """Return whether what ``cr`` locks stays locked, and its own, when its transaction ends.

    It does not where a pooler lends each transaction a session that others get after it: the lock
    would stay on that one, and shut the lane for as long as the pooler keeps it.

    :param cr: a cursor whose transaction may be committed
    """
    return not is_pooled(cr) or not any(_is_lent_on(cr) for _look in range(_LOOKS))


def _is_lent_on(cr):
    """Return whether another connection gets the session that ``cr`` had a moment ago."""
    mine = _session(cr)
    # With the transaction a pooler takes the session back, and lends it to whoever is next.
    cr.commit()  # pylint: disable=invalid-commit
    with db_connect(cr.dbname).cursor() as other:
        theirs = _session(other)
        again = _session(cr)
    # Nothing of it is left open for what follows.
    cr.commit()  # pylint: disable=invalid-commit
    return theirs == mine or again != mine


def _session(cr):
    cr.execute("SELECT pg_backend_pid()")
    return cr.fetchone()[0]


@contextmanager
def hold(cr, integration_id):
    """Hold the lane of an integration for the body of a ``with``.

    :param cr: the cursor that does the work
    :param int integration_id: whose lane
    :return: yields the number of the session that holds the lane now; None: another one's does
    """
    session = _lock(cr, integration_id)
    try:
        if session:
            _notice_death(cr)
        yield session
    finally:
        if session:
            _release(cr)


def hold_again(cr, integration_id, lost):
    """Hold the lane on the new connection of ``cr``, in the body of :func:`hold`.

    :param int lost: the session that held it, and has lost its connection
    :return: the session that holds it now
    :raise LaneTaken: another process was faster
    """
    for _look in range(_PATIENCE):
        if session := _lock(cr, integration_id):
            _notice_death(cr)
            return session
        if _holders(cr, [integration_id]).get(integration_id, lost) != lost:
            break
        # A client knows of the end of its session a moment before the database frees its locks.
        time.sleep(_PAUSE)
    raise LaneTaken(f"Another process has taken the lane of integration {integration_id}.")


def _lock(cr, integration_id):
    """Return the session that has taken the lane, or None where it was not free."""
    cr.execute(
        "SELECT CASE WHEN pg_try_advisory_lock(%s, %s) THEN pg_backend_pid() END",
        (LANES, integration_id),
    )
    return cr.fetchone()[0]


def _notice_death(cr):
    """Let the database notice within seconds that the process, or its machine, is gone.

    While it executes a query, or waits for a lock, it would not look otherwise, and the lane
    would stay held. The settings are the session's; the pool resets them for the next user.
    """
    with suppress(psycopg2.Error), cr.savepoint(flush=False):
        # Not known to every version, not possible on every system.
        cr.execute(
            "SELECT set_config(key, value, false) FROM json_each_text(%s)"
            " WHERE current_setting(key, true) IS NOT NULL",
            (json.dumps(NOTICE_DEATH),),
            log_exceptions=False,
        )


def _release(cr):
    """Give all locks back: connections are pooled, the next user of this one must not inherit any.

    Also that of a pool, and what the code of the integration has left behind.
    """
    try:
        if not roll_back(cr):
            return
        cr.execute("SELECT pg_advisory_unlock_all()")
        cr.commit()  # pylint: disable=invalid-commit
    except Exception as error:
        # Without its connection the lock is gone as well. One that is broken in another way must
        # not go back to the pool with the lock: closing it for real ends the session.
        close_connection(cr)
        if not isinstance(error, psycopg2.Error):
            raise


def alive(cr, integration_ids):
    """Return the set of those ``integration_ids`` whose lane is held by a living connection."""
    return set(_holders(cr, integration_ids)) if integration_ids else set()


def _holders(cr, integration_ids):
    """Return the session that holds the lane of each integration that has one."""
    cr.execute(
        SQL(
            "SELECT objid::bigint, pid FROM %s AND objid = ANY(%s::bigint[]::oid[])",
            held(LANES),
            list(integration_ids),
        )
    )
    return dict(cr.fetchall())
