"""Live messages: integrations look different now, said at most once a second of all of them.

What changes faster than that is said when the second is over, so the last state reaches the screen.
They are sent by a thread, after the commit of what has changed: a message costs more than many runs
do, as Odoo's bus opens a connection for each, and a run must not wait for it.
"""

import logging
import math
import threading
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from .odoo_internals import is_ending
from .timer import Timed, TimerThread

_logger = logging.getLogger(__name__)

# Seconds between two messages.
PAUSE = 1.0
# Where a transaction keeps what it has changed.
_KEY = "ihub.changed"


class Changes(Timed):
    """The integrations of one database of which it is still to be said that they have changed."""

    clock = staticmethod(time.monotonic)

    def __init__(self, dbname):
        self._dbname = dbname
        self._lock = threading.Lock()
        self._waiting = set()
        self._next = -math.inf  # the moment from which something may be said again

    def add(self, ids):
        """Say of the integrations ``ids`` that they have changed, as soon as it is time to."""
        with self._lock:
            self._waiting.update(ids)
            wait = self._wait()
        self.call_in(wait)

    def on_time(self):
        """Say what it is time to say."""
        with self._lock:
            if wait := self._wait():
                self.call_in(wait)
                return
            ready, self._waiting = self._waiting, set()
            self._next = self.clock() + PAUSE
        if ready:
            try:
                self.send(sorted(ready))
            except Exception:
                # A screen that misses one refreshes itself within a minute.
                if not is_ending():
                    _logger.exception("A live message could not be sent.")

    def forget(self):
        self.__init__(self._dbname)

    def _wait(self):
        """Return the seconds until something may be said."""
        return max(self._next - self.clock(), 0)

    def call_in(self, seconds):
        """Be called after so many seconds."""
        _thread.call_in(self, seconds)

    def send(self, ids):
        """Send one message about the integrations ``ids``."""
        registry = Registry.registries.get(self._dbname)
        # One that is loading, or was dropped, is not waited for.
        if registry is not None and registry.ready:
            with registry.cursor() as cr:
                integrations = api.Environment(cr, SUPERUSER_ID, {})["ihub.integration"].browse(ids)
                # One may have been deleted since: the others are said all the same.
                if integrations := integrations.exists():
                    integrations._send_change()


_by_database = {}
_thread = TimerThread("ihub.live")


def tell(cr, ids):
    """Once ``cr`` has committed, say that the integrations ``ids`` have changed."""
    changed = cr.postcommit.data.get(_KEY)
    if changed is None:
        changed = cr.postcommit.data[_KEY] = set()
        changes = _by_database.setdefault(cr.dbname, Changes(cr.dbname))
        cr.postcommit.add(lambda: changes.add(changed))
    changed.update(ids)
