"""Everything private of Odoo that the engine uses: an upgrade of Odoo begins here."""

import psycopg2
from odoo.sql_db import Cursor
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

# --- Cursors and their connections ---


def raw(cr):
    """Return psycopg2's cursor, whose queries are not counted or reported as those of ``cr``."""
    return cr._obj


def is_healthy(cr):
    """Return whether ``cr`` is open and its transaction is not aborted."""
    try:
        status = cr.connection.get_transaction_status()
        return status != TRANSACTION_STATUS_INERROR and not cr._closed
    except Exception:
        return False


def has_own_transaction(cr):
    """Return whether a commit of ``cr`` commits: cursors of Odoo's tests share one transaction.

    Some are savepoints of it. The one that they share is a cursor whose commit is forbidden, by
    patching that method.
    """
    return isinstance(cr, Cursor) and "commit" not in cr.__dict__


def is_lost(cr):
    """Return whether ``cr`` is known to have no connection any more."""
    return isinstance(cr, Cursor) and cr.closed


def answers(cr):
    """Return whether the connection is there: a broken one is only noticed when it is used."""
    if not isinstance(cr, Cursor):
        return True
    try:
        cr._obj.execute("SELECT 1")
        cr._cnx.rollback()
    except psycopg2.Error:
        return False
    return True


def close_connection(cr):
    """End the session, in place of giving the connection back to the pool."""
    cr._cnx.close()


def take_connection(cr, fresh):
    """Give ``cr``, which has none, the connection of the cursor ``fresh``."""
    cr._cnx, cr._obj, cr._closed = fresh._cnx, fresh._obj, False
    # It has none any more that it could close.
    fresh._closed = True
    cr._now = None


def first_after_commit(cr, function):
    """Call ``function`` after the next commit of ``cr``, before all that was added already.

    A callback that raises keeps those behind it from being called.
    """
    cr.postcommit._funcs.appendleft(function)


# --- The cache of the ORM ---


def cached(field, env, id_, default=None):
    """Return the value of ``field`` in the cache: nothing is computed, read or flushed."""
    return field._get_cache(env).get(id_, default)
