"""Everything private of Odoo that the engine uses: an upgrade of Odoo begins here.

Three methods of Odoo are wrapped, so that a :class:`CursorWatcher` hears what Odoo tells nobody: a
savepoint that is rolled back, and the flush with which each commit begins. That costs a look into
a dictionary beside round trips to the server. Savepoints made with SQL are not seen. Two more say
when a process has begun to run scheduled actions.
"""

import threading
from functools import wraps

import psycopg2
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.service.server import ThreadedServer, WorkerCron
from odoo.sql_db import BaseCursor, Cursor, Savepoint, db_connect
from odoo.tools import SQL, config
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

_WATCHERS = "_ihub_watchers"
_POSITIONS = "_ihub_positions"


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


# --- Requests ---


def socket_of(httprequest):
    """Return the socket that a request comes from; None where another server than Odoo's serves."""
    return httprequest._HTTPRequest__environ.get("werkzeug.socket")


# --- The cache of the ORM ---


def cached(field, env, id_, default=None):
    """Return the value of ``field`` in the cache: nothing is computed, read or flushed."""
    return field._get_cache(env).get(id_, default)


# --- Cron workers ---

_at_start = set()


def when_cron_workers_run(function):
    """Call ``function`` when this process begins to run scheduled actions; now, if it has begun."""
    _at_start.add(function)
    if any(map(is_cron_worker, threading.enumerate())):
        function()


def is_cron_worker(thread=None):
    """Return whether a thread, by default this one, goes through what is due."""
    thread = thread or threading.current_thread()
    # Threads of a threaded server have a type, the one of a process of its own has a name only.
    return getattr(thread, "type", "") == "cron" or thread.name.startswith("Worker WorkerCron")


def notify_cron_workers(dbname):
    """Let the cron workers of all servers look now at what is due in a database."""
    with db_connect("postgres").cursor() as cr:
        function = SQL.identifier(ODOO_NOTIFY_FUNCTION)
        cr.execute(SQL("SELECT %s('cron_trigger', %s)", function, dbname), log_exceptions=False)


def _telling(original):
    @wraps(original)
    def start(self):
        original(self)
        for function in _at_start if config["max_cron_threads"] else ():
            function()

    return start


ThreadedServer.cron_spawn = _telling(ThreadedServer.cron_spawn)
WorkerCron.start = _telling(WorkerCron.start)


# --- Watchers of cursors ---


class CursorWatcher:
    """Hears what happens to the transaction of a cursor."""

    def position(self):
        """Return where it is in what it counts, for a savepoint that begins now."""
        return 0

    def undo(self, position):
        """A savepoint that began at ``position`` is rolled back."""

    def before_commit(self, cr):
        """The open transaction of ``cr`` may be about to be committed. It may also go on."""


def watcher(cr, name):
    """Return the :class:`CursorWatcher` that was set on ``cr`` under ``name``, or None."""
    return cr.__dict__.get(_WATCHERS, {}).get(name)


def set_watcher(cr, name, watcher):
    """Let ``watcher`` hear what happens to ``cr``; None: nobody any more."""
    watchers = cr.__dict__.setdefault(_WATCHERS, {})
    if watcher is None:
        watchers.pop(name, None)
    else:
        watchers[name] = watcher


def _watchers(cr):
    return list(getattr(cr, "__dict__", {}).get(_WATCHERS, {}).values())


def _savepoint(original):
    @wraps(original)
    def savepoint(self, flush=True):
        result = original(self, flush)
        # Of those that are set later, all is inside.
        setattr(result, _POSITIONS, {one: one.position() for one in _watchers(self)})
        return result

    return savepoint


def _rollback(original):
    @wraps(original)
    def rollback(self):
        original(self)
        positions = self.__dict__.get(_POSITIONS)
        if positions is not None:
            for one in _watchers(self._cr):
                one.undo(positions.get(one, 0))

    return rollback


def _flush(original):
    @wraps(original)
    def flush(self):
        original(self)
        for one in _watchers(self):
            one.before_commit(self)

    return flush


BaseCursor.savepoint = _savepoint(BaseCursor.savepoint)
BaseCursor.flush = _flush(BaseCursor.flush)
Savepoint.rollback = _rollback(Savepoint.rollback)
