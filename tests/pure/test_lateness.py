"""When something is late."""

from datetime import datetime, timedelta

import pytest
from pure_ihub.core import lateness
from pure_ihub.core.schedule import Schedule, Window


def at(text):
    return datetime.strptime(f"2025-{text}", "%Y-%m-%d %H:%M")


HOURLY = Schedule(1, "hours", at("03-01 00:00"))
MINUTELY = Schedule(1, "minutes", at("03-01 00:00"))
DELAYED = Schedule(1, "hours", at("03-01 00:00"), delay=timedelta(minutes=30))
DAILY = Schedule(1, "days", at("03-01 00:00"))
PARIS = Schedule(1, "days", at("03-01 00:00"), tz="Europe/Paris", time_of_day=0)
LONG_AGO = at("01-01 00:00")


def late_from(schedule, end, started=LONG_AGO, completed=None, **watch):
    window = Window(at(end) - timedelta(hours=1), at(end))
    return lateness.late_from(schedule, window, lateness.Watch(**watch), started, completed)


@pytest.mark.parametrize(
    "schedule, intervals, end, expected",
    [
        (HOURLY, 1, "03-01 11:00", "03-01 12:00"),
        (HOURLY, 3, "03-01 11:00", "03-01 14:00"),
        (DELAYED, 1, "03-01 11:00", "03-01 12:30"),
        (DAILY, 2, "03-02 00:00", "03-04 00:00"),
        # Never before the grace has passed.
        (MINUTELY, 3, "03-01 11:00", "03-01 11:10"),
        (MINUTELY, 30, "03-01 11:00", "03-01 11:30"),
    ],
)
def test_late_after_intervals(schedule, intervals, end, expected):
    assert late_from(schedule, end, intervals=intervals) == at(expected)


@pytest.mark.parametrize(
    "schedule, hours, end, expected",
    [
        (DAILY, 8.0, "03-02 00:00", "03-02 08:00"),
        (DAILY, 8.5, "03-02 00:00", "03-02 08:30"),
        # Due at that very time, or after it: the next day counts.
        (DAILY, 8.0, "03-02 08:00", "03-03 08:00"),
        (DAILY, 8.0, "03-02 09:00", "03-03 08:00"),
        (DAILY, 24.0, "03-02 00:00", "03-03 00:00"),
        (DAILY, 24.0, "03-02 11:00", "03-03 00:00"),
        # The wall clock of the integration's zone: an hour ahead in winter, two in summer.
        (PARIS, 8.0, "03-01 23:00", "03-02 07:00"),
        (PARIS, 8.0, "03-30 22:00", "03-31 06:00"),
        (DAILY, 0.05, "03-02 00:00", "03-02 00:10"),
    ],
)
def test_late_by_a_time_of_day(schedule, hours, end, expected):
    assert late_from(schedule, end, time_of_day=hours) == at(expected)


def test_the_earlier_of_both_counts():
    assert late_from(DAILY, "03-02 00:00", intervals=1, time_of_day=8) == at("03-02 08:00")
    assert late_from(HOURLY, "03-02 00:00", intervals=1, time_of_day=8) == at("03-02 01:00")


def test_nothing_is_late_where_nothing_is_watched():
    assert late_from(HOURLY, "03-01 11:00") is None


def test_what_was_due_before_start_is_measured_from_start():
    started = at("03-09 11:30")
    assert late_from(HOURLY, "03-01 11:00", started, intervals=2) == at("03-09 13:00")
    assert late_from(DAILY, "03-02 00:00", started, time_of_day=8) == at("03-10 08:00")


def test_catching_up_is_not_late_as_long_as_windows_are_completed():
    completed = at("03-09 11:30")
    assert late_from(HOURLY, "03-01 11:00", completed=completed, intervals=2) == at("03-09 13:00")
    # But the data are not there at that time of day.
    assert late_from(DAILY, "03-02 00:00", completed=completed, time_of_day=8) == at("03-02 08:00")


SINCE, BEFORE, AFTER = at("03-02 08:00"), at("03-02 07:00"), at("03-02 09:00")


@pytest.mark.parametrize(
    "late_since, is_late, is_watched, completed, expected",
    [
        (None, False, True, None, None),
        (None, True, True, None, "begins"),
        (None, True, True, BEFORE, "begins"),
        (None, True, False, None, None),
        (SINCE, True, True, BEFORE, "lasts"),
        (SINCE, True, True, AFTER, "lasts"),
        (SINCE, False, True, AFTER, "ends"),
        (SINCE, False, True, BEFORE, None),
        (SINCE, False, True, None, None),
        (SINCE, True, False, None, "dropped"),
        (SINCE, False, False, AFTER, "dropped"),
    ],
)
def test_an_occurrence_begins_and_ends_once(late_since, is_late, is_watched, completed, expected):
    assert lateness.judge_lateness(late_since, is_late, is_watched, completed) == expected


@pytest.mark.parametrize(
    "minutes, expected", [(None, False), (-1, False), (0, True), (10, True), (11, False)]
)
def test_what_could_begin_a_moment_ago_may_make_up_for_it(minutes, expected):
    able_since = None if minutes is None else SINCE - timedelta(minutes=minutes)
    assert lateness.is_making_up(able_since, SINCE) is expected
