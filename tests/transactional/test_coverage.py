"""The time line and the history of an integration, as the screen asks for them."""

import json
import random
from datetime import timedelta
from unittest.mock import patch

import pytest
from coverage_case import NOW, CoverageCase
from freezegun import freeze_time
from hub_case import DEMO, at
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form

from odoo.addons.ihub.report import coverage as coverage_module

METHODS = ("coverage", "action_fill", "action_open_runs_of")


@pytest.mark.slow
class TestCoverage(CoverageCase):
    def test_all_that_can_become_of_a_window(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        with self.running_as(lambda this, _from, _to: this.fail() if _from.hour == 9 else None):
            self.work(integration)
        self.assertEqual(integration.state, "failed")
        self.assertEqual(
            self.line(integration, "2025-03-01 07:00"),
            [
                ("07:00", "08:00", "none"),
                ("08:00", "09:00", "done"),
                ("09:00", "10:00", "failed"),
                ("10:00", "12:30", "pending"),
                ("12:30", "14:00", "future"),
            ],
        )

    def test_what_a_dead_process_had_begun_is_not_running(self):
        integration = self.add(window_from=at("2025-03-01 11:00"))
        integration.start()
        self.runs(integration, trigger="schedule")._begin()
        judged = type(integration)._compute_health
        for is_alive, status in ((True, "running"), (False, "failed")):

            def compute(integrations, is_alive=is_alive):
                judged(integrations)
                # Whose process holds the lane; here there is one process only.
                integrations.is_executing = is_alive

            self.env.invalidate_all()
            with (
                self.subTest(is_alive=is_alive),
                patch.object(type(integration), "_compute_health", compute),
            ):
                self.assertEqual(self.line(integration, "2025-03-01 11:00")[0][2], status)

    def test_what_was_skipped_and_filled_again(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="skip")
        integration.start()
        self.work(integration)
        self.assertEqual(self.line(integration)[0], ("08:00", "11:00", "skipped"))
        integration.run_manually("2025-03-01 09:00:00", "2025-03-01 10:00:00")
        self.assertIn(("09:00", "10:00", "pending"), self.line(integration))
        self.work(integration)
        self.assertEqual(
            self.line(integration)[:3],
            [
                ("08:00", "09:00", "skipped"),
                ("09:00", "10:00", "done"),
                ("10:00", "11:00", "skipped"),
            ],
        )

    def test_what_is_passed_over_after_it_was_done_stays_done(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        self.work(integration)
        integration.stop()
        as_it_was = self.line(integration)
        self.assertEqual([status for *_span, status in as_it_was[:4]], ["done"] * 4)
        for hour in (9, 12):
            integration.with_user(self.manager).window_from = at(f"2025-03-01 {hour:02}:00")
        self.assertTrue(self.runs(integration, skipped=True))
        self.assertEqual(self.line(integration), as_it_was)

    def test_windows_that_nothing_is_known_of_are_holes(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        self.work(integration)
        self.runs(integration, window_from=at("2025-03-01 09:00")).sudo().unlink()
        self.assertIn(("09:00", "10:00", "hole"), self.line(integration))

    def test_old_failures_that_are_kept_do_not_make_holes(self):
        integration = self.add(window_from=at("2025-03-01 11:00"))
        self.record(
            integration, "2025-03-01 08:00", "2025-03-01 09:00", "failed", trigger="schedule"
        )
        self.assertIn(("09:00", "11:00", "none"), self.line(integration))

    def test_a_run_by_hand_long_ago_does_not_make_a_hole_up_to_the_schedule(self):
        integration = self.add(window_from=at("2025-03-01 11:00"))
        self.record(integration, "2025-03-01 08:00", "2025-03-01 09:00")
        self.assertEqual(
            self.line(integration)[:2], [("08:00", "09:00", "done"), ("09:00", "11:00", "none")]
        )

    def test_each_window_is_one_bar_and_knows_its_run(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        self.work(integration)
        done = self.runs(integration, state="done")
        found = integration.coverage("2025-03-01 08:00:00", "2025-03-01 12:00:00")
        self.assertEqual([s["run_ids"] for s in found["segments"]], [[id_] for id_ in done.ids])
        self.assertEqual(found["complete_until"], "2025-03-01 12:00:00")
        self.assertTrue(found["can_fill"])
        json.dumps(found)

    def test_the_period_that_is_asked_for_must_be_one(self):
        integration = self.add()
        for start, end in (
            ("2025-03-01 09:00:00", "2025-03-01 09:00:00"),
            ("2025-03-01 09:00:00", "2025-03-01 08:00:00"),
            ("yesterday", "2025-03-01 08:00:00"),
            (False, False),
        ):
            with self.subTest(end=end), self.assertRaisesRegex(UserError, "period is empty"):
                integration.coverage(start, end)

    def test_the_number_of_queries_does_not_depend_on_the_number_of_runs(self):
        integration = self.add(window_from=at("2025-03-01 08:00"))

        def count():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            integration.coverage("2025-02-01 00:00:00", "2025-03-01 12:00:00")
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        for hour in range(1, 500):
            end = at("2025-03-01 08:00") - timedelta(hours=hour)
            state = "failed" if hour % 50 == 0 else "done"
            self.record(integration, end - timedelta(hours=1), end, state)
        # Two more: many runs are read from the index, and those that were done since.
        self.assertLessEqual(count(), few + 2)


@pytest.mark.slow
class TestManyRuns(CoverageCase):
    """What SQL puts together must be what the runs say one by one."""

    START, END = at("2025-02-20 00:00"), at("2025-02-21 00:00")

    def random_runs(self, integration, rng):
        for _number in range(60):
            start = self.START + timedelta(minutes=rng.randint(-100, 1500))
            end = start + timedelta(minutes=rng.choice([1, 2, 5, 20, 300]))
            state = rng.choices(["done", "failed", "interrupted", "cancelled"], [30, 3, 1, 1])[0]
            self.record(
                integration,
                start,
                end,
                state,
                trigger=rng.choice(["schedule", "manual", "backfill"]),
                skipped=state == "cancelled" and rng.random() < 0.7,
                ended_at=at("2025-02-25 00:00") + timedelta(minutes=rng.randint(0, 50)),
            )

    def statuses(self, integration, single):
        """Return ``(minutes, status, exact)`` of each stretch that looks the same."""
        with patch.object(coverage_module, "MAX_SINGLE", single):
            found = integration.coverage(self.START, self.END)["segments"]
        result = []
        for piece in found:
            begin, end = (at(piece[key][:16]) for key in ("from", "to"))
            length, look = (end - begin) // timedelta(minutes=1), (piece["status"], piece["exact"])
            if result and result[-1][1:] == look:
                length += result.pop()[0]
            result.append((length, *look))
        return result

    def test_many_runs_look_the_same_as_each_by_itself(self):
        for seed in range(12):
            integration = self.add(name=f"Seed {seed}", window_from=at("2025-02-20 06:00"))
            self.random_runs(integration, random.Random(seed))
            with self.subTest(seed=seed):
                each = self.statuses(integration, 10000)
                many = self.statuses(integration, 0)
                self.assertEqual(sum(length for length, *_look in each), 1440)
                self.assertTrue(any(status == "done" for _length, status, _exact in each))
                self.assertEqual(many, each)

    def test_gaps_that_are_close_to_each_other_are_shown_as_one_inexact_hole(self):
        integration = self.add(window_from=at("2025-02-22 00:00"))
        for minute in range(0, 1440, 2):
            start = self.START + timedelta(minutes=minute)
            self.record(integration, start, start + timedelta(minutes=1), trigger="schedule")
        with (
            patch.object(coverage_module, "MAX_SINGLE", 10),
            patch.object(coverage_module, "BLUR", 24),
        ):
            found = integration.coverage(self.START, self.END)["segments"]
        self.assertLessEqual(len(found), 24 * 2 + 2)
        self.assertTrue(any(s["status"] == "hole" and not s["exact"] for s in found))
        self.assertEqual({s["status"] for s in found}, {"done", "hole"})


class TestFill(CoverageCase):
    def dialog(self, action):
        self.assertEqual((action["res_model"], action["target"]), ("ihub.run.manually", "new"))
        return Form(
            self.env["ihub.run.manually"].with_user(self.operator).with_context(**action["context"])
        )

    def test_the_dialog_has_the_period_and_is_split(self):
        integration = self.add()
        dialog = self.dialog(integration.action_fill("2025-02-01 10:00:00", "2025-02-01 13:00:00"))
        self.assertEqual(dialog.date_from, at("2025-02-01 10:00"))
        self.assertEqual(dialog.date_to, at("2025-02-01 13:00"))
        self.assertTrue(dialog.split)
        self.assertEqual(dialog.window_count, 3)
        dialog.save().action_run()
        runs = self.runs(integration, trigger="backfill")
        self.assertEqual(len(runs), 3)
        self.work(integration)
        self.assertEqual(
            {s[2] for s in self.line(integration, "2025-02-01 10:00", "2025-02-01 13:00")}, {"done"}
        )

    def test_the_future_is_left_out(self):
        integration = self.add()
        dialog = self.dialog(integration.action_fill("2025-03-01 10:00:00", "2025-03-01 18:00:00"))
        self.assertEqual(dialog.date_to, at(NOW))

    def test_what_takes_no_period_cannot_be_filled(self):
        integration = self.add()
        with patch.object(self.type_class(), "has_time_period", False):
            self.env.invalidate_all()
            with self.assertRaisesRegex(UserError, "does not take a period"):
                integration.action_fill("2025-03-01 10:00:00", "2025-03-01 11:00:00")

    def test_what_is_not_run_by_hand_cannot_be_filled(self):
        integration = self.add()
        with patch.object(self.type_class(), "is_manually_runnable", False):
            self.env.invalidate_all()
            self.assertFalse(
                integration.coverage("2025-03-01 10:00:00", "2025-03-01 11:00:00")["can_fill"]
            )
            with self.assertRaisesRegex(UserError, "cannot be run manually"):
                integration.action_fill("2025-03-01 10:00:00", "2025-03-01 11:00:00")

    def test_the_runs_of_a_period_are_listed(self):
        integration = self.add(window_from=at("2025-03-01 08:00"), catch_up="each")
        integration.start()
        self.work(integration)
        action = integration.action_open_runs_of("2025-03-01 09:00:00", "2025-03-01 11:00:00")
        runs = self.env["ihub.run"].with_user(self.operator).search(action["domain"])
        self.assertEqual({run.window_from.hour for run in runs}, {9, 10})


class TestHistory(CoverageCase):
    def test_runs_and_outcomes_per_day(self):
        integration = self.add(window_from=at("2025-03-01 12:00"))
        self.record(integration, "2025-02-26 00:00", "2025-02-27 00:00", "failed")
        self.record(integration, "2025-02-27 00:00", "2025-02-27 12:00")
        self.record(
            integration,
            "2025-02-27 12:00",
            "2025-02-28 12:00",
            started_at=at("2025-02-28 11:59"),
            processed=7,
        )
        self.record(integration, "2025-02-01 00:00", "2025-02-28 13:00", "cancelled", skipped=True)
        found = integration.history()
        self.assertEqual([run["state"] for run in found["runs"]], ["failed", "done", "done"])
        self.assertEqual((found["runs"][-1]["duration"], found["runs"][-1]["processed"]), (60, 7))
        self.assertEqual(
            found["days"],
            [
                {"day": "2025-02-27", "failed": 1, "done": 1},
                {"day": "2025-02-28", "done": 1},
                {"day": "2025-03-01"},
            ],
        )
        json.dumps(found)

    def test_days_are_those_of_the_reader(self):
        integration = self.add(window_from=at("2025-03-01 12:00"))
        self.record(integration, "2025-02-26 00:00", "2025-02-27 23:30")
        paris = integration.with_context(tz="Europe/Paris")
        self.assertEqual(paris.history()["days"][0]["day"], "2025-02-28")

    def test_only_the_last_runs_are_counted_in_whole_days(self):
        integration = self.add(window_from=at("2025-03-01 12:00"))
        for day in (26, 27, 28):
            for hour in (1, 2):
                self.record(integration, f"2025-02-{day} 00:00", f"2025-02-{day} {hour:02}:00")
        with patch("odoo.addons.ihub.report.history.COUNTED_RUNS", 3):
            days = integration.history()["days"]
        # Of the 27th, only one run is among the last three.
        self.assertEqual(days[0], {"day": "2025-02-28", "done": 2})

    def test_they_are_whole_and_thirty_also_when_the_clocks_are_changed(self):
        """In Berlin on 30 March 2025, when the 12th begins at 23:00, and 10 April at 22:00."""
        integration = self.add(window_from=at("2025-03-01 12:00"))
        self.record(integration, "2025-03-11 00:00", "2025-03-11 22:30")
        self.record(integration, "2025-03-11 00:00", "2025-03-11 23:30")
        berlin = integration.with_context(tz="Europe/Berlin")
        with freeze_time("2025-04-10 08:00"):
            days = berlin.history()["days"]
        self.assertEqual(days[0], {"day": "2025-03-12", "done": 1})
        self.assertEqual(len(days), 30)

    def test_the_first_whole_day_is_found_also_when_the_clocks_are_changed(self):
        """A day of 23 hours, of which one run is among the last three, is left out."""
        integration = self.add(window_from=at("2025-03-01 12:00"))
        for moment in ("29 23:30", "30 00:30", "30 21:30", "30 22:30"):
            self.record(integration, "2025-03-28 00:00", f"2025-03-{moment}")
        berlin = integration.with_context(tz="Europe/Berlin")
        with (
            freeze_time("2025-04-10 08:00"),
            patch("odoo.addons.ihub.report.history.COUNTED_RUNS", 3),
        ):
            days = berlin.history()["days"]
        self.assertEqual(days[0], {"day": "2025-03-31", "done": 1})

    def test_nothing_has_run_yet(self):
        self.assertEqual(self.add().history(), {"runs": [], "days": []})

    def test_the_graph_shows_the_runs_of_this_integration(self):
        integration = self.add()
        action = integration.action_open_history()
        self.assertEqual(action["views"][0], [False, "graph"])
        self.assertEqual(action["context"]["graph_measure"], "duration")
        self.env["ihub.run"].with_user(self.operator).search(action["domain"])


class TestCoverageAccess(CoverageCase):
    PERIOD = ["2025-03-01 09:00:00", "2025-03-01 10:00:00"]

    def test_outsiders_see_nothing(self):
        integration = self.add()
        model = self.env["ihub.integration"].with_user(self.outsider)
        for name in METHODS:
            with self.subTest(name=name), self.assertRaises(AccessError):
                call_kw(model, name, [integration.ids, *self.PERIOD], {})
        for name in ("history", "action_open_history"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                call_kw(model, name, [integration.ids], {})

    def test_operators_see_it(self):
        integration = self.add()
        for name in METHODS:
            with self.subTest(name=name):
                self.assertTrue(
                    call_kw(
                        self.env["ihub.integration"].with_user(self.operator),
                        name,
                        [integration.ids, *self.PERIOD],
                        {},
                    )
                )

    def test_companies_are_kept_apart(self):
        company = self.env["res.company"].create({"name": "Other"})
        record = self.env[DEMO].create({"name": "Theirs", "tz": "UTC", "company_id": company.id})
        integration = record.integration_id
        integration.sudo().company_id = company
        theirs = integration.with_user(self.operator)
        for name in METHODS:
            with self.subTest(name=name), self.assertRaises(AccessError):
                getattr(theirs, name)(*self.PERIOD)
        with self.assertRaises(AccessError):
            theirs.history()
