"""Wall time and naive UTC, for time zones of any kind."""

from bisect import bisect_left
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

from .schedule_errors import UnknownTimezone

# A conversion near the ends of the calendar would leave it.
_MARGIN = timedelta(days=2)
_HALF_A_DAY = timedelta(hours=12)


@cache
def find_zone(name):
    """Return the :class:`~zoneinfo.ZoneInfo` called ``name``.

    :raise UnknownTimezone: neither the machine nor pytz knows it
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return _find_zone_of_pytz(name)


def _find_zone_of_pytz(name):
    # People choose among the names of pytz. Systems without time zones of their own, or without
    # the older names, lack some of these. Odoo also teaches pytz the new names of old zones.
    try:
        import pytz

        known = pytz.timezone(name).zone
        with pytz.open_resource(known) as data:
            return ZoneInfo.from_file(data, key=known)
    except (ImportError, KeyError, ValueError, OSError, AttributeError, TypeError) as error:
        raise UnknownTimezone(name) from error


def to_local(moment, zone):
    """Return the wall time in ``zone`` at ``moment``, both naive."""
    moment = min(max(moment, datetime.min + _MARGIN), datetime.max - _MARGIN)
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None, fold=0)


def utc_offset(moment, zone):
    """Return by how much the clocks of ``zone`` are ahead of UTC at ``moment`` (naive UTC)."""
    return _offset(min(max(moment, datetime.min + _MARGIN), datetime.max - _MARGIN), zone)


def first_moment(wall, zone):
    """Return the first moment at which the clocks of ``zone`` show ``wall`` or later.

    For a wall time that happens twice that is the first time, for one that never happens the
    end of the gap. So a later wall time never has an earlier moment.

    :param datetime wall: naive wall time, in whole seconds, not within two days of the ends of
        the calendar
    :return: naive UTC
    """
    before = wall.replace(tzinfo=zone, fold=0).utcoffset()
    after = wall.replace(tzinfo=zone, fold=1).utcoffset()
    if after > before:
        return _change(wall - after, wall - before, lambda offset: offset > before, zone)
    return wall - before


@cache
def skipped_days(zone):
    """Return the moments (a tuple, naive UTC) at which ``zone`` left out about a whole day.

    It did so by moving across the date line, as Samoa did at the end of 2011.
    """
    new_years = [datetime(year, 1, 1) for year in range(1800, 2200)]
    moments = []
    for start, end in zip(new_years, new_years[1:], strict=False):
        limit = _offset(start, zone) + _HALF_A_DAY
        if _offset(end, zone) > limit:
            moments.append(_change(start, end, lambda offset, limit=limit: offset > limit, zone))
    return tuple(moments)


def _change(low, high, changed, zone):
    """Return the first second after ``low``, up to ``high``, whose offset is ``changed``."""
    seconds = range(int((high - low).total_seconds()))
    found = bisect_left(
        seconds, True, key=lambda second: changed(_offset(low + _seconds(second), zone))
    )
    return low + _seconds(found)


def _seconds(number):
    return timedelta(seconds=number)


def _offset(moment, zone):
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).utcoffset()
