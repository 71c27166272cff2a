"""Which errors may go away by waiting, and how long they ask to wait.

The classes of libraries are looked up where they are loaded already: an error cannot be of a
class that is not. So nothing is imported that the integration does not use, and a class that only
bears the same name is not taken for one of them.
"""

import errno
import math
import re
import sys
from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3

from .exceptions import RetryableError

_TRANSIENT = {
    "builtins.ConnectionError",
    "builtins.TimeoutError",
    "asyncio.TimeoutError",
    "concurrent.futures.TimeoutError",
    "socket.gaierror",
    "socket.herror",
    "ssl.SSLError",
    "http.client.BadStatusLine",
    "http.client.IncompleteRead",
    "ftplib.error_temp",
    "smtplib.SMTPConnectError",
    "smtplib.SMTPServerDisconnected",
    "requests.exceptions.ChunkedEncodingError",
    "requests.exceptions.ConnectionError",
    "requests.exceptions.RetryError",
    "requests.exceptions.Timeout",
    "urllib3.exceptions.IncompleteRead",
    "urllib3.exceptions.NewConnectionError",
    "urllib3.exceptions.ProtocolError",
    "urllib3.exceptions.ProxyError",
    "urllib3.exceptions.TimeoutError",
    "odoo.exceptions.ConcurrencyError",
    "odoo.exceptions.LockError",
}
# What these wrap decides.
_WRAPPERS = {
    "requests.exceptions.SSLError",
    "urllib.error.URLError",
    "urllib3.exceptions.MaxRetryError",
    "urllib3.exceptions.SSLError",
}
_PERMANENT = {
    "builtins.ArithmeticError",
    "builtins.AssertionError",
    "builtins.AttributeError",
    "builtins.ImportError",
    "builtins.LookupError",
    "builtins.NameError",
    "builtins.NotImplementedError",
    "builtins.SyntaxError",
    "builtins.TypeError",
    "builtins.ValueError",
    "odoo.exceptions.RedirectWarning",
    "odoo.exceptions.UserError",
    # Also a ValueError, but only after an OSError.
    "ssl.SSLCertVerificationError",
}
_VERDICTS = {
    **dict.fromkeys(_TRANSIENT, True),
    **dict.fromkeys(_WRAPPERS, None),
    **dict.fromkeys(_PERMANENT, False),
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
_TRANSIENT_STATUSES = {408, 425, 429}
_STATUS_ATTRIBUTES = {
    "urllib.error.HTTPError": "code",
    "xmlrpc.client.ProtocolError": "errcode",
    "zeep.exceptions.TransportError": "status_code",
}
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_LONGEST_WAIT = 1e9
# Characters of a Retry-After that can mean something.
_LONGEST_HEADER = 100
_STATUSES_WITH_DELAY = {429, 503}


def is_transient(exc):
    """Return whether what failed with ``exc`` may succeed later without anybody's help.

    The first in the chain (``raise … from …``, or raised while handling) of which it is known
    decides. What is known of none does not go away by waiting.
    """
    verdicts = (_verdict(link) for link in _chain(exc))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def requested_delay(exc):
    """Return the seconds to wait that ``exc`` or its cause asks for, a float, or None.

    That is the ``delay`` of a ``RetryableError``, or the ``Retry-After`` of an HTTP answer 429
    or 503.
    """
    delays = (_delay_of(link) for link in _chain(exc))
    return next((delay for delay in delays if delay is not None), None)


def retry_after(value):
    """Return the seconds that a ``Retry-After`` header asks to wait, None if it says nothing.

    :param str value: seconds, also with a fraction, or an HTTP date, which is compared with the
        clock
    :return: a float, not below 0
    """
    value = str(value or "").strip()[:_LONGEST_HEADER]
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_WAIT)
    try:
        # Refuses a 99th of March, from which urllib3 counts on into June.
        parsedate_to_datetime(value)
        return min(float(urllib3.Retry().parse_retry_after(value)), _LONGEST_WAIT)
    except (urllib3.exceptions.HTTPError, TypeError, ValueError, OverflowError, IndexError):
        return None


def _chain(exc):
    """Yield ``exc``, what it wraps, what that wraps, and so on, each once."""
    seen = set()
    while isinstance(exc, BaseException) and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        exc = _wrapped_by(exc)


def _wrapped_by(exc):
    if exc.__cause__ is not None:
        return exc.__cause__
    if exc.__context__ is not None and not exc.__suppress_context__:
        return exc.__context__
    return getattr(exc, "reason", None)


def _loaded(name):
    """Return the class of that name, None where its library is not loaded."""
    module, _, cls = name.rpartition(".")
    return getattr(sys.modules.get(module), cls, None)


def _is(exc, *names):
    return any(isinstance(exc, _loaded(name) or ()) for name in names)


def _verdict(exc):
    """Return whether ``exc`` by itself is transient, or None if that is not known."""
    if isinstance(exc, RetryableError):
        return True
    if _is(exc, "psycopg2.Error"):
        return _verdict_of_postgres(exc)
    verdicts = {_loaded(name): verdict for name, verdict in _VERDICTS.items()}
    known = next((cls for cls in type(exc).__mro__ if cls in verdicts), None)
    if known and verdicts[known] is not None:
        return verdicts[known]
    status = _http_status(exc)
    if status is not None and status >= 400:
        return status in _TRANSIENT_STATUSES or status >= 500
    if _is(exc, "smtplib.SMTPResponseException"):
        # In this protocol 4xx means later, 5xx never.
        return 400 <= exc.smtp_code < 500
    return True if getattr(exc, "errno", None) in _TRANSIENT_ERRNOS else None


def _verdict_of_postgres(exc):
    sqlstate = getattr(exc, "pgcode", None)
    if sqlstate is None:
        # The connection is gone: the server restarts, or is out of reach.
        return _is(exc, "psycopg2.OperationalError", "psycopg2.InterfaceError")
    if sqlstate.startswith(_PERMANENT_SQLSTATES):
        return False
    return sqlstate.startswith(_TRANSIENT_SQLSTATES)


def _http_status(exc):
    status = getattr(getattr(exc, "response", None), "status_code", None)
    for name, attribute in _STATUS_ATTRIBUTES.items():
        if status is None and _is(exc, name):
            status = getattr(exc, attribute, None)
    return status if isinstance(status, int) else None


def _delay_of(exc):
    if isinstance(exc, RetryableError):
        return _as_seconds(getattr(exc, "delay", None))
    if _http_status(exc) not in _STATUSES_WITH_DELAY:
        return None
    # Not "or": an answer of requests is false when it is an error.
    source = getattr(exc, "response", None)
    headers = getattr(exc if source is None else source, "headers", None)
    return retry_after(headers.get("Retry-After")) if hasattr(headers, "get") else None


def _as_seconds(value):
    if isinstance(value, timedelta):
        value = value.total_seconds()
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
