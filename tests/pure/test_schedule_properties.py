"""What holds for the grid of every schedule, at every moment."""

from datetime import datetime, time, timedelta
from itertools import pairwise

import pytest
from dateutil.tz import resolve_imaginary
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core.schedule import (
    InvalidSchedule,
    Schedule,
    TooManyWindows,
    Window,
    default_anchor,
    find_zone,
    to_local,
    to_utc,
)
from schedule_strategies import (
    ZONES,
    about,
    bounded,
    moments,
    schedules,
    times_of_day,
)

pytestmark = pytest.mark.slow

TICK = timedelta.resolution
MINUTE = timedelta(minutes=1)
CALENDAR = ["days", "weeks", "months"]


def points_from(schedule, start, number):
    points = [schedule.boundary_at_or_before(start)]
    for _ in range(number):
        points.append(schedule.boundary_after(points[-1]))
    return points


@bounded()
@given(schedules(), moments())
def test_each_moment_is_between_two_neighbours(schedule, moment):
    before = schedule.boundary_at_or_before(moment)
    after = schedule.boundary_after(moment)
    assert before <= moment < after
    assert schedule.boundary_after(before) == after
    assert schedule.boundary_at_or_before(before) == before
    assert schedule.boundary_at_or_before(after) == after
    assert schedule.boundary_at_or_before(after - TICK) == before


@bounded()
@given(schedules(), moments())
def test_points_increase_and_are_whole_seconds(schedule, moment):
    points = points_from(schedule, moment, 10)
    assert all(earlier < later for earlier, later in pairwise(points))
    assert all(not point.microsecond for point in points)


@bounded()
@given(schedules(["minutes", "hours"]), moments())
def test_minutes_and_hours_are_elapsed_time(schedule, moment):
    minutes = {"minutes": 1, "hours": 60}[schedule.interval_type] * schedule.interval_number
    points = points_from(schedule, moment, 5)
    assert {later - earlier for earlier, later in pairwise(points)} == {minutes * MINUTE}


@bounded()
@given(schedules())
def test_the_anchor_is_a_point(schedule):
    anchor = schedule.anchor.replace(microsecond=0)
    zone = find_zone(schedule.tz)
    point = anchor
    if schedule.interval_type in CALENDAR:
        wall = to_local(anchor, zone)
        if schedule.time_of_day is not None:
            wall = datetime.combine(wall, as_time(schedule.time_of_day))
        # For an anchor in a repeated hour that is the same wall time's first moment.
        point = to_utc(wall, zone)
    assert schedule.boundary_at_or_before(point) == point


@bounded()
@given(schedules(CALENDAR), moments(1972, 2150))
def test_days_weeks_and_months_follow_the_wall_clock(schedule, moment):
    zone = find_zone(schedule.tz)
    at = as_time(schedule.time_of_day, to_local(schedule.anchor, zone))
    for point in points_from(schedule, moment, 5):
        wall = to_local(point, zone)
        days = [wall.date(), wall.date() - timedelta(days=1)]
        assert wall in [shown(day, at, zone) for day in days]
        assert_first_time(point, wall, zone)


def shown(day, at, zone):
    """Return the wall time of ``at`` on a day, or what stands for it where it does not exist."""
    wall = datetime.combine(day, at, tzinfo=zone)
    return resolve_imaginary(wall).replace(tzinfo=None, fold=0)


def assert_first_time(point, wall, zone):
    earlier = (to_local(point - minutes * MINUTE, zone) for minutes in range(15, 195, 15))
    assert wall not in earlier


@bounded(60)
@given(st.sampled_from(ZONES), times_of_day(), moments(1972, 2150))
def test_every_local_day_has_its_point(tz, time_of_day, moment):
    """Compare with looking at the clock every minute."""
    moment = moment.replace(second=0, microsecond=0)
    schedule = Schedule(1, "days", moment, tz, time_of_day)
    expected = look_at_the_clock(moment, find_zone(tz), as_time(time_of_day))
    first, last = moment - timedelta(days=1), moment + timedelta(days=1)
    assert [m for m in expected if first < m <= last] == [
        window.end
        for window in schedule.windows(schedule.boundary_at_or_before(first), last)
        if window.end > first
    ]


def look_at_the_clock(moment, zone, at):
    """Return the minutes of the days around ``moment`` at which a day's ``at`` came."""
    clock = moment - timedelta(days=3)
    latest = to_local(clock, zone)
    day = latest.date() + timedelta(days=1)
    due, found = shown(day, at, zone), []
    while clock < moment + timedelta(days=1):
        clock += MINUTE
        latest = max(latest, to_local(clock, zone))
        while due <= latest:
            day += timedelta(days=1)
            due = shown(day, at, zone)
            if found[-1:] != [clock]:
                found.append(clock)
    return found


