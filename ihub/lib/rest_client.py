"""A thin layer over ``requests`` for integrations that talk to a server.

It adds what every integration needs and easily forgets: limits for the time and the size of an
answer, whatever the server does; that what is secret goes to one server only; a wait where the
server asks for a short one; and errors that say whether a longer one helps
(:class:`RetryableError`) or not (:class:`IntegrationError`), in words for the operator. No message
contains more of an address than the name of its server, so no user name, password or token gets
into one.
"""

import json
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from odoo.tools import LazyTranslate

from ..core.exceptions import RetryableError, ServerDown
from ..core.exchange import charset_of
from ..core.items import is_place
from ..core.paging import NO_CONTENT, LinkHeader, NoList, Pages, Place, SamePage, Way
from ..core.retry import REPEATABLE, Patience, is_transient_status, retry_after
from ..core.traffic import interval_of, is_outage, is_servers_fault
from ..engine import context, server_state, waiting
from ..engine.exceptions import IntegrationError, SettingsError, UsageError
from .bounded_http import ENCODINGS, BoundedAdapter, Limits, NoCertificates, TooLarge
from .language import say

_lt = LazyTranslate(__name__)

MEBIBYTE = 1024 * 1024
MAX_REDIRECTS = 5
_FULL_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_HEADERS = {
    "User-Agent": "Odoo Integration Hub",
    "Accept": "*/*",
    "Accept-Encoding": ENCODINGS,
}
# The password, or the address.
_BLAME_SETTINGS = (401, 403, 404, 410)


class ServerError(RetryableError):
    """The server may do later what it does not do now.

    ``status`` is the HTTP status, None if there was none; ``delay`` the seconds that it asks to
    wait, None if it does not; ``response`` what ``requests`` made of the answer.
    """

    status: int | None = None
    response: Any = None
    delay: float | None


class ServerUnreachable(ServerError):
    """The server cannot be found, refuses the connection, or broke it off."""


class ServerTimeout(ServerError):
    """The server took too long."""


class ServerBusy(ServerError):
    """The server asked to come back later, or is out of order."""


class RequestRefused(IntegrationError):
    """The server refuses this request, now and later; ``status`` is the HTTP status.

    ``answer`` is the :class:`Answer`; its body may say why, and may repeat what was sent.
    """

    status: int | None = None
    response: Any = None
    answer: "Answer | None" = None
    blames_settings: bool = False


class LoginRefused(RequestRefused, SettingsError):
    """The server does not accept who asks (HTTP 401), whatever is asked for."""


class RequestInvalid(IntegrationError):
    """The request cannot be sent: its address, or what goes with it, is not valid."""

    response: Any = None
    blames_settings = True


class RedirectRefused(RequestInvalid):
    """The server refers to another one, where nothing was sent."""


class AnswerUnusable(IntegrationError):
    """The answer is not what it should be."""

    response: Any = None


class AnswerTooLarge(AnswerUnusable):
    """The answer is larger than allowed, as it is sent or unpacked."""


class _NotSendable(ValueError):
    """The request holds what no request can."""


# What the libraries raise, and what is said then: the first that fits, also to what is below it.
_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,
)
_TIMEOUT = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, EOFError)
_NO_DATABASE = _lt(
    "A rate is kept in the database. Create the client in the thread of a run or a request."
)
_NOT_UNDERSTOOD = _lt("The response from the server %(server)s cannot be understood.")
_TOO_SLOW = _lt("The server %(server)s responds too slowly.")
_ERRORS: dict[type[Exception], dict[Any, Any]] = {
    RequestInvalid: {
        _BAD_ADDRESS: _lt(
            "The address of %(server)s cannot be used: it must begin with https:// or http://."
        ),
        requests.exceptions.TooManyRedirects: _lt(
            "The server %(server)s redirects endlessly from one address to the next. Check the "
            "address."
        ),
        (_NotSendable, UnicodeEncodeError): _lt(
            "The request to %(server)s holds characters that cannot be sent."
        ),
        requests.exceptions.UnrewindableBodyError: _lt(
            "The server %(server)s redirected the data to another of its addresses, but it can "
            "be sent only once. Send it there, or as bytes."
        ),
    },
    IntegrationError: {
        NoCertificates: _lt(
            "The server %(server)s was not contacted, because the trusted certificates are "
            "missing here. Ask whoever runs Odoo to check the variable REQUESTS_CA_BUNDLE or "
            "CURL_CA_BUNDLE of its environment."
        ),
    },
    AnswerTooLarge: {TooLarge: _lt("The response from %(server)s is too large.")},
    AnswerUnusable: {
        zlib.error: _lt("The response from the server %(server)s cannot be decompressed."),
        urllib3.exceptions.InvalidHeader: _NOT_UNDERSTOOD,
    },
    ServerTimeout: {_TIMEOUT: _lt("The server %(server)s did not respond in time.")},
    ServerUnreachable: {
        requests.exceptions.SSLError: _lt(
            "The identity of the server %(server)s could not be verified."
        ),
        requests.exceptions.ProxyError: _lt(
            "The server %(server)s cannot be reached through the proxy."
        ),
        socket.gaierror: _lt("The server %(server)s was not found, or the network is down."),
        ConnectionRefusedError: _lt("The server %(server)s does not accept connections."),
        _BROKEN: _lt("The connection to the server %(server)s failed or was interrupted."),
    },
}


