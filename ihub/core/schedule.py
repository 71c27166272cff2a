"""The grid of windows of an integration, and when each of them is due.

All moments are naive UTC, as everywhere in Odoo. Calendars are dateutil's, clocks are zoneinfo's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cache, cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

CATCH_UPS = ("one", "each", "skip")
ELAPSED = {"minutes": 60, "hours": 3600}
CALENDAR = ("days", "weeks", "months")
INTERVAL_TYPES = (*ELAPSED, *CALENDAR)

# Dates that a company's data can have. Every grid reaches a little farther on both sides.
EARLIEST, LATEST = datetime(1800, 1, 1), datetime(2400, 1, 1)
# Ten years: of a longer interval nobody would see the second window.
MAX_INTERVAL = {"minutes": 5_256_000, "hours": 87_600, "days": 3_650, "weeks": 520, "months": 120}

_TICK = timedelta.resolution
_A_NEW_YEAR = date(2000, 1, 1)
_A_MONDAY = date(2000, 1, 3)


class ScheduleError(ValueError):
    """A question to a schedule, or one of its settings, makes no sense."""


class InvalidSchedule(ScheduleError):
    """A setting of the schedule makes no sense.

    :param setting: the name of the parameter of :class:`Schedule`, or ``catch_up``
    :param value: what it was
    """

    def __init__(self, setting: str, value: object) -> None:
        super().__init__(f"Invalid {setting}: {value!r}")
        self.setting = setting
        self.value = value


class EmptyPeriod(ScheduleError):
    """The period does not begin before its end; both are naive UTC."""

    def __init__(self, start: datetime, end: datetime) -> None:
        super().__init__(f"The period from {start} to {end} is empty")
        self.start = start
        self.end = end


class TooManyWindows(ScheduleError):
    """The period has ``count`` windows, and no more than ``limit`` are allowed."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"{count} windows, at most {limit} are allowed")
        self.count = count
        self.limit = limit


class OutOfCalendar(ScheduleError):
    """``moment`` (naive UTC) is before :data:`EARLIEST` or not before :data:`LATEST`."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(f"{moment} is not between {EARLIEST:%Y} and {LATEST:%Y}")
        self.moment = moment


class UnknownTimezone(ScheduleError):
    """The time zone called ``name`` does not exist on this machine."""

    def __init__(self, name: object) -> None:
        super().__init__(f"Unknown time zone: {name!r}")
        self.name = name


class Window(NamedTuple):
    """The half-open span ``[start, end)``, naive UTC."""

    start: datetime
    end: datetime


class Plan(NamedTuple):
    """The next window to run, when it is due, what is left out, how many windows are complete."""

    window: Window
    due: datetime
    skipped: Window | None
    backlog: int


@cache
def find_zone(name: Any) -> ZoneInfo:
    """Return the time zone called ``name``.

    :raise UnknownTimezone: neither the machine nor pytz knows it
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return _find_zone_of_pytz(name)


def _find_zone_of_pytz(name: Any) -> ZoneInfo:
    # People choose among the names of pytz. Systems without time zones of their own, or without
    # the older names, lack some of these. Odoo also teaches pytz the new names of old zones.
    try:
        import pytz

        known = pytz.timezone(name).zone
        with pytz.open_resource(known) as data:  # type: ignore[attr-defined]
            return ZoneInfo.from_file(data, key=known)
    except (ImportError, KeyError, ValueError, OSError, AttributeError, TypeError) as error:
        raise UnknownTimezone(name) from error


