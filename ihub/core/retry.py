"""Retries: if, when and how often a run or a request that has failed is attempted again.

A request waits in place for a short time, and is sent again: :class:`Patience`. What is left fails
the run, of which there is another attempt later: :func:`next_attempt`.

Which errors may go away by waiting is in the tables below: HTTP statuses in
``_TRANSIENT_STATUSES``, classes of exceptions in ``VERDICTS``.
"""

import asyncio
import concurrent.futures
import errno
import ftplib
import http.client
import math
import random
import re
import smtplib
import socket
import ssl
import sys
import urllib.error
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3

from .exceptions import RetryableError, ServerDown
from .text import short_hash

_TRANSIENT_STATUSES = (408, 425, 429)  # and whatever is wrong with the server: 5xx

# Of the classes that an error is of, the nearest that is here decides; None: what it wraps does.
# The engine adds those of Odoo and of psycopg2, which are not imported here.
VERDICTS: dict[type[BaseException], bool | None] = {
    ConnectionError: True,
    TimeoutError: True,
    # Classes of their own in Python 3.10.
    asyncio.TimeoutError: True,
    concurrent.futures.TimeoutError: True,
    socket.gaierror: True,
    socket.herror: True,
    ssl.SSLError: True,
    ssl.SSLCertVerificationError: False,
    http.client.BadStatusLine: True,
    http.client.IncompleteRead: True,
    ftplib.error_temp: True,
    smtplib.SMTPConnectError: True,
    smtplib.SMTPServerDisconnected: True,
    requests.exceptions.ChunkedEncodingError: True,
    requests.exceptions.ConnectionError: True,
    requests.exceptions.RetryError: True,
    requests.exceptions.SSLError: None,
    requests.exceptions.Timeout: True,
    urllib3.exceptions.NewConnectionError: True,
    urllib3.exceptions.ProtocolError: True,
    urllib3.exceptions.ProxyError: True,
    urllib3.exceptions.TimeoutError: True,
    ArithmeticError: False,
    AssertionError: False,
    AttributeError: False,
    ImportError: False,
    LookupError: False,
    NameError: False,
    NotImplementedError: False,
    SyntaxError: False,
    TypeError: False,
    ValueError: False,
}
_TRANSIENT_ERRNOS = {
    errno.EAGAIN,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.ENETUNREACH,
    errno.ENOBUFS,
}
# PostgreSQL's classes of errors: connection, rollback, resources, operator, system.
_TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "58", "55006", "55P03")
_PERMANENT_SQLSTATES = ("40002",)  # an integrity constraint

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_LONGEST_ASKED = 1e9
# Characters of a Retry-After that can mean something.
_LONGEST_HEADER = 100
_DAY = 86400.0
# Whatever is asked for, the sum is a moment in the calendar.
_YEAR = 366 * _DAY
# Seconds: whoever asks for no wait at all does not get a loop.
_LEAST = 1.0

# How many resume points are remembered: so many attempts can have moved on.
POINTS_LIMIT = 1_000


# --- When ---


@dataclass(frozen=True)
class RetryPolicy:
    """The settings of an integration: how often to try again, and how long to wait.

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

    def wait(self, attempt: int) -> float:
        """Return the seconds to wait after ``attempt`` (1 is the first) failed, without jitter."""
        try:
            wait = self.delay * self.growth ** (attempt - 1)
        except OverflowError:
            wait = self.maximum
        # Not min(): a growth that is no number makes a wait that is none.
        return max(wait if wait < self.maximum else self.maximum, 0.0)


def next_attempt(
    exc: BaseException, attempt: int, policy: RetryPolicy, now: datetime
) -> datetime | None:
    """Return when to try again after ``exc``, or None if not at all.

    An error that asks for a delay gets it, at least; one beyond the longest wait of the policy,
    and beyond a day, is cut to that.

    :param BaseException exc: what the attempt failed with
    :param int attempt: which attempt failed, 1 is the first since the work last moved on
    :param RetryPolicy policy: how often and how long to wait
    :param datetime now: naive UTC
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
    wait = min(wait + int(wait * policy.jitter * random.random()), longest)
    moment = now + timedelta(seconds=max(wait, _LEAST))
    # Never earlier than what was asked for.
    return (moment + timedelta(seconds=1, microseconds=-1)).replace(microsecond=0)


# --- A request that is sent again in place ---

# Methods that may arrive twice: the second time changes nothing.
REPEATABLE = urllib3.Retry.DEFAULT_ALLOWED_METHODS
# Seconds that a request waits in place at most: within a run, and where somebody waits for it.
LONGEST_WAIT = 60.0
LONGEST_WAIT_OF_PEOPLE = 2.0
# How often a request is repeated where the server does not say when: after 1, 2 and 4 seconds.
REPEATS = RetryPolicy(limit=3, delay=1.0)


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


# --- Whether ---


