"""Old scheduled runs that are done become one for each day; what is covered stays as it was."""

from datetime import timedelta

import pytest
from coverage_case import NOW, CoverageCase
from freezegun import freeze_time
from hub_case import at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.addons.ihub.models import ihub_run

# Around midnight of the first of March, long ago.
BEGIN = at("2025-02-28 23:30")
MINUTES = 60


def minute(number):
    return BEGIN + timedelta(minutes=number)


class MergeCase(CoverageCase):
    def setUpOnce(self):
        super().setUpOnce()
        with freeze_time(NOW):
            self.integration = self.add(window_from=minute(MINUTES))

    def setUp(self):
        super().setUp()
        self.Run = self.env["ihub.run"].sudo()

    def scheduled(self, start, end=None, **values):
        """Write the scheduled run of a window, in minutes after ``BEGIN``."""
        values = {"trigger": "schedule", "processed": 5, **values}
        return self.record(self.integration, minute(start), minute(end or start + 1), **values)

    def minutes(self, first, count):
        return self.Run.concat(*(self.scheduled(first + number) for number in range(count)))

    def merge(self):
        self.env.flush_all()
        return self.Run._gc_merge_done()

    def item(self, run, state, **values):
        values = {"kind": "order", "key": f"{run.id} {state}", **values}
        owner = {"integration_id": self.integration.id, "source_run_id": run.id}
        return self.env["ihub.item"].sudo().create({**owner, "state": state, **values})


class TestMergedRuns(MergeCase):
    def test_neighbours_become_one_with_their_sums(self):
        runs = self.minutes(30, 10)
        for run in runs:
            run.write({"started_at": run.ended_at - timedelta(seconds=3)})
        self.assertEqual(self.merge(), (1, 0))
        span = runs.exists()
        self.assertEqual(span, runs[-1])
        self.assertEqual((span.window_from, span.window_to), (minute(30), minute(40)))
        self.assertEqual((span.merged_runs, span.processed, span.duration), (10, 50, 30))
        self.assertEqual(span.started_at, minute(31) - timedelta(seconds=3))
        self.assertEqual(span.ended_at, minute(40))
        self.assertEqual(span.explanation, "10 runs, all done: 50 records.")

    def test_what_is_merged_already_is_merged_with_what_has_become_old_since(self):
        self.minutes(30, 3)
        self.merge()
        self.minutes(33, 2)
        self.assertEqual(self.merge(), (1, 0))
        span = self.integration.run_ids.sudo().filtered("merged_runs")
        self.assertEqual((span.merged_runs, span.processed), (5, 25))
        self.assertEqual(self.merge(), (0, 0))

    def test_a_span_ends_with_its_day_and_at_a_gap(self):
        runs = self.minutes(25, 10) + self.minutes(40, 5)
        self.assertEqual(self.merge(), (3, 0))
        found = [(run.window_from, run.window_to) for run in runs.exists()]
        midnight = minute(30)
        self.assertEqual(
            sorted(found),
            [(minute(25), midnight), (midnight, minute(35)), (minute(40), minute(45))],
        )

    def test_what_is_younger_than_the_limit_stays(self):
        runs = self.minutes(30, 4)
        self.env["ir.config_parameter"].sudo().set_param("ihub.keep_run_days", "36500")
        self.assertEqual(self.merge(), (0, 0))
        self.env["ir.config_parameter"].sudo().set_param("ihub.keep_run_days", "90")
        self.assertEqual(self.merge(), (1, 0))
        self.assertEqual(len(runs.exists()), 1)

    def test_whatever_says_more_than_done_stays_as_it_is(self):
        special = {
            "manual": {"trigger": "manual"},
            "backfill": {"trigger": "backfill"},
            "failed": {"state": "failed"},
            "interrupted": {"state": "interrupted"},
            "skipped": {"state": "cancelled", "skipped": True},
            "with errors": {"with_errors": True},
            "incomplete": {"failed_items": 1},
            "tried twice": {"attempt": 2},
            "continued": {"previous_id": self.scheduled(0).id},
        }
        runs = {name: self.scheduled(31, **values) for name, values in special.items()}
        for name, run in runs.items():
            with self.subTest(name):
                run.write({"window_from": minute(31), "window_to": minute(32)})
                others = self.minutes(30, 1) + self.minutes(32, 1)
                (self.Run.concat(*runs.values()) - run).write(
                    {"window_from": minute(3), "window_to": minute(4)}
                )
                self.assertEqual(self.merge(), (0, 0))
                self.assertEqual(others.exists(), others)
                others.unlink()

    def test_a_window_that_has_also_failed_stays(self):
        runs = self.minutes(30, 3)
        self.scheduled(31, state="failed", trigger="manual", ended_at=minute(50))
        self.assertEqual(self.merge(), (0, 0))
        self.assertEqual(runs.exists(), runs)

    def test_items_and_events_follow_the_run_they_came_with(self):
        runs = self.minutes(30, 5)
        done = self.item(runs[1], "done", run_id=runs[1].id)
        event = self.env["ihub.event"].sudo().create(
            {"summary": "x", "integration_id": self.integration.id, "run_id": runs[2].id}
        )  # fmt: skip
        self.merge()
        self.assertEqual((done.source_run_id, done.run_id), (runs[4], runs[4]))
        self.assertEqual(event.run_id, runs[4])

    def test_runs_whose_items_are_not_done_stay(self):
        runs = self.minutes(30, 5)
        items = [self.item(run, "failed") for run in runs[:1]]
        items += [self.item(run, "ignored") for run in runs[2:3]]
        self.assertEqual(self.merge(), (1, 0))
        self.assertEqual(runs.exists(), runs[:3] + runs[4])
        self.assertEqual([item.source_run_id for item in items], [runs[0], runs[2]])

    def test_there_may_be_more_of_them(self):
        self.minutes(25, 10)
        self.patch(ihub_run, "SPANS", 1)
        self.assertEqual([self.merge(), self.merge(), self.merge()], [(1, 1), (1, 1), (0, 0)])

    def story(self):
        return self.env["ihub.event"].time_line("ihub.integration", self.integration.id)

    def test_the_time_line_counts_each_of_them(self):
        self.minutes(30, 5)
        self.merge()
        titles = [entry["title"] for entry in self.story()["entries"]]
        self.assertIn("5 runs, all done.", titles)


