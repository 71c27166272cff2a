"""The European Central Bank's feeds of reference rates: which one to fetch, and how to read it.

A feed says how many units of a currency one euro cost on a day. It has days on which the bank
worked only, and is published around 16:00 in Frankfurt.
"""

import re
from datetime import date, timedelta, timezone
from typing import NamedTuple

from lxml import etree

DAILY = "eurofxref-daily.xml"
LAST_90_DAYS = "eurofxref-hist-90d.xml"
SINCE_1999 = "eurofxref-hist.xml"

FRANKFURT = "Europe/Berlin"
EURO = "EUR"
MAX_BYTES = 32 * 1024 * 1024

_ENVELOPE = "{http://www.gesmes.org/xml/2002-08-01}Envelope"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?\Z")
_WEB_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
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
