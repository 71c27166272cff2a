"""Schedules, moments and zones for the property tests, and what bounds these."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pure_ihub.core.schedule import INTERVAL_TYPES, Schedule

ZONES = [
    "UTC",
    "Europe/Vienna",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",  # midnights that never happened
    "America/Havana",  # midnights that happen twice
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Africa/Casablanca",
    "Antarctica/Troll",  # two hours
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Chatham",
    "Asia/Pyongyang",
    "Europe/Moscow",
]
# About when the clocks of some of the zones changed, or years begin in an unusual way.
CHANGES = [
    datetime(2024, 3, 31, 1),
    datetime(2024, 10, 27, 1),
    datetime(2024, 3, 10, 7),
    datetime(2024, 11, 3, 6),
    datetime(2024, 10, 5, 15, 30),
    datetime(2024, 4, 6, 15),
    datetime(2018, 11, 4, 3),
    datetime(2011, 12, 30, 10),
    datetime(1993, 8, 21, 12),
    datetime(1969, 9, 30, 13),
    datetime(2014, 10, 25, 22),
    datetime(2018, 5, 4, 15),
    datetime(2024, 2, 29, 12),
    datetime(2100, 2, 28, 12),
]
LARGEST_NUMBER = {"minutes": 3000, "hours": 60, "days": 40, "weeks": 6, "months": 26}


def bounded(examples=100):
    """Return the settings of a property test: the same ``examples`` each time, in any time."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


@st.composite
def moments(draw, first=1890, last=2150):
    """Any naive UTC moment, often near a change of the clocks."""
    if draw(st.booleans()):
        change = draw(st.sampled_from([c for c in CHANGES if first < c.year < last]))
        return change + draw(st.integers(-4000, 4000)) * timedelta(minutes=1)
    return draw(st.datetimes(datetime(first, 1, 1), datetime(last, 1, 1)))


def delays():
    """From none to longer than most intervals."""
    return st.one_of(st.just(0), st.integers(0, 400_000)).map(lambda s: timedelta(seconds=s))


def times_of_day():
    """Hours of the wall clock, in minutes, often midnight."""
    return st.one_of(st.just(0.0), st.integers(0, 1439).map(lambda minutes: minutes / 60))


@st.composite
def schedules(draw, interval_types=INTERVAL_TYPES, anchors=None, largest=LARGEST_NUMBER):
    """Any schedule."""
    interval_type = draw(st.sampled_from(interval_types))
    return Schedule(
        draw(st.integers(1, largest[interval_type])),
        interval_type,
        draw(moments() if anchors is None else anchors),
        tz=draw(st.sampled_from(ZONES)),
        time_of_day=draw(st.none() | times_of_day()),
        delay=draw(delays()),
    )


def about(schedule, number):
    """Return the length of about ``number`` intervals of ``schedule``, a ``timedelta``."""
    hours = {"minutes": 1 / 60, "hours": 1, "days": 24, "weeks": 168, "months": 730}
    return timedelta(hours=number * schedule.interval_number * hours[schedule.interval_type])
