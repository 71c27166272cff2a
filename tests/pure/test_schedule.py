"""Windows, one example for each rule."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from pure_ihub.core import schedule as zone
from pure_ihub.core.schedule import (
    EARLIEST,
    INTERVAL_TYPES,
    LATEST,
    MAX_INTERVAL,
    EmptyPeriod,
    InvalidSchedule,
    OutOfCalendar,
    Plan,
    Schedule,
    ScheduleError,
    TooManyWindows,
    UnknownTimezone,
    Window,
    default_anchor,
    kept_anchor,
)

SECOND = timedelta(seconds=1)
EXTREMES = [EARLIEST + timedelta(days=2), LATEST - timedelta(days=2), LATEST - SECOND]


def utc(text):
    return datetime.fromisoformat(text)


def starts(schedule, start, number):
    """Return the first ``number`` points after ``start``, as text."""
    points = []
    for _ in range(number):
        start = schedule.boundary_after(start)
        points.append(start.isoformat(" ", "minutes"))
    return points


def daily(tz, time_of_day=None, anchor="2020-01-01 12:00", **kwargs):
    return Schedule(1, "days", utc(anchor), tz=tz, time_of_day=time_of_day, **kwargs)


def hourly(**kwargs):
    return Schedule(1, "hours", utc("2024-01-01 00:00"), **kwargs)


class TestElapsedTime:
    @pytest.mark.parametrize(
        ("day", "hours"),
        [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)],
    )
    def test_a_day_has_as_many_hourly_windows_as_hours(self, day, hours):
        days = daily("Europe/Vienna", 0.0)
        begin = days.boundary_at_or_before(utc(f"{day} 12:00"))
        end = days.boundary_after(begin)
        assert hourly(tz="Europe/Vienna").count(begin, end) == hours
        assert end - begin == timedelta(hours=hours)

    def test_the_grid_goes_through_the_anchor_in_both_directions(self):
        schedule = Schedule(45, "minutes", utc("2024-01-01 00:10"))
        assert schedule.boundary_at_or_before(utc("2024-01-01 00:10")) == utc("2024-01-01 00:10")
        assert schedule.boundary_after(utc("2023-12-31 23:00")) == utc("2023-12-31 23:25")
        assert schedule.boundary_after(utc("2024-01-01 00:10")) == utc("2024-01-01 00:55")

    def test_fractions_of_a_second_in_the_anchor_do_not_count(self):
        schedule = Schedule(1, "minutes", datetime(2024, 1, 1, 0, 0, 7, 123456))
        assert schedule.boundary_after(utc("2024-01-01 00:00")) == datetime(2024, 1, 1, 0, 0, 7)

    def test_a_time_of_day_has_no_effect(self):
        assert starts(hourly(time_of_day=7.5), utc("2024-01-01"), 1) == ["2024-01-01 01:00"]


class TestWallClock:
    @pytest.mark.parametrize(
        ("tz", "time_of_day", "before", "expected"),
        [
            # 02:30 does not exist on 31 March: it is 03:30. It happens twice on 27 October.
            (
                "Europe/Vienna",
                2.5,
                "2024-03-29 12:00",
                ["2024-03-30 01:30", "2024-03-31 01:30", "2024-04-01 00:30"],
            ),
            (
                "Europe/Vienna",
                2.5,
                "2024-10-25 12:00",
                ["2024-10-26 00:30", "2024-10-27 00:30", "2024-10-28 01:30"],
            ),
            # Half an hour is skipped at 02:00, and repeated from 01:30.
            (
                "Australia/Lord_Howe",
                2.25,
                "2024-10-04 00:00",
                ["2024-10-04 15:45", "2024-10-05 15:45", "2024-10-06 15:15"],
            ),
            (
                "Australia/Lord_Howe",
                1.75,
                "2024-04-05 00:00",
                ["2024-04-05 14:45", "2024-04-06 14:45", "2024-04-07 15:15"],
            ),
            # Midnight is skipped.
            (
                "America/Sao_Paulo",
                0.0,
                "2018-11-02 12:00",
                ["2018-11-03 03:00", "2018-11-04 03:00", "2018-11-05 02:00"],
            ),
            # Midnight happens twice.
            (
                "America/Havana",
                0.0,
                "2024-11-01 12:00",
                ["2024-11-02 04:00", "2024-11-03 04:00", "2024-11-04 05:00"],
            ),
            ("Asia/Kolkata", 0.0, "2024-01-01 00:00", ["2024-01-01 18:30", "2024-01-02 18:30"]),
            ("Asia/Kathmandu", 6.0, "2024-01-01 12:00", ["2024-01-02 00:15"]),
            # The rules changed for good: an hour more until 2014.
            (
                "Europe/Moscow",
                0.0,
                "2014-10-24 12:00",
                ["2014-10-24 20:00", "2014-10-25 20:00", "2014-10-26 21:00"],
            ),
            # Beyond the table of changes, where only the rule is known.
            ("Europe/Vienna", 8.0, "2099-03-28 00:00", ["2099-03-28 07:00", "2099-03-29 06:00"]),
        ],
    )
    def test_days(self, tz, time_of_day, before, expected):
        assert starts(daily(tz, time_of_day), utc(before), len(expected)) == expected

    def test_weeks_keep_the_weekday_of_the_anchor(self):
        schedule = Schedule(2, "weeks", utc("2024-03-18 07:00"), tz="Europe/Vienna")
        assert starts(schedule, utc("2024-03-19"), 2) == ["2024-04-01 06:00", "2024-04-15 06:00"]
        assert schedule.boundary_at_or_before(utc("2024-03-18 06:59")) == utc("2024-03-04 07:00")

    def test_without_a_time_of_day_it_is_that_of_the_anchor(self):
        schedule = daily("Europe/Vienna", anchor="2024-01-01 07:15")
        assert starts(schedule, utc("2024-07-01"), 1) == ["2024-07-01 06:15"]

    def test_with_a_time_of_day_the_anchor_gives_the_local_day(self):
        # In Kolkata it is already the 2nd.
        schedule = Schedule(1, "months", utc("2024-01-01 20:00"), "Asia/Kolkata", 9.0)
        assert starts(schedule, utc("2024-01-01"), 2) == ["2024-01-02 03:30", "2024-02-02 03:30"]

    @pytest.mark.parametrize(
        ("time_of_day", "expected"),
        [(8 + 1 / 3, "08:20"), (23.999, "23:59"), (0.1, "00:06"), (12, "12:00")],
    )
    def test_a_time_of_day_is_in_whole_minutes(self, time_of_day, expected):
        assert starts(daily("UTC", time_of_day), utc("2024-01-01"), 1)[0].endswith(expected)


class TestMonths:
    @pytest.mark.parametrize(
        ("number", "anchor", "expected"),
        [
            (1, "2023-01-31", ["2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"]),
            (1, "2024-01-31", ["2024-02-29", "2024-03-31"]),
            (1, "2100-01-30", ["2100-02-28", "2100-03-30"]),
            (12, "2024-02-29", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
            (3, "2023-11-30", ["2024-02-29", "2024-05-30", "2024-08-30"]),
            (13, "2024-12-31", ["2026-01-31", "2027-02-28"]),
        ],
    )
    def test_the_day_of_the_anchor_or_the_last_of_the_month(self, number, anchor, expected):
        schedule = Schedule(number, "months", utc(anchor))
        points = starts(schedule, utc(anchor), len(expected))
        assert points == [f"{day} 00:00" for day in expected]

    def test_backwards_too(self):
        schedule = Schedule(1, "months", utc("2024-03-31"))
        assert schedule.boundary_at_or_before(utc("2024-03-30")) == utc("2024-02-29")
        assert schedule.boundary_at_or_before(utc("2023-03-30")) == utc("2023-02-28")


class TestWindows:
    def test_a_window_ends_at_the_grid_wherever_it_begins(self):
        window = hourly().window_from(utc("2024-01-01 10:20"))
        assert window == Window(utc("2024-01-01 10:20"), utc("2024-01-01 11:00"))

    def test_due_is_the_end_and_the_delay(self):
        window = Window(utc("2024-01-01 10:00"), utc("2024-01-01 11:00"))
        assert hourly(delay=timedelta(hours=5)).due(window) == utc("2024-01-01 16:00")

    def test_only_complete_windows(self):
        windows = list(hourly().windows(utc("2024-01-01 10:20"), utc("2024-01-01 12:59")))
        assert windows == [
            Window(utc("2024-01-01 10:20"), utc("2024-01-01 11:00")),
            Window(utc("2024-01-01 11:00"), utc("2024-01-01 12:00")),
        ]

    def test_a_window_that_ends_right_then_counts(self):
        assert hourly().count(utc("2024-01-01 10:00"), utc("2024-01-01 11:00")) == 1
        assert hourly().count(utc("2024-01-01 10:00"), utc("2024-01-01 10:59")) == 0
        assert hourly().count(utc("2024-01-01 10:00"), utc("2024-01-01 09:00")) == 0


class TestSplit:
    def test_cuts_at_the_grid(self):
        assert hourly().split(utc("2024-01-01 10:20"), utc("2024-01-01 12:30"), 3) == [
            Window(utc("2024-01-01 10:20"), utc("2024-01-01 11:00")),
            Window(utc("2024-01-01 11:00"), utc("2024-01-01 12:00")),
            Window(utc("2024-01-01 12:00"), utc("2024-01-01 12:30")),
        ]

    def test_nothing_is_left_at_a_grid_point(self):
        assert hourly().split(utc("2024-01-01 10:00"), utc("2024-01-01 11:00"), 1) == [
            Window(utc("2024-01-01 10:00"), utc("2024-01-01 11:00"))
        ]

    @pytest.mark.parametrize("end", ["2024-01-01 10:00", "2023-01-01 00:00"])
    def test_an_empty_period_is_refused(self, end):
        with pytest.raises(EmptyPeriod) as caught:
            hourly().split(utc("2024-01-01 10:00"), utc(end), 10)
        assert (caught.value.start, caught.value.end) == (utc("2024-01-01 10:00"), utc(end))

    def test_too_many_windows_are_refused_before_they_are_made(self, monkeypatch):
        monkeypatch.setattr(Schedule, "windows", None)
        schedule = Schedule(1, "minutes", utc("2024-01-01"))
        with pytest.raises(TooManyWindows) as caught:
            schedule.split(utc("1924-01-01"), utc("2024-01-01"), 1000)
        assert (caught.value.count, caught.value.limit) == (36525 * 1440, 1000)


class TestPlan:
    start, now = utc("2024-01-01 10:20"), utc("2024-01-01 14:30")

    @pytest.mark.parametrize(
        ("catch_up", "window", "skipped"),
        [
            ("one", ("10:20", "14:00"), None),
            ("each", ("10:20", "11:00"), None),
            ("skip", ("13:00", "14:00"), ("10:20", "13:00")),
        ],
    )
    def test_after_an_outage(self, catch_up, window, skipped):
        plan = hourly(delay=timedelta(minutes=5)).plan(self.start, self.now, catch_up)
        window = self.span(window)
        assert plan == Plan(
            window, window.end + timedelta(minutes=5), skipped and self.span(skipped), 4
        )

    @pytest.mark.parametrize("catch_up", ["one", "each", "skip"])
    @pytest.mark.parametrize(("now", "backlog"), [("10:30", 0), ("11:04", 0), ("11:05", 1)])
    def test_up_to_date(self, catch_up, now, backlog):
        plan = hourly(delay=timedelta(minutes=5)).plan(
            self.start, utc(f"2024-01-01 {now}"), catch_up
        )
        assert plan == Plan(self.span(("10:20", "11:00")), utc("2024-01-01 11:05"), None, backlog)

    def test_a_delay_longer_than_the_interval(self):
        plan = hourly(delay=timedelta(hours=3)).plan(self.start, self.now, "one")
        assert plan == Plan(self.span(("10:20", "11:00")), utc("2024-01-01 14:00"), None, 1)

    def test_a_start_in_the_future(self):
        plan = hourly().plan(utc("2030-01-01 00:30"), self.now)
        assert plan.window == Window(utc("2030-01-01 00:30"), utc("2030-01-01 01:00"))
        assert (plan.due, plan.backlog) == (utc("2030-01-01 01:00"), 0)

    def test_an_unknown_way_to_catch_up_is_refused(self):
        with pytest.raises(InvalidSchedule) as caught:
            hourly().plan(self.start, self.now, "all")
        assert caught.value.setting == "catch_up"

    def span(self, times):
        return Window(*(utc(f"2024-01-01 {time}") for time in times))


class TestSettings:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("interval_number", 0),
            ("interval_number", -5),
            ("interval_number", 1.5),
            ("interval_number", True),
            ("interval_type", "years"),
            ("interval_type", False),
            ("anchor", datetime.fromisoformat("2024-01-01T00:00+00:00")),
            ("anchor", False),
            ("time_of_day", -0.5),
            ("time_of_day", 24),
            ("time_of_day", float("nan")),
            ("delay", timedelta(seconds=-1)),
        ],
    )
    def test_nonsense_is_refused(self, setting, value):
        good = {"interval_number": 1, "interval_type": "days", "anchor": utc("2024-01-01")}
        with pytest.raises(InvalidSchedule) as caught:
            Schedule(**{**good, setting: value})
        assert caught.value.setting == setting
        assert caught.value.value is value

    @pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc", "Europe", False, None, "a\0b"])
    def test_an_unknown_time_zone_is_refused(self, name):
        with pytest.raises(UnknownTimezone) as caught:
            hourly(tz=name)
        assert caught.value.name == name
        assert isinstance(caught.value, ScheduleError)

    def test_a_zone_that_only_pytz_knows(self, monkeypatch):
        pytz = pytest.importorskip("pytz")
        monkeypatch.setattr(zone, "ZoneInfo", _only_from_file(zone.ZoneInfo))
        found = zone.find_zone.__wrapped__("US/Eastern")
        assert pytz.timezone("US/Eastern").zone == found.key
        assert zone.to_local(utc("2024-07-01 12:00"), found) == utc("2024-07-01 08:00")


def _only_from_file(zone_info):
    class NoZones:
        from_file = zone_info.from_file

        def __new__(cls, key):
            raise KeyError(key)

    return NoZones


class TestTheEndsOfTheCalendar:
    @pytest.mark.parametrize("interval_type", ["minutes", "hours", "days", "weeks", "months"])
    @pytest.mark.parametrize("anchor", [*EXTREMES, utc("2024-01-31")])
    @pytest.mark.parametrize(
        ("tz", "at"), [("UTC", None), ("Asia/Tokyo", 0.5), ("Pacific/Pago_Pago", 23.5)]
    )
    def test_nothing_fails(self, interval_type, anchor, tz, at):
        schedule = Schedule(1, interval_type, anchor, tz, at, timedelta(days=9))
        for moment in EXTREMES:
            assert schedule.boundary_at_or_before(moment) <= moment
            assert schedule.count(moment, LATEST - SECOND) >= 0
            assert default_anchor(moment, 1, interval_type, tz, at) <= moment
            self.check_plans(schedule, moment)

    def check_plans(self, schedule, start):
        for now in EXTREMES:
            for catch_up in ("one", "each", "skip"):
                plan = schedule.plan(start, now, catch_up)
                assert start <= plan.window.start < plan.window.end
                assert plan.due <= LATEST

    @pytest.mark.parametrize("moment", [datetime.min, EARLIEST - SECOND, LATEST, datetime.max])
    def test_there_is_no_window_beyond(self, moment):
        with pytest.raises(OutOfCalendar) as caught:
            hourly().window_from(moment)
        assert caught.value.moment == moment
        with pytest.raises(OutOfCalendar):
            hourly().count(EARLIEST, LATEST)
        with pytest.raises(InvalidSchedule):
            Schedule(1, "days", moment)

    @pytest.mark.parametrize("interval_type", ["minutes", "hours", "days", "weeks", "months"])
    def test_an_interval_longer_than_anybody_wants(self, interval_type):
        with pytest.raises(InvalidSchedule) as caught:
            Schedule(MAX_INTERVAL[interval_type] + 1, interval_type, utc("2024-01-01"))
        assert caught.value.setting == "interval_number"

    def test_a_delay_without_end(self):
        schedule = Schedule(1, "days", utc("2024-01-01"), delay=timedelta.max)
        plan = schedule.plan(utc("2024-01-01"), utc("2025-01-01"))
        assert (plan.backlog, plan.due) == (0, LATEST)

    @pytest.mark.parametrize("interval_type", ["days", "weeks", "months"])
    def test_far_away_moments_take_few_steps(self, interval_type, monkeypatch):
        steps = Counter()
        to_utc = zone.to_utc

        def counted(*args):
            steps["all"] += 1
            return to_utc(*args)

        monkeypatch.setattr(zone, "to_utc", counted)
        schedule = Schedule(1, interval_type, utc("2024-01-31 10:00"), "Europe/Vienna", 2.5)
        schedule.boundary_after(utc("2390-06-15"))
        schedule.boundary_at_or_before(utc("1810-06-15"))
        assert schedule.count(utc("1810-06-15"), utc("2390-06-15")) > 6_900
        assert steps["all"] < 40


class TestInterval:
    @pytest.mark.parametrize("interval_type", list(MAX_INTERVAL))
    def test_ten_years_are_the_longest(self, interval_type):
        Schedule(1, interval_type, utc("2024-01-01"))
        Schedule(MAX_INTERVAL[interval_type], interval_type, utc("2024-01-01"))
        for number in (0, -1, MAX_INTERVAL[interval_type] + 1, 2**31 - 1):
            with pytest.raises(InvalidSchedule) as caught:
                Schedule(number, interval_type, utc("2024-01-01"))
            assert (caught.value.setting, caught.value.value) == ("interval_number", number)

    def test_every_unit_has_its_longest(self):
        assert set(MAX_INTERVAL) == set(INTERVAL_TYPES)


class TestKeptAnchor:
    @pytest.mark.parametrize("interval_type", ["days", "weeks", "months"])
    def test_the_day_and_the_time_of_the_wall_stay(self, interval_type):
        anchor = utc("2024-01-31 22:30")  # 23:30 in Vienna
        kept = kept_anchor(anchor, interval_type, "Europe/Vienna", "Pacific/Auckland")
        assert zone.to_local(kept, zone.find_zone("Pacific/Auckland")) == utc("2024-01-31 23:30")
        assert kept_anchor(kept, interval_type, "Pacific/Auckland", "Europe/Vienna") == anchor

    @pytest.mark.parametrize("interval_type", ["minutes", "hours"])
    def test_elapsed_time_has_no_zone(self, interval_type):
        anchor = utc("2024-01-31 22:30")
        assert kept_anchor(anchor, interval_type, "Europe/Vienna", "Asia/Kolkata") == anchor

    def test_an_unknown_zone_is_said(self):
        with pytest.raises(UnknownTimezone):
            kept_anchor(utc("2024-01-31"), "days", "Mars/Olympus", "UTC")

    def test_the_origin_is_what_the_anchor_stands_for(self):
        assert daily("UTC", 8.0, "2024-01-31 22:30").origin == utc("2024-01-31 08:00")
        assert hourly().origin == utc("2024-01-01 00:00")


class TestDefaultAnchor:
    @pytest.mark.parametrize(
        ("number", "interval_type", "tz", "time_of_day", "expected"),
        [
            (15, "minutes", "Asia/Kathmandu", None, "2024-07-17 13:15"),
            (1, "minutes", "UTC", None, "2024-07-17 13:23"),
            (90, "minutes", "UTC", None, "2024-07-17 12:00"),
            (7, "minutes", "UTC", None, "2024-07-17 13:18"),
            # 18:53 there.
            (1, "hours", "Asia/Kolkata", None, "2024-07-17 12:30"),
            (6, "hours", "Asia/Kolkata", None, "2024-07-17 12:30"),
            (36, "hours", "Europe/Vienna", None, "2024-07-16 22:00"),
            (1, "days", "Europe/Vienna", None, "2024-07-16 22:00"),
            (1, "days", "Europe/Vienna", 8.5, "2024-07-17 06:30"),
            # Not yet: yesterday's.
            (1, "days", "Europe/Vienna", 20.0, "2024-07-16 18:00"),
            (3, "days", "Europe/Vienna", None, "2024-07-16 22:00"),
            # A Wednesday.
            (1, "weeks", "Europe/Vienna", 1.0, "2024-07-14 23:00"),
            (2, "weeks", "Europe/Vienna", 1.0, "2024-07-14 23:00"),
            (1, "months", "Europe/Vienna", None, "2024-06-30 22:00"),
            (3, "months", "UTC", None, "2024-07-01 00:00"),
            (6, "months", "Europe/Vienna", None, "2024-06-30 22:00"),
            (12, "months", "Europe/Vienna", None, "2023-12-31 23:00"),
            (5, "months", "UTC", None, "2024-07-01 00:00"),
        ],
    )
    def test_a_whole_unit_of_the_wall_clock(self, number, interval_type, tz, time_of_day, expected):
        now = datetime(2024, 7, 17, 13, 23, 5, 250)
        assert default_anchor(now, number, interval_type, tz, time_of_day) == utc(expected)

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            # The second 02:30 in Vienna, an hour after the first.
            ("2024-10-27 01:30", "2024-10-27 01:00"),
            ("2024-10-27 00:30", "2024-10-27 00:00"),
            # 03:10, right after the gap.
            ("2024-03-31 01:10", "2024-03-31 01:00"),
        ],
    )
    def test_on_the_day_of_a_time_change(self, now, expected):
        assert default_anchor(utc(now), 1, "hours", "Europe/Vienna") == utc(expected)

    def test_nonsense_is_refused(self):
        with pytest.raises(InvalidSchedule):
            default_anchor(utc("2024-01-01"), 0, "hours")
