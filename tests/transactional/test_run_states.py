"""The states of a run, and what it remembers."""

from unittest.mock import patch

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from odoo.addons.ihub.models.ihub_run import ENDED, TRANSITIONS

STATES = ("pending", "running", "done", "failed", "cancelled", "interrupted")


@freeze_time("2025-03-01 12:30")
class TestRunStates(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"))

    def run_in(self, state):
        run = self.integration.run_manually().sudo()
        if state != "pending":
            run._begin()
        if state in ENDED:
            run.write({"state": state})
        return run

    def test_only_the_transitions_that_are_declared(self):
        for state in STATES:
            for target in STATES:
                run = self.run_in(state)
                with self.subTest(state=state, target=target):
                    if target in TRANSITIONS.get(state, ()):
                        run._set_state(target)
                        self.assertEqual(run.state, target)
                    else:
                        with self.assertRaisesRegex(UserError, "cannot become"):
                            run._set_state(target)
                        self.assertEqual(run.state, state)
                run.write({"state": "done"})

    def test_every_end_is_an_end(self):
        self.assertFalse(set(ENDED) & TRANSITIONS.keys())
        self.assertEqual(set(ENDED) | TRANSITIONS.keys(), set(STATES))

    def test_nobody_writes_a_state_past_them(self):
        run = self.integration.run_manually()
        for user in (self.operator, self.manager):
            with self.assertRaises(AccessError):
                run.with_user(user).write({"state": "done"})

    def test_what_a_run_remembers(self):
        run = self.integration.run_manually()
        self.assertEqual((run.attempt, run.started_at, run.ended_at), (0, False, False))
        self.assertEqual((run.trigger, run.user_id), ("manual", self.operator))

        def work(this, _from, _to):
            self.frozen.move_to("2025-03-01 12:32:05")

        with freeze_time("2025-03-01 12:31") as self.frozen, self.running_as(work):
            self.work(self.integration)
        self.assertEqual(run.attempt, 1)
        self.assertEqual(run.started_at, at("2025-03-01 12:31"))
        self.assertEqual(str(run.ended_at), "2025-03-01 12:32:05")
        self.assertEqual(run.duration, 65)
        self.assertEqual((run.state, run.message), ("done", "Done."))

    def test_a_failed_run_says_why_in_one_sentence_and_in_full(self):
        run = self.integration.run_manually()

        def broken(this, _from, _to):
            raise ValueError("The price is not a number\nand more")

        with self.running_as(broken):
            self.work(self.integration)
        self.assertEqual(run.state, "failed")
        self.assertEqual(run.message, "ValueError: The price is not a number")
        self.assertIn("Traceback", run.traceback)
        self.assertEqual(run.ended_at, at("2025-03-01 12:30"))

    def test_two_runs_of_an_integration_cannot_even_be_stored_as_running(self):
        first, second = self.run_in("running"), self.integration.run_manually().sudo()
        self.assertEqual(first.state, "running")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            second._begin()
            self.env.flush_all()


@freeze_time("2025-03-01 12:30")
class TestCancel(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"))

    def queued(self):
        return self.integration.run_manually()

    def test_what_is_queued_is_cancelled(self):
        run = self.queued()
        run.action_cancel()
        self.assertEqual((run.state, run.message), ("cancelled", "Cancelled before it started."))

    def test_what_is_at_work_is_not(self):
        run = self.queued()
        run.sudo()._begin()
        with self.assertRaisesRegex(UserError, "in progress.*Press Stop"):
            run.action_cancel()
        self.assertEqual((run.state, run.message), ("running", False))

    def test_what_has_ended_is_not(self):
        for state in ENDED:
            run = self.queued()
            run.sudo().write({"state": state, "message": "As it was."})
            with self.subTest(state=state), self.assertRaisesRegex(UserError, "has ended already"):
                run.action_cancel()
            self.assertEqual((run.state, run.message), (state, "As it was."))

    def test_of_several_those_that_have_begun_are_left_out(self):
        run, other = self.queued(), self.queued()
        other.sudo()._begin()
        (other + run).action_cancel()
        self.assertEqual((run.state, other.state), ("cancelled", "running"))

    def test_of_several_none_is_cancelled_where_one_is_the_schedule_s(self):
        run = self.queued()
        scheduled = self.integration._scheduled_run()
        for runs in (run + scheduled, scheduled + run):
            with self.assertRaises(UserError):
                runs.action_cancel()
            self.assertEqual((run.state, scheduled.state), ("pending", "pending"))

    def test_what_somebody_else_changes_right_now_is_not(self):
        run = self.queued()
        with patch.object(self.registry["ihub.run"], "_lock_queued") as lock:
            lock.return_value = run.browse()
            with self.assertRaisesRegex(UserError, "in progress"):
                run.action_cancel()
        self.assertEqual(run.state, "pending")
