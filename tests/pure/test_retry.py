"""Which failures are retried, and when."""

import asyncio
import concurrent.futures
import errno
import ftplib
import http.client
import random
import smtplib
import socket
import ssl
import urllib.error
import xmlrpc.client
from datetime import datetime, timedelta

import psycopg2
import psycopg2.errors
import pytest
import requests
import urllib3
import zeep.exceptions
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from odoo.exceptions import (
    AccessError,
    ConcurrencyError,
    LockError,
    RedirectWarning,
    UserError,
    ValidationError,
)
from psycopg2.pool import PoolError
from pure_ihub.core import retry
from pure_ihub.core.retry import (
    LONGEST_WAIT,
    Patience,
    RetryPolicy,
    is_transient,
    next_attempt,
    requested_delay,
)
from pure_ihub.engine import failure  # noqa: F401  adds the classes of Odoo and psycopg2
from pure_ihub.lib import rest_client
from pure_ihub.lib.exceptions import IntegrationError, RetryableError
from schedule_strategies import bounded, moments

NOW = datetime(2024, 3, 31, 0, 30)
POLICY = RetryPolicy(limit=3, delay=60.0, jitter=0.0)


class ServerBusy(RetryableError):
    pass


class ApiError(Exception):
    """Of a client library: says nothing by itself."""


def namesake(name, module):
    """Return an error of a class that only bears the name of a known one."""
    return type(name, (Exception,), {"__module__": module})("later", 60)


def http_error(status, **headers):
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return requests.HTTPError(str(status), response=answer)


def url_error(status, **headers):
    message = http.client.HTTPMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return urllib.error.HTTPError("https://example.com", status, "", message, None)


def soap_error(status):
    return zeep.exceptions.TransportError(status_code=status)


def pg_error(name, sqlstate=None):
    error = getattr(psycopg2.errors, name, None) or getattr(psycopg2, name)
    error = error("canceled")
    if sqlstate:
        error.__setstate__({"pgcode": sqlstate})
    return error


def caused(exc, cause):
    exc.__cause__ = cause
    return exc


def while_handling(exc, context):
    exc.__context__ = context
    return exc


def tls_error(reason):
    """Return what requests raises when a handshake fails for ``reason``."""
    wrapped = while_handling(urllib3.exceptions.SSLError(reason), reason)
    pool_error = caused(urllib3.exceptions.MaxRetryError(None, "/", wrapped), wrapped)
    return while_handling(requests.exceptions.SSLError(pool_error), pool_error)