@dataclass
class Answer:
    """The answer of a server that is no error."""

    status: int
    body: bytes
    server: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: str | None = None
    # Where it was found at last, without user name and password.
    address: str = field(default="", repr=False)
    response: Any = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The body as text; what cannot be decoded is replaced."""
        try:
            return self.body.decode(self.encoding or "utf-8", "replace")
        except (LookupError, ValueError):
            # Python knows more encodings than servers may use, and some of them cannot replace.
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body read as JSON, None if it is empty.

        :raise AnswerUnusable: it is not JSON
        """
        if not self.body.strip():
            return None
        try:
            return self._parsed()
        except (LookupError, ValueError, RecursionError):
            message = _lt("The response from the server %(server)s cannot be read: it is not JSON.")
            raise _unusable(say(message, server=self.server), self.response) from None

    def _parsed(self) -> Any:
        try:
            return json.loads(self.body)
        except UnicodeDecodeError:
            # JSON has to be in UTF-8, but some servers name another encoding, and keep to that.
            if not self.encoding:
                raise
            return json.loads(self.body.decode(self.encoding))


class RestClient:
    """Talks to one server: the scheme, host and port of its base address.

    Redirects are followed on that server only. Proxies and certificates are those that the
    environment of the Odoo server names; a ``.netrc`` is not read. Who is let in is told by the
    header ``Authorization`` if there is one, else by ``token``, ``auth``, or the user name and
    password in the base address.

    :param str base_url: what the paths of the requests are appended to
    :param auth: user name and password as a tuple; a class of ``ihub.lib.auth``; or anything that
        ``requests`` takes as ``auth``
    :param str token: sent as ``Authorization: Bearer``, in place of ``auth``
    :param dict headers: sent with every request
    :param float connect_timeout: seconds to wait for a connection
    :param float read_timeout: seconds to wait for the next piece of an answer
    :param float deadline: seconds that a request may take in all, from the connection to the last
        byte, redirects and repeats included; the look-up of the server's name and what is waited
        for in between come on top
    :param int max_bytes: the largest answer that is read, as it is sent and unpacked
    :param float max_wait: seconds that a request may wait in place in all, where the server asks
        for it or the network fails. None: 60 within a run, 2 elsewhere, where somebody waits for
        the answer
    :param str rate: how often requests are sent at most, such as ``2/s``, ``100/min``, ``5000/h``;
        by all processes together that talk to this server from the same database
    :param bool follow_elsewhere: follow redirects to other servers too. They get a plain GET (or
        HEAD) with none of the headers, cookies and data of the request, and never over http what
        was asked for over https.
    :raise UsageError: one of these is of another kind
    """

    def __init__(
        self,
        base_url: str | None,
        *,
        auth: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        deadline: float = 300.0,
        max_bytes: int = 32 * MEBIBYTE,
        max_wait: float | None = None,
        rate: str | None = None,
        follow_elsewhere: bool = False,
    ) -> None:
        seconds = _lt("a number of seconds above 0")
        _check("connect_timeout", connect_timeout, _is_positive(connect_timeout), seconds)
        _check("read_timeout", read_timeout, _is_positive(read_timeout), seconds)
        _check("deadline", deadline, _is_positive(deadline), seconds)
        _check("max_bytes", max_bytes, _is_positive(max_bytes), _lt("a number of bytes above 0"))
        is_wait = max_wait is None or max_wait == 0 or _is_positive(max_wait)
        _check("max_wait", max_wait, is_wait, _lt("a number of seconds, or None"))
        # What it is, not what it says: that is secret.
        is_pair = isinstance(auth, tuple) and len(auth) == 2
        is_auth = not auth or is_pair or (callable(auth) and not isinstance(auth, type))
        _check(
            "auth",
            type(auth),
            is_auth,
            _lt("a tuple of user name and password, or what signs in, such as HeaderKey(…)"),
        )
        self.base_url = (base_url or "").strip()
        self.deadline = deadline
        self.max_bytes = max_bytes
        self.max_wait = max_wait
        self._interval = _interval(rate)
        # Threads that are started later do not know it.
        self._dbname = context.current_database()
        self._session = _Session(self.base_url, (connect_timeout, read_timeout), follow_elsewhere)
        self._session.auth = _Authorization(auth, self.base_url)
        origin = self._session.origin
        self._breaker = server_state.Breaker(origin and self._dbname, origin, self.server)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers.update(headers or {})

    def __enter__(self) -> "RestClient":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    @property
    def server(self) -> str:
        """The server's name for messages: no user name, no path, no parameters."""
        # What is no address may be a secret that was typed into the wrong field.
        return server_name(self.base_url) or say(_lt("the other system"))

    def get(self, path: str = "", **kwargs: Any) -> Answer:
        """GET ``path``; see :meth:`request`."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str = "", **kwargs: Any) -> Answer:
        """POST to ``path``; see :meth:`request`.

        The next attempt of a run may send it a second time: give it an ``idempotency_key``.
        """
        return self.request("POST", path, **kwargs)

    def get_json(self, path: str = "", **kwargs: Any) -> Any:
        """GET ``path``; see :meth:`request`.

        :return: the answer read as JSON; None if it is empty
        :raise AnswerUnusable: it is not JSON
        :raise RetryableError, IntegrationError: as :meth:`request` does
        """
        return self.get(path, **kwargs).json()

    def post_json(self, path: str = "", payload: Any = None, **kwargs: Any) -> Any:
        """POST ``payload`` as JSON; see :meth:`post`.

        :param payload: what JSON has: dictionaries, lists, text, numbers, booleans and None
        :return: the answer read as JSON; None if it is empty
        :raise AnswerUnusable: it is not JSON
        :raise RetryableError, IntegrationError: as :meth:`request` does
        """
        return self.post(path, json=payload, **kwargs).json()

    def pages(
        self,
        path: str = "",
        *,
        items: str | Callable[[Any], Any] | None = None,
        next: Way | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Pages:
        """Return the elements of a list that the server gives page by page, as an iterator.

        One page is asked for at a time. Handed to ``process_each`` as it is, the next attempt goes
        on at the page of the last element that was dealt with.

        :param str path: of the first page
        :param items: where a page has its elements, such as ``data.orders``, or a callable that
            gets the body; None: a page is a list itself
        :param next: how the next page is found: one of the classes of ``ihub.lib.paging``; None:
            by the header ``Link``
        :param dict params: the parameters of the query
        :param dict headers: sent with each request
        :raise UsageError: ``items`` or ``next`` is none of these
        :raise AnswerUnusable: by the iterator: a page has no list, or comes again
        """

        is_list = items is None or is_place(items)
        _check("items", items, is_list, _lt("a path such as data.orders, a function, or None"))
        is_way = next is None or (not isinstance(next, type) and hasattr(next, "following"))
        _check(
            "next", next, is_way, _lt('one of ihub.lib.paging, such as NextAddress("links.next")')
        )

        def fetch(place: Place) -> tuple[str, Mapping[str, str], Any]:
            answer = self.get(place.path, params=place.params, headers=headers)
            pages.response = answer.response
            data = NO_CONTENT if answer.status == 204 else answer.json()
            return answer.address, answer.headers, data

        # As they can be kept to go on there.
        kept = {
            name: _as_kept(value) for name, value in (params or {}).items() if value is not None
        }
        pages = _Pages(fetch, Place(path, kept), items, next or LinkHeader(), self.server)
        return pages

    def request(
        self,
        method: str,
        path: str = "",
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Send one request and return its :class:`Answer`.

        What fails by the network is sent again a few times, unless the second time may change
        something: a POST or PATCH only with an ``idempotency_key``. HTTP 429, and 503 in the same
        cases or with a ``Retry-After``, are waited for in place, up to ``max_wait``.

        :param str path: appended to the base address; or a full address on the same server,
            as servers give it for the next page
        :param dict params: the parameters of the query
        :param json: what is sent as JSON
        :param data: a dict that is sent as a form, or bytes, or a file
        :param dict headers: sent with this request, beside and before those of the client
        :param str idempotency_key: by which the server knows a request that it got already; sent
            as ``Idempotency-Key``
        :raise RetryableError: the server cannot be reached, is too slow, too busy or out of order
        :raise IntegrationError: the request, or the answer, will be no better later
        :raise StopRequested: somebody has pressed Stop while the run waits
        """
        if idempotency_key:
            headers = {"Idempotency-Key": idempotency_key, **(headers or {})}
        sent = {"params": params, "json": json, "data": data, "headers": headers}
        is_safe = method.upper() in REPEATABLE or bool(idempotency_key)
        # A file is at its end after the first time.
        can_repeat = data is None or isinstance(data, (str, bytes, Mapping))
        send = partial(self._answer_to, method, _joined(self.base_url, path), sent)
        longest = waiting.longest_wait() if self.max_wait is None else self.max_wait
        return self._patiently(send, Patience(longest, is_safe), can_repeat)

    def _patiently(
        self, send: Callable[[float], Answer], patience: Patience, can_repeat: bool
    ) -> Answer:
        """Send a request, and again where that may help.

        :param send: sends it once, within a number of seconds
        """
        left, may_renew = self.deadline, can_repeat
        while True:
            if outage := self._breaker.outage():
                raise self._down(outage)
            self._wait_for_turn(patience)
            begun = time.monotonic()
            try:
                return send(left)
            except RequestRefused as error:
                left -= time.monotonic() - begun
                if not may_renew or not self._renewed(error):
                    raise
                may_renew = False
            except ServerError as error:
                left -= time.monotonic() - begun
                is_over = left <= 0 or not can_repeat
                seconds = None if is_over else patience.wait(error.status, error.delay)
                if seconds is None:
                    raise
                reason = "failed" if error.delay is None else "asked"
                waiting.wait(seconds, reason, self.server)

    def _renewed(self, error: RequestRefused) -> bool:
        """Return whether this server, and no other, wants another token, and there may be one."""
        if error.status != 401 or error.answer is None:
            return False
        return self._session.is_home(error.answer.address) and self._session.auth.renew()

    def _wait_for_turn(self, patience: Patience) -> None:
        """Keep to the rate.

        :raise ServerBusy: the wait would be too long
        """
        if not self._interval or not self._session.origin:
            return
        if not self._dbname:
            raise UsageError(say(_NO_DATABASE))
        seconds, is_taken = server_state.take_turn(
            self._dbname, self._session.origin, self._interval, patience.left
        )
        if not is_taken:
            message = _lt("Too many requests are waiting for their turn at the server %(server)s.")
            raise ServerBusy(say(message, server=self.server), delay=seconds)
        if patience.spend(seconds):
            waiting.wait(seconds, "rate", self.server)

    def _answer_to(
        self, method: str, address: str, sent: dict[str, Any], deadline: float
    ) -> Answer:
        """Send a request once."""
        with Limits(deadline, self.max_bytes) as limits, self._explained(limits):
            response = self._session.exchange(method, address, sent)
        answer = Answer(
            response.status_code,
            response.content,
            self.server,
            response.headers,
            charset_of(response.headers.get("Content-Type", "")),
            requests.utils.urldefragauth(response.url or ""),
            response,
        )
        is_failure = is_servers_fault(answer.status) and self._session.is_home(answer.address)
        if not is_failure:
            self._breaker.note_answer()
        if answer.status < 300 or answer.status == 304:
            return answer
        error: Any = _refusal(answer)
        error = self._counted(error) if is_failure else error
        error.response = response
        raise error

    def _counted(self, error: Any) -> Exception:
        """Count a failure of the server; return what is to be raised for it."""
        outage = self._breaker.note_failure(error.args[0], error.delay)
        return self._down(outage) if outage and is_outage(error.status) else error

    def _down(self, outage: server_state.Outage) -> ServerDown:
        return ServerDown(outage.reason, outage.delay, self.server, outage.since)

    @contextmanager
    def _explained(self, limits: Limits) -> Iterator[None]:
        """Turn what the libraries raise into the errors of this module."""
        try:
            yield
        except (NoCertificates, TooLarge, zlib.error, ValueError, *_BROKEN) as exc:
            cause = _root_cause(exc)
            error, text = _explanation(exc, cause)
            is_temporary = issubclass(error, RetryableError)
            if is_temporary and limits.are_over:
                error, text = ServerTimeout, _TOO_SLOW
            told = error(say(text, server=self.server))
            # What is below the others may show what was sent.
            if is_temporary:
                raise self._counted(told) from cause
            raise told from None


