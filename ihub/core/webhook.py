"""Messages that other systems send: who may send them, and what makes two of them the same.

A type says it with a :class:`Webhook`. Nothing here knows Odoo: what is checked are headers, a
body as it came, and the secrets that both sides know.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .items import MissingKey, stored_key

# Bytes of a body: more is not read.
MAX_BYTES = 5 * 1024 * 1024
# Messages a second that one process takes for one integration.
RATE = 500
# Seconds that the clocks of both sides may differ, or a message be on its way.
TOLERANCE = 300

ENCODINGS = ("hex", "base64")

_PLACES = re.compile(r"(\{(?:id|timestamp|body)\})")
# What looks like a place, but may be none.
_BRACES = re.compile(r"\{[^{}]*\}")


class Refused(Exception):
    """A message is not accepted. The other side is never told why.

    :ivar str cause: ``signature`` or ``outdated``
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Hmac:
    """A signature with a secret that both sides know.

    :param str header: where the signature is
    :param str algorithm: a hash that Python's ``hashlib`` knows, such as ``sha256``
    :param str encoding: ``hex`` or ``base64``
    :param str prefix: what stands before the signature, such as ``sha256=``
    :param str timestamp: the header with the moment of sending, in seconds since 1970; what is
        older than ``tolerance`` is refused
    :param str id: the header with the id of the message, which stays the same when it is sent again
    :param str signed: what is signed, of ``{id}``, ``{timestamp}`` and ``{body}``; empty: the body,
        or ``{timestamp}.{body}`` where there is a ``timestamp``
    :param int tolerance: seconds
    """

    header: str = "X-Signature"
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    timestamp: str | None = None
    id: str | None = None
    signed: str = ""
    tolerance: int = TOLERANCE

    def validate(self) -> None:
        """Refuse a description that protects nothing. Called when its type is checked.

        :raise ValueError: the body would not be signed, or nothing could be checked
        """
        if not self.header or not isinstance(self.header, str):
            raise ValueError(f"header={self.header!r}: expected the name of a header")
        check_digest(self.algorithm, self.encoding)
        if not isinstance(self.tolerance, (int, float)):
            raise ValueError(f"tolerance={self.tolerance!r}: expected a number of seconds")
        places = set(_BRACES.findall(self.signed))
        for place in sorted(places):
            if not _PLACES.fullmatch(place):
                raise ValueError(f"signed: {place} is none of {{id}}, {{timestamp}} and {{body}}")
        if self.signed and "{body}" not in places:
            raise ValueError("signed: without {body}, anybody could send another one")
        for name in ("id", "timestamp"):
            if f"{{{name}}}" in places and not getattr(self, name):
                raise ValueError(f"signed has {{{name}}}: say in which header that is, as {name}=")

    def check(
        self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime
    ) -> str:
        """Return the id of a message that was signed with one of ``secrets``.

        What nobody has signed can be changed by whoever sends it again. So, where the id is not
        signed and no ``id`` is asked for, a message is the same as one with the same content.

        :param headers: by name, of whatever case
        :param bytes body: as it came
        :param datetime now: naive UTC
        :raise Refused: nobody who knows a secret has sent it, or it is too old
        """
        content = self._content(headers, body)
        given = self._given(headers)
        # All of them: how long it takes says nothing about which one was right.
        matches = [self._is_one_of(given, self._signature(content, secret)) for secret in secrets]
        if not any(matches):
            raise Refused("signature")
        self._check_moment(headers, now)
        try:
            return stored_key(self.id and headers.get(self.id))
        except MissingKey:
            return hashlib.sha256(content).hexdigest()

    def sign(self, body: bytes, secret: str, now: datetime, message_id: str) -> dict[str, str]:
        """Return the headers with which a sender would send ``body``.

        :param datetime now: naive UTC
        """
        headers = {"Content-Type": "application/json"}
        if self.id:
            headers[self.id] = message_id
        if self.timestamp:
            headers[self.timestamp] = str(int(now.replace(tzinfo=timezone.utc).timestamp()))
        signature = self._signature(self._content(headers, body), secret)
        return {**headers, self.header: self.prefix + signature}

    def new_secret(self) -> str:
        """Return a secret that nobody can guess."""
        return random.token_urlsafe(32)

    def key_of(self, secret: str) -> bytes:
        """Return the bytes that sign.

        :raise ValueError: it is no such secret
        """
        return secret.encode()

    def _given(self, headers: Mapping[str, str]) -> list[str]:
        """Return the signatures that a message has."""
        value = headers.get(self.header) or ""
        return [value.removeprefix(self.prefix)] if value.startswith(self.prefix) else []

    def _content(self, headers: Mapping[str, str], body: bytes) -> bytes:
        signed = self.signed or ("{timestamp}.{body}" if self.timestamp else "{body}")
        parts = {"{body}": body}
        for name, header in (("{id}", self.id), ("{timestamp}", self.timestamp)):
            parts[name] = _bytes((headers.get(header) or "") if header else "")
        return b"".join(parts.get(one, _bytes(one)) for one in _PLACES.split(signed))

    def _signature(self, content: bytes, secret: str) -> str:
        return signature_of(self.key_of(secret), content, self.algorithm, self.encoding)

    def _is_one_of(self, given: list[str], signature: str) -> bool:
        wanted = _bytes(signature)
        found = [_bytes(one.lower() if self.encoding == "hex" else one) for one in given]
        # All of them, also behind one that is right.
        return sum(hmac.compare_digest(one, wanted) for one in found) > 0

    def _check_moment(self, headers: Mapping[str, str], now: datetime) -> None:
        if not self.timestamp:
            return
        sent = headers.get(self.timestamp) or ""
        seconds = now.replace(tzinfo=timezone.utc).timestamp()
        # Twelve digits are enough for ten thousand years.
        if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
            raise Refused("outdated")
        if abs(seconds - int(sent)) > self.tolerance:
            raise Refused("outdated")


