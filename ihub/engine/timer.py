"""Threads that do in time what no caller waits for, such as writing events or telling open pages.

Each begins when there is something to do, and is gone after a minute without. It knows only what
is to be done, never a cursor of a caller, and never a registry.
"""

import os
import threading
import time

# Seconds, where a task does not say when it is to be called.
DELAY = 1.0
_IDLE = 60.0


class Timed:
    """What a :class:`TimerThread` calls. None of the methods raises an ``Exception``."""

    def on_time(self):
        """Do what is to be done: the time has come."""
        raise NotImplementedError

    def at_exit(self):
        """Do it now: the process ends."""
        self.on_time()

    def forget(self):
        """Keep nothing that is to be done: this is a fork, and its parent does it."""


class TimerThread:
    """Calls each :class:`Timed` when its time has come."""

    def __init__(self, name):
        self._name = name
        self._reset()
        os.register_at_fork(after_in_child=self._forget)

    def _reset(self):
        self._changed = threading.Condition()
        self._due = {}
        self._busy = ()
        self._thread = None

    def call_in(self, one, seconds=DELAY):
        """Call ``one`` after so many seconds, or earlier where that is planned already."""
        moment = time.monotonic() + seconds
        with self._changed:
            known = self._due.get(one)
            if known is not None and known <= moment:
                return
            self._due[one] = moment
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, one):
        """Do not call ``one``: there is nothing to do any more."""
        with self._changed:
            self._due.pop(one, None)

    def pending(self):
        """Return those that are to be called, and those that are just being."""
        with self._changed:
            return [*self._due, *self._busy]

    def call_all(self):
        """Call all of them now: the process ends."""
        with self._changed:
            # Those too that the thread is at work on: it ends with the process.
            ones = [*self._due, *self._busy]
            self._due.clear()
        for one in ones:
            one.at_exit()

    def _forget(self):
        """After a fork: what is waiting belongs to the parent, and its thread is not here."""
        for one in self._due:
            one.forget()
        self._reset()

    def _run(self):
        while due := self._wait():
            for one in due:
                one.on_time()
            # Or the last one would be kept alive while there is nothing to do.
            one = due = None
            self._busy = ()

    def _wait(self):
        """Return those whose time has come; None when there was nothing for long."""
        idle_since = time.monotonic()
        with self._changed:
            while True:
                now = time.monotonic()
                due = [one for one, moment in self._due.items() if moment <= now]
                if due:
                    for one in due:
                        del self._due[one]
                    self._busy = due
                    return due
                if not self._due and now - idle_since > _IDLE:
                    self._thread = None
                    return None
                next_moment = min(self._due.values(), default=now + _IDLE)
                self._changed.wait(max(0.0, next_moment - now))
