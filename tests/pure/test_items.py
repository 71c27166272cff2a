"""What is read from an element, how its data are kept, and when too many have failed."""

from collections import OrderedDict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core import items, masking
from pure_ihub.core.items import (
    KEY_LENGTH,
    FailedItemsLimit,
    MissingKey,
    MissingVersion,
    UnorderedVersion,
    cause_of,
    changed,
    fingerprint,
    is_masked,
    is_older,
    is_substitute_key,
    key_at,
    stored_key,
    substitute_key,
    text_at,
    unmasked,
    value_at,
    version_at,
    without_secrets,
)
from pure_ihub.core.text import NotPlain

ORDER = {"id": 4711, "customer": {"email": "a@b.de"}, "lines": [{"sku": "X"}], "a.b": 1}


def packed(value, reference=lambda _one: None):
    return items.packed(value, reference)


def unpacked(text, resolve=None):
    return items.unpacked(text, resolve)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("id", 4711),
        ("customer.email", "a@b.de"),
        ("lines.0.sku", "X"),
        ("a.b", 1),
        (lambda order: order["id"] + 1, 4712),
    ],
)
def test_a_value_is_found_by_field_path_or_callable(where, value):
    assert value_at(ORDER, where) == value


def test_a_value_of_a_tuple_and_of_an_object():
    assert value_at(("A", "B"), "1") == "B"
    assert value_at(SimpleNamespace(a=SimpleNamespace(b=7)), "a.b") == 7


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": ""}, {"id": "  "}, {"id": False}, 5])
def test_an_element_without_a_key_says_so(data):
    with pytest.raises(MissingKey):
        key_at(data, "id")


def test_zero_is_a_key():
    assert key_at({"id": 0}, "id") == "0"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), ("A\nB", "A"), (None, None), (False, None)])
def test_a_name_or_version_may_be_zero_but_not_nothing(value, text):
    assert text_at({"name": value}, "name") == text


def test_long_keys_are_told_apart_by_their_ends():
    long = "x" * 5000
    one, other = stored_key(long + "1"), stored_key(long + "2")
    assert one != other
    assert len(one) < KEY_LENGTH + 20


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("?0123456789abcdef", True),
        # Of messages: each is one of its own.
        ("?0123456789abcdef-17", True),
        ("?17", False),
        ("?", False),
        ("?0123456789abcdee", False),
        ("?0123456789abcdef-a", False),
        ("0123456789abcdef", False),
    ],
)
def test_a_substitute_key_is_told_from_one_that_begins_alike(key, is_one):
    assert is_substitute_key(key, "0123456789abcdef" * 2) is is_one
    assert not is_substitute_key(key, None)
    assert is_substitute_key(substitute_key("ab" * 16, "1-1"), "ab" * 16)


def test_a_key_has_no_null():
    assert "\x00" not in stored_key("a\x00b")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.just("$") | st.integers(), inner)
        | st.sets(st.integers() | st.text())
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_kept_comes_back_equal(value):
    text = packed(value)
    assert unpacked(text) == value
    assert text.isascii() and "\x00" not in text


def test_kinds_come_back_as_they_were():
    for value in ((1, 2), [1, 2], {1}, 1.0, Decimal("1.10"), date(2026, 1, 1), time(1), b"\x00"):
        assert type(unpacked(packed(value))) is type(value)
    assert unpacked(packed("\x00\ud800")) == "\x00\ud800"


def test_moments_of_a_frozen_clock_are_kept():
    with freeze_time("2026-01-01 10:00"):
        moments = [datetime.now(), date.today(), time(10)]
        assert unpacked(packed(moments)) == moments


def test_other_objects_are_known_by_whoever_keeps_them():
    text = packed({"partner": SimpleNamespace(id=7)}, lambda value: ["res.partner", value.id])
    assert unpacked(text, tuple) == {"partner": ("res.partner", 7)}
    with pytest.raises(NotPlain, match="SimpleNamespace"):
        packed([SimpleNamespace()])


def test_what_is_masked_is_told_apart_and_taken_from_what_comes_again(monkeypatch):
    monkeypatch.setattr(masking, "_values", OrderedDict())
    masking.know("4711-4711")
    fresh = {
        "zip": "4711-4711", "is": "***", "mail": "a@b.de", "of": b"4711-4711",
        "all": {"4711-4711"}, "lines": [{"sku": "4711-4711"}, ("4711-4711", 7)],
    }  # fmt: skip
    text = without_secrets(packed(fresh))
    assert "4711" not in text
    kept = unpacked(text)
    assert kept["zip"] == "***"
    assert is_masked(text)
    # Also when people have corrected something beside it, and whatever its texts say.
    again = packed(changed(kept, {"mail": "c@d.de"}))
    assert is_masked(again)
    assert unmasked(unpacked(again), fresh) == {**fresh, "mail": "c@d.de"}
    for whole in ({"$": "masked"}, '{"$": "masked"}', "***"):
        assert not is_masked(packed(whole))


def test_what_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(NotPlain):
        packed(endless)


