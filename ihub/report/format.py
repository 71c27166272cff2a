"""Moments, periods and intervals in words.

What is on a screen or in a mail is in the language, and on the clocks, of its reader. What is kept,
whoever will read it, is on the clocks of the integration.
"""

import logging
from datetime import datetime, time, timedelta
from operator import ne

import psycopg2
from odoo import fields
from odoo.exceptions import MissingError
from odoo.http import request
from odoo.tools import format_datetime, format_time, formatLang
from odoo.tools.misc import babel_locale_parse, get_lang

from ..core.schedule import UnknownTimezone, find_zone, to_local, to_utc, utc_offset

_logger = logging.getLogger(__name__)

# --- For texts on screen and in mails ---


def local_moment(integration, moment):
    """Return ``moment`` (naive UTC) as the reader of a message reads it."""
    return _moment_text(integration, moment, reader_zone(integration))


def moment_there(integration):
    """Return when the next period starts on the integration's clocks; False where all agree."""
    start = integration.window_from
    if not start or not _clocks_differ(integration, start, start, reader_zone(integration)):
        return False
    return integration.env._(
        "In your time zone. In %(zone)s this is %(moment)s.",
        zone=integration.tz,
        moment=_moment_text(integration, start, integration.tz),
    )


def local_period(integration, start, end):
    """Return a period as the reader reads it.

    Where the clocks of the integration show another time, that follows in parentheses.

    :param datetime start: naive UTC
    :param datetime end: naive UTC
    """
    reader = reader_zone(integration)
    parts = _period_parts(integration, start, end, reader)
    text = integration.env._("%(start)s to %(end)s", start=parts[0], end=parts[1])
    if not _clocks_differ(integration, start, end, reader):
        return text
    there = _period_parts(
        integration, start, end, integration.tz, beside=to_local(start, find_zone(reader))
    )
    return integration.env._(
        "%(period)s (%(zone)s: %(start)s–%(end)s)",
        period=text,
        zone=integration.tz,
        start=there[0],
        end=there[1],
    )


def number_text(record, number):
    """Return a whole number as the reader writes it: "1,000"."""
    return formatLang(record.env, number, digits=0)


def start_of_today(record):
    """Return when today began for the reader, in naive UTC."""
    return start_of_day(record, fields.Datetime.now())


def start_of_day(record, moment, later=0):
    """Return when the day of ``moment`` began for the reader, in naive UTC.

    :param datetime moment: naive UTC
    :param int later: so many days later; days can have 23 or 25 hours
    """
    zone = find_zone(reader_zone(record))
    day = to_local(moment, zone).date() + timedelta(days=later)
    return to_utc(datetime.combine(day, time.min), zone)


def reader_zone(integration):
    """Return the name of the time zone in which the reader sees all other dates.

    The web client shows dates in the zone of the browser, which the server knows from a
    cookie, and not in that of the user's profile, which it sends along. What is written for
    somebody else, such as a mail, is in the zone that the context names.
    """
    env = integration.env
    wanted = env.context.get("tz") or env.user.tz
    seen = request and request.cookies.get("tz")
    # The profile is read only where it matters: the zones are the same as a rule.
    if seen and seen != wanted and wanted == env.user.tz and _is_zone(seen):
        return seen
    return wanted if _is_zone(wanted) else "UTC"


