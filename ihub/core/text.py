"""Turn values into what a database, a browser and a person can take: text, and JSON that is kept.

:func:`to_text` takes anything. It never raises (what code calls an exception need not be an
``Exception``), and nothing becomes longer than it may: what is too long is cut while it is made,
not after. What stands under the name of a secret in a structure is masked here, where names are
still apart from values.

:func:`plain` is for what an integration keeps: resume points and own state. It comes back equal to
what was given, or is refused.
"""

import base64
import codecs
import contextlib
import dataclasses
import datetime
import enum
import hashlib
import json
import math
import re
import sys
import traceback
import types
from collections import UserString, deque
from collections.abc import Iterable, Mapping, MappingView, Sequence, Set
from typing import Any

from .masking import MASK, is_secret, mask_pair
from .shutdown import unless_shutdown

# Characters that are kept of one value: in PostgreSQL's protocol, which has a limit of 1 GB, they
# take up to eight times as many bytes.
TEXT_LIMIT = 20_000_000
# Levels of lists and dictionaries in JSON that is kept, and its characters.
DEPTH_LIMIT = 50
SIZE_LIMIT = 1_000_000

# What stands where there is no value.
NOTHING = "—"

# Depth and number of values after which a structure is abridged.
_DEEP = 30
_MANY_VALUES = 200_000
# Bits of a number that are written down.
_LONG_NUMBER = 1_000_000
# From here on floats are whole, PostgreSQL gives them back as integers, and JavaScript rounds.
_WHOLE = 2**53
# What is written as a list, and what only looks like many.
_LISTS = (Sequence, Set, MappingView, deque)
_NO_LISTS = (str, UserString, bytes, bytearray, memoryview, range)

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_VISIBLE = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "␡"}


