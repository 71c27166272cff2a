"""When a run had better end its attempt by itself: before Odoo ends the process that executes it.

Odoo limits how long a scheduled action may work, and kills what takes longer. Work that is kept
piece by piece can end between two pieces instead, and go on in a turn of its own.
"""

from collections.abc import Iterable
from typing import NamedTuple

# The shares of a limit that must be left: to begin something whose duration nobody knows, and to
# go on.
_TO_BEGIN = 1 / 4
_TO_GO_ON = 1 / 20


class Limit(NamedTuple):
    """One limit on the work of a thread.

    :ivar float seconds: that it may take, of time or of the processor's time
    :ivar float left: how many of them are left
    """

    seconds: float
    left: float


def may_begin(limits: Iterable[Limit]) -> bool:
    """Return whether there is time to begin another run."""
    return all(limit.left > limit.seconds * _TO_BEGIN for limit in limits)


def may_go_on(limits: Iterable[Limit], longest: float) -> bool:
    """Return whether there is time for the next piece of work, and as much again.

    :param float longest: the seconds that the longest piece has taken so far
    """
    return all(limit.left > max(limit.seconds * _TO_GO_ON, 2 * longest) for limit in limits)