TRANSIENT = [
    RetryableError("later"),
    ServerBusy("busy"),
    requests.ConnectionError(),
    requests.Timeout(),
    requests.ConnectTimeout(),
    requests.ReadTimeout(),
    requests.exceptions.ProxyError(),
    requests.exceptions.ChunkedEncodingError(),
    requests.exceptions.RetryError(),
    *map(http_error, [408, 425, 429, 500, 502, 503, 504, 599]),
    url_error(503),
    soap_error(502),
    xmlrpc.client.ProtocolError("https://example.com", 503, "", {}),
    urllib3.exceptions.ReadTimeoutError(None, "/", ""),
    urllib3.exceptions.NewConnectionError(None, ""),
    urllib3.exceptions.ProtocolError(),
    caused(
        urllib3.exceptions.MaxRetryError(None, "/", None),
        urllib3.exceptions.ConnectTimeoutError(),
    ),
    http.client.IncompleteRead(b""),
    http.client.RemoteDisconnected(),
    http.client.BadStatusLine(""),
    TimeoutError(),
    concurrent.futures.TimeoutError(),
    asyncio.TimeoutError(),
    ConnectionResetError(),
    BrokenPipeError(),
    socket.timeout(),  # noqa: UP041
    socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    OSError(errno.EHOSTUNREACH, "No route to host"),
    urllib.error.URLError(ConnectionRefusedError()),
    ssl.SSLEOFError(),
    tls_error(ssl.SSLEOFError()),
    ftplib.error_temp(),
    smtplib.SMTPServerDisconnected(),
    smtplib.SMTPConnectError(421, ""),
    smtplib.SMTPDataError(451, "Greylisted"),
    smtplib.SMTPAuthenticationError(454, "Temporary"),
    pg_error("SerializationFailure"),
    pg_error("SerializationFailure", "40001"),
    pg_error("DeadlockDetected", "40P01"),
    pg_error("LockNotAvailable", "55P03"),
    pg_error("QueryCanceled", "57014"),
    pg_error("AdminShutdown", "57P01"),
    pg_error("TooManyConnections", "53300"),
    pg_error("OperationalError"),
    pg_error("InterfaceError"),
    PoolError("The Connection Pool Is Full"),
    LockError("locked"),
    ConcurrencyError(),
    caused(ApiError(), requests.ConnectionError()),
    while_handling(ApiError(), requests.Timeout()),
    caused(ApiError(), caused(RuntimeError(), http_error(503))),
    while_handling(http_error(503), KeyError("token")),
]
PERMANENT = [
    UserError("no"),
    ValidationError("no"),
    AccessError("no"),
    IntegrationError("no"),
    RedirectWarning("no", None, "Go"),
    ValueError(),
    TypeError(),
    KeyError(),
    IndexError(),
    AttributeError(),
    ZeroDivisionError(),
    AssertionError(),
    NotImplementedError(),
    UnicodeDecodeError("utf-8", b"", 0, 1, "reason"),
    FileNotFoundError(errno.ENOENT, "No such file"),
    PermissionError(),
    OSError("some"),
    RuntimeError(),
    Exception(),
    ApiError(),
    *map(http_error, [400, 401, 403, 404, 409, 410, 422]),
    url_error(404),
    soap_error(400),
    requests.HTTPError(),
    requests.exceptions.InvalidURL(),
    requests.exceptions.MissingSchema(),
    requests.exceptions.JSONDecodeError("", "", 0),
    requests.exceptions.TooManyRedirects(),
    tls_error(ssl.SSLCertVerificationError()),
    ssl.SSLCertVerificationError(),
    urllib.error.URLError(ssl.SSLCertVerificationError()),
    urllib.error.URLError("no host given"),
    ftplib.error_perm(),
    smtplib.SMTPRecipientsRefused({}),
    smtplib.SMTPDataError(554, "Spam"),
    smtplib.SMTPAuthenticationError(535, "Wrong"),
    namesake("RetryableError", "their.library"),
    namesake("Timeout", "requests.exceptions"),
    namesake("ConcurrencyError", "odoo.exceptions"),
    pg_error("UniqueViolation", "23505"),
    pg_error("UniqueViolation"),
    pg_error("UndefinedColumn", "42703"),
    pg_error("NumericValueOutOfRange", "22003"),
    pg_error("ProgramLimitExceeded", "54000"),
    pg_error("TransactionIntegrityConstraintViolation", "40002"),
    caused(UserError("no"), requests.ConnectionError()),
    while_handling(AttributeError(), requests.ConnectionError()),
    caused(ValueError(), RetryableError()),
    caused(ApiError(), http_error(404)),
    KeyboardInterrupt(),
    SystemExit(),
]


def describe(exc):
    return f"{type(exc).__name__}-{exc}"[:60]


@pytest.mark.parametrize("exc", TRANSIENT, ids=describe)
def test_may_go_away_by_waiting(exc):
    assert is_transient(exc) is True


@pytest.mark.parametrize("exc", PERMANENT, ids=describe)
def test_does_not_go_away_by_waiting(exc):
    assert is_transient(exc) is False


def test_the_hubs_own_errors():
    pytest.importorskip("odoo")
    from pure_ihub.lib import exceptions

    assert is_transient(exceptions.RetryableError("later"))
    assert requested_delay(exceptions.RetryableError("later", delay=5)) == 5.0
    assert not is_transient(exceptions.IntegrationError("no"))
    assert not is_transient(exceptions.StopRequested())


def test_raised_from_none_hides_what_was_handled():
    exc = while_handling(ApiError(), requests.ConnectionError())
    exc.__suppress_context__ = True
    assert is_transient(exc) is False


def test_a_chain_without_end():
    exc = ApiError()
    exc.__cause__ = while_handling(ApiError(), exc)
    assert is_transient(exc) is False
    assert requested_delay(exc) is None


