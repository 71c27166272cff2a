"""What an integration can do to fail, and what people get to see of it."""

from contextlib import suppress

from freezegun import freeze_time
from hub_case import HubCase, at
from psycopg2 import DataError

from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError


@freeze_time("2025-03-01 11:30")
class TestFailing(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"))
        self.partners = self.env["res.partner"].search_count([])

    def work_as(self, function):
        with self.running_as(function):
            self.integration.start()
            self.work(self.integration)

    def errors(self):
        return self.env["ihub.event"].search(
            [("integration_id", "=", self.integration.id), ("level", "=", "error")]
        )

    def test_an_error_of_the_database_that_was_caught_is_said_in_words(self):
        def swallow(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "gone"})
            with suppress(DataError):
                this.env.cr.execute("SELECT 1/0", log_exceptions=False)

        self.work_as(swallow)
        self.assertIn("A database error was caught", self.errors().summary)
        self.assertWindowIsStillToBeDone()

    def assertWindowIsStillToBeDone(self):
        self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))
        self.assertFalse(self.runs(self.integration, state="done"))
        self.assertEqual(self.env["res.partner"].search_count([]), self.partners)

    def test_an_exception_undoes_the_work_and_says_why(self):
        def broken(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "Half done"})
            raise ValueError("The price of A1 is not a number")

        self.work_as(broken)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "ValueError: The price of A1 is not a number")
        self.assertIn("Traceback", run.traceback)
        self.assertEqual(self.integration.state, "failed")
        self.assertIn("The price of A1", self.integration.state_reason)
        event = self.errors()
        self.assertEqual(len(event), 1)
        self.assertEqual(event.run_id, run)
        self.assertIn("Traceback", event.details)
        self.assertFalse(event.undone)
        self.assertWindowIsStillToBeDone()

    def test_fail_lets_the_code_go_on_and_then_fails_the_run(self):
        went_on = []

        def gives_up(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "Half done"})
            this.ihub_error(summary="No stock in the warehouse")
            this.fail("There is nothing to deliver.")
            went_on.append(True)

        self.work_as(gives_up)
        self.assertTrue(went_on)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "There is nothing to deliver.")
        self.assertFalse(run.traceback)
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.errors().mapped("summary"), ["No stock in the warehouse"])
        self.assertWindowIsStillToBeDone()

    def test_fail_alone_leaves_one_event(self):
        self.work_as(lambda this, _from, _to: this.fail("Nothing to deliver."))
        self.assertEqual(self.errors().mapped("summary"), ["Nothing to deliver."])

    def test_a_reason_without_end_is_cut_where_it_is_shown_and_whole_in_the_log(self):
        self.work_as(lambda this, _from, _to: this.fail("x" * 60_000))
        run = self.runs(self.integration, state="failed")
        shown = "x" * 499 + "…"
        self.assertEqual((run.message, self.integration.state_reason), (shown, shown))
        self.assertIn("x" * 60_000, self.errors().details)
        self.integration.sudo()._type_record().fail("y" * 60_000)
        self.assertEqual(self.integration.state_reason, "y" * 499 + "…")

    def test_fail_outside_a_run_fails_the_integration_at_once(self):
        self.integration.start()
        self.integration.sudo()._type_record().fail("The other side said stop.")
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.integration.state_reason, "The other side said stop.")

    def test_a_raised_error_is_one_event_and_ends_the_run(self):
        def broken(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "Half done"})
            this.ihub_error(summary="The file is empty", raised=True)

        self.work_as(broken)
        self.assertEqual(self.runs(self.integration, state="failed").message, "The file is empty")
        self.assertEqual(self.errors().mapped("summary"), ["The file is empty"])
        self.assertWindowIsStillToBeDone()

    def test_an_error_of_a_client_is_reported_though_nobody_logged_it(self):
        class ShopRefused(IntegrationError):
            pass

        def broken(this, _from, _to):
            raise ShopRefused("The shop does not know this customer.")

        self.work_as(broken)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "The shop does not know this customer.")
        self.assertEqual(self.errors().mapped("summary"), [run.message])

    def test_what_may_go_away_is_tried_again_by_itself(self):
        def unlucky(this, _from, _to):
            raise RetryableError("The shop is being maintained.", delay=600)

        self.work_as(unlucky)
        run = self.runs(self.integration, trigger="schedule")
        self.assertEqual((run.state, run.attempt), ("pending", 1))
        # A little later than asked for, so that many do not come back at the same moment.
        self.assertTrue(at("2025-03-01 11:40") <= run.due <= at("2025-03-01 11:42"))
        self.assertEqual(self.integration.state, "running")
        self.assertRegex(
            self.integration.problem,
            r"^The shop is being maintained\. Next attempt at Mar 1, 11:4\d(:\d\d)? AM, "
            r"and up to 2 more after it\.$",
        )

    def test_the_number_of_attempts_that_are_left_is_said(self):
        self.assertEqual(self.integration.retry_limit, 3)
        run = self.runs(self.integration)
        run.message = "Away."
        said = {}
        for attempt in (1, 2, 3):
            run.attempt = attempt
            said[attempt] = run._retry_text()
        self.assertIn("Next attempt at", said[1])
        self.assertRegex(said[1], r", and up to 2 more after it\.$")
        self.assertRegex(said[2], r", and one more after it\.$")
        self.assertRegex(said[3], r"^Away\. Last attempt at \w+ \d+, [\d:]+ [AP]M\.$")

    def test_starting_again_after_mending_does_the_failed_window(self):
        def broken(this, _from, _to):
            raise ValueError("broken")

        self.work_as(broken)
        self.work_as(lambda this, _from, _to: None)
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.integration.watermark, at("2025-03-01 11:00"))

    def test_the_failed_run_is_the_last_run_of_the_card(self):
        def broken(this, _from, _to):
            raise ValueError("broken")

        self.work_as(broken)
        self.assertEqual(self.integration.last_run_id, self.runs(self.integration, state="failed"))
        self.assertEqual(self.integration.last_run_state, "failed")
        self.assertEqual(self.integration.error_count, 1)
