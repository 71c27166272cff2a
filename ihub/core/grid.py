"""The grids of moments at which windows begin and end.

A grid numbers its points with whole numbers of either sign: ``point(index)`` never decreases with
``index``, and ``index(moment)`` is that of the last point at or before ``moment``. Points beyond
the calendar are at :data:`EARLIEST` or :data:`LATEST`.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta

from .zone import first_moment, skipped_days

EARLIEST = datetime.min
# Whole seconds, as the grids are.
LATEST = datetime.max.replace(microsecond=0)
_SECOND = timedelta(seconds=1)
# The days whose wall times are in the calendar in every time zone.
_FIRST_DAY = date.min.toordinal() + 3
_LAST_DAY = date.max.toordinal() - 3


class ElapsedGrid:
    """Points that are the same elapsed time apart, whatever the clocks do.

    :param datetime anchor: point 0, naive UTC
    :param int step: seconds
    """

    def __init__(self, anchor, step):
        self._anchor = anchor.replace(microsecond=0)
        self._step = step

    def point(self, index):
        """Return point ``index``, naive UTC."""
        try:
            return self._anchor + timedelta(seconds=index * self._step)
        except OverflowError:
            return EARLIEST if index < 0 else LATEST

    def index(self, moment):
        """Return the index of the last point at or before ``moment`` (naive UTC)."""
        return (moment - self._anchor) // _SECOND // self._step

    def count(self, start, until):
        """Return the number of different points after ``start`` and not after ``until``."""
        return self.index(until) - self.index(start)


class CalendarGrid:
    """Points at a wall time of some days of a time zone; a subclass chooses the days.

    :param date first_day: local day of point 0
    :param time wall_time: time of day, in whole seconds
    :param ZoneInfo zone: whose clocks and calendar
    :param int step: days or months
    """

    def __init__(self, first_day, wall_time, zone, step):
        self._first_day = first_day
        self._wall_time = wall_time
        self._zone = zone
        self._step = step

    def _day(self, index):
        """Return the local day of point ``index``, as a proleptic Gregorian ordinal."""
        raise NotImplementedError

    def _guess(self, moment):
        """Return an index near that of ``moment``."""
        raise NotImplementedError

    def point(self, index):
        """Return point ``index``, naive UTC."""
        day = self._day(index)
        if day < _FIRST_DAY:
            return EARLIEST
        if day > _LAST_DAY:
            return LATEST
        return first_moment(datetime.combine(date.fromordinal(day), self._wall_time), self._zone)

    def index(self, moment):
        """Return the index of the last point at or before ``moment`` (naive UTC).

        ``moment`` is before :data:`LATEST`, where all the points beyond the calendar are.
        """
        index = self._guess(moment)
        while self.point(index) > moment:
            index -= 1
        while self.point(index + 1) <= moment:
            index += 1
        return index

    def count(self, start, until):
        """Return the number of different points after ``start`` and not after ``until``."""
        doubled = sum(
            start < moment <= until and self._is_doubled(moment)
            for moment in skipped_days(self._zone)
        )
        return self.index(until) - self.index(start) - doubled

    def _is_doubled(self, moment):
        # The point of a day that was left out, and that of the midnight after it.
        index = self.index(moment)
        return self.point(index - 1) == self.point(index)


class DayGrid(CalendarGrid):
    """Every ``step`` days."""

    def _day(self, index):
        return self._first_day.toordinal() + index * self._step

    def _guess(self, moment):
        return (moment.toordinal() - self._first_day.toordinal()) // self._step


class MonthGrid(CalendarGrid):
    """Every ``step`` months, on the day of the month of ``first_day`` or the month's last."""

    def _day(self, index):
        year, month = divmod(_month_number(self._first_day) + index * self._step, 12)
        if not date.min.year <= year <= date.max.year:
            return _FIRST_DAY - 1 if index < 0 else _LAST_DAY + 1
        last_day = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(self._first_day.day, last_day)).toordinal()

    def _guess(self, moment):
        return (_month_number(moment) - _month_number(self._first_day)) // self._step


def _month_number(day):
    return day.year * 12 + day.month - 1
