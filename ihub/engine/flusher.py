"""The thread that writes what quiet callers have reported, and another for live messages.

Each begins when there is something to do, and is gone after a minute without. It knows what is to
be flushed only, never a cursor of a caller, and never a registry.
"""

import os
import threading
import time

# Seconds after which an event is written at the latest.
DELAY = 1.0
_IDLE = 60.0


class Flusher:
    """Flushes each buffer that asks for it when its time has come.

    A buffer has the methods ``flush(patient=False, last=False)`` and ``forget()``.
    """

    def __init__(self, name):
        self._name = name
        self._reset()
        os.register_at_fork(after_in_child=self._forget)

    def _reset(self):
        self._changed = threading.Condition()
        self._due = {}
        self._busy = ()
        self._thread = None

    def watch(self, buffer, delay=DELAY):
        """Flush ``buffer`` within ``delay`` seconds."""
        moment = time.monotonic() + delay
        with self._changed:
            known = self._due.get(buffer)
            if known is not None and known <= moment:
                return
            self._due[buffer] = moment
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def unwatch(self, buffer):
        """Let ``buffer`` be: there is nothing to flush any more."""
        with self._changed:
            self._due.pop(buffer, None)

    def watched(self):
        """Return the buffers that are to be flushed, and those that are just being."""
        with self._changed:
            return [*self._due, *self._busy]

    def flush_all(self):
        """Flush every buffer now: the process ends."""
        with self._changed:
            # Those too that the thread is just writing: it ends with the process.
            buffers = [*self._due, *self._busy]
            self._due.clear()
        for buffer in buffers:
            buffer.flush(last=True)

    def _forget(self):
        """After a fork: what is waiting belongs to the parent, and its thread is not here."""
        for buffer in self._due:
            buffer.forget()
        self._reset()

    def _run(self):
        while due := self._wait():
            for buffer in due:
                buffer.flush(patient=True)
            # Or the last one would be kept alive while there is nothing to do.
            buffer = due = None
            self._busy = ()

    def _wait(self):
        """Return the buffers whose time has come; None when there was nothing for long."""
        idle_since = time.monotonic()
        with self._changed:
            while True:
                now = time.monotonic()
                due = [buffer for buffer, moment in self._due.items() if moment <= now]
                if due:
                    for buffer in due:
                        del self._due[buffer]
                    self._busy = due
                    return due
                if not self._due and now - idle_since > _IDLE:
                    self._thread = None
                    return None
                next_moment = min(self._due.values(), default=now + _IDLE)
                self._changed.wait(max(0.0, next_moment - now))
