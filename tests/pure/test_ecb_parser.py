import importlib.util
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_strategies import ZONES, bounded

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "ecb"


def load_without_odoo(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ecb = load_without_odoo(ROOT / "ihub_integration_demo" / "lib" / "ecb.py")

HEAD = (
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
    'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
)


def feed(days):
    return f"{HEAD}<Cube>{days}</Cube></gesmes:Envelope>".encode()


def day(time="2026-03-13", currency="USD", rate="1.0840"):
    return f'<Cube time="{time}"><Cube currency="{currency}" rate="{rate}"/></Cube>'


def test_daily_feed():
    (only,) = ecb.parse((DATA / ecb.DAILY).read_bytes())
    assert only.day == date(2026, 3, 13)
    assert only.rates["USD"] == 1.084
    assert len(only.rates) == 9


@pytest.mark.parametrize(("name", "count"), [(ecb.LAST_90_DAYS, 7), (ecb.SINCE_1999, 11)])
def test_history_is_returned_oldest_first(name, count):
    days = [entry.day for entry in ecb.parse((DATA / name).read_bytes())]
    assert len(days) == count
    assert days == sorted(days)


def test_currencies_differ_from_day_to_day():
    days = {entry.day: entry.rates for entry in ecb.parse((DATA / ecb.SINCE_1999).read_bytes())}
    assert set(days[date(1999, 1, 4)]) == {"USD", "JPY", "GBP", "CHF"}
    assert "RUB" in days[date(2022, 3, 1)]
    assert "RUB" not in days[date(2026, 3, 13)]


def test_a_day_in_two_places_is_harmless_when_both_say_the_same():
    assert len(ecb.parse(feed(day() + day()))) == 1


@pytest.mark.parametrize("name", ["billion-laughs.xml", "external-entity.xml"])
def test_hostile_xml_is_refused(name):
    with pytest.raises(ecb.HostileFeed):
        ecb.parse((DATA / name).read_bytes())


@pytest.mark.parametrize("name", ["billion-laughs.xml", "external-entity.xml"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-7"])
def test_hostile_xml_is_refused_in_other_encodings(name, encoding):
    text = (DATA / name).read_text().replace('"1.0"', f'"1.0" encoding="{encoding}"')
    with pytest.raises((ecb.HostileFeed, ecb.BrokenFeed)):
        ecb.parse(text.encode(encoding))


def test_too_much_is_refused_unread():
    with pytest.raises(ecb.HostileFeed):
        ecb.parse(b" " * (ecb.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "content",
    [
        feed(f"<Cube>{'x' * 11_000_000}</Cube>"),
        feed("<Cube>" * 5000),
        feed(day(rate="1" * 1_000_000)),
        feed(day(time="2" * 1_000_000)),
    ],
    ids=["huge text", "deep", "huge rate", "huge time"],
)
def test_huge_parts_are_refused(content):
    with pytest.raises(ecb.FeedError) as caught:
        ecb.parse(content)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        (DATA / "web-page.html").read_bytes(),
        b"<html><body>moved</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html/>',
        b"<rss/>",
        feed(""),
        b'<Envelope><Cube><Cube time="2026-03-13"/></Cube></Envelope>',
    ],
)
def test_something_else_is_not_a_feed(content):
    with pytest.raises(ecb.NotAFeed):
        ecb.parse(content)


@pytest.mark.parametrize(
    "content",
    [
        (DATA / "truncated.xml").read_bytes(),
        b"PK\x03\x04 a packed file",
        b"\x00\x01\x02",
        b'<?xml version="1.0" encoding="no-such-thing"?><x/>',
        feed(day(time="yesterday")),
        feed(day(time="2026-02-30")),
        feed(day(time="")),
        feed('<Cube><Cube currency="USD" rate="1"/></Cube>'),
        feed(day(currency="usd")),
        feed(day(currency="US")),
        feed(day(rate="0")),
        feed(day(rate="0.000")),
        feed(day(rate="-1.5")),
        feed(day(rate="NaN")),
        feed(day(rate="1e5")),
        feed(day(rate="1,084")),
        feed(day(rate="\u0661")),
        feed(day(rate="")),
        feed(day() + day(rate="1.0841")),
        feed(day().replace("/></Cube>", '/><Cube currency="USD" rate="9"/></Cube>')),
    ],
)
def test_damaged_feed_is_refused_as_a_whole(content):
    with pytest.raises(ecb.BrokenFeed):
        ecb.parse(content)


def test_rates_relative_to_the_euro_are_those_of_the_bank():
    rates = ecb.DayRates(date(2026, 3, 13), {"USD": 1.084, "GBP": 0.84}).relative_to("EUR")
    assert rates == {"EUR": 1.0, "USD": 1.084, "GBP": 0.84}


def test_rates_relative_to_another_currency_go_through_the_euro():
    rates = ecb.DayRates(date(2026, 3, 13), {"USD": 1.084, "GBP": 0.84}).relative_to("GBP")
    assert rates["GBP"] == 1.0
    assert rates["EUR"] == pytest.approx(1 / 0.84)
    assert rates["USD"] == pytest.approx(1.084 / 0.84)


def test_rates_relative_to_a_currency_without_one():
    assert ecb.DayRates(date(2026, 3, 13), {"USD": 1.084}).relative_to("XAF") is None


@pytest.mark.parametrize(
    ("start", "end", "tz", "first", "last"),
    [
        # a day in UTC touches itself only
        ("2026-03-12 00:00", "2026-03-13 00:00", "UTC", "2026-03-12", "2026-03-12"),
        ("2026-03-12 00:00", "2026-03-13 00:01", "UTC", "2026-03-12", "2026-03-13"),
        # from 17:00 to 17:00 in Berlin touches two days
        ("2026-03-12 16:00", "2026-03-13 16:00", "Europe/Berlin", "2026-03-12", "2026-03-13"),
        # midnight in Berlin is 23:00 UTC in winter, 22:00 in summer
        ("2026-03-12 23:00", "2026-03-13 23:00", "Europe/Berlin", "2026-03-13", "2026-03-13"),
        ("2026-07-12 22:00", "2026-07-13 22:00", "Europe/Berlin", "2026-07-13", "2026-07-13"),
        # an hour in the evening of UTC is the next day in Auckland
        ("2026-03-12 20:00", "2026-03-12 21:00", "Pacific/Auckland", "2026-03-13", "2026-03-13"),
    ],
)
def test_days_touched(start, end, tz, first, last):
    window = datetime.fromisoformat(start), datetime.fromisoformat(end)
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert ecb.days_touched(*window, ZoneInfo(tz)) == days


def test_an_empty_window_touches_no_day():
    moment = datetime(2026, 3, 12, 9)
    assert ecb.days_touched(moment, moment, ZoneInfo("UTC")) is None
    assert ecb.days_touched(moment, moment - timedelta(hours=1), ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("2026-03-14", ecb.DAILY),
        ("2026-03-13", ecb.DAILY),
        ("2026-03-12", ecb.LAST_90_DAYS),
        ("2026-01-01", ecb.LAST_90_DAYS),
        ("2025-12-01", ecb.SINCE_1999),
        ("1999-01-04", ecb.SINCE_1999),
        ("0001-01-01", ecb.SINCE_1999),
    ],
)
def test_the_smallest_feed_that_reaches_back_far_enough(first, name):
    assert ecb.feed_reaching(date.fromisoformat(first), date(2026, 3, 13)) == name


def test_today_is_today_in_frankfurt():
    late = datetime(2026, 3, 12, 23, 30)
    assert ecb.local_day(late, ZoneInfo(ecb.FRANKFURT)) == date(2026, 3, 13)


BANK = ZoneInfo(ecb.FRANKFURT)


@pytest.mark.parametrize(
    "holiday",
    # of TARGET: New Year, Good Friday, Easter Monday, 1 May, Christmas
    [
        "2025-01-01",
        "2025-04-18",
        "2025-04-21",
        "2025-05-01",
        "2025-12-25",
        "2025-12-26",
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-12-25",
        "2024-03-29",
        "2024-04-01",
    ],
)
def test_holidays_of_the_bank(holiday):
    assert not ecb.is_working_day(date.fromisoformat(holiday))


@pytest.mark.parametrize(
    "day",
    # around Easter, Ascension Day, Whit Monday, German unity, New Year's Eve
    [
        "2026-04-02",
        "2026-04-07",
        "2026-05-14",
        "2026-05-25",
        "2025-10-03",
        "2026-12-24",
        "2026-12-31",
        "2026-01-02",
    ],
)
def test_other_days_are_working_days(day):
    assert ecb.is_working_day(date.fromisoformat(day))


def test_weekends_are_no_working_days():
    monday = date(2026, 3, 9)
    week = [ecb.is_working_day(monday + timedelta(days=day)) for day in range(7)]
    assert week == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("day", "moment"), [("2026-03-13", "2026-03-13 15:00"), ("2026-07-13", "2026-07-13 14:00")]
)
def test_publication_is_at_16_hours_in_frankfurt(day, moment):
    published = ecb.published_at(date.fromisoformat(day), BANK)
    assert published == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("start", "end", "newest", "missing"),
    [
        # 17:00 to 17:00 in Frankfurt, on a Friday
        ("2026-03-12 16:00", "2026-03-13 16:00", "2026-03-13", None),
        ("2026-03-12 16:00", "2026-03-13 16:00", "2026-03-12", "2026-03-13"),
        ("2026-03-12 16:00", "2026-03-13 16:00", "2026-03-11", "2026-03-13"),
        # until just before, and until 16:00 itself, which is in the next window
        ("2026-03-12 16:00", "2026-03-13 14:59", "2026-03-12", None),
        ("2026-03-12 16:00", "2026-03-13 15:00", "2026-03-12", None),
        ("2026-03-13 15:00", "2026-03-13 15:01", "2026-03-12", "2026-03-13"),
        # midnight to midnight in Sydney: what was published in the night before
        ("2026-03-12 13:00", "2026-03-13 13:00", "2026-03-12", None),
        ("2026-03-12 13:00", "2026-03-13 13:00", "2026-03-11", "2026-03-12"),
        # Saturday and Sunday; Good Friday to Easter Monday
        ("2026-03-13 23:00", "2026-03-15 23:00", "2026-03-13", None),
        ("2026-04-02 22:00", "2026-04-06 22:00", "2026-04-02", None),
        ("2026-04-02 22:00", "2026-04-07 22:00", "2026-04-02", "2026-04-07"),
        # what the bank left out before its newest day does not come any more
        ("2026-03-09 16:00", "2026-03-12 16:00", "2026-03-13", None),
        ("1999-12-31 00:00", "2000-01-01 00:00", "2026-03-13", None),
        # some of it, and never of it
        ("1999-01-01 00:00", "2026-03-13 16:00", "2026-03-12", "2026-03-13"),
        ("0001-01-02 00:00", "9999-12-30 00:00", "2026-03-12", "2026-03-13"),
    ],
)
def test_the_first_missing_day(start, end, newest, missing):
    window = datetime.fromisoformat(start), datetime.fromisoformat(end)
    found = ecb.first_missing(*window, date.fromisoformat(newest), BANK)
    assert found == (missing and date.fromisoformat(missing))


