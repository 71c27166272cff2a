"""The request on which something failed, and its answer, as people may read them.

It is found by the error: those of ``RestClient`` and of ``requests`` name the request, and so do
the errors that were raised from them or while they were handled. So nothing has to be remembered
while it works.

Masked is what has the name of a secret, what is known to be one, what signs in, and what repeats a
secret of the request.
"""

import base64
import binascii
import codecs
import contextlib
import html
import json
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from .masking import MASK, hidden_in, is_secret, is_secret_header, mask, mask_pair, mask_those
from .text import clean, clip

# Characters that are kept of a body, of all headers together, and of an address.
BODY_LIMIT = 20_000
HEADERS_LIMIT = 10_000
ADDRESS_LIMIT = 2_000
# Bytes of a body that are looked at. Where one is longer, so many characters at the end may be the
# beginning of a secret that cannot be recognised.
_LOOKED_AT = 60_000
_UNSURE = 20_000
# Characters that it may become over several lines: all of them are looked at, too.
_LAID_OUT = 10 * _LOOKED_AT
# Errors in a chain, and secrets of a request.
_MOST = 50
# Characters from which on a cookie is a secret, whatever its name.
_LONG_COOKIE = 8
# What stands around the texts in an element of XML.
_MARKUP = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>")
# Beside UTF-8. Not whatever Python knows: some of its encodings unpack, or take very long.
_ENCODING = re.compile(r"(?:iso-8859-\d+|windows-\d+|utf-16(?:le|be)?|shift_jis|euc-\w+|gb\w+)")


def exchange_of(*errors: BaseException | None) -> dict[str, Any] | None:
    """Return the last request that failed, as a JSON value; None where no error names one.

    ``method``, ``url``, ``sent_at`` (naive UTC, or None), ``seconds`` (until the answer, or the
    failure; or None), ``status`` and ``reason`` (None and empty: no answer), and for ``sent`` and
    ``received`` (None: no answer) ``headers`` as text and ``body``: its ``text`` (None: binary, or
    not known), its ``size`` in bytes (None: not known) and whether it ``is_cut``.

    :param errors: for which something failed; the first that names a request counts
    """
    for error in _related(errors):
        response = getattr(error, "response", None)
        request = getattr(response, "request", None)
        request = getattr(error, "request", None) if request is None else request
        if getattr(request, "method", None) and getattr(request, "url", None):
            return _kept(request, response)
    return None


def _related(errors: Iterable[BaseException | None]) -> Iterator[BaseException]:
    """Yield errors, and what they were raised from or after, also where that is not shown."""
    waiting, seen = list(errors), set[int]()
    while waiting and len(seen) < _MOST:
        error = waiting.pop(0)
        if isinstance(error, BaseException) and id(error) not in seen:
            seen.add(id(error))
            yield error
            waiting[:0] = [error.__cause__, error.__context__]


def _kept(request: Any, response: Any) -> dict[str, Any]:
    messages = _Messages(request)
    status = getattr(response, "status_code", None)
    kept = {
        "method": messages.hide(str(request.method))[:20],
        "url": clip(messages.hide(str(request.url)), ADDRESS_LIMIT),
        "sent_at": _moment(getattr(request, "sent_at", None)),
        "seconds": _seconds(request, response),
        "sent": messages.parts(request.headers, getattr(request, "body", None)),
        "status": None,
        "reason": "",
        "received": None,
    }
    if not isinstance(status, int):
        return kept
    # Not its content, which might still have to be received.
    body = getattr(response, "_content", False)
    return {
        **kept,
        "status": status,
        "reason": messages.hide(str(response.reason or ""))[:100],
        "received": messages.parts(response.headers, body),
    }


def _moment(seconds: Any) -> str | None:
    if not isinstance(seconds, float):
        return None
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S}"


def _seconds(request: Any, response: Any) -> float | None:
    seconds = getattr(request, "seconds", None)
    if seconds is None:
        elapsed = getattr(response, "elapsed", None)
        seconds = elapsed.total_seconds() if isinstance(elapsed, timedelta) else None
    return seconds


# --- Secrets of the request ---


def _secrets_of(request: Any, signing: Collection[str]) -> list[str]:
    """Return what is secret in the request, as masking tells it: an answer may repeat it.

    :param signing: the names of the headers that auth has set, in small letters
    """
    found: list[str] = []
    for name, text in [(name, _as_text(value)) for name, value in request.headers.items()]:
        if name.lower() in signing or is_secret_header(name, text):
            found += _credentials(name, text)
        else:
            found += _secrets_in(f"{name}: {text}")
    found += _secrets_in(str(request.url))
    found += _secrets_in_query(urlsplit(str(request.url)).query)
    found += _secrets_in_body(getattr(request, "body", None))
    return list(dict.fromkeys(found))[:_MOST]


