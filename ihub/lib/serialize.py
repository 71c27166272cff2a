"""Turn anything into text that a database, a browser and a person can take.

Nothing here raises, whatever it is given: what code calls an exception need not be an
``Exception``.
"""

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import re
import traceback
from collections.abc import Mapping

from .shutdown import unless_shutdown

# Depth and number of values after which a structure is abridged.
DEPTH_LIMIT = 30
SIZE_LIMIT = 200_000

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def to_text(value):
    """Return ``value`` as text, structures as JSON.

    :param value: anything
    :return: a plain ``str``, or None for None
    """
    if value is None or type(value) is str:
        return value
    try:
        return _render(value)
    except BaseException as error:
        unless_shutdown(error)
        return describe(value)


def describe(value):
    """Return what can be said of a value that cannot be rendered."""
    for say in (str, repr):
        try:
            return str.__str__(say(value))
        except BaseException as error:
            unless_shutdown(error)
    return f"<{type(value).__name__}, cannot be shown>"


def clean(text):
    """Return ``text`` without what PostgreSQL, XML or a terminal cannot take, but visible."""
    # Nearly all text is printable, and this check is far cheaper than the search.
    if text.isprintable():
        return text
    return _UNSTORABLE.sub(_visible, text)


def first_line(text, limit):
    """Return the first line of ``text`` that is not empty, at most ``limit`` characters of it."""
    for line in text[: limit * 4].splitlines():
        if line := line.strip():
            return line if len(line) <= limit else line[: limit - 1] + "…"
    return ""


def _visible(match):
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"


def _render(value):
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(bytes(value))
    if isinstance(value, BaseException):
        return exception_text(value)
    if isinstance(value, Exception.__class__) or callable(value):
        return repr(value)
    if _is_xml(value):
        return _xml(value)
    plain = _Plain().convert(value)
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, (bool, int, float)):
        return str(plain)
    return json.dumps(plain, ensure_ascii=False, indent=2)


def exception_text(error):
    """Return the traceback of ``error``, or what is known if it cannot be rendered."""
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except BaseException as problem:
        unless_shutdown(problem)
        return describe(error)


def _bytes(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8", "backslashreplace")


def _is_xml(value):
    return hasattr(type(value), "getroottree") and hasattr(type(value), "iterchildren")


def _xml(value):
    from lxml import etree

    return etree.tostring(value, encoding="unicode", pretty_print=True).rstrip()


class _Plain:
    """Converts a value to what ``json.dumps`` takes; one object for one value."""

    def __init__(self):
        self.size = 0
        self.open = set()

    def convert(self, value, depth=0):
        self.size += 1
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int:
            # Longer numbers cannot be converted to text, and JavaScript cannot hold them.
            return value if -(2**53) < value < 2**53 else self._long(value)
        if type(value) is float:
            return value if value - value == 0 else repr(value)
        if depth > DEPTH_LIMIT or self.size > SIZE_LIMIT or id(value) in self.open:
            return "…"
        self.open.add(id(value))
        try:
            return self._structure(value, depth + 1)
        except BaseException as error:
            unless_shutdown(error)
            return describe(value)
        finally:
            self.open.discard(id(value))

    @staticmethod
    def _long(value):
        return str(value) if value.bit_length() < 10_000 else hex(value)

    def _structure(self, value, depth):
        if isinstance(value, Mapping):
            return self._mapping(value.items(), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            pairs = ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
            return self._mapping(pairs, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._mapping(zip(value._fields, value, strict=False), depth)
        if isinstance(value, (list, tuple, set, frozenset)) or _is_lazy(value):
            return self._sequence(value, depth)
        return self._single(value)

    def _mapping(self, pairs, depth):
        result = {}
        for key, item in pairs:
            if self.size > SIZE_LIMIT:
                result["…"] = "…"
                break
            result[self._key(key)] = self.convert(item, depth)
        return result

    @staticmethod
    def _key(key):
        return str.__str__(key) if isinstance(key, str) else describe(key)

    def _sequence(self, items, depth):
        result = []
        for item in items:
            if self.size > SIZE_LIMIT:
                result.append("…")
                break
            result.append(self.convert(item, depth))
        return result

    @staticmethod
    def _single(value):
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, enum.Enum):
            return _Plain().convert(value.value)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (decimal.Decimal, datetime.timedelta)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _bytes_in_json(bytes(value))
        if isinstance(value, BaseException):
            return exception_text(value)
        if is_records(value):
            return {"model": value._name, "ids": [_record_id(id_) for id_ in value._ids]}
        if isinstance(value, (int, float)):
            return _Plain().convert((float if isinstance(value, float) else int)(value))
        return describe(value)


def _is_lazy(value):
    return isinstance(value, (type({}.keys()), type({}.values()), type({}.items())))


def _bytes_in_json(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()


def is_records(value):
    """Return whether ``value`` is a recordset, without importing Odoo."""
    return hasattr(type(value), "_ids") and hasattr(type(value), "_name") and hasattr(value, "env")


def _record_id(id_):
    return id_ if isinstance(id_, int) else describe(id_)
