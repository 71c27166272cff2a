"""Items: how the data of one are kept, what is read from them, and when too many have failed.

What people may repair of one is said by its type: ``item_fields``.
"""

import base64
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from .masking import mask_values, values_in
from .moments import InvalidMoment, MomentOutOfRange, exact
from .text import NOTHING, NotPlain, clean, clip, first_line, to_plain

# Characters of a key that the index takes; a longer one is cut, and told apart by its hash.
KEY_LENGTH = 200
# Characters of a name, and of a cause.
NAME_LENGTH = 200
CAUSE_LENGTH = 200
# Cells that a table may have for each value in it.
TABLE_CELLS = 4
# Characters of the data of one item, as JSON.
DATA_LIMIT = 20_000_000
# From so many failures on their share counts, too: of one order all may fail.
SHARE_FROM = 10

# In a JSON object: it stands for a value that JSON does not have.
_TAG = "$"
_MASKED = json.dumps({_TAG: "masked"})[1:-1]
# By their classes as they are here, whatever a test that freezes the clock puts in their place.
_MOMENTS: dict[Any, str] = {datetime: "datetime", date: "date", time: "time"}
# Moments, numbers and records are no texts: half of one would be none.
_NEVER_MASKED = {"datetime", "date", "time", "timedelta", "Decimal", "reference", "masked"}
# What a message has of one item only: quoted values, and words with digits or an @ in them.
_VALUES = re.compile(
    r"""'[^'\n]*'|"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|‘[^’\n]*’|\S*[\d@]\S*"""
)
# What looking where nothing is may raise.
_NOT_THERE = (LookupError, AttributeError, TypeError, ValueError)


class Masked(str):
    """What is left of a text that held a secret: to be shown, never to be worked with."""


_WRITTEN: dict[type, str] = {Decimal: "Decimal", Masked: "masked"}


class MissingKey(LookupError):
    """An element says nothing where its key should be."""


class MissingVersion(LookupError):
    """There is nothing where the version of an element should be."""


class UnorderedVersion(ValueError):
    """Of this version nobody can tell whether it is newer than another; the argument is it."""


class Counts:
    """What has become of the elements so far.

    ``done``, ``failed``, ``unchanged`` and ``ignored`` are numbers of elements.
    """

    def __init__(self) -> None:
        self.done = self.failed = self.unchanged = self.ignored = 0

    @property
    def seen(self) -> int:
        """How many elements have been dealt with."""
        return self.done + self.failed + self.unchanged + self.ignored


class FailedItemsLimit(NamedTuple):
    """How many items of a run may fail before the run does.

    :param int number: so many are not too many yet
    :param float share: nor so many in a hundred of those tried, from ten failures on
    """

    number: int
    share: float

    def is_exceeded(self, failed: int, tried: int) -> bool:
        """Return whether ``failed`` of ``tried`` items are too many."""
        if failed > self.number:
            return True
        return failed >= SHARE_FROM and 100 * failed > self.share * tried


# --- What is read from an element ---


class Look(NamedTuple):
    """Where key, name and version of an element are: see :func:`value_at`."""

    key: str | Callable[[Any], Any]
    name: str | Callable[[Any], Any] | None = None
    version: str | Callable[[Any], Any] | None = None


def value_at(data: Any, where: str | Callable[[Any], Any]) -> Any:
    """Return a value of an element.

    :param data: a dictionary, a record, a tuple or another object
    :param where: a key, field, attribute or index; a path of them, as ``customer.email``; or a
        callable that gets the element
    :raise Exception: whatever looking there raises
    """
    if callable(where):
        return where(data)
    if isinstance(data, Mapping) and where in data:
        return data[where]
    for step in where.split("."):
        data = _step(data, step)
    return data


def found_at(data: Any, path: str) -> Any:
    """Return a value of an element as :func:`value_at` does; None where there is none."""
    try:
        return value_at(data, path)
    except _NOT_THERE:
        return None


def _step(data: Any, step: str) -> Any:
    if isinstance(data, (list, tuple)) and step.lstrip("-").isdigit():
        return data[int(step)]
    if isinstance(data, Mapping):
        return data[step]
    return getattr(data, step)


