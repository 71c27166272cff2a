"""Waiting in the midst of a run: Stop works meanwhile, and the card says what it waits for.

All of it is read and written in transactions of its own. That of the run would not see a Stop, nor
would others see what it says; and the run's row, changed by anybody else, would be a conflict.
"""

import time
from contextlib import contextmanager

from ..core.exceptions import StopRequested
from ..core.retry import LONGEST_WAIT, LONGEST_WAIT_OF_PEOPLE
from . import transaction
from .context import executing_run

# Seconds between two looks for a Stop.
LOOK = 1.0
# Seconds from which on a wait is worth being told.
TOLD_FROM = 3.0


def sleep(seconds):
    """Let time pass; tests put something in the place of this."""
    time.sleep(seconds)


def longest_wait():
    """Return the seconds to wait in place at most.

    Outside of runs somebody waits for the end; a message waits by itself, and lets others pass.
    """
    scope = executing_run()
    return LONGEST_WAIT if scope and not scope.waits_apart else LONGEST_WAIT_OF_PEOPLE


def wait(seconds, reason, server):
    """Wait, within a run or not.

    :param float seconds: how long
    :param str reason: what for: a value of the field ``reason`` of ``ihub.wait``
    :param str server: whose name is told with it
    :raise StopRequested: when somebody has pressed Stop; the work since the last checkpoint is
        undone
    """
    scope = executing_run()
    if scope is None or seconds < LOOK:
        sleep(seconds)
        return
    with _told(scope, seconds, reason, server):
        while seconds > 0:
            sleep(min(seconds, LOOK))
            seconds -= LOOK
            _obey_stop(scope)


def _obey_stop(scope):
    with transaction.own_transaction(scope.dbname) as env:
        is_stopped = env["ihub.run"].browse(scope.run_id)._is_stop_requested()
    if is_stopped:
        scope.stopped = True
        raise StopRequested


@contextmanager
def _told(scope, seconds, reason, server):
    """Let the card of the integration say that it waits, in the body of a ``with``."""
    if seconds < TOLD_FROM:
        yield
        return
    with transaction.own_transaction(scope.dbname) as env:
        env["ihub.wait"]._begin(scope.run_id, scope.integration_id, seconds, reason, server)
    try:
        yield
    finally:
        with transaction.own_transaction(scope.dbname) as env:
            env["ihub.wait"]._end(scope.run_id, scope.integration_id)
