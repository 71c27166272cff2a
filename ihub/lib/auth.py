"""How an integration signs in, for ``RestClient(auth=…)``.

A user name and a password are a tuple, a bearer token is ``RestClient(token=…)``, and whatever
``requests`` takes as ``auth`` is taken here as well. This adds a key in a header, a signature of
the body, and OAuth 2.

OAuth 2 is done here and not by ``requests-oauthlib``: a request for a token is one POST of a
form. That library sends it through a session of its own, without the limits for time and size, and
follows redirects with the client's secret. And it keeps tokens in memory, where each process would
renew its own; servers that exchange the refresh token take the second time for a theft.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import requests
from odoo.tools import LazyTranslate

from ..core.webhook import check_digest, signature_of
from ..engine import context, token_store
from ..engine.exceptions import SettingsError, UsageError
from .language import say
from .rest_client import AnswerUnusable, RequestInvalid, RequestRefused, RestClient

_lt = LazyTranslate(__name__)

# Seconds, and bytes, for the answer with a token.
_DEADLINE = 30.0
_MAX_BYTES = 256 * 1024
# Seconds before its end from which on a token is not used any more; of short ones a tenth.
_MARGIN = 60.0


class HeaderKey(requests.auth.AuthBase):
    """A key in a header.

    :param str value: the key
    :param str header: the name of the header
    :raise SettingsError: there is no key
    """

    def __init__(self, value: str, header: str = "X-API-Key") -> None:
        _check_is_set(value, header)
        self.value = value
        self.header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.header] = self.value
        return request


class BodySignature(requests.auth.AuthBase):
    """A header with the HMAC of the body.

    :param str secret: the key of the signature
    :param str header: the name of the header
    :param str algorithm: a hash that Python's ``hashlib`` knows, such as ``sha256``
    :param str encoding: ``hex`` or ``base64``
    :param str prefix: what stands before the signature, such as ``sha256=``
    :param signed: function that gets the request and returns the bytes to sign, where those are
        not the body alone
    :raise SettingsError: there is no secret
    :raise UsageError: there is no such hash, or no such encoding
    """

    def __init__(
        self,
        secret: str | bytes,
        header: str = "X-Signature",
        *,
        algorithm: str = "sha256",
        encoding: str = "hex",
        prefix: str = "",
        signed: Callable[[requests.PreparedRequest], bytes] | None = None,
    ) -> None:
        _check_is_set(secret, header)
        try:
            check_digest(algorithm, encoding)
        except ValueError as error:
            message = _lt("BodySignature cannot sign with %(fault)s.")
            raise UsageError(say(message, fault=error)) from None
        self._secret = secret.encode() if isinstance(secret, str) else secret
        self._header = header
        self._algorithm = algorithm
        self._encoding = encoding
        self._prefix = prefix
        self._signed = signed or _body_of

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed = self._signed(request)
        signature = signature_of(self._secret, signed, self._algorithm, self._encoding)
        request.headers[self._header] = f"{self._prefix}{signature}"
        return request


def _check_is_set(value: Any, name: str) -> None:
    """Refuse an empty setting, for which Odoo has False.

    :raise SettingsError: it is empty
    """
    if not value or not isinstance(value, (str, bytes)):
        message = _lt("The key for “%(name)s” is not set. Press Settings and enter it.")
        raise SettingsError(say(message, name=name))


def _body_of(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    if isinstance(body, str):
        return body.encode()
    if not isinstance(body, bytes):
        raise RequestInvalid(say(_lt("Only a request whose data is bytes or text can be signed.")))
    return body


class OAuth2(requests.auth.AuthBase):
    """A token by OAuth 2: of the client itself, or of a person who gave a refresh token.

    It is asked for when it is needed, and again before it ends, or when the server refuses it. It
    is kept in the database, for all integrations and processes that sign in with the same data;
    of those that need a new one at the same moment one asks.

    :param str token_url: where tokens are given
    :param str client_id: the client's name there
    :param str client_secret: its password; None: it has none
    :param str refresh_token: the first one of a person; where the server exchanges it, the last
        one is kept. None: the client signs in for itself (client credentials)
    :param str scope: what is asked for
    :param dict parameters: others that the server wants, such as ``audience``
    :param bool in_body: whether name and password of the client are sent in the form, and not in
        the header ``Authorization``
    :raise SettingsError: there is no name of the client
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str | None = None,
        *,
        refresh_token: str | None = None,
        scope: str | None = None,
        parameters: dict[str, str] | None = None,
        in_body: bool = False,
    ) -> None:
        _check_is_set(client_id, "client_id")
        self._token_url = token_url
        self._client = (client_id, client_secret or "")
        self._refresh_token = refresh_token
        self._form = {**({"scope": scope} if scope else {}), **(parameters or {})}
        self._in_body = in_body or client_secret is None
        self._token: dict[str, Any] | None = None
        self._refused: str | None = None
        # Threads that are started later do not know it.
        self._dbname = context.current_database()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._token if self._is_good(self._token) else None
        token = self._token = token or self._renewed()
        # Where the same one was given again, it is good until the server refuses it once more.
        self._refused = None
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request

    def refuse(self) -> None:
        """Use the present token no more: the server has refused it.

        Called by ``RestClient`` after HTTP 401, before it sends the request once more.
        """
        self._refused = self._token["access_token"] if self._token else None

    def _renewed(self) -> dict[str, Any]:
        if self._dbname is None:
            # A script without a database.
            return self._ask(self._token)
        return token_store.renewed(self._dbname, self._key(), self._is_good, self._ask)

    def _is_good(self, token: dict[str, Any] | None) -> bool:
        if not token or token["access_token"] == self._refused:
            return False
        return token["until"] is None or time.time() < token["until"]

    def _key(self) -> str:
        """Return under what the token is kept: whoever enters other data gets another one."""
        parts = [self._token_url, *self._client, self._refresh_token, sorted(self._form.items())]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _ask(self, kept: dict[str, Any] | None) -> dict[str, Any]:
        """Return a new token from the server.

        :param kept: the last one, as returned by this
        """
        # What a client gets beside its own token may end earlier than its password.
        refresh = self._refresh_token
        if refresh and kept:
            refresh = kept["refresh_token"] or refresh
        form = {"grant_type": "client_credentials", **self._form}
        if refresh:
            form |= {"grant_type": "refresh_token", "refresh_token": refresh}
        if self._in_body:
            form["client_id"] = self._client[0]
            if self._client[1]:
                form["client_secret"] = self._client[1]
        return _as_kept(self._send(form), refresh)

    def _send(self, form: dict[str, str]) -> tuple[str, Any]:
        with RestClient(
            self._token_url,
            auth=None if self._in_body else self._client,
            deadline=_DEADLINE,
            max_bytes=_MAX_BYTES,
            max_wait=0.0,
        ) as client:
            try:
                return client.server, client.post(data=form).json()
            except RequestRefused as exc:
                message = _lt(
                    "The server %(server)s gives no token. Check the client ID, the client "
                    "secret and the refresh token in the settings. (HTTP %(status)s)"
                )
                refused = RequestRefused(say(message, server=client.server, status=exc.status))
                refused.status, refused.answer, refused.blames_settings = exc.status, None, True
                raise refused from None


def _as_kept(given: tuple[str, Any], refresh: str | None) -> dict[str, Any]:
    server, answer = given
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not token or not isinstance(token, str):
        message = _lt("The response from the server %(server)s has no token.")
        raise AnswerUnusable(say(message, server=server))
    return {
        "access_token": token,
        "refresh_token": answer.get("refresh_token") or refresh,
        "until": _end_of(answer.get("expires_in")),
    }


def _end_of(expires_in: Any) -> float | None:
    """Return until when to use a token, in seconds since the epoch; None: until it is refused."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return None
    return time.time() + seconds - min(_MARGIN, seconds / 10)
