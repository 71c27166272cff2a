"""What is kept as JSON comes back equal, is cleaned, or is refused."""

import datetime
import enum
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core.text import DEPTH_LIMIT, SIZE_LIMIT, NotPlain, plain
from schedule_strategies import bounded

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


class Page(enum.IntEnum):
    SECOND = 2


class Records:
    """Stands for a recordset: it can be iterated over."""

    def __iter__(self):
        return iter((1, 2))


def deep(levels):
    value = 1
    for _level in range(levels):
        value = [value]
    return value


def refused(value):
    with pytest.raises(NotPlain) as caught:
        plain(value, "resume")
    return caught.value


@bounded()
@given(VALUES)
def test_what_json_has_comes_back_equal(value):
    assert json.loads(json.dumps(plain(value, "resume"))) == value


@pytest.mark.parametrize("value", [1e16, 1e23, -1.5e300, 2.0**53])
def test_large_floats_are_handed_over_as_the_integers_they_are(value):
    """PostgreSQL writes 1e23 as 100000000000000000000000, which is another number."""
    kept = plain(value, "resume")
    assert isinstance(kept, int)
    assert kept == value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ufeffBOM", "\ufeffBOM"),
        ("\x01\x1f", "\x01\x1f"),
        ({"k\x00": ["\udfff"]}, {"k\ufffd": ["\ufffd"]}),
        (float("nan"), None),
        ([float("inf"), float("-inf")], [None, None]),
        (Page.SECOND, 2),
    ],
)
def test_what_cannot_be_stored_is_cleaned(value, kept):
    assert plain(value, "resume") == kept


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2025, 3, 1),
        datetime.date(2025, 3, 1),
        datetime.timedelta(1),
        {1, 2},
        (1, 2),
        b"bytes",
        Decimal("1.5"),
        Records(),
        iter([1]),
        {}.keys(),
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_come_back_as_something_else_is_refused(value):
    error = refused({"orders": [1, value]})
    assert (error.reason, error.where) == ("type", "resume['orders'][1]")
    assert error.kind == type(value).__name__


@pytest.mark.parametrize("key", [1, None, True, 1.5, (1, 2)])
def test_keys_that_would_become_text_are_refused(key):
    error = refused([{key: 1}])
    assert (error.reason, error.where, error.kind) == ("key", "resume[0]", type(key).__name__)


def test_size_has_a_bound():
    assert plain("x" * (SIZE_LIMIT - 2), "resume")
    assert refused("x" * SIZE_LIMIT).reason == "size"
    assert refused(10**5000).reason == "size"


def test_depth_has_a_bound_and_so_has_what_contains_itself():
    assert plain(deep(DEPTH_LIMIT), "resume")
    assert refused(deep(DEPTH_LIMIT + 1)).reason == "depth"
    endless = []
    endless.append(endless)
    assert refused(endless).reason == "depth"


def test_the_copy_is_not_changed_with_the_original():
    given = {"seen": [1]}
    kept = plain(given, "resume")
    given["seen"].append(2)
    assert kept == {"seen": [1]}