def to_text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Return ``value`` as text, structures as JSON.

    :param value: anything
    :param int limit: characters, about
    :return: a plain ``str``, or None for None
    """
    if value is None:
        return None
    if type(value) is str:
        return clip(value, limit)
    try:
        return clip(_render(value, limit), limit)
    except BaseException as problem:
        unless_shutdown(problem)
        return clip(describe(value), limit)


def to_plain(value: object, limit: int = TEXT_LIMIT) -> Any:
    """Return ``value`` as JSON knows it: without secrets, and cut where it is longer than a limit.

    :param value: anything
    :param int limit: characters, about
    :return: text, numbers and booleans, in lists and dictionaries
    """
    return _Plain(limit).convert(value)


def short_hash(value: Any) -> str:
    """Return a short text by which a value is known again.

    :param value: made of what JSON has; the rest counts by its text
    """
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def clip(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of ``text``, the last one "…" where it is longer.

    :param int limit: characters, at least one
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def describe(value: object) -> str:
    """Return what can be said of a value that cannot be rendered."""
    for say in (str, repr):
        try:
            return str.__str__(say(value))
        except BaseException as error:
            unless_shutdown(error)
    return f"<{type(value).__name__}, cannot be shown>"


def clean(text: str) -> str:
    """Return ``text`` without what PostgreSQL, XML or a terminal cannot take, but visible."""
    # Nearly all text is printable, and this check is far cheaper than the search.
    if text.isprintable():
        return text
    return _UNSTORABLE.sub(lambda found: _VISIBLE.get(ord(found[0]), "\ufffd"), text)


def first_line(text: str, limit: int) -> str:
    """Return the first line of ``text`` that is not empty, at most ``limit`` characters of it."""
    lines = filter(None, map(str.strip, text[: limit * 4].splitlines()))
    line = next(lines, "")
    return clip(line, limit)


def exception_text(error: BaseException, limit: int = TEXT_LIMIT) -> str:
    """Return the traceback of ``error``, or what is known if it cannot be rendered.

    :param BaseException error: what was raised
    :param int limit: characters; of what is longer, the beginning and the end
    """
    try:
        report = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        return _ends(report.format(), limit).rstrip()
    except BaseException as problem:
        unless_shutdown(problem)
        return clip(describe(error), limit)


def _ends(lines: Iterable[str], limit: int) -> str:
    """Return the beginning and the end of ``lines``, with no more of them in memory."""
    first: list[str] = []
    last: deque[str] = deque()
    room, size, gap = limit // 2, 0, ""
    for line in lines:
        room -= len(line)
        if room >= 0:
            first.append(line)
            continue
        room = -1
        last.append(clip(line, limit))
        size += len(last[-1])
        while len(last) > 1 and size - len(last[0]) > limit // 2:
            size -= len(last.popleft())
            gap = "…\n"
    return "".join((*first, gap, *last))


def _render(value: object, limit: int) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = _some_bytes(value, limit)
        return _decoded(raw) or raw.decode("utf-8", "backslashreplace")
    plain = _Plain(limit).convert(value)
    if isinstance(plain, (list, dict)):
        return json.dumps(plain, ensure_ascii=False, indent=2)
    return str(plain)


class _Plain:
    """Converts a value to what ``json.dumps`` takes; one object for one value."""

    def __init__(self, limit: int):
        self.size = 0
        # Each takes some characters, also where it has none.
        self.most = min(_MANY_VALUES, max(limit // 5, 100))
        self.room = limit
        self.open: set[int] = set()

    def convert(self, value: Any, depth: int = 0) -> Any:
        self.size += 1
        if type(value) is str:
            return self._fitting(value)
        if value is None or type(value) is bool:
            return value
        if type(value) is int:
            return value if -_WHOLE < value < _WHOLE else _long(value)
        if type(value) is float:
            return value if math.isfinite(value) else repr(value)
        if depth > _DEEP or self._is_full() or id(value) in self.open:
            return "…"
        self.open.add(id(value))
        try:
            result = self._structure(value, depth + 1)
        except BaseException as problem:
            unless_shutdown(problem)
            result = describe(value)
        finally:
            self.open.discard(id(value))
        return self._fitting(result) if type(result) is str else result

    def _fitting(self, text: str) -> str:
        text = clip(text, max(self.room, 1))
        self.room -= len(text)
        return text

    def _is_full(self) -> bool:
        return self.size > self.most or self.room <= 0

    def _structure(self, value: Any, depth: int) -> Any:
        if (pairs := _pairs(value)) is not None:
            return self._mapping(pairs, depth)
        if isinstance(value, _LISTS) and not isinstance(value, _NO_LISTS):
            return self._sequence(value, depth)
        return self._single(value, depth)

    def _mapping(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in pairs:
            if self._is_full():
                result["…"] = "…"
                break
            name = self._fitting(str.__str__(key) if isinstance(key, str) else describe(key))
            result[name] = MASK if is_secret(name, item) else self.convert(item, depth)
        mask_pair(result)
        return result

    def _sequence(self, items: Any, depth: int) -> list[Any]:
        result = []
        for item in items:
            if self._is_full():
                result.append("…")
                break
            result.append(self.convert(item, depth))
        if len(result) == 2 and isinstance(result[0], str) and is_secret(*result):
            # ("Authorization", "…")
            result[1] = MASK
        return result

    def _single(self, value: Any, depth: int) -> Any:
        room = max(self.room, 0)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (bytes, bytearray, memoryview)):
            raw = _some_bytes(value, room)
            text = _decoded(raw)
            return "base64:" + base64.b64encode(raw).decode() if text is None else text
        if isinstance(value, BaseException):
            return exception_text(value, room)
        if isinstance(value, (int, float)):
            return self.convert((float if isinstance(value, float) else int)(value), depth)
        kind = type(value)
        if hasattr(kind, "_ids") and hasattr(kind, "_name") and hasattr(value, "env"):
            # A recordset, told without importing Odoo.
            return {"model": value._name, "ids": self.convert(list(value._ids), depth)}
        if hasattr(kind, "getroottree") and hasattr(kind, "iterchildren"):
            return _xml(value, room)
        return describe(value)


def _pairs(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Return names and values of what is written as a JSON object; None if it is none."""
    if isinstance(value, Mapping):
        return value.items()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return zip(value._fields, value, strict=False)
    return vars(value).items() if isinstance(value, types.SimpleNamespace) else None


