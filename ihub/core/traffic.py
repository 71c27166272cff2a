"""Requests to a server: how often, what is repeated, and how long is waited for it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from urllib3 import Retry

from .retry import RetryPolicy

# Methods that may arrive twice: the second time changes nothing.
REPEATABLE = Retry.DEFAULT_ALLOWED_METHODS
# Seconds that a request waits in place at most: within a run, and where somebody waits for it.
LONGEST_WAIT = 60.0
LONGEST_WAIT_OF_PEOPLE = 2.0
# How often a request is repeated where the server does not say when: after 1, 2 and 4 seconds.
REPEATS = RetryPolicy(limit=3, delay=1.0)
# After so many failures in a row a server is down.
DOWN_AFTER = 5
# Seconds after which an earlier failure is none of the same row any more.
ROW = 900.0
# Seconds between two probes of a server that is down: the longer it is, the longer they are.
_PROBES = (30.0, 300.0)
# Seconds: a server that asks for no wait at all does not get a loop.
_LEAST = 1.0

# What says that nothing behind the server's front door answers.
_GATEWAY = (502, 503, 504)

_RATE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*/\s*([a-z]+)\s*", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
    **dict.fromkeys(("d", "day"), 86400.0),
}


def interval_of(rate: str) -> float:
    """Return the seconds between two requests at a rate such as ``2/s``, ``100/min``, ``5000/h``.

    :raise ValueError: it is no rate
    """
    found = _RATE.fullmatch(rate)
    unit = _UNITS.get(found[2].lower()) if found else None
    if not found or not unit or not float(found[1]):
        raise ValueError(rate)
    return unit / float(found[1])


@dataclass
class Patience:
    """How long one request may wait in place, and how often it may be repeated.

    :param float limit: seconds to wait in all
    :param bool is_repeatable: whether nothing changes if the server gets it twice
    """

    limit: float
    is_repeatable: bool
    waited: float = 0.0
    repeats: int = 0

    @property
    def left(self) -> float:
        """The seconds that it may still wait."""
        return max(self.limit - self.waited, 0.0)

    def wait(self, status: int | None, asked: float | None) -> float | None:
        """Return how many seconds to wait before it is sent again, or None: it is not.

        :param status: the HTTP status that was answered; None: the network has failed
        :param asked: the seconds that the server asked to wait, if it did
        """
        if not self._may_repeat(status, asked):
            return None
        if asked is None:
            self.repeats += 1
            if self.repeats > REPEATS.limit:
                return None
            asked = REPEATS.wait(self.repeats)
        return self.spend(max(asked, _LEAST))

    def spend(self, seconds: float) -> float | None:
        """Return ``seconds`` and count them as waited, or None where they are too many."""
        if seconds > self.left:
            return None
        self.waited += seconds
        return seconds

    def _may_repeat(self, status: int | None, asked: float | None) -> bool:
        # 429 says that nothing was done. So does 503 where it says when to come again; else it may
        # have been lost on the way.
        if status == 429 or (status == 503 and asked is not None):
            return True
        return status in (None, 503) and self.is_repeatable


# --- A server that is down ---


def is_servers_fault(status: int | None) -> bool:
    """Return whether a failure is the server's own, and not that of what was asked.

    :param status: the HTTP status; None: the network has failed
    """
    return status is None or status >= 500


def is_outage(status: int | None) -> bool:
    """Return whether a failure would meet every request, and so is none of this one.

    A server that answers 500 may only dislike what it was sent: who sends that has failed.
    """
    return status is None or status in _GATEWAY


def next_probe(since: datetime, now: datetime) -> datetime:
    """Return when to try a server again that is down, naive UTC in whole seconds.

    :param datetime since: when the first of its failures in a row was, naive UTC
    :param datetime now: naive UTC
    """
    shortest, longest = _PROBES
    wait = min(max((now - since).total_seconds() / 4, shortest), longest)
    return now.replace(microsecond=0) + timedelta(seconds=round(wait))