def key_at(data: Any, where: str | Callable[[Any], Any]) -> str:
    """Return the key of an element, as it is stored.

    :raise MissingKey: when there is none
    """
    try:
        value = value_at(data, where)
    except _NOT_THERE as error:
        raise MissingKey(str(where)) from error
    return stored_key(value)


def stored_key(value: Any) -> str:
    """Return a key as it is stored: as text, without what the database or its index cannot take.

    :raise MissingKey: when it is nothing
    """
    text = "" if value is None or value is False else clean(str(value)).strip()
    if not text:
        raise MissingKey
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[:KEY_LENGTH]}…{_hash(text)[:16]}"


def is_place(where: Any) -> bool:
    """Return whether ``where`` is a field, a path or a function, as the key of an element is."""
    return callable(where) or (isinstance(where, str) and bool(where))


def takes_item(handler: Any) -> bool:
    """Return whether a method can be called with the data of an element, and an ``Item``."""
    if not callable(handler):
        return False
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        # What is written in C need not say.
        return True
    try:
        signature.bind(None, None)
    except TypeError:
        return False
    return True


def text_at(data: Any, where: str | Callable[[Any], Any] | None) -> str | None:
    """Return what people call an element, or another text of it; None if it does not say."""
    try:
        return None if where is None else _line(value_at(data, where))
    except _NOT_THERE:
        return None


def version_at(data: Any, where: str | Callable[[Any], Any] | None) -> str | None:
    """Return which version of it an element is, as it is stored; None if it does not say.

    :raise MissingVersion: there is nothing at ``where``
    :raise UnorderedVersion: it is no number, no moment in ISO 8601, and no text without digits
    """
    if where is None:
        return None
    try:
        version = _line(value_at(data, where)) or None
    except _NOT_THERE as error:
        raise MissingVersion(str(where)) from error
    if version and not _is_number(version) and not _sorts_as_text(version):
        raise UnorderedVersion(version)
    return version


def _line(value: Any) -> str | None:
    # Not a number 0, which equals False.
    is_none = value is None or value is False
    return None if is_none else first_line(clean(str(value)), NAME_LENGTH)


def column_of(path: str) -> str:
    """Return the name of the column in which lists show what stands at ``path``."""
    return re.sub(r"[^a-z0-9]", "_", path.lower())


def columns_of(data: Any, paths: Iterable[str]) -> dict[str, str]:
    """Return ``{column: text}`` of what an element has at ``paths``."""
    texts = {column_of(path): text_at(data, path) for path in paths}
    return {column: text for column, text in texts.items() if text is not None}


def is_older(version: str | None, known: str | None) -> bool:
    """Return whether a version of an element is known to be older than another one.

    Two numbers are compared as such, two moments in ISO 8601, too; and text without digits.
    """
    if version is None or known is None:
        return False
    for read in (Decimal, exact):
        with suppress(ArithmeticError, InvalidMoment):
            return bool(read(version) < read(known))  # type: ignore[operator]
    return _sorts_as_text(version) and _sorts_as_text(known) and version < known


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except ArithmeticError:
        return False
    return True


def _sorts_as_text(version: str) -> bool:
    """Return whether text has the order of what it says: ``v10`` comes before ``v9``."""
    try:
        exact(version)
    except MomentOutOfRange:
        return True
    except InvalidMoment:
        return not any(map(str.isdigit, version))
    return True


def substitute_key(fingerprint: str | None, place: str) -> str:
    """Return what stands for the key of an element that has none.

    :param place: where it stood, for one whose data cannot be kept
    """
    return f"?{fingerprint[:16] if fingerprint else place}"


def is_substitute_key(key: str, fingerprint: str | None) -> bool:
    """Return whether ``key`` stands for that of an element that has none.

    :param fingerprint: of its data as they came, which no key says by chance
    """
    own, __, number = key.partition("-")
    is_own = fingerprint is not None and own == substitute_key(fingerprint, "")
    return is_own and (own == key or number.isdigit())


def unread_key(message_id: int) -> str:
    """Return what stands for the key of a message that cannot be read."""
    return f"?{message_id}"