@pytest.mark.parametrize(
    ("exc", "seconds"),
    [
        (RetryableError(delay=90), 90.0),
        (RetryableError(delay=timedelta(minutes=2)), 120.0),
        (RetryableError(delay=0), 0.0),
        (RetryableError(delay=-5), 0.0),
        (RetryableError(delay="soon"), None),
        (RetryableError(delay=float("inf")), None),
        (RetryableError(delay=float("nan")), None),
        (RetryableError(), None),
        (caused(ApiError(), ServerBusy(delay=7)), 7.0),
        (caused(RetryableError(), http_error(429, Retry_After="30")), 30.0),
        (http_error(429, Retry_After="120"), 120.0),
        (http_error(503, Retry_After=" 1.5 "), 1.5),
        (http_error(429, Retry_After="2.0"), 2.0),
        (http_error(429, Retry_After="-3"), None),
        (http_error(429, Retry_After="1e3"), None),
        (http_error(429, Retry_After="inf"), None),
        (http_error(429, Retry_After="9" * 400), 1e9),
        (http_error(429, Retry_After="Sun, 31 Mar 2024 00:31:30 GMT"), 90.0),
        (http_error(429, Retry_After="Sun, 31 Mar 2024 02:31:30 +0200"), 90.0),
        (http_error(429, Retry_After="Sun, 31 Mar 2024 00:31:30 -0000"), 90.0),
        (http_error(429, Retry_After="Fri, 29 Mar 2024 00:00:00 GMT"), 0.0),
        (http_error(429, Retry_After="later"), None),
        (http_error(429, Retry_After=""), None),
        (http_error(429, Retry_After="Sun, 99 Mar 2024 00:31:30 GMT"), None),
        (http_error(429), None),
        (http_error(500, Retry_After="120"), 120.0),
        (http_error(404, Retry_After="120"), None),
        (url_error(503, Retry_After="120"), 120.0),
        (xmlrpc.client.ProtocolError("", 429, "", {"Retry-After": "9"}), 9.0),
        (soap_error(503), None),
        (requests.ConnectionError(), None),
    ],
)
def test_the_delay_that_is_asked_for(exc, seconds):
    with freeze_time(NOW):
        assert requested_delay(exc) == seconds


@freeze_time(NOW)
@pytest.mark.parametrize(
    "value",
    ["2.0", "120", "-3", "soon", "Sun, 31 Mar 2024 00:31:30 GMT", "1_0", "", "0x10", "9" * 15],
)
def test_there_is_one_reader_of_retry_after(value):
    asked = requested_delay(http_error(429, Retry_After=value))
    assert asked == rest_client.retry_after(value)
    assert rest_client.retry_after is retry.retry_after


@pytest.mark.parametrize("growth", [float("nan"), float("inf"), 1e308])
@pytest.mark.parametrize("delay", [0.0, 60.0, 1e12])
def test_a_growth_that_is_no_number_waits_no_longer_than_the_longest(growth, delay):
    policy = RetryPolicy(limit=10, delay=delay, growth=growth, maximum=300.0, jitter=0.0)
    for attempt in range(1, 11):
        due = next_attempt(TimeoutError(), attempt, policy, NOW)
        assert NOW <= due <= NOW + timedelta(seconds=300)