@bounded()
@given(st.sampled_from(ZONES), moments())
def test_a_wall_time_that_does_not_exist_is_later_by_as_much_as_the_clocks_went(tz, wall):
    """As RFC 5545 has it."""
    zone, wall = find_zone(tz), wall.replace(microsecond=0)
    assert to_local(to_utc(wall, zone), zone) == shown(wall.date(), wall.time(), zone)


@bounded()
@given(st.sampled_from(ZONES), moments())
def test_the_first_moment_of_a_wall_time_that_is_now(tz, moment):
    moment = moment.replace(microsecond=0)
    wall = to_local(moment, find_zone(tz))
    first = to_utc(wall, find_zone(tz))
    assert first <= moment
    assert to_local(first, find_zone(tz)) == wall


@bounded()
@given(schedules(["months"]), moments(1972, 2150))
def test_months_keep_the_day_of_the_anchor(schedule, moment):
    zone = find_zone(schedule.tz)
    day = to_local(schedule.anchor, zone).day
    for point in points_from(schedule, moment, 14):
        wall = to_local(point, zone)
        is_last = (wall + timedelta(days=1)).day == 1
        # A point in a gap at midnight, or of a day that never was, is on the next day.
        was = to_local(point - TICK, zone) + timedelta(days=1)
        assert wall.day == day or (is_last and wall.day < day) or wall > was - timedelta(hours=12)


@bounded()
@given(schedules(), moments(), st.floats(0, 60), st.integers(0, 10**9))
def test_counted_as_listed(schedule, start, intervals, more):
    until = start + about(schedule, intervals) + more * TICK
    windows = list(schedule.windows(start, until))
    assert schedule.count(start, until) == len(windows)
    assert_tiles(windows, start)
    assert all(window.end <= until for window in windows)
    end = windows[-1].end if windows else start
    assert schedule.boundary_after(end) > until


@bounded()
@given(schedules(), moments(), st.floats(0, 60), st.integers(1, 10**9), st.integers(1, 80))
def test_split_covers_the_period_or_is_refused(schedule, start, intervals, more, limit):
    end = start + about(schedule, intervals) + more * TICK
    pieces = schedule.split(start, end)
    assert_tiles(pieces, start)
    assert pieces[-1].end == end
    for piece in pieces[:-1]:
        assert piece.end == schedule.boundary_at_or_before(piece.end)
    assert not any(
        piece.start < schedule.boundary_at_or_before(piece.end - TICK) for piece in pieces
    )
    if len(pieces) <= limit:
        assert schedule.split(start, end, limit) == pieces
    else:
        with pytest.raises(TooManyWindows) as caught:
            schedule.split(start, end, limit)
        assert caught.value.count == len(pieces)


@bounded()
@given(schedules(), moments(), st.floats(0, 60))
def test_the_same_period_gives_the_same_windows_to_everybody(schedule, start, intervals):
    """Manual, backfill and scheduled runs of a window are handed the same moments."""
    start = schedule.boundary_at_or_before(start)
    scheduled = list(schedule.windows(start, start + about(schedule, intervals)))
    if scheduled:
        assert schedule.split(start, scheduled[-1].end) == scheduled


@bounded()
@given(schedules(), moments())
def test_a_default_anchor_opens_the_window_that_is_open_now(schedule, now):
    settings = (schedule.interval_number, schedule.interval_type)
    anchor = default_anchor(now, *settings, schedule.tz, schedule.time_of_day)
    anchored = Schedule(*settings, anchor, schedule.tz, schedule.time_of_day)
    assert anchored.boundary_at_or_before(now) == anchor
    assert anchor <= now < anchored.window_from(anchor).end


@bounded(100)
@given(
    st.integers(-2, 3),
    st.sampled_from(["minutes", "days", "months", "years", None]),
    st.one_of(st.none(), st.floats()),
)
def test_settings_are_refused_or_work(number, interval_type, time_of_day):
    try:
        schedule = Schedule(number, interval_type, datetime(2024, 1, 31), "UTC", time_of_day)
    except InvalidSchedule:
        return
    assert schedule.boundary_after(datetime(2024, 1, 31)) > datetime(2024, 1, 31)


def assert_tiles(windows, start):
    for window in windows:
        assert isinstance(window, Window)
        assert window.start == start < window.end
        start = window.end


def as_time(time_of_day, wall=None):
    if time_of_day is None:
        return wall.time().replace(microsecond=0)
    minutes = round(time_of_day * 60)
    return time(minutes // 60, minutes % 60)