RUNS = st.lists(
    st.tuples(
        st.integers(0, MINUTES - 1),
        st.sampled_from([1, 1, 1, 2, 5, 20]),
        st.sampled_from(["done"] * 8 + ["failed", "interrupted", "skipped", "cancelled"]),
        st.sampled_from(["schedule"] * 8 + ["manual", "backfill"]),
        # When it ended, in minutes after all windows: not in their order.
        st.integers(0, 5),
        st.sampled_from([None] * 8 + ["failed", "done"]),
    ),
    max_size=12,
)


@pytest.mark.slow
class TestNothingElseChanges(MergeCase):
    def known(self, first, last):
        """Return all that screens say of a period, minute by minute."""
        period = [str(minute(number)) for number in (first, last)]
        coverage = self.integration.coverage(*period)
        lanes = self.integration.grid(*period, 2000)["lanes"][str(self.integration.id)]
        return {
            "status": [self.status(coverage, number) for number in range(first, last)],
            "repair": [s["to_repair"] for s in coverage["segments"] if s["to_repair"]],
            "beginning": coverage["beginning"],
            "watermark": (self.integration.watermark, coverage["complete_until"]),
            "grid": [self.shown(lanes, number) for number in range(last - first)],
        }

    def status(self, coverage, number):
        moment = str(minute(number))
        (found,) = [s for s in coverage["segments"] if s["from"] <= moment < s["to"]]
        return found["status"], found["exact"]

    def shown(self, bars, number):
        """Return which outcomes are drawn at a minute after the start of the period."""
        return {bar[2] for bar in bars if bar[0] <= 60 * number < bar[1]}

    def write_runs(self, series, extra):
        """Write neighbours from the begin on, and what else there is beside them."""
        at_ = 0
        for length, state in series:
            if at_ + length <= MINUTES:
                self.ended(at_, length, state, "schedule", 0)
            at_ += length
        for first, length, state, trigger, ended, item in extra:
            run = self.ended(first, length, state, trigger, ended)
            if item:
                self.item(run, item)

    def ended(self, first, length, state, trigger, ended):
        values = {"state": "cancelled", "skipped": True} if state == "skipped" else {"state": state}
        return self.scheduled(
            first, first + length, trigger=trigger, ended_at=minute(MINUTES + ended), **values
        )

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([1, 1, 2, 7]),
                st.sampled_from(["done"] * 12 + ["failed", "skipped"]),
            ),
            max_size=30,
        ),
        RUNS,
        st.lists(st.integers(0, MINUTES), min_size=2, max_size=2, unique=True).map(sorted),
    )
    @settings(suppress_health_check=list(HealthCheck), max_examples=30)
    def test_coverage_watermark_and_grid_are_the_same(self, series, extra, period):
        with self.env.cr.savepoint() as savepoint:
            self.write_runs(series, extra)
            self.env.flush_all()
            before = [self.known(*period), self.known(0, MINUTES)]
            processed = self.sums()
            while self.merge()[1]:
                pass
            self.env.invalidate_all()
            self.assertEqual([self.known(*period), self.known(0, MINUTES)], before)
            self.assertEqual(self.sums(), processed)
            self.assertEqual(self.merge(), (0, 0))
            savepoint.rollback()
        self.env.invalidate_all()

    def sums(self):
        runs = self.integration.run_ids.sudo()
        count = sum(max(run.merged_runs, 1) for run in runs)
        return sum(runs.mapped("processed")), round(sum(runs.mapped("duration")), 3), count
