"""Everything private of Odoo that the engine uses: an upgrade of Odoo begins here.

Three methods of Odoo are wrapped, so that a :class:`CursorWatcher` hears what Odoo tells nobody: a
savepoint that is rolled back, and the flush with which each commit begins. That costs a look into
a dictionary beside round trips to the server. Savepoints made with SQL are not seen. Two more say
when a process has begun to run scheduled actions, and which worker it is, one since when a worker's
master counts the time of what it works on, and two let threads keep their connections while a
server ends.
"""

import io
import sys
import threading
import time
from functools import wraps

import psutil
import psycopg2
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.service import server
from odoo.service.server import ThreadedServer, WorkerCron
from odoo.sql_db import BaseCursor, ConnectionPool, Cursor, Savepoint, db_connect
from odoo.tools import SQL, config
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from werkzeug.serving import DechunkedInput

from ..core.time_left import Limit

_WATCHERS = "_ihub_watchers"
_POSITIONS = "_ihub_positions"
_ENDS_WITH_PROCESS = "_ihub_ends_with_process"


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


def is_pooled(cr):
    """Return whether there is a pooler in between: it makes up the number of the session."""
    cr.execute("SELECT pg_backend_pid()")
    return cr.fetchone()[0] != cr.connection.get_backend_pid()


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


def refuse_cut_chunks(httprequest):
    """Let a body be an error, when it is read, that ends within a chunk.

    Odoo's server reads such a chunk into a buffer, which becomes shorter, and says that it is full:
    Python then takes what lies behind it in memory, or dies. What buffers that itself lends a part
    of its own, which cannot become shorter.
    """
    environ = httprequest._HTTPRequest__environ
    if isinstance(environ["wsgi.input"], DechunkedInput):
        environ["wsgi.input"] = io.BufferedReader(environ["wsgi.input"])


def of_primary(method):
    """Let a method that only reads be answered by the primary database, not by a replica."""
    method._readonly = False
    return method


# --- Limits on scheduled actions ---

# When this process last told its master that it lives, in seconds since 1970. Unknown if it had
# begun to work before this was loaded: then not before its start.
_told = {"at": psutil.Process().create_time()}


def time_limits():
    """Return each :class:`Limit` after which Odoo ends this process for what the thread does."""
    is_cron = is_cron_worker()
    if isinstance(server.server, server.PreforkServer):
        limit = server.server.cron_timeout if is_cron else server.server.timeout
        limits = [(limit, time.time() - _told["at"]), _processor_time()]
    else:
        limits = [_time_of_thread(threading.current_thread(), is_cron)]
    return [Limit(seconds, seconds - used) for seconds, used in limits if seconds]


def _time_of_thread(thread, is_cron):
    """Return the limit of a thread of a threaded server, or 0, and the seconds that it has used."""
    begun = getattr(thread, "start_time", None)
    if not begun:
        return 0, 0
    # Only a positive one has a meaning of its own.
    limit = max(config["limit_time_real_cron"] or 0, 0) if is_cron else 0
    return limit or config["limit_time_real"], time.time() - begun


def _processor_time():
    """Return the limit of a worker on the processor's time, and the seconds that it has used."""
    limit = config["limit_time_cpu"]
    kind = server.resource.RLIMIT_CPU
    usage = server.resource.getrusage(server.resource.RUSAGE_SELF)
    # Set anew, from what was used until then, for each unit of work.
    end = server.resource.getrlimit(kind)[0]
    left = end - usage.ru_utime - usage.ru_stime
    return (0, 0) if end == server.resource.RLIM_INFINITY else (limit, limit - left)


def _pipe_ping(original):
    @wraps(original)
    def pipe_ping(self, pipe):
        _told["at"] = time.time()
        original(self, pipe)

    return pipe_ping


server.PreforkServer.pipe_ping = _pipe_ping(server.PreforkServer.pipe_ping)


# --- The cache of the ORM ---


def cached(field, env, id_, default=None):
    """Return the value of ``field`` in the cache: nothing is computed, read or flushed."""
    return field._get_cache(env).get(id_, default)


def is_cached(field, env):
    """Return whether a value of a field is known in this transaction, of any record."""
    return bool(field._get_all_cache_ids(env))


# --- Cron workers ---

_at_start = set()
# Of this process: an object of Odoo, once it has begun.
_workers = []


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


def is_retiring():
    """Return whether this worker was asked to end with what it does: it ends when that is done."""
    return not all(worker.alive for worker in _workers)


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


def _known(original):
    @wraps(original)
    def start(self):
        original(self)
        _workers.append(self)

    return start


ThreadedServer.cron_spawn = _telling(ThreadedServer.cron_spawn)
WorkerCron.start = _known(_telling(WorkerCron.start))


# --- The end of a server ---


def is_ending():
    """Return whether a threaded server was asked to end: it closes all connections then."""
    return sys.is_finalizing() or getattr(server.server, "quit_signals_received", 0) > 0


def end_with_server():
    """Wait for the end of the process where it is near: what this thread did would be cut off."""
    if is_ending() and threading.current_thread().daemon:
        threading.Event().wait()


def _borrow(original):
    @wraps(original)
    def borrow(self, connection_info):
        connection = original(self, connection_info)
        setattr(connection, _ENDS_WITH_PROCESS, threading.current_thread().daemon)
        return connection

    return borrow


def _close_all(original):
    """Let threads that Odoo does not wait for keep what they work with when the server ends.

    Odoo closes all connections before it ends: whatever a scheduled action did next, or who writes
    what it has reported, would be an error in the log. They end with the process, in a moment.
    """

    @wraps(original)
    def close_all(self, dsn=None):
        if not is_ending():
            original(self, dsn)
            return
        with self._lock:
            kept = [
                one
                for one in self._connections
                if one._pool_in_use and getattr(one, _ENDS_WITH_PROCESS, False)
            ]
            for one in self._connections:
                if one not in kept:
                    one.close()
            self._connections[:] = kept

    return close_all


ConnectionPool.borrow = _borrow(ConnectionPool.borrow)
ConnectionPool.close_all = _close_all(ConnectionPool.close_all)


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
