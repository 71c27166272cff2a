"""Whether and when a failed run is attempted again."""

import random
from dataclasses import dataclass
from datetime import timedelta

from .transient import is_transient, requested_delay

__all__ = ["RetryPolicy", "is_transient", "next_attempt", "requested_delay"]

_DAY = 86400.0
# Whatever is asked for, the sum is a moment in the calendar.
_YEAR = 366 * _DAY
# Seconds: whoever asks for no wait at all does not get a loop.
_LEAST = 1.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long to wait for what may go away by waiting.

    :param int limit: number of retries after the first attempt
    :param float delay: seconds before the first retry
    :param float growth: how many times as long each further wait is
    :param float maximum: seconds of the longest wait
    :param float jitter: share of the wait by which it is at most made longer, at random, so that
        integrations that failed together do not come back together
    """

    limit: int
    delay: float
    growth: float = 2.0
    maximum: float = _DAY
    jitter: float = 0.1

    def wait(self, attempt):
        """Return the seconds to wait after ``attempt`` (1 is the first) failed, without jitter."""
        try:
            wait = self.delay * self.growth ** (attempt - 1)
        except OverflowError:
            wait = self.maximum
        # Not min(): a growth that is no number makes a wait that is none.
        return max(wait if wait < self.maximum else self.maximum, 0.0)


def next_attempt(exc, attempt, policy, now, rng=random):
    """Return when to try again after ``exc``, or None if not at all.

    An error that asks for a delay gets it, at least; one beyond the longest wait of the policy,
    and beyond a day, is cut to that.

    :param BaseException exc: what the attempt failed with
    :param int attempt: which attempt failed, 1 is the first since the work last moved on
    :param RetryPolicy policy: how often and how long to wait
    :param datetime now: naive UTC
    :param rng: a ``random.Random``
    :return: naive UTC, in whole seconds
    """
    if attempt > policy.limit or not is_transient(exc):
        return None
    longest = policy.maximum
    wait = requested_delay(exc)
    if wait is None:
        wait = policy.wait(attempt)
    else:
        longest = max(longest, _DAY)
    longest = min(longest, _YEAR)
    wait = min(wait, longest)
    # In whole seconds: a wait of a few is kept as it was asked for.
    wait = min(wait + int(wait * policy.jitter * rng.random()), longest)
    return _whole_second(now + timedelta(seconds=max(wait, _LEAST)))


def _whole_second(moment):
    # Never earlier than what was asked for.
    if moment.microsecond:
        moment += timedelta(seconds=1)
    return moment.replace(microsecond=0)