def to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the wall time in ``zone`` at ``moment`` (naive UTC)."""
    return moment.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None, fold=0)


def utc_offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return by how much the clocks of ``zone`` are ahead of UTC at ``moment`` (naive UTC)."""
    return to_local(moment, zone) - moment


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment (naive UTC) at which the clocks of ``zone`` show ``wall``.

    As RFC 5545 has it: a wall time that happens twice is the first of the two; one that never
    happens is as late as if the clocks had not been set forward (02:30 in a gap is 03:30).
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class Schedule:
    """A grid of moments without begin or end, and the windows between them.

    Minutes and hours are elapsed time, so a day of 25 hours has 25 hourly windows. Days, weeks
    and months follow the calendar and the clocks of ``tz``.

    Keep the anchor for as long as the interval is the same: months remember its day (31 January,
    28 February, 31 March). Let windows begin where the last one ended, and not at the anchor:
    then they tile the time line, whatever is edited.

    :param interval_number: how many of ``interval_type``, from 1 to :data:`MAX_INTERVAL`
    :param interval_type: one of :data:`INTERVAL_TYPES`
    :param anchor: a point of the grid, or, where ``time_of_day`` differs from its wall time, a
        day of the grid; naive UTC, fractions of a second do not count
    :param tz: name of the time zone
    :param time_of_day: hours of the wall clock, counted in whole minutes; None: those of the
        anchor; without effect for minutes and hours
    :param delay: how long after its end a window is due; not negative
    :raise InvalidSchedule: a parameter makes no sense
    :raise UnknownTimezone: there is no such time zone
    """

    interval_number: int
    interval_type: str
    anchor: datetime
    tz: str = "UTC"
    time_of_day: float | None = None
    delay: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        valid = {
            "interval_type": self.interval_type in INTERVAL_TYPES,
            "interval_number": _is_interval(self.interval_number, self.interval_type),
            "anchor": _is_naive(self.anchor) and EARLIEST <= self.anchor < LATEST,
            "time_of_day": self.time_of_day is None or 0 <= self.time_of_day < 24,
            "delay": self.delay >= timedelta(0),
        }
        for setting, is_valid in valid.items():
            if not is_valid:
                raise InvalidSchedule(setting, getattr(self, setting))
        find_zone(self.tz)

    # --- The grid: point 0 is the anchor's, indexes are whole numbers of either sign ---

    @cached_property
    def _wall(self) -> datetime:
        """Point 0: naive UTC for elapsed time, a wall time of ``tz`` for the calendar's units."""
        if self.interval_type in ELAPSED:
            return self.anchor.replace(microsecond=0)
        wall = to_local(self.anchor, find_zone(self.tz)).replace(microsecond=0)
        if self.time_of_day is None:
            return wall
        return datetime.combine(wall, _as_time(self.time_of_day))

    @property
    def origin(self) -> datetime:
        """The point of the grid that the anchor stands for, naive UTC."""
        return self._point(0)

    def _point(self, index: int) -> datetime:
        steps = index * self.interval_number
        if self.interval_type in ELAPSED:
            return self._wall + timedelta(seconds=steps * ELAPSED[self.interval_type])
        wall = self._wall + relativedelta(**{self.interval_type: steps})  # type: ignore[arg-type]
        return to_utc(wall, find_zone(self.tz))

    def _index(self, moment: datetime) -> int:
        """Return the index of the last point at or before ``moment``."""
        index = self._guess(_in_calendar(moment))
        while self._point(index) > moment:
            index -= 1
        while self._point(index + 1) <= moment:
            index += 1
        return index

    def _guess(self, moment: datetime) -> int:
        if self.interval_type == "months":
            months = (moment.year - self._wall.year) * 12 + moment.month - self._wall.month
            return months // self.interval_number
        unit = timedelta(**{self.interval_type: self.interval_number})
        return (moment - self._wall) // unit

    # --- Windows ---

    def boundary_after(self, moment: datetime) -> datetime:
        """Return the first point of the grid after ``moment``."""
        return self._point(self._index(moment) + 1)

    def boundary_at_or_before(self, moment: datetime) -> datetime:
        """Return the last point of the grid that is not after ``moment``."""
        return self._point(self._index(moment))

    def window_from(self, start: datetime) -> Window:
        """Return the :class:`Window` from ``start``, wherever that is, to the next grid point."""
        return Window(start, self.boundary_after(start))

    def due(self, window: Window) -> datetime:
        """Return the moment at which ``window`` may run."""
        try:
            return min(window.end + self.delay, LATEST)
        except OverflowError:
            return LATEST

    def windows(self, start: datetime, until: datetime) -> Iterator[Window]:
        """Iterate over the windows from ``start`` on that end at ``until`` or before."""
        while (window := self.window_from(start)).end <= until:
            yield window
            start = window.end

    def count(self, start: datetime, until: datetime) -> int:
        """Return the number of windows from ``start`` on that end at ``until`` or before."""
        return self._index(until) - self._index(start) if start < until else 0

    def split(self, start: datetime, end: datetime, limit: int | None = None) -> list[Window]:
        """Return the windows of the period ``[start, end)``, the first and last maybe short.

        :param limit: how many there may be; None: any number
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

    def plan(self, start: datetime, now: datetime, catch_up: str = "one") -> Plan:
        """Decide what to run next, at ``now``, when everything before ``start`` is done.

        A window is complete when it is due. ``one`` makes one window of all that are complete,
        ``each`` takes the first of them, ``skip`` the last, and leaves out those before it. As
        long as none is complete, it is the first window, with its due time to come.

        :raise InvalidSchedule: ``catch_up`` is none of :data:`CATCH_UPS`
        :raise OutOfCalendar: ``start`` or ``now`` is out of the calendar
        """
        if catch_up not in CATCH_UPS:
            raise InvalidSchedule("catch_up", catch_up)
        # One with a delay of centuries is never complete.
        ready = now - min(self.delay, now - EARLIEST)
        backlog = self.count(start, ready)
        window, skipped = self.window_from(start), None
        if backlog > 1 and catch_up == "one":
            window = Window(start, self.boundary_at_or_before(ready))
        elif backlog > 1 and catch_up == "skip":
            end = self.boundary_at_or_before(ready)
            window = Window(self.boundary_at_or_before(end - _TICK), end)
            skipped = Window(start, window.start)
        return Plan(window, self.due(window), skipped, backlog)


def kept_anchor(anchor: datetime, interval_type: str, old_tz: str, tz: str) -> datetime:
    """Return the anchor that keeps a grid when it moves from one time zone to another.

    Days, weeks and months keep their day of the calendar, and with it their weekday and their day
    of the month. Minutes and hours are elapsed time, which no zone has a part in.

    :param anchor: naive UTC
    :param old_tz: name of the time zone that it leaves
    :param tz: name of the one that it gets
    :return: naive UTC
    :raise UnknownTimezone: there is no such time zone
    """
    if interval_type in ELAPSED or old_tz == tz:
        return anchor
    return to_utc(to_local(anchor, find_zone(old_tz)).replace(microsecond=0), find_zone(tz))


def default_anchor(
    now: datetime,
    interval_number: int,
    interval_type: str,
    tz: str = "UTC",
    time_of_day: float | None = None,
) -> datetime:
    """Return where the first window of a new integration begins, and its grid is anchored.

    The window that begins there is open at ``now``. It begins at a whole unit of the wall clock
    of ``tz``: minutes and hours are counted from midnight (15 minutes begin at :00, :15, :30 or
    :45, 6 hours at 0, 6, 12 or 18), days begin today or yesterday at ``time_of_day``, weeks on
    Monday, months on the first, and those that fit into a year where the year is cut into such
    parts (3 months begin in January, April, July or October).

    :param now: naive UTC
    :param time_of_day: hours of the wall clock; None: midnight
    :return: naive UTC
    :raise InvalidSchedule: a parameter makes no sense
    :raise UnknownTimezone: there is no such time zone
    """
    zone = find_zone(tz)
    Schedule(interval_number, interval_type, now, tz, time_of_day)
    if interval_type in ELAPSED:
        wall = to_local(now, zone).replace(microsecond=0)
        step = timedelta(seconds=interval_number * ELAPSED[interval_type])
        anchor = to_utc(wall - (wall - datetime.combine(wall, time())) % step, zone)
        # After a time change the wall clock's unit can have begun more than one interval ago.
        return Schedule(interval_number, interval_type, anchor).boundary_at_or_before(now)
    day, number = _A_MONDAY, 1
    if interval_type == "months":
        day, number = _A_NEW_YEAR, interval_number if 12 % interval_number == 0 else 1
    origin = to_utc(datetime.combine(day, time(12)), zone)
    grid = Schedule(number, interval_type, origin, tz, time_of_day or 0.0)
    return grid.boundary_at_or_before(now)


def _is_interval(number: object, interval_type: str) -> bool:
    is_whole = isinstance(number, int) and not isinstance(number, bool)
    return is_whole and 1 <= number <= MAX_INTERVAL.get(interval_type, 0)  # type: ignore[operator]


def _as_time(hours: float) -> time:
    minutes = min(round(hours * 60), 24 * 60 - 1)
    return time(minutes // 60, minutes % 60)


def _is_naive(moment: object) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is None


def _in_calendar(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise OutOfCalendar(moment)
    return moment
