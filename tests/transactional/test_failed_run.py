"""A manual run, or of a backfill, that fails: the schedule goes on, and the card says so."""

import pytest
from freezegun import freeze_time
from hub_case import at
from notify_case import NotifyCase
from odoo.exceptions import AccessError, UserError

from odoo.addons.ihub.lib.exceptions import RetryableError

NOW = "2025-03-01 12:30"
JANUARY = at("2025-01-01 00:00"), at("2025-02-01 00:00")


def broken(this, _from, _to):
    raise UserError("The price of A1 is not a number")


def works(this, _from, _to):
    pass


def reports(this, _from, _to):
    this.ihub_error("Customer 17 has no address.")


def gives_up(this, _from, _to):
    this.fail("There is nothing to deliver.")


@pytest.mark.slow
@freeze_time(NOW)
class TestFailedRun(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.responsible = self.person("ihub_responsible")
        self.integration = self.add(window_from=at("2025-03-01 12:00"), user_id=self.responsible.id)
        self.integration.start()
        self.env["mail.mail"].sudo().search([]).unlink()

    def run_manually(self, function, *period):
        run = self.integration.run_manually(*(period or JANUARY))
        with self.running_as(function):
            self.work(self.integration)
        return run

    def backfill(self, function, *days):
        lane = self.integration.sudo()
        windows = [lane._manual_window(at(f"{day} 00:00"), at(f"{day} 12:00")) for day in days]
        runs = lane._queue_manually(windows, "backfill")
        with self.running_as(function):
            self.work(self.integration)
        return runs

    # --- The schedule ---

    def test_the_schedule_goes_on(self):
        run = self.run_manually(broken)
        self.assertEqual(run.state, "failed")
        self.assertEqual(self.integration.state, "running")
        with freeze_time("2025-03-01 13:30"), self.running_as(works):
            self.work(self.integration)
        self.assertEqual(self.integration.watermark, at("2025-03-01 13:00"))

    def test_what_does_not_run_stays_as_it_was(self):
        self.integration.stop()
        self.run_manually(broken)
        self.assertEqual(self.integration.state, "stopped")
        new = self.add(name="New")
        new.run_manually()
        with self.running_as(broken):
            self.work(new)
        self.assertEqual(new.state, "created")

    def test_a_backfill_goes_on_and_so_does_the_schedule(self):
        def work(this, _from, _to):
            if _from == at("2025-02-02 00:00"):
                broken(this, _from, _to)

        runs = self.backfill(work, "2025-02-01", "2025-02-02", "2025-02-03")
        self.assertEqual(runs.mapped("state"), ["done", "failed", "done"])
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.integration.failed_run_id, runs[1])

    def test_dismissing_it_takes_its_activity_away(self):
        self.integration.sudo().notify_by_activity = True
        self.run_manually(broken)
        self.assertTrue(self.activities(self.responsible))
        self.integration.action_dismiss_failed_run()
        self.assertFalse(self.activities(self.responsible))

    def test_received_messages_that_failed_since_are_not_for_it_to_make_up(self):
        self.run_manually(broken)
        values = {"integration_id": self.integration.id, "due": at(NOW), "state": "failed"}
        self.env["ihub.run"].sudo().create({**values, "trigger": "webhook"})
        self.run_manually(works)
        self.assertFalse(self.integration.failed_run_id)

    def test_the_third_death_of_one_is_no_failure_of_the_schedule(self):
        run = self.integration.run_manually(*JANUARY)
        run.sudo().crash_count = 2
        run.sudo()._begin()
        self.env.flush_all()
        with self.running_as(works):
            self.work(self.integration)
        self.assertEqual(run.state, "interrupted")
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.integration.health, "run_failed")

    # --- fail() ---

    def test_who_calls_fail_means_the_integration(self):
        for trigger in ("manual", "backfill", "schedule"):
            with self.subTest(trigger=trigger):
                self.integration.start()
                if trigger == "backfill":
                    run = self.backfill(gives_up, "2025-02-01")
                elif trigger == "manual":
                    run = self.run_manually(gives_up)
                else:
                    with freeze_time("2025-03-01 13:30"), self.running_as(gives_up):
                        self.work(self.integration)
                    run = self.runs(self.integration, trigger="schedule", state="failed")
                self.assertEqual(run.state, "failed")
                self.assertEqual(self.integration.state, "failed")
                self.assertEqual(self.integration.state_reason, "There is nothing to deliver.")

    def test_fail_counts_whatever_else_ends_the_run(self):
        def work(this, _from, _to):
            this.fail("There is nothing to deliver.")
            raise RetryableError("The shop is being maintained.")

        with freeze_time("2025-03-01 13:30"), self.running_as(work):
            self.work(self.integration)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "The shop is being maintained.")
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.integration.state_reason, "There is nothing to deliver.")

    def test_fail_counts_also_when_the_run_is_stopped(self):
        def work(this, _from, _to):
            this.fail("There is nothing to deliver.")
            self.integration.with_env(this.env(user=self.operator.id)).stop()
            this.env.cr.commit()
            this.checkpoint(1)

        with freeze_time("2025-03-01 13:30"), self.running_as(work):
            self.work(self.integration)
        run = self.runs(self.integration, state="failed")
        # Its code has committed by itself, so that the Stop can be seen.
        self.assertEqual(
            run.message,
            "There is nothing to deliver. (Part of its work was kept, because the code had "
            "already committed it.)",
        )
        self.assertEqual(self.integration.state, "failed")

    def test_a_run_by_hand_that_works_heals_what_one_has_failed(self):
        self.integration.stop()
        self.run_manually(gives_up)
        self.assertEqual(self.integration.state, "failed")
        self.run_manually(works)
        self.assertEqual(self.integration.state, "stopped")
        self.assertFalse(self.integration.failed_run_id)

    # --- What the card says, and until when ---

    def assertSays(self, *words):
        self.env.invalidate_all()
        self.assertEqual(self.integration.health, "run_failed")
        for text in words:
            self.assertIn(text, self.integration.problem)

    def assertSaysNothing(self):
        self.env.invalidate_all()
        self.assertFalse(self.integration.failed_run_id)
        self.assertEqual(self.integration.health, "ok")
        self.assertFalse(self.integration.problem)

    def test_the_card_says_so_and_where_to_look(self):
        run = self.run_manually(broken)
        self.assertSays("Jan 1", "The price of A1 is not a number")
        self.assertEqual(self.integration.next_step, "run_again")
        self.assertEqual(self.integration.action_open_error()["res_id"], run.id)

    def test_it_is_said_although_the_schedule_works_meanwhile(self):
        self.run_manually(broken)
        for moment in ("2025-03-01 13:30", "2025-03-01 14:30"):
            with freeze_time(moment), self.running_as(works):
                self.work(self.integration)
        with freeze_time("2025-03-01 14:30"):
            self.assertEqual(self.integration.last_run_state, "done")
            self.assertSays("The price of A1")

    def test_until_its_period_is_done(self):
        self.run_manually(broken)
        self.run_manually(works, at("2025-01-01 00:00"), at("2025-01-15 00:00"))
        self.assertSays("The price of A1")
        self.run_manually(works)
        self.assertSaysNothing()

    def test_the_schedule_may_be_what_does_it(self):
        self.run_manually(broken, at("2025-03-01 12:00"), at("2025-03-01 12:30"))
        self.assertSays("The price of A1")
        with freeze_time("2025-03-01 13:01"):
            with self.running_as(works):
                self.work(self.integration)
            self.assertSaysNothing()

    def test_without_periods_any_run_by_hand_does_it(self):
        self.patch(self.type_class(), "has_time_period", False)
        self.integration.run_manually()
        with self.running_as(broken):
            self.work(self.integration)
        self.assertSays("The price of A1")
        with freeze_time("2025-03-01 12:45"):
            self.integration.run_manually()
            with self.running_as(works):
                self.work(self.integration)
            self.assertSaysNothing()

    def test_the_next_failed_one_of_a_backfill_comes_up(self):
        days = ("2025-02-01", "2025-02-02", "2025-02-03")
        first, second, third = self.backfill(broken, *days)
        self.assertEqual(self.integration.failed_run_id, first)
        self.backfill(works, "2025-02-02")
        self.assertEqual(self.integration.failed_run_id, first)
        self.backfill(works, "2025-02-01")
        self.assertEqual(self.integration.failed_run_id, third)
        self.backfill(works, "2025-02-03")
        self.assertSaysNothing()
        self.assertTrue(second)

    def test_one_that_was_queued_before_and_failed_after_comes_up(self):
        """Manual runs go first."""
        lane = self.integration.sudo()
        window = lane._manual_window(at("2025-02-01 00:00"), at("2025-02-01 12:00"))
        backfilled = lane._queue_manually([window], "backfill")
        manual = self.run_manually(broken)
        self.assertEqual(backfilled.state, "failed")
        self.assertEqual(self.integration.failed_run_id, manual)
        self.run_manually(works)
        self.assertEqual(self.integration.failed_run_id, backfilled)
        self.backfill(works, "2025-02-01")
        self.assertSaysNothing()

    def test_what_was_dismissed_does_not_come_back(self):
        lane = self.integration.sudo()
        window = lane._manual_window(at("2025-02-01 00:00"), at("2025-02-01 12:00"))
        backfilled = lane._queue_manually([window], "backfill")
        backfilled.due = at("2025-03-01 12:40")
        self.run_manually(broken)
        self.integration.action_dismiss_failed_run()
        with freeze_time("2025-03-01 12:41"), self.running_as(broken):
            self.work(self.integration)
        self.assertEqual(self.integration.failed_run_id, backfilled)
        with freeze_time("2025-03-01 12:42"):
            self.backfill(works, "2025-02-01")
        self.assertSaysNothing()

    def test_each_period_by_hand_is_shown_until_it_is_done(self):
        first = self.run_manually(broken)
        february = at("2025-02-01 00:00"), at("2025-03-01 00:00")
        second = self.run_manually(broken, *february)
        self.assertEqual(self.integration.failed_run_id, first)
        self.run_manually(works)
        self.assertEqual(self.integration.failed_run_id, second)
        self.run_manually(works, *february)
        self.assertSaysNothing()

    def test_of_those_by_hand_the_latest_is_shown(self):
        self.run_manually(broken)

        def differently(this, _from, _to):
            raise UserError("The customer of A1 is missing")

        self.run_manually(differently)
        self.assertSays("The customer of A1 is missing")

    def test_what_failed_before_it_was_tried_again_is_not_forgotten(self):
        self.run_manually(broken)
        february = at("2025-02-01 00:00"), at("2025-03-01 00:00")
        second = self.run_manually(broken, *february)
        again = self.run_manually(broken)
        self.assertEqual(self.integration.failed_run_id, second)
        self.run_manually(works, *february)
        self.assertEqual(self.integration.failed_run_id, again)
        self.run_manually(works)
        self.assertSaysNothing()

    def test_somebody_may_have_seen_it(self):
        self.run_manually(broken)
        self.integration.action_dismiss_failed_run()
        self.assertSaysNothing()
        self.assertIn("dismissed", self.chatter(self.integration))

    def test_the_next_one_that_failed_comes_up(self):
        february = at("2025-02-01 00:00"), at("2025-03-01 00:00")
        self.run_manually(broken)
        second = self.run_manually(broken, *february)
        self.integration.action_dismiss_failed_run()
        self.assertEqual(self.integration.failed_run_id, second)
        self.assertSays("Feb 1")
        self.integration.action_dismiss_failed_run()
        self.assertSaysNothing()

    def test_those_of_a_backfill_are_dismissed_one_by_one_and_none_comes_back(self):
        runs = self.backfill(broken, "2025-02-01", "2025-02-02", "2025-02-03")
        for run in runs:
            self.assertEqual(self.integration.failed_run_id, run)
            self.integration.action_dismiss_failed_run()
        self.assertSaysNothing()
        self.run_manually(broken)
        self.run_manually(works)
        self.assertSaysNothing()

    def test_who_dismisses_the_latest_at_a_period_dismisses_those_before(self):
        self.run_manually(broken)
        self.run_manually(broken)
        self.integration.action_dismiss_failed_run()
        self.assertSaysNothing()

    # --- A run that is done with errors ---

    def work_at(self, moment, function):
        with freeze_time(moment), self.running_as(function):
            self.work(self.integration)

    def report_twice(self):
        self.work_at("2025-03-01 13:01", reports)
        self.work_at("2025-03-01 14:01", reports)
        return self.runs(self.integration, with_errors=True)

    def test_the_second_one_of_the_schedule_comes_up_when_the_first_is_made_up_for(self):
        first, second = self.report_twice()
        self.assertEqual(self.integration.failed_run_id, first)
        with freeze_time("2025-03-01 14:10"):
            self.run_manually(works, first.window_from, first.window_to)
            self.assertEqual(self.integration.failed_run_id, second)
            self.run_manually(works, second.window_from, second.window_to)
            self.assertSaysNothing()

    def test_without_periods_any_run_by_hand_makes_up_for_all(self):
        self.patch(self.type_class(), "has_time_period", False)
        self.report_twice()
        with freeze_time("2025-03-01 14:10"):
            self.integration.run_manually()
            with self.running_as(works):
                self.work(self.integration)
            self.assertSaysNothing()

    def test_dismissing_one_dismisses_all_that_have_reported_so_far(self):
        self.report_twice()
        with freeze_time("2025-03-01 14:10"):
            self.integration.action_dismiss_failed_run()
            self.assertSaysNothing()
        self.work_at("2025-03-01 15:01", reports)
        self.assertEqual(self.integration.failed_run_id, self.runs(self.integration)[-2])

    def test_and_shows_the_one_that_failed_among_them(self):
        self.work_at("2025-03-01 13:01", reports)
        with freeze_time("2025-03-01 13:10"):
            failed = self.run_manually(broken)
        self.work_at("2025-03-01 14:01", reports)
        with freeze_time("2025-03-01 14:10"):
            self.integration.action_dismiss_failed_run()
            self.assertEqual(self.integration.failed_run_id, failed)
            self.run_manually(works)
            self.assertSaysNothing()

    def test_only_operators_dismiss_it(self):
        self.run_manually(broken)
        with self.assertRaises(AccessError):
            self.integration.with_user(self.outsider).action_dismiss_failed_run()
        self.assertTrue(self.integration.failed_run_id)

    # --- Who hears of it ---

    def subjects(self):
        return self.mails(self.responsible).mapped("subject")

    def test_people_are_told_once_and_when_it_is_made_up_for(self):
        self.run_manually(broken)
        self.run_manually(broken)
        self.assertEqual(self.subjects(), ["A run of Orders failed"])
        body = self.mails(self.responsible).body_html
        self.assertIn("The price of A1 is not a number", body)
        self.assertIn("The schedule continues in the meantime", body)
        self.run_manually(works)
        self.assertEqual(self.subjects()[1:], ["A failed run of Orders has since been completed"])
        self.assertIn("There is nothing to do", self.mails(self.responsible)[1].body_html)

    def test_a_failure_of_the_schedule_is_told_all_the_same(self):
        self.run_manually(broken)
        with freeze_time("2025-03-01 13:30"), self.running_as(broken):
            self.work(self.integration)
        self.assertEqual(self.subjects(), ["A run of Orders failed", "Orders failed"])

    def test_a_success_of_the_schedule_is_no_recovery(self):
        self.run_manually(broken)
        with freeze_time("2025-03-01 13:30"), self.running_as(works):
            self.work(self.integration)
        self.assertEqual(self.subjects(), ["A run of Orders failed"])

    def test_an_activity_goes_away_with_it(self):
        self.integration.with_user(self.manager).notify_by_activity = True
        self.run_manually(broken)
        self.assertEqual(self.activities(self.responsible).summary, "A run of Orders failed")
        self.run_manually(works)
        self.assertFalse(self.activities(self.responsible))