def _credentials(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in a header such as ``Authorization``."""
    last = value.split()[-1] if value.split() else ""
    yield from (value, last)
    if value.lower().startswith("basic "):
        try:
            user, _colon, password = base64.b64decode(last).decode().partition(":")
            yield password or user
        except (binascii.Error, ValueError):
            return
    if name.lower() == "cookie":
        for cookie in value.split(";"):
            key, _sign, text = cookie.strip().partition("=")
            # Others are settings, and words.
            if len(text) >= _LONG_COOKIE or is_secret(key, text):
                yield text


def _secrets_in_body(body: Any) -> Iterator[str]:
    if not isinstance(body, (str, bytes)) or len(body) > _LOOKED_AT:
        return
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    try:
        value = json.loads(text)
        if isinstance(value, (dict, list)):
            yield from _removed(value, _masked(value))
        text = _laid_out(text)
    except (ValueError, RecursionError):
        yield from _secrets_in_query(text)
    yield from _secrets_in(text)


def _secrets_in_query(text: str) -> Iterator[str]:
    for name, value in parse_qsl(text):
        if is_secret(name, value):
            yield value


def _secrets_in(text: str) -> Iterator[str]:
    """Yield what masking takes out of a text, and what was written there in this way."""
    for hidden in hidden_in(text):
        for piece in (hidden, *(part.strip() for part in _MARKUP.split(hidden))):
            yield from (piece, html.unescape(piece), unquote(piece), unquote_plus(piece))
            with contextlib.suppress(ValueError):
                yield str(json.loads(f'"{piece}"'))


def _removed(value: Any, masked: Any) -> Iterator[str]:
    """Yield the texts and numbers in a value of JSON of which nothing is left in ``masked``."""
    is_gone = masked == MASK
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _removed(each, MASK if is_gone else masked[name])
    elif isinstance(value, list):
        parts = [MASK] * len(value) if is_gone else masked
        for each, left in zip(value, parts, strict=True):
            yield from _removed(each, left)
    elif value != masked:
        yield str(value)


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


# --- Bodies ---


class _Messages:
    """Makes the two messages of an exchange readable, without the secrets of the request."""

    def __init__(self, request: Any) -> None:
        # What auth has set, whatever its name.
        self._signing = {name.lower() for name in getattr(request, "signing_headers", ())}
        self._secrets = _secrets_of(request, self._signing)

    def hide(self, text: str) -> str:
        """Return ``text`` without secrets."""
        return mask(mask_those(clean(text), self._secrets))

    def parts(self, headers: Any, body: Any) -> dict[str, Any]:
        """Return headers and body of one message.

        :param body: text or bytes, or None for none; of another object nothing is known
        """
        pairs = [(str(name), _as_text(value)) for name, value in headers.items()]
        lines = (
            f"{name}: {MASK if self._is_hidden(name, value) else value}" for name, value in pairs
        )
        return {
            "headers": clip(self.hide("\n".join(lines)), HEADERS_LIMIT),
            "body": self._body(body, _as_text(headers.get("Content-Type") or "")),
        }

    def _is_hidden(self, name: str, value: str) -> bool:
        return name.lower() in self._signing or is_secret_header(name, value)

    def _body(self, raw: Any, content_type: str) -> dict[str, Any]:
        raw = (
            raw.encode("utf-8", "replace") if isinstance(raw, str) else b"" if raw is None else raw
        )
        if not isinstance(raw, bytes):
            return {"text": None, "size": None, "is_cut": False}
        is_whole = len(raw) <= _LOOKED_AT
        text = _decoded(raw[:_LOOKED_AT], content_type)
        if text is None:
            return {"text": None, "size": len(raw), "is_cut": False}
        text = self.hide(_laid_out(text)) if is_whole else self.hide(text)[:-_UNSURE]
        is_cut = not is_whole or len(text) > BODY_LIMIT
        return {"text": text[:BODY_LIMIT], "size": len(raw), "is_cut": is_cut}


def _decoded(raw: bytes, content_type: str) -> str | None:
    """Return bytes as text, without a last character that was cut off; None where they are none."""
    charset = charset_of(content_type) or ""
    for encoding in ("utf-8", charset if _ENCODING.fullmatch(charset) else None):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(raw) if encoding else None
        except (LookupError, ValueError):
            continue
        return None if text is None or "\0" in text else text
    return None


def charset_of(content_type: str) -> str | None:
    """Return the encoding that a ``Content-Type`` names, in small letters; None: it names none."""
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset()


def _laid_out(text: str) -> str:
    """Return JSON over several lines, without the secrets that its names tell; else ``text``.

    On one line where those would be much longer, as of what is nested hundreds of times.
    """
    try:
        value = json.loads(text)
        if not isinstance(value, (dict, list)):
            return text
        value = _masked(value)
        laid_out = json.dumps(value, indent=2, ensure_ascii=False)
        is_short = len(laid_out) <= _LAID_OUT
        return laid_out if is_short else json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, dict):
        return value
    result = {
        name: MASK if is_secret(name, each) else _masked(each) for name, each in value.items()
    }
    mask_pair(result)
    return result
