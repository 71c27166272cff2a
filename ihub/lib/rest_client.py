"""A thin layer over ``requests`` for integrations that talk to a server.

It adds what every integration needs and easily forgets: time-outs, a limit for the size of an
answer, and errors that say whether waiting helps (:class:`RetryableError`) or not
(:class:`IntegrationError`), in words for the operator. No message contains more of an address
than the name of its server, so no user name, password or token gets into one.
"""

import json
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
import urllib3
from odoo.tools import LazyTranslate
from requests.adapters import HTTPAdapter

from .exceptions import IntegrationError, RetryableError
from .language import say

_lt = LazyTranslate(__name__)

CHUNK = 16 * 1024
SMALL_CHUNK = 64
MEBIBYTE = 1024 * 1024
WAIT_AND_RETRY = frozenset({408, 425, 429})

_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.TooManyRedirects,
    urllib3.exceptions.LocationValueError,
)
_BAD_REQUEST = (
    requests.exceptions.InvalidHeader,
    # The name is newer than the oldest version that Odoo takes.
    getattr(requests.exceptions, "InvalidJSONError", ValueError),
    ValueError,
)
_TIMEOUT = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
_UNREADABLE = (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)
_BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)


class ServerUnreachable(RetryableError):
    """The server cannot be found, refuses the connection, or broke it off."""


class ServerTimeout(RetryableError):
    """The server took too long."""


class ServerBusy(RetryableError):
    """The server asked to come back later, or is out of order; ``status`` is the HTTP status."""

    status = None


class RequestRefused(IntegrationError):
    """The server refuses this request, now and later; ``status`` is the HTTP status.

    ``answer`` is the :class:`Answer`; its body may say why, and may repeat what was sent.
    """

    status = None
    answer = None


class RequestInvalid(IntegrationError):
    """The request cannot be sent: its address, or what goes with it, is not valid."""


class AnswerUnusable(IntegrationError):
    """The answer is too large, or is not what it should be."""


@dataclass
class Answer:
    """What a server answered."""

    status: int
    body: bytes
    server: str
    headers: dict = field(default_factory=dict, repr=False)
    encoding: str | None = None

    @property
    def text(self):
        """The body as text; what cannot be decoded is replaced."""
        try:
            return self.body.decode(self.encoding or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self):
        """Return the body read as JSON, None if it is empty.

        :raise AnswerUnusable: it is not JSON
        """
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            message = _lt(
                "The answer of the server %(server)s cannot be read: it is not JSON.",
                server=self.server,
            )
            raise AnswerUnusable(say(message)) from None


class BearerAuth(requests.auth.AuthBase):
    """Send ``token`` in the Authorization header, whatever a ``.netrc`` says."""

    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class RestClient:
    """Talks to one server.

    :param str base_url: what the paths of the requests are appended to
    :param auth: user name and password as a tuple, or anything that ``requests`` takes as ``auth``
    :param str token: sent as ``Authorization: Bearer``, in place of ``auth``
    :param dict headers: sent with every request, to this server only
    :param float connect_timeout: seconds to wait for a connection
    :param float read_timeout: seconds to wait for the next piece of an answer
    :param float deadline: seconds that a whole answer may take
    :param int max_bytes: the largest answer that is read, unpacked
    """

    def __init__(
        self,
        base_url,
        *,
        auth=None,
        token=None,
        headers=None,
        connect_timeout=10.0,
        read_timeout=60.0,
        deadline=300.0,
        max_bytes=32 * MEBIBYTE,
    ):
        self.base_url = (base_url or "").strip()
        self.deadline = deadline
        self.max_bytes = max_bytes
        self._session = _Session(headers or {}, (connect_timeout, read_timeout))
        self._session.auth = BearerAuth(token) if token else auth

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """Give the connections back."""
        self._session.close()

    @property
    def server(self):
        """The server's name for messages: no user name, no path, no parameters."""
        return _host_and_port(self.base_url) or say(_lt("(no address)"))

    def get(self, path="", **kwargs):
        """GET ``path``; see :meth:`request`."""
        return self.request("GET", path, **kwargs)

    def post(self, path="", **kwargs):
        """POST to ``path``; see :meth:`request`. A retry may send it a second time."""
        return self.request("POST", path, **kwargs)

    def get_json(self, path="", **kwargs):
        """GET ``path`` and return the answer read as JSON."""
        return self.get(path, **kwargs).json()

    def post_json(self, path="", payload=None, **kwargs):
        """POST ``payload`` as JSON and return the answer read as JSON."""
        return self.post(path, json=payload, **kwargs).json()

    def request(self, method, path="", *, params=None, json=None, data=None, headers=None):
        """Send one request and return its :class:`Answer`.

        :param str path: appended to the base address; or a full address on the same server,
            as servers give it for the next page
        :raise RetryableError: the server cannot be reached, is too slow, too busy or out of order
        :raise IntegrationError: the request, or the answer, will be no better later
        """
        url = self._url(path)
        sent = {"params": params, "json": json, "data": data, "headers": headers}
        until = time.monotonic() + self.deadline
        try:
            with self._session.request(method, url, stream=True, **sent) as response:
                answer = self._read(response, until)
        except _BAD_ADDRESS:
            raise RequestInvalid(
                say(_lt("The address of %(server)s cannot be used.", server=self.server))
            ) from None
        except _BAD_REQUEST:
            message = _lt(
                "The request to %(server)s holds characters that cannot be sent.",
                server=self.server,
            )
            raise RequestInvalid(say(message)) from None
        except _TIMEOUT as exc:
            message = say(_lt("The server %(server)s did not answer in time.", server=self.server))
            raise ServerTimeout(message) from _root_cause(exc)
        except _UNREADABLE as exc:
            message = say(
                _lt("The answer of the server %(server)s cannot be unpacked.", server=self.server)
            )
            raise AnswerUnusable(message) from _root_cause(exc)
        except _BROKEN as exc:
            raise ServerUnreachable(self._explain(exc)) from _root_cause(exc)
        return self._checked(answer)

    def _url(self, path):
        if "://" not in path:
            return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}" if path else self.base_url
        if _origin(path) != _origin(self.base_url):
            raise RequestInvalid(
                say(_lt("%(server)s sent us on to another server.", server=self.server))
            )
        return path

    def _read(self, response, until):
        body = bytearray()
        for chunk in _chunks(response.raw):
            body += chunk
            if len(body) > self.max_bytes:
                raise AnswerUnusable(
                    say(_lt("The answer of %(server)s is too large.", server=self.server))
                )
            if time.monotonic() > until:
                raise ServerTimeout(
                    say(_lt("The server %(server)s answers too slowly.", server=self.server))
                )
        return Answer(
            response.status_code,
            bytes(body),
            self.server,
            response.headers,
            response.encoding if "charset" in response.headers.get("Content-Type", "") else None,
        )

    def _checked(self, answer):
        status = answer.status
        if status < 300 or status == 304:
            return answer
        if status in WAIT_AND_RETRY or status >= 500:
            delay = retry_after(answer.headers.get("Retry-After"))
            busy = ServerBusy(_say_status(status, self.server), delay=delay)
            busy.status = status
            raise busy
        refused = RequestRefused(_say_status(status, self.server))
        refused.status, refused.answer = status, answer
        raise refused

    def _explain(self, exc):
        cause = _root_cause(exc)
        reason = getattr(cause, "__cause__", None) or getattr(cause, "__context__", None)
        if isinstance(exc, requests.exceptions.SSLError):
            return say(
                _lt(
                    "The identity of the server %(server)s could not be verified.",
                    server=self.server,
                )
            )
        if isinstance(exc, requests.exceptions.ProxyError):
            return say(
                _lt(
                    "The way to the server %(server)s through the proxy is closed.",
                    server=self.server,
                )
            )
        if isinstance(reason, socket.gaierror):
            return say(
                _lt("There is no server %(server)s, or the network is down.", server=self.server)
            )
        if isinstance(reason, ConnectionRefusedError):
            return say(
                _lt("The server %(server)s does not accept connections.", server=self.server)
            )
        return say(
            _lt("The connection to the server %(server)s failed or broke off.", server=self.server)
        )


