"""Code that commits or rolls back by itself, and conflicts with other transactions."""

from unittest.mock import patch

import psycopg2
import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import UserError

LANE = "odoo.addons.ihub.engine.worker"
COMMITS = "The code of this integration makes its own commits."
AGAIN = "Restarted because somebody changed the same record at the same time."


@freeze_time("2025-03-01 12:30")
class OwnTransactionsCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"), retry_limit=3)
        self.integration.start()

    def work_as(self, function):
        with self.running_as(function), patch(f"{LANE}.time.sleep") as self.pause:
            self.work(self.integration)
        return self.runs(self.integration)[-1 if self.integration.state == "running" else 0]

    def create(self, this, name="Part"):
        this.env["res.partner"].sudo().create({"name": name})

    def partners(self, name="Part"):
        return self.env["res.partner"].search_count([("name", "=", name)])

    def events(self, summary):
        return self.env["ihub.event"].search(
            [("integration_id", "=", self.integration.id), ("summary", "=", summary)]
        )


class TestOwnCommits(OwnTransactionsCase):
    def test_a_commit_is_allowed_and_reported_once_a_run(self):
        def work(this, _from, _to):
            for _each in range(3):
                self.create(this)
                this.env.cr.commit()
                this.env.flush_all()

        self.work_as(work)
        done = self.runs(self.integration, state="done")
        event = self.events(COMMITS)
        self.assertEqual((len(event), event.level, event.run_id), (1, "warning", done))
        self.assertFalse(event.undone)

    def test_so_is_that_of_reporting_progress_as_a_cron(self):
        def work(this, _from, _to):
            this.env["ir.cron"].sudo()._commit_progress(1)

        self.work_as(work)
        self.assertTrue(self.runs(self.integration, state="done"))
        self.assertEqual(len(self.events(COMMITS)), 1)

    def test_a_failed_run_says_that_part_of_its_work_was_kept(self):
        def work(this, _from, _to):
            self.create(this)
            this.env.cr.commit()
            self.create(this)
            raise UserError("Bad data.")

        self.work_as(work)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(
            run.message,
            "Bad data. (Part of its work was kept, because the code had already committed it.)",
        )
        self.assertEqual(self.partners(), 1)
        self.assertFalse(self.events(COMMITS).undone)

    def test_an_error_that_was_committed_is_not_forgotten_by_the_next_attempt(self):
        attempts = []

        def work(this, _from, _to):
            attempts.append(this)
            if len(attempts) == 1:
                this.ihub_error("Customer 17 has no address.")
                this.env.cr.commit()
                raise psycopg2.errors.SerializationFailure("concurrent update")
            if len(attempts) == 2:
                raise TimeoutError("no answer")

        self.work_as(work)
        with freeze_time("2025-03-01 13:30"):
            self.work_as(work)
        self.assertEqual(len(attempts), 4)
        outcomes = self.runs(self.integration, state="done").mapped("outcome")
        self.assertEqual(outcomes, ["with_errors", "done"])

    def test_checkpoints_and_savepoints_and_other_cursors_are_none(self):
        def work(this, _from, _to):
            with this.env.cr.savepoint():
                self.create(this)
            this.checkpoint(1)
            self.create(this)
            with self.registry.cursor() as cr:
                this.with_env(this.env(cr=cr)).ihub_info("apart")
            this.checkpoint(2)

        self.work_as(work)
        self.assertTrue(self.runs(self.integration, state="done"))
        self.assertFalse(self.events(COMMITS))