def test_a_fingerprint_does_not_depend_on_the_order_of_names():
    assert fingerprint(packed({"a": 1, "b": 2})) == fingerprint(packed({"b": 2, "a": 1}))
    assert fingerprint(packed({"a": 1})) != fingerprint(packed({"a": 2}))
    moment = datetime(2026, 1, 1)
    assert fingerprint(packed([moment])) != fingerprint(packed([moment + timedelta(seconds=1)]))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("9", "10"),
        ("9.5", "10"),
        ("2024-12-01", "2024-12-02"),
        # On the day on which clocks are set back; with and without parts of a second; two zones.
        ("2024-10-27T02:30:00+02:00", "2024-10-27T02:10:00+01:00"),
        ("2024-12-01T10:00:00Z", "2024-12-01T10:00:00.123Z"),
        ("2024-07-01T12:00:00+02:00", "2024-07-01T11:30:00Z"),
        ("2024-07-01 10:00:00", "2024-07-01T10:00:01Z"),
        ("0001-01-01T00:00:00+05:00", "2024-07-01"),
        ("a", "b"),
        ("2024-07-01T10:00:00Z", "b"),
    ],
)
def test_which_of_two_versions_is_older(older, newer):
    assert is_older(older, newer)
    assert not is_older(newer, older)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("v9", "v10"),
        ("28.02.2025", "01.03.2025"),
        ("3/9/2025", "3/10/2025"),
        ('W/"9"', 'W/"10"'),
        ("Fri, 28 Feb 2025 09:00:00 GMT", "Sat, 01 Mar 2025 09:00:00 GMT"),
        # The type names another field than before.
        ("9", "2025-03-01T09:00:00Z"),
    ],
)
def test_of_versions_that_cannot_be_ordered_none_is_older(one, other):
    assert not is_older(one, other)
    assert not is_older(other, one)


@pytest.mark.parametrize(
    "version",
    [0, 10, "10.5", "2025-03-01", "20250301T1200", datetime(2025, 3, 1), date(2025, 3, 1), "b"],
)
def test_numbers_and_moments_and_words_are_versions(version):
    assert version_at({"at": version}, "at") == str(version)


@pytest.mark.parametrize("version", ["v10", "01.03.2025", "3/10/2025", 'W/"10"', b"10", [1]])
def test_other_versions_are_refused(version):
    with pytest.raises(UnorderedVersion) as refused:
        version_at({"at": version}, "at")
    assert str(refused.value) == str(version)


@pytest.mark.parametrize("version", [None, False, "", " "])
def test_an_element_may_say_that_it_has_no_version(version):
    assert version_at({"at": version}, "at") is None


@pytest.mark.parametrize("where", ["updated", "at.there", lambda data: data["updated"]])
def test_a_version_that_is_looked_for_in_vain_is_missing(where):
    with pytest.raises(MissingVersion):
        version_at({"at": "7"}, where)


@pytest.mark.parametrize("same", ["7", "2024-12-01T10:00:00Z", "a"])
def test_what_is_as_new_or_says_nothing_is_not_older(same):
    assert not is_older(same, same)
    assert not is_older(None, same)
    assert not is_older(same, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SKU 'A-1' is unknown.", "SKU 'B-22' is unknown."),
        ("Order 4711 has no customer", "Order 4712 has no customer"),
        ("Mail x@y.de is wrong", "Mail long.name@example.com is wrong"),
        ('KeyError: "street"', 'KeyError: "city"'),
        ("Artikel „A“ fehlt", "Artikel „B“ fehlt"),
    ],
)
def test_messages_about_different_values_have_one_cause(one, other):
    assert cause_of(one) == cause_of(other)
    assert "…" in cause_of(one)


def test_different_troubles_have_different_causes():
    assert cause_of("SKU 'A' is unknown") != cause_of("SKU 'A' is archived")
    assert cause_of("") == "…"


@pytest.mark.parametrize(
    ("failed", "tried", "is_exceeded"),
    [
        (1, 1, False),
        (9, 9, False),
        (10, 10, True),
        (10, 20, False),
        (11, 20, True),
        (100, 100_000, False),
        (101, 100_000, True),
    ],
)
def test_too_many_failures_by_number_or_share(failed, tried, is_exceeded):
    assert FailedItemsLimit(100, 50).is_exceeded(failed, tried) is is_exceeded


def test_what_is_changed_is_changed_in_a_copy():
    corrected = changed(ORDER, {"customer.email": "c@d.de", "lines.0.sku": "Y"})
    assert corrected["customer"]["email"] == "c@d.de"
    assert corrected["lines"] == [{"sku": "Y"}]
    assert ORDER["customer"]["email"] == "a@b.de"
    assert changed(ORDER, {"nowhere.at.all": 1, "lines.9.sku": 1}) == ORDER


def test_only_what_has_names_in_common_is_a_table():
    """The cells would be the square of what came, and nobody could open the page."""
    lines = [{"sku": number, "note": "x"} if number % 2 else {"sku": number} for number in range(9)]
    assert items.outline(lines, {}, 100_000)[0] == "table"
    kind, ones = items.outline([{f"name {n}": n} for n in range(3_000)], {}, 100_000)
    assert kind == "list"
    assert ones[7] == ("fields", [("Name 7", ("text", "7"))])


@pytest.mark.parametrize("value", [1, None, [], {}, {"a": [{}]}])
def test_what_has_no_text_is_not_endless_either(value):
    kind, ones = items.outline([value] * 100_000, {}, 100_000)
    assert len(ones if kind == "list" else ones[1]) <= 20_001
