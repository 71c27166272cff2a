"""The windows of an integration in the database, while people edit and time passes."""

from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form


class TestWindows(HubCase):
    def spans(self, integration):
        runs = self.runs(integration, trigger="schedule").filtered(
            lambda run: run.state == "done" or run.skipped
        )
        return [(run.window_from, run.window_to) for run in runs.sorted("window_from")]

    def assertTiled(self, integration):
        spans = self.spans(integration)
        for (_start, end), (following, _end) in zip(spans, spans[1:], strict=False):
            self.assertEqual(end, following)
        if spans:
            self.assertEqual(spans[-1][1], integration.watermark)

    def started(self, **values):
        integration = self.add(window_from=at("2025-03-01 08:00"), **values)
        integration.start()
        return integration

    @freeze_time("2025-03-01 11:30")
    def test_one_run_for_the_whole_gap(self):
        integration = self.started(catch_up="one")
        self.work(integration)
        self.assertEqual(
            self.spans(integration), [(at("2025-03-01 08:00"), at("2025-03-01 11:00"))]
        )
        self.assertTiled(integration)

    @freeze_time("2025-03-01 11:30")
    def test_one_run_per_missed_window(self):
        integration = self.started(catch_up="each")
        self.work(integration)
        self.assertEqual(
            self.spans(integration),
            [(at(f"2025-03-01 {h:02}:00"), at(f"2025-03-01 {h + 1:02}:00")) for h in (8, 9, 10)],
        )
        self.assertTiled(integration)

    @freeze_time("2025-03-01 11:30")
    def test_what_was_missed_is_skipped_and_recorded(self):
        integration = self.started(catch_up="skip")
        self.work(integration)
        skipped = self.runs(integration, skipped=True)
        self.assertEqual(
            (skipped.window_from, skipped.window_to),
            (at("2025-03-01 08:00"), at("2025-03-01 10:00")),
        )
        self.assertTiled(integration)

    @freeze_time("2025-05-20 10:17")
    def test_those_that_are_added_together_begin_as_each_by_itself(self):
        """As when a file of them is imported."""
        kinds = [
            {"interval_type": "months", "interval_number": 1},
            {"interval_type": "minutes", "interval_number": 1, "catch_up": "each"},
            {"interval_type": "days", "interval_number": 1, "time_of_day": 8.0},
        ]
        Type = self.env[DEMO]
        alone = [Type.create({"name": "Alone", **kind}).window_from for kind in kinds]
        self.assertEqual(len(set(alone)), 3)
        for order in (kinds, kinds[::-1]):
            together = Type.create([{"name": "Together", **kind} for kind in order])
            expected = alone if order is kinds else alone[::-1]
            self.assertEqual(together.mapped("window_from"), expected)

    def test_the_interval_is_edited_between_two_runs(self):
        with freeze_time("2025-03-01 11:30"):
            integration = self.started()
            self.work(integration)
            integration.stop()
            integration.with_user(self.manager).write(
                {"interval_number": 45, "interval_type": "minutes"}
            )
            integration.start()
        with freeze_time("2025-03-01 14:00"):
            self.work(integration)
        self.assertTiled(integration)
        self.assertGreaterEqual(len(self.spans(integration)), 2)

    @freeze_time("2025-03-01 11:30")
    def test_the_schedule_is_fixed_while_running(self):
        integration = self.started().with_user(self.manager)
        self.assertFalse(integration.can_edit_schedule)
        for change in (
            {"interval_number": 2},
            {"tz": "Europe/Paris"},
            {"window_from": at("2025-02-01 00:00")},
        ):
            with self.subTest(change=change), self.assertRaisesRegex(UserError, "Press Stop"):
                integration.write(change)

    @freeze_time("2025-03-01 11:30")
    def test_rewinding_does_the_windows_again(self):
        integration = self.started()
        self.work(integration)
        integration.stop()
        integration.with_user(self.manager).window_from = at("2025-03-01 09:00")
        self.assertEqual(integration.watermark, at("2025-03-01 09:00"))
        integration.start()
        self.work(integration)
        self.assertEqual(integration.watermark, at("2025-03-01 11:00"))
        self.assertIn(
            "instead of", "".join(integration.sudo().message_ids.mapped(lambda m: m.body or ""))
        )

    @freeze_time("2025-03-01 11:30")
    def test_moving_forward_records_what_is_skipped(self):
        integration = self.started()
        self.work(integration)
        integration.stop()
        integration.with_user(self.manager).window_from = at("2025-03-01 11:20")
        self.assertEqual(self.spans(integration)[-1][1], at("2025-03-01 11:20"))
        self.assertTiled(integration)

    @freeze_time("2025-03-01 11:30")
    def test_moving_the_window_is_explained_before_it_is_saved(self):
        integration = self.started()
        self.work(integration)
        integration.stop()
        for start, words in (
            ("2025-03-01 11:20", "11:00 AM to 11:20 AM will be skipped (periods: 1)"),
            (
                "2025-03-01 09:00",
                "9:00 AM to 11:00 AM will be run again (periods: 2)",
            ),
        ):
            result = integration.with_user(self.manager).onchange(
                {"window_from": f"{start}:00"}, ["window_from"], {"window_from": {}}
            )
            self.assertIn(words, result["warning"]["message"])

    @freeze_time("2025-03-01 11:30")
    def test_the_explanation_knows_what_is_complete(self):
        integration = self.started(catch_up="skip")
        self.work(integration)
        integration.stop()
        for before, start, words in (
            (
                "11:00",
                "08:30",
                "8:30 AM to 11:00 AM will be run (periods: 3), although part of it",
            ),
            ("10:00", "08:00", "8:00 AM to 10:00 AM will be run (periods: 2)."),
            ("10:00", "11:00", "10:00 AM to 11:00 AM is already complete and will not be run"),
            ("08:00", "11:00", "8:00 AM to 11:00 AM will be skipped (periods: 3)"),
        ):
            with self.subTest(before=before, start=start):
                of_manager = integration.with_user(self.manager)
                of_manager.window_from = at(f"2025-03-01 {before}")
                result = of_manager.onchange(
                    {"window_from": f"2025-03-01 {start}:00"},
                    ["window_from"],
                    {"window_from": {}},
                )
                self.assertIn(words, result["warning"]["message"])

    @freeze_time("2025-03-01 18:30")
    def test_a_backlog_says_how_many_windows_are_left(self):
        integration = self.started(catch_up="each")
        self.assertEqual(integration.activity, "Catching up: 0 of 10 missed runs done")

    @freeze_time("2025-03-01 11:30")
    def test_data_cannot_begin_in_the_future(self):
        integration = self.add().with_user(self.manager)
        with self.assertRaisesRegex(ValidationError, "cannot begin in the future"):
            integration.window_from = at("2025-03-01 11:31")

    @freeze_time("2025-03-01 11:30")
    def test_a_run_by_hand_does_not_move_the_watermark(self):
        integration = self.started()
        self.work(integration)
        before = integration.watermark, integration.window_from
        run = integration.run_manually("2025-02-01 00:00:00", "2025-02-02 00:00:00")
        self.work(integration)
        self.assertEqual(run.state, "done")
        self.assertEqual((integration.watermark, integration.window_from), before)

    @freeze_time("2025-03-01 11:30")
    def test_the_same_window_by_hand_and_by_schedule_is_handed_over_the_same(self):
        seen = []
        integration = self.add(window_from=at("2025-03-01 10:00"))
        with self.running_as(lambda this, _from, _to: seen.append((_from, _to))):
            integration.start()
            self.work(integration)
            integration.run_manually("2025-03-01 10:00:00", "2025-03-01 11:00:00")
            self.work(integration)
        self.assertEqual(seen, [(at("2025-03-01 10:00"), at("2025-03-01 11:00"))] * 2)

    @freeze_time("2025-03-01 11:30")
    def test_bad_periods_are_refused_with_words_that_help(self):
        integration = self.add()
        for start, end, words in (
            ("2025-03-01 10:00:00", "2025-03-01 09:00:00", "not before its end"),
            ("2025-03-01 10:00:00", "2025-03-01 10:00:00", "not before its end"),
            ("2025-03-01 10:00:00", "2025-03-01 12:00:00", "ends in the future"),
        ):
            with self.subTest(end=end), self.assertRaisesRegex(ValidationError, words):
                integration.run_manually(start, end)


