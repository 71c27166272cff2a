import importlib.util
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

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
