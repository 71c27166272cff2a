"""Anything becomes text, and structures become JSON."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ihub_lib.serialize import clean, first_line, to_text
from lxml import etree


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