class TestBackfill(HubCase):
    def dialog(self, integration):
        return Form(
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .with_context(default_integration_id=integration.id)
        )

    @freeze_time("2025-03-01 11:30")
    def test_a_period_is_previewed_split_and_queued(self):
        integration = self.add()
        dialog = self.dialog(integration)
        dialog.date_from = at("2025-02-28 22:00")
        dialog.date_to = at("2025-03-01 01:30")
        dialog.split = True
        self.assertEqual(dialog.window_count, 4)
        self.assertIn("Feb 28, 10:00 PM to 11:00 PM", dialog.preview)
        dialog.save().action_run()
        runs = self.runs(integration, trigger="backfill")
        self.assertEqual(runs.mapped("state"), ["pending"] * 4)
        self.assertEqual(runs[-1].window_to, at("2025-03-01 01:30"))
        runs[-1].with_user(self.operator).action_cancel()
        self.work(integration)
        self.assertEqual(runs.mapped("state"), ["done", "done", "done", "cancelled"])
        self.assertFalse(integration.watermark)

    @freeze_time("2025-03-01 11:30")
    def test_ten_thousand_windows_are_refused(self):
        integration = self.add(interval_type="minutes")
        dialog = self.dialog(integration)
        dialog.date_from = at("2025-02-20 00:00")
        dialog.date_to = at("2025-03-01 00:00")
        dialog.split = True
        self.assertIn("Choose a shorter period", dialog.preview)
        with self.assertRaisesRegex(UserError, "Choose a shorter period"):
            dialog.save().action_run()

    @freeze_time("2025-03-01 11:30")
    def test_a_wrong_period_is_said_before_it_is_run(self):
        integration = self.add()
        dialog = self.dialog(integration)
        dialog.date_from = at("2025-03-01 10:00")
        dialog.date_to = at("2025-03-01 09:00")
        self.assertIn("not before its end", dialog.preview)