class TestNextAttempt:
    def test_as_often_as_the_limit_and_each_wait_longer(self):
        moments = [next_attempt(TimeoutError(), n, POLICY, NOW) for n in (1, 2, 3, 4)]
        assert moments == [
            NOW + timedelta(seconds=60),
            NOW + timedelta(seconds=120),
            NOW + timedelta(seconds=240),
            None,
        ]

    def test_no_retries_at_all(self):
        assert next_attempt(TimeoutError(), 1, RetryPolicy(limit=0, delay=1), NOW) is None

    def test_bad_data_is_not_retried(self):
        assert next_attempt(ValueError(), 1, POLICY, NOW) is None

    @pytest.mark.parametrize("attempt", [2, 5, 2000])
    def test_no_wait_is_longer_than_the_maximum(self, attempt):
        policy = RetryPolicy(limit=5000, delay=60, growth=10, maximum=300, jitter=0.5)
        random.seed(1)
        assert next_attempt(TimeoutError(), attempt, policy, NOW) == NOW + timedelta(seconds=300)

    def test_what_the_error_asks_for_replaces_the_wait(self):
        exc = http_error(429, Retry_After="5")
        assert next_attempt(exc, 3, POLICY, NOW) == NOW + timedelta(seconds=5)

    def test_what_the_error_asks_for_may_pass_the_maximum(self):
        policy = RetryPolicy(limit=1, delay=60, maximum=300, jitter=0)
        exc = http_error(503, Retry_After="7200")
        assert next_attempt(exc, 1, policy, NOW) == NOW + timedelta(hours=2)

    def test_but_not_a_day(self):
        exc = http_error(503, Retry_After="99999999999999999999")
        assert next_attempt(exc, 1, POLICY, NOW) == NOW + timedelta(days=1)

    def test_jitter_makes_it_longer_and_differs(self):
        policy = RetryPolicy(limit=1, delay=1000, jitter=0.1)
        random.seed(0)
        waits = {next_attempt(TimeoutError(), 1, policy, NOW) - NOW for _ in range(50)}
        assert len(waits) > 20
        assert timedelta(seconds=1000) <= min(waits) < max(waits) <= timedelta(seconds=1100)

    def test_never_before_what_was_asked_for(self):
        now = NOW + timedelta(microseconds=1)
        attempt = next_attempt(RetryableError(delay=10), 1, POLICY, now)
        assert attempt == NOW + timedelta(seconds=11)

    @pytest.mark.parametrize("seconds", [1, 2, 5, 9])
    def test_a_wait_of_seconds_is_kept_as_it_was_asked_for(self, seconds):
        policy = RetryPolicy(limit=1, delay=60, jitter=0.1)
        for seed in range(20):
            for exc in (http_error(429, Retry_After=str(seconds)), RetryableError(delay=seconds)):
                random.seed(seed)
                moment = next_attempt(exc, 1, policy, NOW)
                assert moment == NOW + timedelta(seconds=seconds)

    @bounded()
    @given(
        st.integers(1, 10**6),
        st.integers(0, 10**6),
        st.floats(0, 1e300),
        st.floats(1, 1e300),
        st.floats(0, 1e300),
        st.floats(0, 1),
        st.none() | st.floats(),
        moments(),
    )
    def test_any_policy_gives_a_moment(
        self, attempt, limit, delay, growth, maximum, jitter, ask, now
    ):
        policy = RetryPolicy(limit, delay, growth, maximum, jitter)
        random.seed(0)
        moment = next_attempt(RetryableError(delay=ask), attempt, policy, now)
        assert (moment is None) == (attempt > limit)
        if moment:
            assert now <= moment <= now + timedelta(days=366, seconds=1)


# --- A request that is sent again in place ---


def waits(patience, status, asked, count=5):
    return [patience.wait(status, asked) for _each in range(count)]


def test_what_the_server_asks_for_is_waited_for_up_to_the_limit():
    patience = Patience(LONGEST_WAIT, is_repeatable=False)
    assert waits(patience, 429, 20.0) == [20, 20, 20, None, None]
    assert patience.left == 0


def test_a_longer_wait_is_none():
    assert Patience(60.0, True).wait(429, 60.5) is None


def test_a_server_that_does_not_say_when_is_asked_three_more_times():
    assert waits(Patience(60.0, True), 503, None) == [1, 2, 4, None, None]


def test_nor_is_there_a_loop_without_a_wait():
    assert waits(Patience(3.0, True), 429, 0.0) == [1, 1, 1, None, None]


@pytest.mark.parametrize("status", [None, 503])
def test_what_may_have_arrived_is_repeated_only_if_that_changes_nothing(status):
    assert Patience(60.0, True).wait(status, None) == 1
    assert Patience(60.0, False).wait(status, None) is None


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_refused_with_a_moment_is_sent_again_then(status):
    assert Patience(60.0, False).wait(status, 5.0) == 5


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 502, 504])
def test_other_answers_end_the_attempt(status):
    assert Patience(60.0, True).wait(status, 5.0) is None


def test_a_wait_for_a_turn_counts_as_well():
    patience = Patience(10.0, True)
    assert patience.spend(8.0) == 8
    assert patience.wait(429, 3.0) is None
    assert patience.spend(2.5) is None
