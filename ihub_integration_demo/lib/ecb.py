"""The European Central Bank's feeds of reference rates: which one to fetch, and how to read it.

A feed says how many units of a currency one euro cost on a day. It has days on which the bank
worked only, and is published around 16:00 in Frankfurt.
"""

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple

from dateutil.easter import easter
from lxml import etree

DAILY = "eurofxref-daily.xml"
LAST_90_DAYS = "eurofxref-hist-90d.xml"
SINCE_1999 = "eurofxref-hist.xml"

FRANKFURT = "Europe/Berlin"
PUBLISHED_AT = time(16)
EURO = "EUR"
MAX_BYTES = 32 * 1024 * 1024

_ENVELOPE = "{http://www.gesmes.org/xml/2002-08-01}Envelope"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?\Z")
_WEB_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
# Month and day. Good Friday and Easter Monday move.
_FIXED_HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
_EASTER_HOLIDAYS = {timedelta(days=-2), timedelta(days=1)}
_SHORTEST_WAIT = timedelta(minutes=15)
_LONGEST_WAIT = timedelta(hours=4)
# The 90 days end with the last publication, which over holidays is days ago.
_REACH_OF_90_DAYS = timedelta(days=80)


class FeedError(ValueError):
    """What was fetched cannot be used."""


class NotAFeed(FeedError):
    """It is something else: a web page, other XML, or nothing at all."""


class BrokenFeed(FeedError):
    """It is damaged, or a value in it makes no sense."""


class HostileFeed(FeedError):
    """It has parts that such a feed never has and that are used for attacks."""


class DayRates(NamedTuple):
    """The rates of one day: ``rates[currency]`` units of that currency for one euro."""

    day: date
    rates: dict

    def relative_to(self, base):
        """Return units of each currency for one unit of ``base``; None if ``base`` has no rate."""
        rates = {EURO: 1.0, **self.rates}
        if base not in rates:
            return None
        return {currency: rate / rates[base] for currency, rate in rates.items()}


def local_day(moment, zone):
    """Return the day that it is in ``zone`` at ``moment``, a naive UTC datetime."""
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).date()


def days_touched(_from, _to, zone):
    """Return the first and the last day that a window touches; None if the window is empty.

    :param datetime _from: naive UTC
    :param datetime _to: naive UTC, not part of the window
    :param tzinfo zone: says when a day begins
    """
    if _from >= _to:
        return None
    return local_day(_from, zone), local_day(_to - timedelta(microseconds=1), zone)


def is_working_day(day):
    """Return whether the bank publishes rates on ``day``, a date: the calendar of TARGET days.

    It is the one in force since 2002; for earlier days, ask the feed.
    """
    is_holiday = (day.month, day.day) in _FIXED_HOLIDAYS
    return day.weekday() < 5 and not is_holiday and day - easter(day.year) not in _EASTER_HOLIDAYS


def published_at(day, zone):
    """Return when the rates of ``day`` are to be published, naive UTC.

    :param date day: a working day
    :param tzinfo zone: that of Frankfurt
    """
    moment = datetime.combine(day, PUBLISHED_AT, zone)
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def first_missing(_from, _to, newest, zone):
    """Return the first day whose rates belong to a window and are still to come, or None.

    Rates belong to the window in which they are to be published: as windows tile the time line,
    each day has exactly one that waits for it. What the bank left out before the newest day of its
    feed does not come any more.

    :param datetime _from: naive UTC
    :param datetime _to: naive UTC, not part of the window
    :param date newest: the newest day that is published
    :param tzinfo zone: that of Frankfurt
    """
    first, last = days_touched(_from, _to, zone)
    day = max(first, newest + timedelta(days=1))
    while day <= last:
        if is_working_day(day) and _from <= published_at(day, zone) < _to:
            return day
        day += timedelta(days=1)
    return None


def wait_for(day, now, zone):
    """Return the seconds after which to look again for the rates of ``day``.

    They are as many as the bank is late already, within bounds: so few attempts go far.

    :param datetime now: naive UTC
    """
    late = abs(now - published_at(day, zone))
    return min(max(late, _SHORTEST_WAIT), _LONGEST_WAIT).total_seconds()


def feed_reaching(first, today):
    """Return the name of the smallest feed that has all days from ``first`` on.

    The daily feed has one day only, which is not always today: it is enough when no earlier day
    is asked for.

    :param date first: the first day that is needed
    :param date today: in Frankfurt
    """
    if first >= today:
        return DAILY
    return LAST_90_DAYS if first >= today - _REACH_OF_90_DAYS else SINCE_1999


def parse(content):
    """Return the :class:`DayRates` of a feed, oldest first.

    :param bytes content: the feed
    :raise FeedError: one of its subclasses
    """
    root = _parse_xml(content)
    if root.tag != _ENVELOPE:
        raise NotAFeed("other XML")
    days = {}
    for cube in root.iterfind(f"{_CUBE}/{_CUBE}"):
        day, rates = _parse_day(cube)
        if days.setdefault(day, rates) != rates:
            raise BrokenFeed(f"two different sets of rates for {day}")
    if not days:
        raise NotAFeed("no rates")
    return [DayRates(day, days[day]) for day in sorted(days)]


def _parse_xml(content):
    if len(content) > MAX_BYTES:
        raise HostileFeed("too large")
    if not content.strip():
        raise NotAFeed("empty")
    if _WEB_PAGE.search(content[:4096]):
        raise NotAFeed("web page")
    if b"<!doctype" in content.lower():
        raise HostileFeed("document type declaration")
    try:
        root = etree.fromstring(content, _safe_parser())
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise BrokenFeed(str(exc)) from None
    # Once more, for encodings in which the bytes above look different.
    if root.getroottree().docinfo.doctype:
        raise HostileFeed("document type declaration")
    return root


def _safe_parser():
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parse_day(cube):
    try:
        day = date.fromisoformat(cube.get("time", ""))
    except ValueError:
        raise BrokenFeed(f"not a day: {cube.get('time')!r:.40}") from None
    rates = {}
    for row in cube.iterfind(_CUBE):
        currency, rate = row.get("currency", ""), row.get("rate", "")
        if not _CURRENCY.match(currency) or not _RATE.match(rate) or not float(rate):
            raise BrokenFeed(f"not a rate on {day}: {currency!r:.10} {rate!r:.30}")
        if rates.setdefault(currency, float(rate)) != float(rate):
            raise BrokenFeed(f"two rates of {currency} on {day}")
    return day, rates
