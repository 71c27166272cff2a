"""Turn anything into text that a database, a browser and a person can take.

Nothing here raises, whatever it is given (what code calls an exception need not be an
``Exception``), and nothing becomes longer than it may: what is too long is cut while it is made,
not after. What stands under the name of a secret in a structure is masked here, where names are
still apart from values.
"""

import base64
import contextlib
import dataclasses
import datetime
import decimal
import enum
import json
import re
import traceback
import types
from collections import UserString, deque
from collections.abc import Iterable, Mapping, MappingView, Sequence, Set
from typing import Any

from .masking import MASK, is_secret, mask_pair
from .shutdown import unless_shutdown

# Depth and number of values after which a structure is abridged.
DEPTH_LIMIT = 30
SIZE_LIMIT = 200_000
# Characters that are kept of one value: in PostgreSQL's protocol, which has a limit of 1 GB, they
# take up to eight times as many bytes.
TEXT_LIMIT = 20_000_000
# Bits of a number that are written down.
_NUMBER_LIMIT = 1_000_000

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


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


def clip(text: str, limit: int) -> str:
    """Return ``text``, its beginning and "…" where it is longer than ``limit`` characters."""
    return text if len(text) <= limit else text[:limit] + "…"


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
    return _UNSTORABLE.sub(_visible, text)


def first_line(text: str, limit: int) -> str:
    """Return the first line of ``text`` that is not empty, at most ``limit`` characters of it."""
    for line in text[: limit * 4].splitlines():
        if line := line.strip():
            return line if len(line) <= limit else line[: limit - 1] + "…"
    return ""


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"


def _render(value: object, limit: int) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = _some_bytes(value, limit)
        return _decoded(raw) or raw.decode("utf-8", "backslashreplace")
    if isinstance(value, BaseException):
        return exception_text(value, limit)
    if callable(value):
        return repr(value)
    if _is_xml(value):
        return _xml(value, limit)
    plain = _Plain(limit).convert(value)
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, (bool, int, float)):
        return str(plain)
    return json.dumps(plain, ensure_ascii=False, indent=2)


def exception_text(error: BaseException, limit: int = TEXT_LIMIT) -> str:
    """Return the traceback of ``error``, or what is known if it cannot be rendered.

    :param BaseException error: what was raised
    :param int limit: characters; of what is longer, the beginning and the end
    """
    try:
        report = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _shorten_messages(report, limit)
        return _ends(report.format(), limit).rstrip()
    except BaseException as problem:
        unless_shutdown(problem)
        return clip(describe(error), limit)


def _shorten_messages(report: traceback.TracebackException, limit: int) -> None:
    """Cut the messages of an exception and its causes before lines are made of them."""
    # Its text is private to the standard library.
    todo: list[Any] = [report]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(getattr(one, "_str", None), str):
            one._str = clip(one._str, limit)
        todo += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]


def _ends(lines: Iterable[str], limit: int) -> str:
    """Return the beginning and the end of ``lines``, with no more of them in memory."""
    first: list[str] = []
    last: deque[str] = deque()
    size = rest = 0
    for line in lines:
        if size + len(line) <= limit // 2:
            first.append(line)
            size += len(line)
            continue
        size = limit
        line = clip(line, limit)
        last.append(line)
        rest += len(line)
        while len(last) > 1 and rest - len(last[0]) > limit // 2:
            rest -= len(last.popleft())
            first[-1:] = [first[-1], "…\n"] if first and first[-1] != "…\n" else first[-1:]
    return "".join((*first, *last))


def _some_bytes(value: bytes | bytearray | memoryview, limit: int) -> bytes:
    if isinstance(value, memoryview) and value.nbytes > limit:
        value = value.cast("B")
    return bytes(value[:limit] if len(value) > limit else value)


def _decoded(raw: bytes) -> str | None:
    """Return bytes as text, without a last character that was cut off; None if they are none."""
    for missing in range(4):
        try:
            return raw[: len(raw) - missing].decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return None
    return None


