"""Which windows an integration has, and when each of them is due.

All moments are naive UTC, as everywhere in Odoo.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from .grid import EARLIEST, LATEST, DayGrid, ElapsedGrid, MonthGrid
from .schedule_errors import (
    EmptyPeriod,
    InvalidSchedule,
    OutOfCalendar,
    ScheduleError,
    TooManyWindows,
    UnknownTimezone,
)
from .zone import find_zone, first_moment, to_local

__all__ = [
    "CATCH_UPS",
    "INTERVAL_TYPES",
    "LONGEST",
    "EmptyPeriod",
    "InvalidSchedule",
    "OutOfCalendar",
    "Plan",
    "Schedule",
    "ScheduleError",
    "TooManyWindows",
    "UnknownTimezone",
    "Window",
    "check_interval",
    "default_anchor",
    "kept_anchor",
]

CATCH_UPS = ("one", "each", "skip")
_SECONDS = {"minutes": 60, "hours": 3600}
_DAYS = {"days": 1, "weeks": 7}
INTERVAL_TYPES = (*_SECONDS, *_DAYS, "months")
# Ten years: of a longer interval nobody would see the second window.
LONGEST = {
    "minutes": 5_256_000,
    "hours": 87_600,
    "days": 3_650,
    "weeks": 520,
    "months": 120,
}
_TICK = timedelta.resolution
_A_NEW_YEAR = date(2000, 1, 1)
_A_MONDAY = date(2000, 1, 3)


class Window(NamedTuple):
    """The half-open span ``[start, end)``, naive UTC."""

    start: datetime
    end: datetime


class Plan(NamedTuple):
    """What to run next."""

    window: Window
    due: datetime
    skipped: Window | None
    backlog: int


@dataclass(frozen=True)
class Schedule:
    """A grid of moments without begin or end, and the windows between them.

    Minutes and hours are elapsed time, so a day of 25 hours has 25 hourly windows. Days, weeks
    and months follow the calendar and the clocks of ``tz``: a wall time that never happens is
    the first moment after the gap, one that happens twice is the first of the two.

    Keep the anchor for as long as the interval is the same: months remember its day (31 January,
    28 February, 31 March). Let windows begin where the last one ended, and not at the anchor:
    then they tile the time line, whatever is edited.

    :param int interval_number: how many of ``interval_type``, at least 1
    :param str interval_type: ``minutes``, ``hours``, ``days``, ``weeks`` or ``months``
    :param datetime anchor: a point of the grid, or, where ``time_of_day`` differs from its wall
        time, a day of the grid; naive UTC, fractions of a second do not count
    :param str tz: name of the time zone
    :param float time_of_day: hours of the wall clock, counted in whole minutes; None: those of
        the anchor; without effect for minutes and hours
    :param timedelta delay: how long after its end a window is due; not negative
    :raise InvalidSchedule: a parameter makes no sense
    :raise UnknownTimezone: there is no such time zone
    """

    interval_number: int
    interval_type: str
    anchor: datetime
    tz: str = "UTC"
    time_of_day: float | None = None
    delay: timedelta = timedelta(0)

    def __post_init__(self):
        valid = {
            "interval_number": _is_whole(self.interval_number) and self.interval_number >= 1,
            "interval_type": self.interval_type in INTERVAL_TYPES,
            "anchor": isinstance(self.anchor, datetime) and self.anchor.tzinfo is None,
            "time_of_day": self.time_of_day is None or 0 <= self.time_of_day < 24,
            "delay": self.delay >= timedelta(0),
        }
        for setting, is_valid in valid.items():
            if not is_valid:
                raise InvalidSchedule(setting, getattr(self, setting))
        find_zone(self.tz)

    @cached_property
    def _grid(self):
        if self.interval_type in _SECONDS:
            return ElapsedGrid(self.anchor, self.interval_number * _SECONDS[self.interval_type])
        zone = find_zone(self.tz)
        wall = to_local(self.anchor, zone)
        grid = MonthGrid if self.interval_type == "months" else DayGrid
        step = self.interval_number * _DAYS.get(self.interval_type, 1)
        return grid(wall.date(), self._wall_time(wall), zone, step)

    @cached_property
    def origin(self):
        """The point of the grid that the anchor stands for, naive UTC."""
        return self._grid.point(0)

    def _wall_time(self, wall):
        if self.time_of_day is None:
            return wall.time().replace(microsecond=0)
        return _as_time(self.time_of_day)

    def boundary_after(self, moment):
        """Return the first point of the grid after ``moment``.

        :raise OutOfCalendar: ``moment`` is in the last second of the calendar
        """
        if moment >= LATEST:
            raise OutOfCalendar(moment)
        return self._grid.point(self._grid.index(moment) + 1)

    def boundary_at_or_before(self, moment):
        """Return the last point of the grid that is not after ``moment``."""
        return self._grid.point(self._grid.index(_in_calendar(moment)))

    def window_from(self, start):
        """Return the :class:`Window` from ``start``, wherever that is, to the next grid point."""
        return Window(start, self.boundary_after(start))

    def due(self, window):
        """Return the moment at which ``window`` may run."""
        try:
            return min(window.end + self.delay, LATEST)
        except OverflowError:
            return LATEST

    def windows(self, start, until):
        """Iterate over the windows from ``start`` on that end at ``until`` or before."""
        until = _in_calendar(until)
        while start < until:
            window = self.window_from(start)
            if window.end > until:
                break
            yield window
            start = window.end

    def count(self, start, until):
        """Return the number of windows from ``start`` on that end at ``until`` or before."""
        start, until = _in_calendar(start), _in_calendar(until)
        return self._grid.count(start, until) if start < until else 0

    def split(self, start, end, limit=None):
        """Return the windows of the period ``[start, end)``, the first and last maybe short.

        :param int limit: how many there may be; None: any number
        :raise EmptyPeriod: ``start`` is not before ``end``
        :raise TooManyWindows: there are more than ``limit``
        """
        if start >= end:
            raise EmptyPeriod(start, end)
        count = self.count(start, end - _TICK) + 1
        if limit is not None and count > limit:
            raise TooManyWindows(count, limit)
        whole = list(self.windows(start, end - _TICK))
        return [*whole, Window(whole[-1].end if whole else start, end)]

    def plan(self, start, now, catch_up="one"):
        """Decide what to run next, at ``now``, when everything before ``start`` is done.

        A window is complete when it is due. ``one`` makes one window of all that are complete,
        ``each`` takes the first of them, ``skip`` the last, and leaves out those before it. As
        long as none is complete, it is the first window, with its due time to come.

        :return: a :class:`Plan`: the window, its due time, the span that is left out or None,
            and the number of complete windows
        :raise InvalidSchedule: ``catch_up`` is none of :data:`CATCH_UPS`
        :raise OutOfCalendar: ``start`` is in the last second of the calendar
        """
        if catch_up not in CATCH_UPS:
            raise InvalidSchedule("catch_up", catch_up)
        ready = self._complete_until(now)
        backlog = self.count(start, ready)
        window, skipped = self.window_from(start), None
        if backlog > 1 and catch_up == "one":
            window = Window(start, self.boundary_at_or_before(ready))
        elif backlog > 1 and catch_up == "skip":
            window = self._last_window(ready)
            skipped = Window(start, window.start)
        return Plan(window, self.due(window), skipped, backlog)

    def _complete_until(self, now):
        try:
            return now - self.delay
        except OverflowError:
            return EARLIEST

    def _last_window(self, ready):
        end = self.boundary_at_or_before(ready)
        return Window(self.boundary_at_or_before(end - _TICK), end)


def check_interval(interval_number, interval_type):
    """Do nothing where an interval is one that people can want.

    :raise InvalidSchedule: it is none, or longer than :data:`LONGEST` of its unit
    """
    if not 1 <= interval_number <= LONGEST[interval_type]:
        raise InvalidSchedule("interval_number", interval_number)


def kept_anchor(anchor, interval_type, old_tz, tz):
    """Return the anchor that keeps a grid when it moves from one time zone to another.

    Days, weeks and months keep their day of the calendar, and with it their weekday and their day
    of the month. Minutes and hours are elapsed time, which no zone has a part in.

    :param datetime anchor: naive UTC
    :param str interval_type: see :class:`Schedule`
    :param str old_tz: name of the time zone that it leaves
    :param str tz: name of the one that it gets
    :return: naive UTC
    :raise UnknownTimezone: there is no such time zone
    """
    if interval_type in _SECONDS or old_tz == tz:
        return anchor
    wall = to_local(anchor, find_zone(old_tz)).replace(microsecond=0)
    return first_moment(wall, find_zone(tz))


def default_anchor(now, interval_number, interval_type, tz="UTC", time_of_day=None):
    """Return where the first window of a new integration begins, and its grid is anchored.

    The window that begins there is open at ``now``. It begins at a whole unit of the wall clock
    of ``tz``: minutes and hours are counted from midnight (15 minutes begin at :00, :15, :30 or
    :45, 6 hours at 0, 6, 12 or 18), days begin today or yesterday at ``time_of_day``, weeks on
    Monday, months on the first, and those that fit into a year where the year is cut into such
    parts (3 months begin in January, April, July or October).

    Midnight can be missing on the very day that the anchor is on: give the schedule a
    ``time_of_day`` too where days must begin at midnight for good.

    :param datetime now: naive UTC
    :param float time_of_day: hours of the wall clock; None: midnight
    :return: naive UTC
    :raise InvalidSchedule: a parameter makes no sense
    :raise UnknownTimezone: there is no such time zone
    """
    Schedule(interval_number, interval_type, now, tz, time_of_day)
    if interval_type in _SECONDS:
        return _aligned_by_clock(now, interval_number * _SECONDS[interval_type], find_zone(tz))
    return _aligned_by_calendar(now, interval_number, interval_type, find_zone(tz), time_of_day)


def _aligned_by_clock(now, step, zone):
    wall = to_local(now, zone)
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = (wall - midnight) // timedelta(seconds=1)
    unit = first_moment(midnight + timedelta(seconds=seconds - seconds % step), zone)
    # After a time change, the wall clock's unit can have begun more than one interval ago.
    grid = ElapsedGrid(unit, step)
    return grid.point(grid.index(now))


def _aligned_by_calendar(now, number, interval_type, zone, time_of_day):
    wall_time = _as_time(time_of_day or 0)
    if interval_type == "months":
        step = number if 12 % number == 0 else 1
        grid = MonthGrid(_A_NEW_YEAR, wall_time, zone, step)
    else:
        grid = DayGrid(_A_MONDAY, wall_time, zone, _DAYS[interval_type])
    return grid.point(grid.index(_in_calendar(now)))


def _as_time(hours):
    minutes = min(round(hours * 60), 24 * 60 - 1)
    return time(minutes // 60, minutes % 60)


def _is_whole(number):
    return isinstance(number, int) and not isinstance(number, bool)


def _in_calendar(moment):
    return min(moment, LATEST - _TICK)