def _explanation(exc: BaseException, cause: BaseException | None) -> tuple[type[Exception], Any]:
    for error, texts in _ERRORS.items():
        for kinds, text in texts.items():
            if isinstance(exc, kinds) or isinstance(cause, kinds):
                return error, text
    return AnswerUnusable, _NOT_UNDERSTOOD


def _unusable(message: str, response: Any) -> AnswerUnusable:
    error = AnswerUnusable(message)
    error.response = response
    return error


def _refusal(answer: Answer) -> ServerBusy | RequestRefused:
    """Return the error that says that ``answer`` is no success."""
    status, server = answer.status, answer.server
    sentence = say(_words(status), server=server)
    sentence = say(_lt("%(sentence)s (HTTP %(status)s)"), sentence=sentence, status=status)
    if is_transient_status(status):
        busy = ServerBusy(sentence, delay=retry_after(answer.headers.get("Retry-After")))
        busy.status = status
        return busy
    refused = (LoginRefused if status == 401 else RequestRefused)(sentence)
    refused.status, refused.answer = status, answer
    refused.blames_settings = status in _BLAME_SETTINGS
    return refused


def _words(status: int) -> Any:
    if status >= 500:
        return _lt("The server %(server)s is not working properly.")
    if is_transient_status(status):
        return _lt("The server %(server)s asks you to try again later.")
    if status in (401, 403):
        return _lt("The server %(server)s refuses access: check the user name, password or key.")
    if status in (404, 410):
        return _lt("The server %(server)s has nothing at this address.")
    if status < 400:
        return _lt("The server %(server)s redirected the request without saying where to.")
    return _lt("The server %(server)s does not accept the request.")