class TestOwnRollbacks(OwnTransactionsCase):
    def failed(self, function):
        self.work_as(function)
        self.assertFalse(self.runs(self.integration, state="done"))
        return self.runs(self.integration, state="failed").message

    def test_a_rollback_without_an_error_is_a_failure(self):
        def work(this, _from, _to):
            self.create(this, "First half")
            this.env.cr.rollback()
            self.create(this, "Second half")

        self.assertIn("rolled back its transaction", self.failed(work))
        self.assertFalse(self.partners("Second half"))
        self.assertEqual(self.integration.window_from, at("2025-03-01 11:00"))

    def test_at_the_next_checkpoint_at_the_latest(self):
        def work(this, _from, _to):
            self.create(this)
            this.env.cr.rollback()
            this.checkpoint(100, resume=100)

        self.assertIn("rolled back its transaction", self.failed(work))
        self.assertFalse(self.runs(self.integration, state="failed").processed)

    def test_after_a_checkpoint_too(self):
        def work(this, _from, _to):
            self.create(this)
            this.checkpoint(1, resume=1)
            self.create(this)
            this.env.cr.rollback()

        self.assertIn("rolled back its transaction", self.failed(work))
        self.assertEqual(self.partners(), 1)

    def test_a_commit_afterwards_does_not_make_up_for_it(self):
        def work(this, _from, _to):
            self.create(this)
            this.env.cr.rollback()
            self.create(this)
            this.env.cr.commit()

        self.assertIn("rolled back its transaction", self.failed(work))

    def test_what_the_code_raises_itself_is_the_reason(self):
        def work(this, _from, _to):
            self.create(this)
            this.env.cr.rollback()
            raise UserError("Bad data.")

        self.assertEqual(self.failed(work), "Bad data.")

    def test_the_rollback_of_a_savepoint_is_none(self):
        def work(this, _from, _to):
            savepoint = this.env.cr.savepoint()
            self.create(this)
            savepoint.rollback()
            savepoint.close()

        self.work_as(work)
        self.assertTrue(self.runs(self.integration, state="done"))


@pytest.mark.slow
class TestConflicts(OwnTransactionsCase):
    def setUp(self):
        super().setUp()
        self.calls = 0

    def conflicting(self, times, error=psycopg2.errors.SerializationFailure):
        def work(this, _from, _to):
            self.calls += 1
            self.create(this)
            if self.calls <= times:
                raise error("concurrent update")

        return work

    def test_each_time_is_an_attempt_and_is_reported(self):
        self.work_as(self.conflicting(2))
        done = self.runs(self.integration, state="done")
        self.assertEqual((done.attempt, self.calls, self.partners()), (3, 3, 1))
        self.assertEqual(self.pause.call_count, 2)
        events = self.events(AGAIN)
        self.assertEqual((len(events), events.run_id, set(events.mapped("undone"))),
                         (2, done, {False}))  # fmt: skip
        self.assertIn("concurrent update", events[0].details)

    def test_a_deadlock_and_a_lock_are_conflicts_too(self):
        self.integration.stop()
        for error in (psycopg2.errors.DeadlockDetected, psycopg2.errors.LockNotAvailable):
            self.calls = 0
            self.integration.run_manually()
            self.work_as(self.conflicting(1, error))
            self.assertEqual(self.calls, 2)
            self.assertEqual(self.runs(self.integration, trigger="manual")[-1].attempt, 2)

    def test_they_are_bounded_and_take_no_retry_away(self):
        self.work_as(self.conflicting(1000))
        run = self.runs(self.integration, state="pending")
        self.assertEqual((self.calls, run.attempt, run._tries()), (5, 5, 1))
        self.assertGreater(run.due, at("2025-03-01 12:30"))
        self.assertEqual(len(self.events(AGAIN)), 4)
        self.assertIn("and up to 2 more after it.", run._retry_text())

    def test_in_the_end_they_are_a_failure(self):
        for hour in range(4):
            self.assertEqual(self.integration.state, "running")
            with freeze_time(f"2025-03-01 {12 + hour}:30"):
                self.work_as(self.conflicting(1000))
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.calls, 20)

    def test_it_is_not_begun_again_when_somebody_has_pressed_stop(self):
        def work(this, _from, _to):
            self.calls += 1
            self.integration.with_env(this.env(user=self.operator.id)).stop()
            this.env.cr.commit()
            raise psycopg2.errors.SerializationFailure("concurrent update")

        self.work_as(work)
        self.assertEqual(self.calls, 1)
        self.assertEqual(len(self.runs(self.integration, state="cancelled")), 1)

    def test_after_a_checkpoint_it_goes_on_behind_it(self):
        begun = []

        def work(this, _from, _to):
            begun.append(this.resume_point())
            if not this.resume_point():
                self.create(this)
                this.checkpoint(1, resume=1)
                raise psycopg2.errors.SerializationFailure("concurrent update")

        self.work_as(work)
        self.assertEqual(begun, [None, 1])
        self.assertEqual(self.partners(), 1)