def is_unread_key(key: str) -> bool:
    """Return whether ``key`` may stand for that of a message that cannot be read."""
    return key.startswith("?") and key[1:].isdigit()


def cause_of(message: str) -> str:
    """Return what a message has in common with those of other items: its values become ``…``."""
    text = _VALUES.sub("…", message)
    return clip(re.sub(r"…(?:[\s,;:]*…)+", "…", text).strip(), CAUSE_LENGTH) or "…"


# --- How its data are kept ---


def packed(value: Any, reference: Callable[[Any], Any]) -> str:
    """Return ``value`` as JSON text from which :func:`unpacked` makes an equal one.

    :param value: text, numbers, moments, bytes and ``None``, in lists, tuples, sets and
        dictionaries; other objects as far as ``reference`` knows them
    :param reference: called with another object; returns what stands for it, or None
    :raise NotPlain: when it holds something else, or is too long
    """
    try:
        text = json.dumps(_packed(value, reference))
    except NotPlain:
        raise
    except RecursionError:
        raise NotPlain("depth", "data") from None
    except ValueError as error:  # a number of thousands of digits
        raise NotPlain("size", "data") from error
    if len(text) > DATA_LIMIT:
        raise NotPlain("size", "data")
    return text


def unpacked(text: str, resolve: Callable[[Any], Any]) -> Any:
    """Return the value of which :func:`packed` has made ``text``.

    :param resolve: called with what ``reference`` has returned; returns the object
    """
    return _unpacked(json.loads(text), resolve)


def without_secrets(text: str) -> str:
    """Return packed data without the secrets that are known by value: they need not be kept.

    Only in values: names stay, and so does what JSON is made of. A text that held one becomes a
    :class:`Masked` one.
    """
    return json.dumps(_without_secrets(json.loads(text))) if values_in([text]) else text


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        left = mask_values(value)
        return value if left == value else {_TAG: "masked", "of": left}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if isinstance(value, dict):
        if value.get(_TAG) in _NEVER_MASKED:
            return value
        return {
            name: item if name == _TAG else _without_secrets(item) for name, item in value.items()
        }
    return value


def is_masked(text: str) -> bool:
    """Return whether packed data lack what :func:`without_secrets` has taken from them."""
    # Quotes within a value would have a backslash.
    return _MASKED in text


def unmasked(kept: Any, fresh: Any) -> Any:
    """Return ``kept``, which people have corrected, with what is masked as it is in ``fresh``."""
    if isinstance(kept, Masked):
        return fresh
    if isinstance(kept, dict) and isinstance(fresh, dict):
        return {name: unmasked(one, fresh.get(name, one)) for name, one in kept.items()}
    if isinstance(kept, (list, tuple)) and type(kept) is type(fresh) and len(kept) == len(fresh):
        return type(kept)(map(unmasked, kept, fresh))
    if isinstance(kept, (set, frozenset)) and any(isinstance(one, Masked) for one in kept):
        return fresh
    return kept


def fingerprint(text: str) -> str:
    """Return the same for the data of an element however the other system orders their names."""
    return _hash(json.dumps(json.loads(text), sort_keys=True))[:32]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _packed(value: Any, reference: Callable[[Any], Any]) -> Any:
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if kind is dict:
        return _packed_dict(value, reference)
    if kind is list:
        return [_packed(one, reference) for one in value]
    if kind in (tuple, set, frozenset):
        ones = sorted(value, key=repr) if kind is not tuple else value
        return {_TAG: kind.__name__, "of": [_packed(one, reference) for one in ones]}
    # Also what stands for one while a test has frozen the clock.
    moment = next((known for known in _MOMENTS if isinstance(value, known)), None)
    if moment:
        return {_TAG: _MOMENTS[moment], "of": moment.isoformat(value)}
    if kind is timedelta:
        return {_TAG: "timedelta", "of": [value.days, value.seconds, value.microseconds]}
    if kind in _WRITTEN:
        return {_TAG: _WRITTEN[kind], "of": str(value)}
    if kind is bytes:
        return {_TAG: "bytes", "of": base64.b64encode(value).decode()}
    known = reference(value)
    if known is None:
        raise NotPlain("type", "data", kind.__name__)
    return {_TAG: "reference", "of": known}


