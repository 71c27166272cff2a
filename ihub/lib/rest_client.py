"""A thin layer over ``requests`` for integrations that talk to a server.

It adds what every integration needs and easily forgets: limits for the time and the size of an
answer, whatever the server does; that what is secret goes to one server only; and errors that say
whether waiting helps (:class:`RetryableError`) or not (:class:`IntegrationError`), in words for the
operator. No message contains more of an address than the name of its server, so no user name,
password or token gets into one.
"""

import json
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urlsplit

import requests
import urllib3
from odoo.tools import LazyTranslate

from ..core.exceptions import RetryableError
from ..core.retry import is_transient_status, retry_after
from ..engine.exceptions import IntegrationError
from . import bounded_http
from .language import say

_lt = LazyTranslate(__name__)

MEBIBYTE = 1024 * 1024
MAX_REDIRECTS = 5

_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.TooManyRedirects,
    urllib3.exceptions.LocationValueError,
)
_TIMEOUT = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_BROKEN = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    bounded_http.CutOff,
)
_FULL_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)


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


class RedirectRefused(RequestInvalid):
    """The server refers to another one, where nothing was sent."""


class AnswerUnusable(IntegrationError):
    """The answer is not what it should be."""


class AnswerTooLarge(AnswerUnusable):
    """The answer is larger than allowed, as it is sent or unpacked."""


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
        except (LookupError, ValueError):
            # Python knows more encodings than servers may use, and some of them cannot replace.
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
    """Send ``token`` in the Authorization header."""

    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class RestClient:
    """Talks to one server: the scheme, host and port of its base address.

    Redirects are followed on that server only. Proxies and certificates are those that the
    environment of the Odoo server names; a ``.netrc`` is not read. Who is let in is told by the
    header ``Authorization`` if there is one, else by ``token``, ``auth``, or the user name and
    password in the base address.

    :param str base_url: what the paths of the requests are appended to
    :param auth: user name and password as a tuple, or anything that ``requests`` takes as ``auth``
    :param str token: sent as ``Authorization: Bearer``, in place of ``auth``
    :param dict headers: sent with every request
    :param float connect_timeout: seconds to wait for a connection
    :param float read_timeout: seconds to wait for the next piece of an answer
    :param float deadline: seconds that a request may take in all, from the connection to the last
        byte, redirects included; the look-up of the server's name comes on top
    :param int max_bytes: the largest answer that is read, as it is sent and unpacked
    :param bool follow_elsewhere: follow redirects to other servers too. They get a plain GET (or
        HEAD) with none of the headers, cookies and data of the request, and never over http what
        was asked for over https.
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
        follow_elsewhere=False,
    ):
        self.base_url = (base_url or "").strip()
        self.deadline = deadline
        self.max_bytes = max_bytes
        self.follow_elsewhere = follow_elsewhere
        self._session = _Session((connect_timeout, read_timeout))
        self._session.headers.update(headers or {})
        self._session.auth = _Authorization(
            BearerAuth(token) if token else auth or _userinfo(self.base_url)
        )

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
        return server_name(self.base_url) or say(_lt("(no address)"))

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
        :param dict params: the parameters of the query
        :param json: what is sent as JSON
        :param data: a dict that is sent as a form, or bytes, or a file
        :param dict headers: sent with this request, beside and before those of the client
        :raise RetryableError: the server cannot be reached, is too slow, too busy or out of order
        :raise IntegrationError: the request, or the answer, will be no better later
        """
        sent = {"params": params, "json": json, "data": data, "headers": headers}
        with bounded_http.limited(self.deadline, self.max_bytes) as limits, self._explained(limits):
            response = self._exchange(self._prepared(method, path, sent))
        charset = _charset(response.headers.get("Content-Type", ""))
        return self._checked(
            Answer(response.status_code, response.content, self.server, response.headers, charset)
        )

    def _prepared(self, method, path, sent):
        url = path if _FULL_ADDRESS.match(path) else _joined(self.base_url, path)
        try:
            request = self._session.prepare_request(requests.Request(method, url, **sent))
            base = requests.Request("GET", self.base_url).prepare()
            _check_lines(request.headers)
            if _origin(request.url) != _origin(base.url):
                self._refuse_redirect(request.url)
            return request
        except _BAD_ADDRESS:
            raise
        except ValueError:
            raise RequestInvalid(self._not_sendable()) from None

    def _exchange(self, request):
        """Send a request, follow where the server refers to, and return the last response."""
        home, is_home = _origin(request.url), True
        for _hop in range(MAX_REDIRECTS + 1):
            settings = self._session.merge_environment_settings(request.url, {}, True, None, None)
            response = self._session.send(request, allow_redirects=False, **settings)
            following = response.next
            if following is None:
                return response
            following.prepare_url(following.url, None)
            is_home = is_home and _origin(following.url) == home
            request = self._again(following) if is_home else self._elsewhere(request, following)
        raise requests.exceptions.TooManyRedirects()

    def _again(self, following):
        body = following.body
        if body is None or isinstance(body, (str, bytes)) or hasattr(body, "seek"):
            return following
        raise requests.exceptions.UnrewindableBodyError()

    def _elsewhere(self, request, following):
        """Return a request to another server that has nothing of ``request``, if that may be."""
        is_plain = following.method in ("GET", "HEAD") and following.body is None
        unsafe = _origin(request.url)[0] == "https" != _origin(following.url)[0]
        if unsafe or not (self.follow_elsewhere and is_plain):
            self._refuse_redirect(following.url)
        headers = requests.structures.CaseInsensitiveDict(_HEADERS)
        return requests.Request(following.method, following.url, headers=headers).prepare()

    def _refuse_redirect(self, url):
        message = _lt(
            "The server %(server)s sent us on to another server, %(other)s. Nothing was sent "
            "there. If that is where the data are, enter its address in the settings.",
            server=self.server,
            other=f"{_origin(url)[0]}://{server_name(url)}",
        )
        raise RedirectRefused(say(message))

    @contextmanager
    def _explained(self, limits):
        """Turn what the libraries raise into the errors of this module."""
        try:
            yield
        except _BAD_ADDRESS:
            raise RequestInvalid(
                say(_lt("The address of %(server)s cannot be used.", server=self.server))
            ) from None
        except UnicodeEncodeError:
            raise RequestInvalid(self._not_sendable()) from None
        except requests.exceptions.UnrewindableBodyError:
            raise RequestInvalid(self._not_sendable_again()) from None
        except bounded_http.TooLarge:
            raise AnswerTooLarge(
                say(_lt("The answer of %(server)s is too large.", server=self.server))
            ) from None
        except bounded_http.NotUnpackable:
            raise AnswerUnusable(
                say(
                    _lt(
                        "The answer of the server %(server)s cannot be unpacked.",
                        server=self.server,
                    )
                )
            ) from None
        except (requests.exceptions.InvalidHeader, urllib3.exceptions.InvalidHeader):
            raise AnswerUnusable(self._not_understood()) from None
        except _BROKEN as exc:
            raise self._failure(exc, limits) from _root_cause(exc)
        except ValueError:
            raise AnswerUnusable(self._not_understood()) from None

    def _failure(self, exc, limits):
        if limits.are_over:
            return ServerTimeout(
                say(_lt("The server %(server)s answers too slowly.", server=self.server))
            )
        if isinstance(exc, _TIMEOUT):
            return ServerTimeout(
                say(_lt("The server %(server)s did not answer in time.", server=self.server))
            )
        return ServerUnreachable(self._explain(exc))

    def _not_understood(self):
        return say(
            _lt("The answer of the server %(server)s cannot be understood.", server=self.server)
        )

    def _not_sendable(self):
        return say(
            _lt(
                "The request to %(server)s holds characters that cannot be sent.",
                server=self.server,
            )
        )

    def _not_sendable_again(self):
        return say(
            _lt(
                "The server %(server)s wants the data at another of its addresses, but they can "
                "be sent only once. Send them there, or as bytes.",
                server=self.server,
            )
        )

    def _checked(self, answer):
        status = answer.status
        if status < 300 or status == 304:
            return answer
        if is_transient_status(status):
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