def _as_kept(value: Any) -> Any:
    """Return a parameter as JSON has it, of which a request makes the same."""
    if isinstance(value, (set, frozenset)):
        # In the same order in each process: by them a list is known again.
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple)):
        return [_as_kept(one) for one in value if one is not None]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, (str, int, float)) else str(value)


@dataclass
class _Pages(Pages):
    """Says in words what is wrong with a page."""

    server: str = ""
    # The last one.
    response: Any = None

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except SamePage:
            message = _lt(
                "The server %(server)s gives the same page of a list again, so the list would "
                "never end. Ask the developer of the integration how its pages are requested."
            )
            raise _unusable(say(message, server=self.server), self.response) from None
        except NoList as exc:
            message = _lt(
                "The response from the server %(server)s has no list where one is expected "
                "(%(where)s)."
            )
            where = str(exc) or say(_lt("the response itself"))
            raise _unusable(say(message, server=self.server, where=where), self.response) from None


class _Session(requests.Session):
    """Keeps connections and cookies, and keeps what is secret on the server of ``base_url``."""

    def __init__(self, base_url: str, timeout: tuple[float, float], follow_elsewhere: bool) -> None:
        super().__init__()
        self.base_url = base_url
        self.follow_elsewhere = follow_elsewhere
        self.max_redirects = MAX_REDIRECTS
        self.headers.update(_HEADERS)
        adapter = BoundedAdapter(timeout)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server, in the one way to write them; empty for none."""
        try:
            scheme, host, port = self._home()
        except ValueError:
            return ""
        return f"{scheme}://{host}:{port}"

    def exchange(self, method: str, url: str, sent: dict[str, Any]) -> requests.Response:
        """Send a request, follow where the server refers to, and return the last response."""
        request = self.prepared(method, url, sent)
        settings = self.merge_environment_settings(request.url, {}, True, None, None)
        return self.send(request, **settings)

    def rebuild_proxies(self, prepared_request: Any, proxies: Any) -> Any:
        # What is right for one server need not be for the next.
        return super().rebuild_proxies(prepared_request, {})

    def prepared(self, method: str, url: str, sent: dict[str, Any]) -> requests.PreparedRequest:
        """Return a request that can be sent, and to this server."""
        try:
            request = self.prepare_request(requests.Request(method, url, **sent))
        except _BAD_ADDRESS:
            raise
        # A number that JSON has not is no ValueError for requests.
        except (ValueError, requests.exceptions.InvalidJSONError):
            raise _NotSendable() from None
        # Else http.client refuses the second line, in an error that shows it.
        if any(set("\r\n") & set(f"{name}{value}") for name, value in request.headers.items()):
            raise _NotSendable()
        if not self.is_home(request.url):
            self._refuse(request)
        return request

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Decide where a redirect may lead and what goes along; ``.netrc`` has no say.

        Called by ``requests`` before it follows.
        """
        prepared_request.prepare_url(prepared_request.url, None)
        prepared_request.signing_headers = getattr(response.request, "signing_headers", ())
        before = [response.request, *(each.request for each in response.history)]
        body = prepared_request.body
        if all(self.is_home(request.url) for request in [*before, prepared_request]):
            if not (body is None or isinstance(body, (str, bytes)) or hasattr(body, "seek")):
                raise requests.exceptions.UnrewindableBodyError()
            return
        is_plain = prepared_request.method in ("GET", "HEAD") and body is None
        is_unsafe = _origin(response.url)[0] == "https" != _origin(prepared_request.url)[0]
        if is_unsafe or not (self.follow_elsewhere and is_plain):
            self._refuse(prepared_request, response)
        prepared_request.headers = requests.structures.CaseInsensitiveDict(_HEADERS)
        # Some ways to sign in answer what the server asks, as Digest does with the password.
        prepared_request.hooks = requests.hooks.default_hooks()

    def is_home(self, url: str | None) -> bool:
        """Return whether a prepared address is one of this server."""
        return _origin(url) == self._home()

    def _home(self) -> tuple[str, str | None, int | None]:
        return _origin(requests.Request("GET", self.base_url).prepare().url)

    def _refuse(self, request: requests.PreparedRequest, response: Any = None) -> None:
        message = _lt(
            "A request to the server %(server)s leads to another server, %(other)s. Nothing was "
            "sent there. If that is where the data is, enter its address in the settings."
        )
        other = f"{_origin(request.url)[0]}://{server_name(request.url)}"
        error = RedirectRefused(say(message, server=server_name(self.base_url), other=other))
        error.response = response
        raise error