@bounded()
@given(
    st.sampled_from(ZONES),
    st.times(),
    st.lists(st.integers(1, 5 * 24 * 60), min_size=1, max_size=20),
    st.dates(date(2003, 1, 1), date(2035, 1, 1)),
)
def test_of_windows_that_tile_exactly_one_waits_for_each_working_day(zone, time, lengths, newest):
    moment = datetime.combine(newest, time, ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    start = _from = moment.replace(tzinfo=None)
    waited_for = []
    for length in lengths:
        _to = _from + timedelta(minutes=length)
        before = newest - timedelta(days=9)
        while missing := ecb.first_missing(_from, _to, before, BANK):
            waited_for.append(missing)
            before = missing
        _from = _to
    days = [newest + timedelta(days=day) for day in range(-3, sum(lengths) // 1440 + 5)]
    assert waited_for == [
        day
        for day in days
        if ecb.is_working_day(day) and start <= ecb.published_at(day, BANK) < _to
    ]


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        ("2026-03-13 15:01", 15),
        ("2026-03-13 16:05", 65),
        ("2026-03-13 18:00", 180),
        ("2026-03-16 09:00", 240),
        ("2026-03-13 13:00", 120),
    ],
)
def test_the_later_the_bank_is_the_longer_is_the_wait(now, minutes):
    wait = ecb.wait_for(date(2026, 3, 13), datetime.fromisoformat(now), BANK)
    assert wait == minutes * 60