def interval_text(integration):
    """Return how often it runs: "every hour", "every 2 days at 17:00 (Europe/Berlin)"."""
    every = _every_text(integration)
    if integration.interval_type in ("minutes", "hours"):
        return every
    minutes = round(integration.time_of_day * 60)
    wall = format_time(
        integration.env,
        time(minutes // 60 % 24, minutes % 60),
        time_format=_time_pattern(integration),
    )
    now = fields.Datetime.now()
    if not _clocks_differ(integration, now, now, reader_zone(integration)):
        return integration.env._("%(every)s at %(time)s", every=every, time=wall)
    return integration.env._(
        "%(every)s at %(time)s (%(zone)s)", every=every, time=wall, zone=integration.tz
    )


def schedule_sentence(integration):
    """Return how often it runs, and when next: "Every hour. Next: Nov 26, 9:00 AM"."""
    every = interval_text(integration)
    every = every[:1].upper() + every[1:]
    # What is wrong says itself when it is tried again.
    if not integration.next_run or integration.problem:
        return every
    return integration.env._(
        "%(every)s. Next: %(moment)s",
        every=every,
        moment=local_moment(integration, integration.next_run),
    )


def _every_text(integration):
    count = integration.interval_number
    if count == 1:
        return {
            "minutes": integration.env._("every minute"),
            "hours": integration.env._("every hour"),
            "days": integration.env._("every day"),
            "weeks": integration.env._("every week"),
            "months": integration.env._("every month"),
        }[integration.interval_type]
    return {
        "minutes": integration.env._("every %(count)s minutes", count=count),
        "hours": integration.env._("every %(count)s hours", count=count),
        "days": integration.env._("every %(count)s days", count=count),
        "weeks": integration.env._("every %(count)s weeks", count=count),
        "months": integration.env._("every %(count)s months", count=count),
    }[integration.interval_type]


# --- For texts that are kept, whoever will read them ---


def stated_moment(integration, moment):
    """Return ``moment`` (naive UTC) on the clocks of the integration, with their zone."""
    zone = integration.tz if _is_zone(integration.tz) else "UTC"
    wall = _moment_text(integration, moment, zone, date="yMMMd")
    return integration.env._("%(moment)s (%(zone)s)", moment=wall, zone=zone)


# --- Parts ---


def _clocks_differ(integration, start, end, reader):
    if not _is_zone(integration.tz):
        return False
    here, there = find_zone(reader), find_zone(integration.tz)
    return any(utc_offset(m, here) != utc_offset(m, there) for m in (start, end))


def _period_parts(integration, start, end, zone, beside=None):
    """Return start and end in words; a date is left out where the one before says it.

    :param datetime beside: wall time whose date stands before the period
    """
    walls = [to_local(moment, find_zone(zone)) for moment in (start, end)]
    # The clocks were set back in between.
    offset = " xxx" if walls[1] <= walls[0] else ""
    dates = [beside and beside.date(), walls[0].date(), walls[1].date()]
    return [
        _moment_text(integration, moment, zone, None if is_new else "", offset)
        for moment, is_new in zip((start, end), map(ne, dates, dates[1:]), strict=True)
    ]


def _moment_text(integration, moment, zone, date=None, suffix=""):
    """Return ``moment`` as the web client writes dates: "Nov 26, 9:07 AM".

    :param str date: the CLDR skeleton of its date, empty for none; by default without the year
        where that is the current one, as in the web client
    """
    locale = babel_locale_parse(get_lang(integration.env).code)
    pattern = _time_pattern(integration, moment.second)
    if date is None:
        wall, now = (to_local(each, find_zone(zone)) for each in (moment, fields.Datetime.now()))
        date = "MMMd" if wall.year == now.year else "yMMMd"
    if date:
        day = locale.datetime_skeletons[date].pattern
        pattern = locale.datetime_formats["medium"].format(pattern, day)
    return format_datetime(integration.env, moment, tz=zone, dt_format=pattern + suffix)


def _time_pattern(integration, with_seconds=False):
    locale = babel_locale_parse(get_lang(integration.env).code)
    pattern = locale.time_formats["medium" if with_seconds else "short"].pattern
    # The narrow blank before AM, which some fonts and whoever searches do not have.
    return pattern.replace("\N{NARROW NO-BREAK SPACE}", " ")


def _is_zone(name):
    try:
        return bool(name) and bool(find_zone(name))
    except UnknownTimezone:
        return False


# --- Texts that must not keep a page from being opened ---


def safe_text(record, say):
    """Return what ``say`` returns; where it fails, a sentence that says so.

    A text that cannot be made must not keep the page from being opened on which the cause of it
    can be corrected.

    :param record: what the text is about
    :param say: a callable without arguments that returns a text or False
    """
    try:
        return say()
    except (psycopg2.Error, MissingError):
        # The transaction is over, or the record: nothing can be read any more.
        raise
    except Exception:
        _logger.exception("A text about %s could not be made.", record)
        return record.env._(
            "This text could not be generated. Check the settings for unusual values, or ask "
            "your administrator: the reason is in the server log."
        )