_HEADERS = {
    "User-Agent": "Odoo Integration Hub",
    "Accept": "*/*",
    "Accept-Encoding": bounded_http.ENCODINGS,
}


class _Session(requests.Session):
    """Keeps cookies and connections; whither redirects may lead is for the client to say."""

    def __init__(self, timeout):
        super().__init__()
        self.headers.update(_HEADERS)
        adapter = bounded_http.BoundedAdapter(timeout)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def rebuild_auth(self, prepared_request, response):
        """Leave it: the headers go to the same server, and ``.netrc`` has no say."""


class _Authorization(requests.auth.AuthBase):
    """Lets a header that is given win, which ``requests`` would overwrite (also by ``.netrc``)."""

    def __init__(self, auth):
        self.auth = requests.auth.HTTPBasicAuth(*auth) if isinstance(auth, tuple) else auth

    def __call__(self, request):
        if not self.auth or "Authorization" in request.headers:
            return request
        return self.auth(request)


def _userinfo(url):
    """Return the user name and the password in an address, None if there are none."""
    try:
        auth = requests.utils.get_auth_from_url(url)
    except ValueError:
        return None
    return auth if any(auth) else None


def _check_lines(headers):
    # Only http.client refuses it when the value ends with the line, and its error shows the value.
    if any("\n" in f"{name}{value}" or "\r" in f"{name}{value}" for name, value in headers.items()):
        raise ValueError("A header is one line.")


def _joined(base, path):
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base


def _charset(content_type):
    """Return the encoding that a ``Content-Type`` names, None if it does not."""
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()


def server_name(url):
    """Return ``host[:port]`` of an address; empty if there is none."""
    try:
        parts = urlsplit((url or "").strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    # The brackets tell the groups of the number from the port.
    return f"[{host}]{port}" if ":" in host else f"{host}{port}" if host else ""


def _origin(url):
    """Return scheme, host and port of an address that ``requests`` has prepared."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


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
        case _ if status >= 500:
            return _lt("The server %(server)s is out of order.", server=server)
        case _ if is_transient_status(status):
            return _lt("The server %(server)s asks to come back later.", server=server)
        case _ if status < 400:
            return _lt(
                "The server %(server)s moved what was asked for without saying where to.",
                server=server,
            )
        case _:
            return _lt("The server %(server)s does not accept the request.", server=server)