class _Authorization(requests.auth.AuthBase):
    """Lets a header that is given win, which ``requests`` would overwrite (also by ``.netrc``)."""

    def __init__(self, auth: Any, base_url: str) -> None:
        self.auth = auth
        self.base_url = base_url

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if "Authorization" in request.headers:
            return request
        auth = self.auth or requests.utils.get_auth_from_url(self.base_url)
        if isinstance(auth, tuple):
            auth = requests.auth.HTTPBasicAuth(*auth) if any(auth) else None
        return _signed(request, auth) if auth else request

    def renew(self) -> bool:
        """Return whether there may be another token than the one that was refused."""
        refuse = getattr(self.auth, "refuse", None)
        if refuse:
            refuse()
        return bool(refuse)


def _signed(request: Any, auth: Any) -> requests.PreparedRequest:
    """Let ``auth`` sign in, and note by which headers: they are secret, whatever their names."""
    before = dict(request.headers)
    signed = auth(request)
    signed.signing_headers = [
        name for name, value in signed.headers.items() if before.get(name) != value
    ]
    return signed


def _check(name: str, value: Any, is_right: bool, expected: Any) -> None:
    """Refuse what was given for a parameter unless it is right.

    :param expected: what is, as a term
    :raise UsageError: it is not
    """
    if not is_right:
        message = _lt("%(name)s=%(value)s cannot be used; expected %(expected)s.")
        raise UsageError(say(message, name=name, value=repr(value)[:100], expected=say(expected)))


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _interval(rate: str | None) -> float | None:
    try:
        return interval_of(rate) if rate else None
    except (TypeError, ValueError):
        message = _lt("“%(rate)s” is not a rate. Use numbers per s, min, h or d, such as 2/s.")
        raise UsageError(say(message, rate=rate)) from None


def _joined(base: str, path: str) -> str:
    if not path or _FULL_ADDRESS.match(path):
        return path or base
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def server_name(url: str | None) -> str:
    """Return ``host[:port]`` of an address; empty if there is none."""
    try:
        parts = urlsplit((url or "").strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    # The brackets tell the groups of the number from the port.
    return f"[{host}]{port}" if ":" in host else f"{host}{port}" if host else ""


def _origin(url: str | None) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address that ``requests`` has prepared."""
    parts = urlsplit(url or "")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _root_cause(exc: BaseException) -> BaseException | None:
    """Return the exception of the network below ``exc``.

    The ones of ``requests`` and ``urllib3`` above it repeat the whole address in their text.
    """
    below: Any = exc
    while isinstance(below, BaseException):
        exc, below = below, below.__cause__ or next(iter(below.args), None)
    return None if isinstance(exc, requests.RequestException) else exc