@dataclass(frozen=True)
class StandardWebhooks(Hmac):
    """The signature of https://www.standardwebhooks.com, which many systems use."""

    header: str = "webhook-signature"
    encoding: str = "base64"
    prefix: str = "v1,"
    timestamp: str | None = "webhook-timestamp"
    id: str | None = "webhook-id"
    signed: str = "{id}.{timestamp}.{body}"

    def new_secret(self) -> str:
        return "whsec_" + base64.b64encode(random.token_bytes(24)).decode()

    def key_of(self, secret: str) -> bytes:
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error

    def _given(self, headers: Mapping[str, str]) -> list[str]:
        # While its secret is rotated, the other side signs with both.
        signatures = (headers.get(self.header) or "").split()
        return [one.removeprefix(self.prefix) for one in signatures if one.startswith(self.prefix)]


@dataclass(frozen=True)
class Shopify(Hmac):
    """The signature of Shopify. It signs the body alone, which says when it was updated."""

    header: str = "X-Shopify-Hmac-Sha256"
    encoding: str = "base64"


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The messages that another system sends to a type.

    Each is dealt with as an element of ``process_each`` is; several may be about one item.

    :param Hmac verify: how it is signed
    :param str handler: the method of the type that is called with the data and an ``Item``
    :param key: what the other system calls it: a field or a path (str), or a callable that gets the
        data
    :param name: what people call it, in the same way; None: its key
    :param str kind: of which kind it is, such as ``order``
    :param version: where, in the same way, it has a number or a moment in ISO 8601 that grows with
        each change; None: messages have none. It says that a message tells all there is to know of
        its key: older ones are left alone, and a newer one need not wait for one that is to be
        repaired. What is neither is to be repaired.
    :param parse: a callable that gets the body (bytes) and returns the data; without it, JSON is
        read
    :param int rate: messages a second that each server process takes
    """

    verify: Hmac
    handler: str
    key: str | Callable[[Any], Any]
    name: str | Callable[[Any], Any] | None = None
    kind: str = "item"
    version: str | Callable[[Any], Any] | None = None
    parse: Callable[[bytes], Any] = json.loads
    rate: int = RATE


def signature_of(key: bytes, content: bytes, algorithm: str, encoding: str) -> str:
    """Return the HMAC of ``content``, as text in one of :data:`ENCODINGS`."""
    digest = hmac.new(key, content, algorithm).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def check_digest(algorithm: str, encoding: str) -> None:
    """Refuse what no signature can be made with.

    :raise ValueError: Python knows no such hash, or it is written in another way
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding={encoding!r}: expected {' or '.join(ENCODINGS)}")
    try:
        hmac.new(b"", b"", algorithm)
    except (TypeError, ValueError) as error:
        raise ValueError(f"algorithm={algorithm!r}: {error}") from error


def _bytes(text: str) -> bytes:
    """Return the text of a header as it was sent, whatever it is."""
    return text.encode("latin-1", "replace")
