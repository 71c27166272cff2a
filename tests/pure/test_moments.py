"""Moments as programs and people give them."""

from datetime import date, datetime, timedelta, timezone

import pytest
from pure_ihub.core.moments import FIRST, LAST, InvalidMoment, MomentOutOfRange, parse

MAY = datetime(2026, 5, 1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-05-01T00:00:00Z", MAY),
        ("2026-05-01T00:00:00", MAY),
        ("2026-05-01 00:00:00", MAY),
        ("2026-05-01T02:00:00+02:00", MAY),
        ("2026-04-30T18:30:00-0530", MAY),
        ("2026-05-01T00:00:00.987654Z", MAY),
        ("2026-05-01", MAY),
        ("20260501T000000Z", MAY),
        (" 2026-05-01 00:00 ", MAY),
        (date(2026, 5, 1), MAY),
        (datetime(2026, 5, 1, 0, 0, 0, 5), MAY),
        (datetime(2026, 5, 1, 2, tzinfo=timezone(timedelta(hours=2))), MAY),
        (FIRST, FIRST),
        (LAST, LAST),
        (None, None),
        (False, None),
        ("", None),
    ],
)
def test_what_is_understood(given, expected):
    assert parse(given) == expected


@pytest.mark.parametrize(
    "given",
    ["abc", "5", 5, 0, 1.5, True, [], {}, b"2026-05-01", "2026-13-01", "01/05/2026",
     "2026-05-01 00:00:00 PM", "2026-05-01\x00", "２０２６-05-01", "now", "2026-05-01T25:00"],
)  # fmt: skip
def test_what_is_no_moment(given):
    with pytest.raises(InvalidMoment) as caught:
        parse(given)
    assert not isinstance(caught.value, MomentOutOfRange)
    assert caught.value.value is given


@pytest.mark.parametrize(
    "given",
    [
        "0001-01-01",
        "9999-12-31 23:59:59",
        datetime.min,
        datetime.max,
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        FIRST - timedelta(seconds=1),
        LAST + timedelta(seconds=1),
    ],
)
def test_what_is_nobodys(given):
    with pytest.raises(MomentOutOfRange):
        parse(given)