def _packed_dict(value: dict[Any, Any], reference: Callable[[Any], Any]) -> Any:
    if _TAG not in value and all(type(name) is str for name in value):
        return {name: _packed(one, reference) for name, one in value.items()}
    pairs = [[_packed(name, reference), _packed(one, reference)] for name, one in value.items()]
    return {_TAG: "dict", "of": pairs}


def _unpacked(value: Any, resolve: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_unpacked(one, resolve) for one in value]
    if not isinstance(value, dict):
        return value
    if _TAG not in value:
        return {name: _unpacked(one, resolve) for name, one in value.items()}
    kind, given = value[_TAG], value["of"]
    if kind == "reference":
        return resolve(given)
    if kind == "dict":
        return {_unpacked(name, resolve): _unpacked(one, resolve) for name, one in given}
    inner = _unpacked(given, resolve)
    return inner if isinstance(inner, Masked) else _VALUES_OF[kind](inner)


_VALUES_OF: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "Decimal": Decimal,
    "masked": Masked,
    "bytes": base64.b64decode,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


# --- What people see and change of it ---


def changed(value: Any, changes: Mapping[str, Any]) -> Any:
    """Return a copy of ``value`` in which what stands at some paths is something else.

    :param changes: by path, such as ``customer.email``; what is not there is left out
    """
    for path, new in changes.items():
        is_whole = isinstance(value, dict) and path in value
        value = _changed(value, [path] if is_whole else path.split("."), new)
    return value


def _changed(value: Any, steps: list[str], new: Any) -> Any:
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict) and step in value:
        return {**value, step: _changed(value[step], rest, new)}
    if isinstance(value, dict) and not rest:
        return {**value, step: new}
    if isinstance(value, (list, tuple)) and step.isdigit() and int(step) < len(value):
        ones = list(value)
        ones[int(step)] = _changed(ones[int(step)], rest, new)
        return type(value)(ones)
    return value


def typed(old: Any, text: str) -> Any:
    """Return what people have entered as a value of the kind of ``old``; None for nothing.

    :raise ValueError: it is none of that kind, or ``old`` is of a kind that nobody can enter
    """
    if old is None or isinstance(old, str):
        return text or None
    kind = type(old)
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.strip().lower()]
        if kind in (int, float, Decimal):
            return kind(text)
        if kind in _MOMENTS:
            return kind.fromisoformat(text.strip())
    except (KeyError, ArithmeticError) as error:
        raise ValueError(text) from error
    raise ValueError(kind.__name__)


# What a page shows: its kind (``text``, ``list``, ``table`` or ``fields``) and its content.
Part = tuple[str, Any]


def outline(value: Any, labels: Mapping[str, str], limit: int) -> Part:
    """Return what a page shows of data: in plain words, without secrets, and not endless.

    :param value: the data
    :param labels: by path, such as ``customer.email``
    :param int limit: characters, about
    """
    return _part(to_plain(value, limit), "", labels)


def _part(value: Any, path: str, labels: Mapping[str, str]) -> Part:
    if isinstance(value, dict):
        named = ((name, f"{path}.{name}".lstrip("."), one) for name, one in value.items())
        return "fields", [
            (labels.get(where) or label_of(name), _part(one, where, labels))
            for name, where, one in named
        ]
    if not isinstance(value, list):
        return "text", NOTHING if value in (None, "") else clean(str(value))
    if value and all(isinstance(one, dict) for one in value):
        names = list(dict.fromkeys(name for one in value for name in one))
        # What has little in common would have a column for each name that one of them has.
        if len(names) * len(value) <= TABLE_CELLS * sum(map(len, value)):
            rows = [[_part(one.get(name), "", {}) for name in names] for one in value]
            return "table", ([label_of(name) for name in names], rows)
    return "list", [_part(one, "", {}) for one in value]


def label_of(name: str) -> str:
    """Return a technical name in plain words: ``unitPrice`` and ``unit_price`` as "Unit price"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", clean(name))
    words = re.sub(r"[_\-.]+", " ", words).strip()
    return words[:1].upper() + words[1:].lower() if not words.isupper() else words