def _long(number: int) -> str:
    # A very long one is not converted to decimal digits by Python.
    bits = number.bit_length()
    if bits > _LONG_NUMBER:
        return f"<int of {bits} bits>"
    return str(number) if bits < 10_000 else hex(number)


def _some_bytes(value: bytes | bytearray | memoryview, limit: int) -> bytes:
    if isinstance(value, memoryview) and value.nbytes > limit:
        value = value.cast("B")
    return bytes(value[:limit])


def _decoded(raw: bytes) -> str | None:
    """Return bytes as text, without a last character that was cut off; None if they are none."""
    try:
        return codecs.utf_8_decode(raw, "strict", False)[0]
    except UnicodeDecodeError:
        return None


def _xml(value: Any, limit: int) -> str:
    written = _Written(limit)
    # Loaded, as there is an element of it.
    etree = sys.modules["lxml.etree"]
    with contextlib.suppress(OverflowError):
        etree.ElementTree(value).write(written, encoding="utf-8", pretty_print=True)
    return b"".join(written.parts).decode("utf-8", "ignore").rstrip()


class _Written:
    """A file that can take so many bytes and no more."""

    def __init__(self, limit: int):
        self.parts: list[bytes] = []
        self.room = limit

    def write(self, data: bytes) -> None:  # pylint: disable=method-required-super
        self.parts.append(data)
        self.room -= len(data)
        if self.room < 0:
            raise OverflowError


# --- JSON that is kept ---


class NotPlain(ValueError):
    """A value cannot be kept.

    :param str reason: ``type``, ``key``, ``depth`` or ``size``
    :param str where: the part in question, such as ``resume['orders'][3]``
    :param str kind: the name of the type that was found there
    """

    def __init__(self, reason: str, where: str, kind: str = ""):
        super().__init__(f"{where}: {reason} {kind}".rstrip())
        self.reason, self.where, self.kind = reason, where, kind


def plain(value: object, name: str) -> Any:
    """Return a copy of ``value`` that can be stored as JSON and comes back equal.

    NUL and lone surrogates in text become U+FFFD, and what is no finite number becomes None.

    :param value: None, text, numbers, booleans, and lists and dictionaries of these
    :param str name: what ``value`` is called in an error
    :raise NotPlain: when it is anything else, or too large
    """
    result = _plain(value, name, 0)
    try:
        size = len(json.dumps(result))
    except ValueError as error:  # an integer of thousands of digits
        raise NotPlain("size", name) from error
    if size > SIZE_LIMIT:
        raise NotPlain("size", name)
    return result


def clean_text(text: str) -> str:
    """Return ``text`` as a plain ``str`` without what PostgreSQL's JSON cannot take."""
    text = str.__str__(text)
    if not text.isascii():
        # Joins the halves of a character that was cut in two, and replaces single ones.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd")


def _plain(value: object, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        is_whole = math.isfinite(value) and abs(value) >= _WHOLE
        return int(value) if is_whole else float(value) if math.isfinite(value) else None
    if depth >= DEPTH_LIMIT:
        raise NotPlain("depth", where[:100])
    if isinstance(value, list):
        return [_plain(item, f"{where}[{n}]", depth + 1) for n, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise NotPlain("key", where, type(key).__name__)
        items = value.items()
        return {clean_text(k): _plain(item, f"{where}[{k!r}]", depth + 1) for k, item in items}
    raise NotPlain("type", where, type(value).__name__)
