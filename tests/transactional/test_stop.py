"""Stop: at once, or at the next checkpoint; and what becomes of the window."""

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import AccessError, UserError


@freeze_time("2025-03-01 12:30")
class TestStop(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"), catch_up="each")

    def setUp(self):
        super().setUp()
        self.steps = []
        self.shown = []

    def stopping(self, swallow=False, checkpoints=True):
        """Return work that is stopped in its middle by an operator."""

        def work(this, _from, _to):
            self.steps.append("begin")
            this.env["res.partner"].sudo().create({"name": "Before"})
            stopper = self.integration.with_env(this.env(user=self.operator.id))
            stopper.stop()
            stopper.invalidate_recordset()
            self.shown.append((stopper.state, stopper.is_stopping, stopper.activity))
            try:
                if checkpoints:
                    this.checkpoint(1, 2, resume=1)
            except Exception:
                if not swallow:
                    raise
            this.env["res.partner"].sudo().create({"name": "After"})
            self.steps.append("end")

        return work

    def partners(self):
        return self.env["res.partner"].search([("name", "in", ("Before", "After"))]).mapped("name")

    def test_a_run_ends_at_its_checkpoint_as_cancelled(self):
        self.integration.start()
        with self.running_as(self.stopping()):
            self.work(self.integration)
        self.assertEqual(self.steps, ["begin"])
        run = self.runs(self.integration, state="cancelled")
        self.assertEqual(run.message, "Stopped by ihub_operator (ihub.group_user).")
        self.assertEqual(self.partners(), ["Before"], "What the checkpoint has kept stays.")

    def test_it_says_stopping_with_who_and_when(self):
        self.integration.start()
        with self.running_as(self.stopping()):
            self.work(self.integration)
        ((state, is_stopping, activity),) = self.shown
        self.assertEqual((state, is_stopping), ("stopped", True))
        self.assertIn("Stopping…", activity)
        self.assertIn(self.operator.name, activity)
        self.assertIn("Mar 1, 12:30", activity)

    def test_the_window_stays_to_be_done_and_start_goes_on(self):
        self.integration.start()
        with self.running_as(self.stopping()):
            self.work(self.integration)
        self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))
        points = []
        self.integration.start()
        with self.running_as(lambda this, _from, _to: points.append(this.resume_point())):
            self.work(self.integration)
        self.assertEqual(points, [1, None])
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))

    def test_what_was_begun_keeps_its_window_however_much_was_missed_since(self):
        """The resume point is one of that window, not of one that reaches until now."""
        self.integration.with_user(self.manager).write(
            {"catch_up": "one", "window_from": at("2025-03-01 11:00")}
        )
        self.integration.start()
        with self.running_as(self.stopping()):
            self.work(self.integration)
        windows = []
        with (
            freeze_time("2025-03-01 16:30"),
            self.running_as(
                lambda this, _from, _to: windows.append((_from, _to, this.resume_point()))
            ),
        ):
            self.integration.start()
            self.work(self.integration)
        self.assertEqual(
            windows,
            [
                (at("2025-03-01 11:00"), at("2025-03-01 12:00"), 1),
                (at("2025-03-01 12:00"), at("2025-03-01 16:00"), None),
            ],
        )

    def test_code_that_swallows_exceptions_stops_all_the_same(self):
        self.integration.start()
        with self.running_as(self.stopping(swallow=True)):
            self.work(self.integration)
        self.assertEqual(self.steps, ["begin"])
        self.assertTrue(self.runs(self.integration, state="cancelled"))

    def test_without_checkpoints_the_window_ends_and_nothing_follows(self):
        self.integration.start()
        with self.running_as(self.stopping(checkpoints=False)):
            self.work(self.integration)
        self.assertEqual(self.steps, ["begin", "end"])
        self.assertEqual(self.integration.watermark, at("2025-03-01 11:00"))
        self.assertEqual(self.integration.state, "stopped")

    def test_a_run_by_hand_is_stopped_too_and_says_by_whom(self):
        run = self.integration.run_manually()
        with self.running_as(self.stopping()):
            self.work(self.integration)
        self.assertEqual((run.state, self.steps), ("cancelled", ["begin"]))
        self.assertIn(self.operator.name, run.message)
        self.assertFalse(self.runs(self.integration, trigger="manual", state="pending"))

    def stop_run(self, during=lambda: None):
        """Return work whose run somebody stops on the page of that run, as an operator."""

        def work(this, _from, _to):
            self.steps.append(_from)
            if len(self.steps) == 1:
                during()
                executing = self.runs(self.integration, state="running")
                executing = executing.with_env(this.env(user=self.operator.id))
                executing.action_stop()
                stopped = executing.integration_id
                stopped.invalidate_recordset()
                self.shown.append((stopped.is_stopping, stopped.activity))
            this.checkpoint(1, 2)

        return self.running_as(work)

    def test_a_run_by_hand_that_is_stopped_on_its_page_leaves_the_schedule_on(self):
        self.integration.start()
        run = self.integration.run_manually("2025-02-01", "2025-02-02")
        with self.stop_run():
            self.work(self.integration)
        self.assertEqual((run.state, self.integration.state), ("cancelled", "running"))
        self.assertEqual(run.message, "Stopped by ihub_operator (ihub.group_user).")
        ((is_stopping, activity),) = self.shown
        self.assertTrue(is_stopping)
        self.assertIn(f"Requested by {self.operator.name}", activity)
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"), "It went on.")

    def test_what_others_have_queued_is_executed_after_it(self):
        self.integration.start()
        others = [self.integration.run_manually(f"2025-01-{day}", "2025-02-01") for day in (10, 11)]
        run = self.integration.run_manually("2025-01-01", "2025-02-01")
        # The newest begins, ahead of what was asked for before it.
        run.sudo().due = at("2025-03-01 12:00")

        def ask_for_another():
            others.append(self.integration.run_manually("2025-01-12", "2025-02-01"))

        with self.stop_run(ask_for_another):
            self.work(self.integration)
        self.assertEqual(self.steps[0], at("2025-01-01 00:00"))
        self.assertEqual(run.state, "cancelled")
        self.assertEqual([other.state for other in others], ["done"] * 3)

    def test_while_it_is_off_the_page_of_a_run_ends_only_that_run(self):
        run = self.integration.run_manually()
        other = []
        with self.stop_run(lambda: other.append(self.integration.run_manually())):
            self.work(self.integration)
        self.assertEqual((run.state, other[0].state), ("cancelled", "done"))

    def test_the_page_of_a_scheduled_run_stops_the_schedule(self):
        """It would begin again at once."""
        self.integration.start()
        with self.stop_run():
            self.work(self.integration)
        self.assertEqual(self.integration.state, "stopped")
        self.assertEqual(len(self.steps), 1)

    def test_stop_on_the_page_of_a_run_that_waits_again_takes_it_out_of_the_queue(self):
        run = self.integration.run_manually()
        run.action_stop()
        self.assertEqual((run.state, run.message), ("cancelled", "Cancelled before it started."))
        with self.assertRaisesRegex(UserError, "has ended already"):
            run.action_stop()

    def test_others_cannot_stop_a_run(self):
        run = self.integration.run_manually()
        with self.assertRaises(AccessError):
            run.with_user(self.outsider).action_stop()

    def test_what_is_queued_is_cancelled(self):
        run = self.integration.run_manually()
        self.integration.stop()
        # At once on every screen; the rows of the runs are the lane's.
        self.assertEqual((self.integration.queued_count, self.integration.next_run), (0, False))
        self.assertFalse(self.integration.can_stop)
        with self.running_as(lambda this, _from, _to: self.steps.append(1)):
            self.work(self.integration)
        self.assertFalse(self.steps)
        self.assertEqual((run.state, run.message), ("cancelled", "Cancelled before it started."))
        self.assertEqual(run.ended_at, at("2025-03-01 12:30"))

    def test_the_coverage_does_not_wait_for_what_is_stopped(self):
        period = (at("2025-02-01 00:00"), at("2025-02-02 00:00"))
        self.integration.run_manually(*period)
        statuses = lambda: {s["status"] for s in self.integration.coverage(*period)["segments"]}  # noqa: E731
        self.assertEqual(statuses(), {"pending"})
        self.integration.stop()
        self.assertEqual(statuses(), {"none"})

    def test_stop_is_one_statement_however_much_is_queued(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.integration.stop()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        for _each in range(3):
            # The first ones also fill caches.
            self.integration.run_manually()
            few = count()
        for _each in range(30):
            self.integration.run_manually()
        self.assertEqual(count(), few)

    def test_what_stop_ends_is_ended_while_other_work_goes_on(self):
        self.integration.run_manually()
        self.integration.stop()
        self.integration.start()
        with self.running_as(lambda this, _from, _to: self.steps.append(_from)):
            self.work(self.integration)
        self.assertEqual(self.steps, [at("2025-03-01 10:00"), at("2025-03-01 11:00")])
        self.assertFalse(self.runs(self.integration, trigger="manual", state="pending"))

    def test_a_run_that_is_asked_for_after_stop_is_not_stopped_by_it(self):
        self.integration.start()
        self.integration.stop()
        run = self.integration.run_manually()
        with self.running_as(lambda this, _from, _to: this.checkpoint(1)):
            self.work(self.integration)
        self.assertEqual(run.state, "done")

    def test_stop_is_harmless_at_any_time(self):
        for _each in range(2):
            self.integration.stop()
        self.assertEqual(self.integration.state, "created")
        self.integration.start()
        self.integration.stop()
        self.integration.stop()
        self.assertEqual(self.integration.state, "stopped")
        self.assertEqual(self.integration.state_user_id, self.operator)
        self.assertEqual(self.integration.state_date, at("2025-03-01 12:30"))

    def test_archiving_is_a_stop(self):
        self.integration.start()
        self.integration.with_user(self.manager).active = False
        self.assertEqual(self.integration.state, "stopped")
        with self.running_as(lambda this, _from, _to: self.steps.append(1)):
            self.work(self.integration)
        self.assertFalse(self.steps)
