"""Which errors may go away by waiting, and how long they ask to wait.

Classes are known by their names: so nothing is imported that the integration does not use, and
this works for whichever version of a library raised the error.
"""

import errno
import math
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_TRANSIENT = {
    "builtins.ConnectionError",
    "builtins.TimeoutError",
    "asyncio.exceptions.TimeoutError",
    "concurrent.futures._base.TimeoutError",
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
_STATUSES_WITH_DELAY = {429, 503}


def is_transient(exc):
    """Return whether what failed with ``exc`` may succeed later without anybody's help.

    The first in the chain (``raise … from …``, or raised while handling) of which it is known
    decides. What is known of none does not go away by waiting.
    """
    verdicts = (_verdict(link) for link in _chain(exc))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def requested_delay(exc, now=None):
    """Return the seconds to wait that ``exc`` or its cause asks for, a float, or None.

    That is the ``delay`` of a ``RetryableError``, or the ``Retry-After`` of an HTTP answer 429
    or 503.

    :param datetime now: naive UTC, to compare with a date in ``Retry-After``; None: the clock's
    """
    delays = (_delay_of(link, now) for link in _chain(exc))
    return next((delay for delay in delays if delay is not None), None)


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


def _names(exc):
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(exc).__mro__]


def _verdict(exc):
    """Return whether ``exc`` by itself is transient, or None if that is not known."""
    names = _names(exc)
    if _is_retryable_error(exc):
        return True
    if "psycopg2.Error" in names:
        return _verdict_of_postgres(exc, names)
    for name in names:
        if name in _VERDICTS:
            if _VERDICTS[name] is None:
                break
            return _VERDICTS[name]
    status = _http_status(exc, names)
    if status is not None and status >= 400:
        return status in _TRANSIENT_STATUSES or status >= 500
    return True if getattr(exc, "errno", None) in _TRANSIENT_ERRNOS else None


def _is_retryable_error(exc):
    # By name, as that class needs Odoo and this module does not.
    return any(cls.__name__ == "RetryableError" for cls in type(exc).__mro__)


def _verdict_of_postgres(exc, names):
    sqlstate = getattr(exc, "pgcode", None)
    if sqlstate is None:
        # The connection is gone: the server restarts, or is out of reach.
        return "psycopg2.OperationalError" in names or "psycopg2.InterfaceError" in names
    if sqlstate.startswith(_PERMANENT_SQLSTATES):
        return False
    return sqlstate.startswith(_TRANSIENT_SQLSTATES)


def _http_status(exc, names):
    status = getattr(getattr(exc, "response", None), "status_code", None)
    for name in names:
        if status is None and name in _STATUS_ATTRIBUTES:
            status = getattr(exc, _STATUS_ATTRIBUTES[name], None)
    return status if isinstance(status, int) else None


def _delay_of(exc, now):
    if _is_retryable_error(exc):
        return _as_seconds(getattr(exc, "delay", None))
    if _http_status(exc, _names(exc)) not in _STATUSES_WITH_DELAY:
        return None
    # Not "or": an answer of requests is false when it is an error.
    source = getattr(exc, "response", None)
    headers = getattr(exc if source is None else source, "headers", None)
    value = headers.get("Retry-After") if hasattr(headers, "get") else None
    seconds = _as_seconds(value)
    return _seconds_until(value, now) if seconds is None else seconds


def _as_seconds(value):
    if isinstance(value, timedelta):
        value = value.total_seconds()
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(http_date, now):
    try:
        date = parsedate_to_datetime(http_date)
    except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    if now is None:
        now = datetime.now(timezone.utc).replace(tzinfo=None)
    return max((date - now.replace(tzinfo=timezone.utc)).total_seconds(), 0.0)
