"""Whatever happens to an integration, its windows tile the time line."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.core.schedule import CATCH_UPS, Plan, Schedule, Window
from schedule_strategies import ZONES, about, bounded, delays, moments, schedules, times_of_day

pytestmark = pytest.mark.slow


@dataclass
class Timeline:
    """An integration without Odoo: where its scheduled run begins, and what it did."""

    schedule: Schedule
    scheduled: datetime
    now: datetime
    catch_up: str = "one"
    started: bool = True
    held: Plan | None = None
    spans: list[Window] = field(default_factory=list)
    done: list[Window] = field(default_factory=list)

    def __post_init__(self):
        self.origin = self.scheduled

    def wait(self, span):
        self.now += span

    def set_started(self, started):
        self.started = started
        if not started:
            self.held = None

    def edit(self, change):
        self.schedule = change(self.schedule)

    def set_catch_up(self, catch_up):
        self.catch_up = catch_up

    def wake(self, outcome):
        """Run what is due: ``done``, ``planned anew`` after a failure, or to be ``retried``."""
        plan = self.held or self.schedule.plan(self.scheduled, self.now, self.catch_up)
        if not self.started or plan.due > self.now:
            return False
        if self.held is None:
            self.check_plan(plan)
        self.skip(plan.skipped)
        self.held = None
        if outcome == "done":
            self.cover(plan.window)
            self.done.append(plan.window)
        elif outcome == "retried":
            self.held = plan._replace(skipped=None)
        return True

    def skip(self, skipped):
        if skipped:
            self.cover(skipped)

    def cover(self, span):
        self.spans.append(span)
        self.scheduled = span.end

    def check_plan(self, plan):
        assert plan.window.start < plan.window.end
        assert plan.due == plan.window.end + self.schedule.delay
        assert plan.due <= self.now
        assert plan.backlog >= 1
        assert (plan.skipped is None) or self.catch_up == "skip"

    def check(self):
        end = self.origin
        for span in self.spans:
            assert span.start == end < span.end
            end = span.end
        assert end == self.scheduled
        assert all(window.end <= self.now for window in self.done)


def changes():
    """What an operator can edit."""
    zones = st.sampled_from(ZONES).map(lambda tz: lambda s: replace(s, tz=tz))
    times = (st.none() | times_of_day()).map(lambda at: lambda s: replace(s, time_of_day=at))
    late = delays().map(lambda delay: lambda s: replace(s, delay=delay))
    anchors = moments(1990, 2030).map(lambda anchor: lambda s: replace(s, anchor=anchor))
    intervals = schedules(anchors=st.just(datetime(2000, 1, 31))).map(
        lambda other: (
            lambda s: replace(
                s, interval_number=other.interval_number, interval_type=other.interval_type
            )
        )
    )
    return st.one_of(zones, times, late, anchors, intervals)


def happenings():
    """What can happen to an integration, as the name of a method and its argument."""
    spans = st.one_of(st.integers(0, 7200), st.integers(0, 40 * 86400))
    return st.one_of(
        st.tuples(st.just("wait"), spans.map(lambda seconds: timedelta(seconds=seconds))),
        st.tuples(st.just("wake"), st.sampled_from(["done", "planned anew", "retried"])),
        st.tuples(st.just("wake"), st.just("done")),
        st.tuples(st.just("edit"), changes()),
        st.tuples(st.just("set_catch_up"), st.sampled_from(CATCH_UPS)),
        st.tuples(st.just("set_started"), st.booleans()),
    )


@bounded()
@given(
    schedules(anchors=moments(1990, 2030)),
    moments(1990, 2030),
    st.integers(-40 * 86400, 40 * 86400),
    st.lists(happenings(), min_size=5, max_size=40),
)
def test_windows_tile_the_time_line_whatever_happens(schedule, start, lead, events):
    timeline = Timeline(schedule, start, start + timedelta(seconds=lead))
    for name, argument in events:
        getattr(timeline, name)(argument)
        timeline.check()


@bounded()
@given(
    schedules(anchors=moments(1990, 2030)),
    moments(1990, 2030),
    st.lists(
        st.tuples(st.floats(0, 8), st.sampled_from(CATCH_UPS), changes()), min_size=1, max_size=6
    ),
)
def test_nothing_stays_behind(schedule, start, outages):
    """After every outage all that is complete is done, and nothing that is not."""
    timeline = Timeline(schedule, start, start)
    for intervals, catch_up, change in outages:
        timeline.wait(min(about(timeline.schedule, intervals), timedelta(days=400)))
        timeline.set_catch_up(catch_up)
        run_all(timeline)
        assert timeline.schedule.boundary_after(timeline.scheduled) > (
            timeline.now - timeline.schedule.delay
        )
        timeline.edit(change)
    timeline.check()


def run_all(timeline):
    if timeline.schedule.count(timeline.scheduled, timeline.now) > 500:
        timeline.set_catch_up("one")
    while timeline.wake("done"):
        timeline.check()


@bounded()
@given(schedules(), moments(), st.floats(0, 50))
def test_each_window_by_itself_covers_what_one_run_covers(schedule, start, intervals):
    now = start + schedule.delay + about(schedule, intervals)
    one = schedule.plan(start, now, "one")
    skip = schedule.plan(start, now, "skip")
    each = Timeline(schedule, start, now, "each")
    for left in range(one.backlog, 0, -1):
        assert schedule.plan(each.scheduled, now, "each").backlog == left
        assert each.wake("done")
    each.check()
    assert not each.wake("done")
    if one.backlog:
        assert Window(start, each.scheduled) == one.window
        assert skip.window == each.spans[-1]
        assert Window(start, skip.window.end) == one.window
    if one.backlog > 1:
        assert skip.skipped == Window(start, each.spans[-2].end)
    assert each.spans == list(schedule.windows(start, now - schedule.delay))


@bounded()
@given(schedules(), moments(), st.floats(-50, 50), st.sampled_from(CATCH_UPS))
def test_a_plan_is_due_after_the_delay(schedule, start, intervals, catch_up):
    now = start + about(schedule, intervals)
    plan = schedule.plan(start, now, catch_up)
    assert plan.due == plan.window.end + schedule.delay
    assert (plan.due <= now) == bool(plan.backlog)
    assert plan.window.start == (plan.skipped.end if plan.skipped else start)
    assert (plan.skipped is not None) == (catch_up == "skip" and plan.backlog > 1)
