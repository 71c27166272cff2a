"""JSON values that are kept for an integration: resume points and own state.

What is kept comes back equal to what was given. Text that no database stores is cleaned; what would
come back as something else is refused.
"""

import json
import math
from typing import Any

# Levels of lists and dictionaries.
DEPTH_LIMIT = 50
# Characters of the value as JSON.
SIZE_LIMIT = 1_000_000

# From here on floats are whole, and PostgreSQL gives them back as integers.
_WHOLE = 2.0**53


class NotPlain(ValueError):
    """A value cannot be kept.

    :param str reason: ``type``, ``key``, ``depth`` or ``size``
    :param str where: the part in question, such as ``resume['orders'][3]``
    :param str kind: the name of the type that was found there
    """

    def __init__(self, reason: str, where: str, kind: str = "") -> None:
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


def _plain(value: object, where: str, depth: int) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return clean_text(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value))
    if depth >= DEPTH_LIMIT:
        raise NotPlain("depth", where[:100])
    if isinstance(value, list):
        return [_plain(item, f"{where}[{n}]", depth + 1) for n, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _key(key, where): _plain(item, f"{where}[{key!r}]", depth + 1)
            for key, item in value.items()
        }
    raise NotPlain("type", where, type(value).__name__)


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise NotPlain("key", where, type(key).__name__)
    return clean_text(key)


def _number(value: float) -> int | float | None:
    if not math.isfinite(value):
        return None
    return int(value) if abs(value) >= _WHOLE else value


def clean_text(text: str) -> str:
    """Return ``text`` as a plain ``str`` without what PostgreSQL's JSON cannot take."""
    text = str.__str__(text)
    if not text.isascii():
        # Joins the halves of a character that was cut in two, and replaces single ones.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd")