def retry_after(value, now=None):
    """Return the seconds that a ``Retry-After`` header asks to wait, None if it says nothing.

    :param str value: seconds, or an HTTP date
    :param datetime now: the present moment, with a time zone
    """
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - (now or datetime.now(timezone.utc))).total_seconds())


class _Session(requests.Session):
    """Sends its own headers to the first server only, also after a redirect."""

    def __init__(self, headers, timeout):
        super().__init__()
        self.max_redirects = 5
        self.headers.update({"User-Agent": "Odoo Integration Hub", **headers})
        self._private_headers = set(headers)
        adapter = _TimeLimitedAdapter(timeout)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def rebuild_auth(self, prepared_request, response):
        if self.should_strip_auth(response.request.url, prepared_request.url):
            for name in self._private_headers:
                prepared_request.headers.pop(name, None)
        return super().rebuild_auth(prepared_request, response)


class _TimeLimitedAdapter(HTTPAdapter):
    """No request without time-outs.

    They are set here and not in the request, because Odoo's tests cannot read a pair of them.
    """

    def __init__(self, timeout):
        self._timeout = timeout
        super().__init__()

    def send(self, request, **kwargs):
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        return super().send(request, **kwargs)


def _chunks(raw):
    """Yield what arrives, as it arrives: a plain read would wait until a chunk is full."""
    # Before urllib3 2 an answer that breaks off was taken for a short one.
    raw.enforce_content_length = True
    if hasattr(raw, "read1"):
        return iter(lambda: raw.read1(CHUNK, decode_content=True), b"")
    # Before urllib3 2.1 there is only the plain read: small chunks fill up soon.
    return raw.stream(SMALL_CHUNK, decode_content=True)


def _host_and_port(url):
    """Return ``host[:port]`` of an address; empty if there is none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.hostname}{port}" if parts.hostname else ""


def _origin(url):
    """Return scheme, host and port of an address, for comparisons."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname, port


def _root_cause(exc):
    """Return the exception of the network below ``exc``.

    The ones of ``requests`` and ``urllib3`` above it repeat the whole address in their text.
    """
    while True:
        below = getattr(exc, "reason", None) or next(iter(exc.args), None)
        if not isinstance(below, BaseException):
            break
        exc = below
    return exc if not isinstance(exc, requests.exceptions.RequestException) else None


def _say_status(status, server):
    """Return one sentence on an answer of ``server`` that is no success."""
    text = _words(status, server)
    return say(_lt("%(sentence)s (HTTP %(status)s)", sentence=text, status=status))


def _words(status, server):
    match status:
        case 401 | 403:
            return _lt(
                "The server %(server)s refuses access: check the user name, password or key.",
                server=server,
            )
        case 404 | 410:
            return _lt("The server %(server)s has nothing at this address.", server=server)
        case 408 | 425 | 429:
            return _lt("The server %(server)s asks to come back later.", server=server)
        case _ if status >= 500:
            return _lt("The server %(server)s is out of order.", server=server)
        case _ if status < 400:
            return _lt(
                "The server %(server)s moved what was asked for without saying where to.",
                server=server,
            )
        case _:
            return _lt("The server %(server)s does not accept the request.", server=server)