def is_transient(exc: BaseException) -> bool:
    """Return whether what failed with ``exc`` may succeed later without anybody's help.

    The first in the chain (``raise … from …``, or raised while handling) of which it is known
    decides. What is known of none does not go away by waiting.
    """
    verdicts = (_verdict(link) for link in _chain(exc))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def server_down_in(exc: BaseException) -> ServerDown | None:
    """Return what says that a run waits for a server that is down, also where it was wrapped."""
    found = (link for link in _chain(exc) if isinstance(link, ServerDown))
    return next(found, None) if is_transient(exc) else None


def is_transient_status(status: int) -> bool:
    """Return whether what was answered with the HTTP ``status`` may succeed later."""
    return status in _TRANSIENT_STATUSES or status >= 500


def _chain(exc: Any) -> Iterator[BaseException]:
    """Yield ``exc``, what it wraps, what that wraps, and so on, each once."""
    seen = set()
    while isinstance(exc, BaseException) and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        context = None if exc.__suppress_context__ else exc.__context__
        wrapped = (exc.__cause__, context, getattr(exc, "reason", None))
        # Not "or": an error may be false.
        exc = next((link for link in wrapped if link is not None), None)


def _verdict(exc: BaseException) -> bool | None:
    """Return whether ``exc`` by itself is transient, or None if that is not known."""
    if isinstance(exc, RetryableError):
        return True
    # The errors of psycopg2 that the server has sent.
    if isinstance(sqlstate := getattr(exc, "pgcode", None), str):
        is_permanent = sqlstate.startswith(_PERMANENT_SQLSTATES)
        return not is_permanent and sqlstate.startswith(_TRANSIENT_SQLSTATES)
    known = next((cls for cls in type(exc).__mro__ if cls in VERDICTS), None)
    if known and VERDICTS[known] is not None:
        return VERDICTS[known]
    status = _http_status(exc)
    if status is not None and status >= 400:
        return is_transient_status(status)
    if isinstance(exc, smtplib.SMTPResponseException):
        # In this protocol 4xx means later, 5xx never.
        return 400 <= exc.smtp_code < 500
    return True if getattr(exc, "errno", None) in _TRANSIENT_ERRNOS else None


def _http_status(exc: BaseException) -> int | None:
    # Slow to import, and where it is not there are no errors of it.
    soap_error = getattr(sys.modules.get("zeep.exceptions"), "TransportError", ())
    status = getattr(getattr(exc, "response", None), "status_code", None)
    if isinstance(exc, urllib.error.HTTPError):
        status = exc.code
    elif isinstance(exc, xmlrpc.client.ProtocolError):
        status = exc.errcode
    elif isinstance(exc, soap_error):
        status = getattr(exc, "status_code", None)
    return status if isinstance(status, int) else None


# --- How long ---


def requested_delay(exc: BaseException) -> float | None:
    """Return the seconds to wait that ``exc`` or its cause asks for, a float, or None.

    That is the ``delay`` of a ``RetryableError``, or the ``Retry-After`` of an HTTP answer whose
    status may be another one later.
    """
    delays = (_delay_of(link) for link in _chain(exc))
    return next((delay for delay in delays if delay is not None), None)


def retry_after(value: Any) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait, None if it says nothing.

    :param str value: seconds, also with a fraction, or an HTTP date, which is compared with the
        clock
    :return: a float, not below 0
    """
    value = str(value or "").strip()[:_LONGEST_HEADER]
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_ASKED)
    try:
        # Refuses a 99th of March, from which urllib3 counts on into June.
        parsedate_to_datetime(value)
        return min(float(urllib3.Retry().parse_retry_after(value)), _LONGEST_ASKED)
    except (urllib3.exceptions.HTTPError, TypeError, ValueError, OverflowError, IndexError):
        return None


def _delay_of(exc: BaseException) -> float | None:
    if isinstance(exc, RetryableError):
        return _as_seconds(getattr(exc, "delay", None))
    status = _http_status(exc)
    if status is None or not is_transient_status(status):
        return None
    # Not "or": an answer of requests is false when it is an error.
    source = getattr(exc, "response", None)
    headers: Any = getattr(exc if source is None else source, "headers", None)
    return retry_after(headers.get("Retry-After")) if hasattr(headers, "get") else None


def _as_seconds(value: Any) -> float | None:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


# --- How often ---


def moved_on(
    reached: dict[str, Any] | None, processed: int, point: Any
) -> tuple[bool, dict[str, Any]]:
    """Return whether an attempt got further, and what to remember of it for the next ones.

    Attempts count from the last that did. Where an attempt ended counts, not each of its
    checkpoints: one that begins at the beginning again passes all of them once more. It got
    further if it has processed more than any attempt before it, or ended at a resume point at
    which none of them did.

    :param dict reached: what the attempts before have reached, as returned; None for none
    :param int processed: records done since the start of the window
    :param point: the resume point, a JSON value; None for none
    :return: whether it moved on; what has been reached, a JSON value
    """
    most, points = (reached["processed"], reached["points"]) if reached else (0, [])
    mark = None if point is None else short_hash(point)
    is_new = mark is not None and mark not in points
    if is_new:
        points = [*points, mark][-POINTS_LIMIT:]
    return processed > most or is_new, {"processed": max(processed, most), "points": points}