def _is_xml(value: object) -> bool:
    return hasattr(type(value), "getroottree") and hasattr(type(value), "iterchildren")


def _xml(value: Any, limit: int) -> str:
    from lxml import etree  # type: ignore[import-untyped]

    written = _Written(limit)
    with contextlib.suppress(OverflowError):
        etree.ElementTree(value).write(written, encoding="utf-8", pretty_print=True)
    return b"".join(written.parts).decode("utf-8", "ignore").rstrip()


class _Written:
    """A file that can take so many bytes and no more."""

    def __init__(self, limit: int) -> None:
        self.parts: list[bytes] = []
        self.room = limit

    def write(self, data: bytes) -> None:  # pylint: disable=method-required-super
        self.parts.append(data)
        self.room -= len(data)
        if self.room < 0:
            raise OverflowError


class _Plain:
    """Converts a value to what ``json.dumps`` takes; one object for one value."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.room = limit
        self.open: set[int] = set()

    def convert(self, value: object, depth: int = 0) -> Any:
        self.size += 1
        if type(value) is str:
            return self._fitting(value)
        if value is None or type(value) is bool:
            return value
        if type(value) is int:
            # Longer numbers cannot be converted to text, and JavaScript cannot hold them.
            return value if -(2**53) < value < 2**53 else self._long(value)
        if type(value) is float:
            return value if value - value == 0 else repr(value)
        if depth > DEPTH_LIMIT or self._is_full() or id(value) in self.open:
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
        text = clip(text, max(self.room, 0))
        self.room -= len(text)
        return text

    @staticmethod
    def _long(value: int) -> str:
        bits = value.bit_length()
        if bits > _NUMBER_LIMIT:
            return f"<{type(value).__name__} of {bits} bits>"
        return str(value) if bits < 10_000 else hex(value)

    def _is_full(self) -> bool:
        return self.size > SIZE_LIMIT or self.room <= 0

    def _structure(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value.items(), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            pairs = ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
            return self._mapping(pairs, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._mapping(zip(value._fields, value, strict=False), depth)
        if isinstance(value, types.SimpleNamespace):
            return self._mapping(vars(value).items(), depth)
        if isinstance(value, _MANY) and not isinstance(value, _ONE):
            return self._sequence(value, depth)
        return self._single(value, depth)

    def _mapping(self, pairs: Iterable[tuple[object, object]], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in pairs:
            if self._is_full():
                result["…"] = "…"
                break
            name = self._key(key)
            result[name] = MASK if is_secret(name, item) else self.convert(item, depth)
        mask_pair(result)
        return result

    def _key(self, key: object) -> str:
        name = str.__str__(key) if isinstance(key, str) else describe(key)
        return self._fitting(name)

    def _sequence(self, items: Any, depth: int) -> list[Any]:
        result: list[Any] = []
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
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (decimal.Decimal, datetime.timedelta)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            raw = _some_bytes(value, max(self.room, 0))
            text = _decoded(raw)
            return "base64:" + base64.b64encode(raw).decode() if text is None else text
        if isinstance(value, BaseException):
            return exception_text(value, max(self.room, 0))
        if is_records(value):
            return {"model": value._name, "ids": [_record_id(id_) for id_ in value._ids]}
        if isinstance(value, (int, float)):
            return self.convert((float if isinstance(value, float) else int)(value), depth)
        return describe(value)


# What is written as a list, and what only looks like many.
_MANY = (Sequence, Set, MappingView, deque)
_ONE = (str, UserString, bytes, bytearray, memoryview, range)


def is_records(value: object) -> bool:
    """Return whether ``value`` is a recordset, without importing Odoo."""
    return hasattr(type(value), "_ids") and hasattr(type(value), "_name") and hasattr(value, "env")


def _record_id(id_: object) -> int | str:
    return id_ if isinstance(id_, int) else describe(id_)
