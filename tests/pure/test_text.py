"""Anything becomes text, and structures become JSON."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import tracemalloc
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pure_ihub.core.text import clean, first_line, to_text


class Silent:
    def __str__(self):
        raise ValueError("no")

    __repr__ = __str__


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __iter__(self):
        raise RuntimeError("iter")

    __str__ = __repr__ = __len__ = __bool__ = __hash__ = __eq__ = __iter__


class Shouting(str):
    def __str__(self):
        return "other"

    def replace(self, *args):
        raise ValueError("no")


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


Pair = collections.namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ([1, "b", None, True], [1, "b", None, True]),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
        (Pair(1, 2), {"left": 1, "right": 2}),
        ({"d": datetime.date(2025, 3, 1)}, {"d": "2025-03-01"}),
        ({"d": datetime.datetime(2025, 3, 1, 12)}, {"d": "2025-03-01T12:00:00"}),
        ({"n": decimal.Decimal("1.10")}, {"n": "1.10"}),
        ({"c": Colour.RED}, {"c": "red"}),
        ({1: {None: 2}}, {"1": {"None": 2}}),
        ({"b": b"abc", "raw": b"\xff"}, {"b": "abc", "raw": "base64:/w=="}),
        ({"f": math.nan, "i": math.inf}, {"f": "nan", "i": "inf"}),
        ({"big": 2**80}, {"big": str(2**80)}),
        ({"text": Shouting("x")}, {"text": "x"}),
        ({"o": Silent()}, {"o": "<Silent, cannot be shown>"}),
        ({"h": Hostile()}, {"h": "<Hostile, cannot be shown>"}),
    ],
)
def test_structure_is_json(value, expected):
    assert json.loads(to_text(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("text", "text"),
        (Shouting("text"), "text"),
        (b"bytes", "bytes"),
        (b"\xff\x00", "\\xff\x00"),
        (7, "7"),
        (False, "False"),
        (datetime.date(2025, 3, 1), "2025-03-01"),
        (decimal.Decimal("1.10"), "1.10"),
        (Silent(), "<Silent, cannot be shown>"),
        (etree.fromstring("<a><b/></a>"), "<a>\n  <b/>\n</a>"),
    ],
)
def test_single_value_is_text(value, expected):
    assert to_text(value) == expected


def test_exception_is_its_traceback():
    try:
        raise ValueError("broken") from KeyError("cause")
    except ValueError as error:
        text = to_text(error)
    assert text.startswith("KeyError: 'cause'")
    assert text.endswith("ValueError: broken")
    assert "test_exception_is_its_traceback" in text


def test_circle_ends():
    circle = {"name": "circle"}
    circle["self"] = circle
    assert json.loads(to_text(circle)) == {"name": "circle", "self": "…"}


def test_depth_ends():
    deep = bottom = []
    for __ in range(100_000):
        bottom.append([])
        bottom = bottom[0]
    assert "…" in to_text(deep)


def test_same_value_twice_is_no_circle():
    shared = [1]
    assert json.loads(to_text([shared, shared])) == [[1], [1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "a␀b"),
        ("\x1b[31mred", "␛[31mred"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("tab\tand\r\nline", "tab\tand\r\nline"),
        ("שלום e\u0301 🎉", "שלום e\u0301 🎉"),
        ("<b>Peter</b> <peter@example.com>", "<b>Peter</b> <peter@example.com>"),
    ],
)
def test_what_cannot_be_stored_is_made_visible(text, expected):
    assert clean(text) == expected


def test_first_line():
    assert first_line("\n\n  one \ntwo", 10) == "one"
    assert first_line("x" * 20, 10) == "x" * 9 + "…"
    assert first_line(" \n ", 10) == ""


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.decimals() | st.datetimes() | st.complex_numbers() | st.builds(Silent)
    | st.just(Colour.RED),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner)
    | st.tuples(inner, inner) | st.builds(Point, inner, inner),
    max_leaves=20,
)  # fmt: skip


@given(ANYTHING)
def test_anything_is_text_that_can_be_stored(value):
    text = to_text(value)
    if value is None:
        assert text is None
        return
    assert type(text) is str
    assert "\x00" not in clean(text)
    clean(text).encode()


@given(st.dictionaries(st.text(), ANYTHING, min_size=1))
def test_a_dictionary_is_always_json(value):
    assert isinstance(json.loads(to_text(value)), dict)


# --- How long it may become ---


class Endless(collections.abc.Mapping):
    """A mapping whose items never end."""

    def __getitem__(self, key):
        return "x" * 100

    def __iter__(self):
        number = 0
        while True:
            yield f"key {number}"
            number += 1

    def __len__(self):
        return 1


class EndlessSequence(collections.abc.Sequence):
    def __getitem__(self, index):
        return "x" * 100

    def __len__(self):
        return 10**12


class Loud:
    def __repr__(self):
        return "x" * 100_000


def deep_element(count):
    root = element = etree.Element("a")
    for __ in range(count):
        element = etree.SubElement(root, "b")
        element.text = "x" * 100
    return root


def failed_often(count):
    error = None
    for number in range(count):
        following = ValueError(f"{number} " + "x" * 1_000)
        following.__cause__ = error
        error = following
    return error


LONG = {
    "text": lambda: "x" * 100_000,
    "bytes": lambda: b"x" * 100_000,
    "bytes that are no text": lambda: b"\xff" * 100_000,
    "memory": lambda: memoryview(bytearray(b"x" * 100_000)),
    "list": lambda: ["x" * 1_000] * 1_000,
    "keys": lambda: {f"key {number}": number for number in range(50_000)},
    "long keys": lambda: {"x" * 50_000 + str(number): 1 for number in range(10)},
    "bytes inside": lambda: {"a": b"x" * 100_000, "b": b"\xff" * 100_000},
    "mapping": Endless,
    "sequence": EndlessSequence,
    "deque": lambda: collections.deque(range(100_000)),
    "values": lambda: dict.fromkeys(range(100_000)).values(),
    "values of another mapping": lambda: Endless().values(),
    "namespace": lambda: types.SimpleNamespace(a=["x" * 1_000] * 1_000),
    "repr": Loud,
    "repr inside": lambda: [Loud(), Loud()],
    "exception": lambda: ValueError("x" * 100_000),
    "exception of bytes": lambda: ValueError(b"x" * 100_000),
    "exceptions": lambda: failed_often(200),
    "XML": lambda: deep_element(10_000),
    "number": lambda: 10**400_000,
    "numbers": lambda: [1 << 10_000_000] * 10,
}


@pytest.mark.parametrize("name", LONG)
def test_text_has_a_bound(name):
    text = to_text(LONG[name](), 5_000)
    assert 10 < len(text) < 25_000


@pytest.mark.parametrize("name", ["bytes", "list", "mapping", "sequence", "XML", "exceptions"])
def test_memory_has_a_bound(name):
    value = LONG[name]()
    tracemalloc.start()
    to_text(value, 5_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_end_of_a_long_exception_stays():
    text = to_text(failed_often(200), 20_000)
    assert text.startswith("ValueError: 0 xxx")
    assert "ValueError: 199 xxx" in text
    assert "…" in text


def test_what_is_short_enough_is_whole():
    for text in ("x" * 5_000, json.dumps(["x" * 100] * 40)):
        assert to_text(text, 5_000) == text


@pytest.mark.parametrize("cut", range(995, 1_000))
def test_a_character_of_several_bytes_is_not_split(cut):
    assert set(to_text(("a" * 3 + "é" * 1_000).encode(), cut)) <= {"a", "é", "…"}


def test_what_never_ends_and_has_no_length_is_not_read():
    numbers = iter(range(5))
    assert "range_iterator" in to_text(numbers)
    assert to_text(number for number in numbers).startswith("<generator")
    assert list(numbers) == [0, 1, 2, 3, 4]


# --- Secrets in structures ---

SECRET = "hunter2 with, all; (kinds] of 'signs\""


@dataclasses.dataclass
class Login:
    user: str
    password: object


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"a": [{"X-Api-Key": SECRET}]},
        {"credentials": {"user": SECRET, "more": [SECRET]}},
        {"passwords": [SECRET]},
        {b"password": SECRET},
        {"password": SECRET.encode()},
        {"password": Login(SECRET, 1)},
        Login("x", SECRET),
        [Login("x", Login("y", SECRET))],
        [("Authorization", SECRET)],
        [["X-Api-Key", SECRET]],
        [(b"cookie", SECRET)],
        {"auth": ("user", SECRET)},
        {"headers": [{"name": "X-Api-Key", "value": SECRET}]},
        {"value": SECRET, "key": "client_secret", "type": "text"},
        types.SimpleNamespace(token=SECRET),
        collections.OrderedDict(accessToken=SECRET),
    ],
)
def test_secret_in_a_structure_is_hidden(value):
    text = to_text(value)
    assert "hunter2" not in text
    assert "***" in text
    json.loads(text)


@pytest.mark.parametrize(
    "value",
    [
        {"monkey": "Peter", "keyboard": "de", "token_count": 3, "secretary": "Mrs Miller"},
        {"password": None, "has_password": True, "tokens": 17},
        [{"name": "city", "value": "Bern"}, {"key": "name", "value": "Peter"}],
        [["name", "Peter"], ["key", "A-1"]],
        {"login": ["user", "mail"], "auth": "oauth2", "code": "EUR"},
    ],
)
def test_what_is_no_secret_in_a_structure_is_left(value):
    assert json.loads(to_text(value)) == value
