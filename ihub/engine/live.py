"""Live messages: integrations look different now, said at most once a second of all of them.

What changes faster than that is said when the second is over, so the last state reaches the screen.
They are sent by a thread, after the commit of what has changed: a message costs more than many runs
do, as Odoo's bus opens a connection for each, and a run must not wait for it.
"""

import logging
import math
import threading
import time

from ..core.shutdown import is_ending
from .flusher import Flusher

_logger = logging.getLogger(__name__)

# Seconds between two messages.
PAUSE = 1.0
# Where a transaction keeps what it has changed.
_KEY = "ihub.changed"


class Changes:
    """The integrations of one database of which it is still to be said that they have changed."""

    def __init__(self, send, watch, clock=time.monotonic):
        """
        :param send: function that sends one message about a sorted list of ids
        :param watch: function that has :meth:`flush` called after a number of seconds
        :param clock: function that returns seconds
        """
        self._send = send
        self._watch = watch
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = set()
        self._next = -math.inf  # the moment from which something may be said again

    def add(self, ids):
        """Say of the integrations ``ids`` that they have changed, as soon as it is time to."""
        with self._lock:
            self._waiting.update(ids)
            wait = self._wait()
        self._watch(self, wait)

    def flush(self, patient=False):
        """Say what it is time to say. Never raises an ``Exception``."""
        with self._lock:
            if wait := self._wait():
                self._watch(self, wait)
                return
            ready, self._waiting = self._waiting, set()
            self._next = self._clock() + PAUSE
        if ready:
            try:
                self._send(sorted(ready))
            except Exception:
                # A screen that misses one refreshes itself within a minute.
                if not is_ending():
                    _logger.exception("A live message could not be sent.")

    def forget(self):
        """Drop all that is waiting: it is another process's to say."""
        self.__init__(self._send, self._watch, self._clock)

    def _wait(self):
        """Return the seconds until something may be said."""
        return max(self._next - self._clock(), 0)


_by_database = {}
_thread = Flusher("ihub.live")


def tell(cr, ids):
    """Once ``cr`` has committed, say that the integrations ``ids`` have changed."""
    changed = cr.postcommit.data.get(_KEY)
    if changed is None:
        changed = cr.postcommit.data[_KEY] = set()
        cr.postcommit.add(lambda: _changes(cr.dbname).add(changed))
    changed.update(ids)


def _changes(dbname):
    if dbname not in _by_database:
        _by_database[dbname] = Changes(lambda ids: _send(dbname, ids), _thread.watch)
    return _by_database[dbname]


def _send(dbname, ids):
    # Not imported above: the tests of what is there need no Odoo.
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry

    registry = Registry.registries.get(dbname)
    # One that is loading, or was dropped, is not waited for.
    if registry is not None and registry.ready:
        with registry.cursor() as cr:
            integrations = api.Environment(cr, SUPERUSER_ID, {})["ihub.integration"].browse(ids)
            # One may have been deleted since: the others are said all the same.
            if integrations := integrations.exists():
                integrations._send_change()
