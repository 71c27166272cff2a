"""Retries: how often, when, for what, and what is remembered."""

from datetime import timedelta

import requests
from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form

from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.models.ihub_operation_mixin import RETRY_NUMBERS, RETRY_PLANS

NOW = "2025-03-01 12:30"


def http_error(status, **headers):
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return requests.HTTPError(f"{status}", response=response)


@freeze_time(NOW)
class TestRetryInLane(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), retry_limit=2, retry_delay=5
        )
        self.integration.start()

    def fail_with(self, error, moment=NOW):
        def broken(this, _from, _to):
            raise error

        with freeze_time(moment), self.running_as(broken):
            self.work(self.integration)
        return self.runs(self.integration)[-1]

    def stopped(self, this, _from, _to):
        """Fail after somebody has pressed Stop, which is committed whatever becomes of the run."""
        self.integration.with_env(this.env(user=self.operator.id)).stop()
        this.env.cr.commit()
        raise TimeoutError("no answer")

    def assertWaits(self, run, minutes, moment=NOW):
        """The wait is as long as wanted, and a tenth longer at most."""
        wait = run.due - at(moment)
        self.assertGreaterEqual(wait, timedelta(minutes=minutes))
        self.assertLessEqual(wait, timedelta(minutes=minutes * 1.1, seconds=1))

    def test_what_may_go_away_is_tried_again(self):
        for error in (
            requests.ConnectionError("refused"),
            TimeoutError("timed out"),
            http_error(503),
            RetryableError("busy"),
        ):
            with self.subTest(error=error):
                run = self.fail_with(error)
                self.assertEqual((run.state, run.attempt), ("pending", 1))
                self.assertWaits(run, 5)
                run._make_fresh()

    def test_bad_data_is_not(self):
        for error in (ValueError("x"), UserError("x"), ValidationError("x"), http_error(404)):
            with self.subTest(error=error):
                self.fail_with(error)
                self.assertEqual(self.integration.state, "failed")
                self.assertEqual(self.runs(self.integration)[-1].attempt, 0)
                self.integration.start()

    def test_people_set_the_growth_of_the_waits_and_their_bound(self):
        self.integration.sudo().write({"retry_limit": 3, "retry_growth": 3, "retry_maximum": 20})
        run = self.fail_with(TimeoutError("first"))
        self.assertWaits(run, 5)
        self.fail_with(TimeoutError("second"), "2025-03-01 12:40")
        self.assertWaits(run, 15, "2025-03-01 12:40")
        self.fail_with(TimeoutError("third"), "2025-03-01 13:30")
        # Not 45 minutes; chance may lengthen a wait, but not beyond the bound.
        self.assertEqual(run.due, at("2025-03-01 13:50"))

    def test_the_waits_grow_and_end(self):
        run = self.fail_with(TimeoutError("first"))
        self.assertWaits(run, 5)
        self.fail_with(TimeoutError("second"), "2025-03-01 12:40")
        self.assertEqual((run.state, run.attempt), ("pending", 2))
        self.assertWaits(run, 10, "2025-03-01 12:40")
        self.fail_with(TimeoutError("third"), "2025-03-01 13:30")
        self.assertEqual((run.state, run.attempt), ("failed", 3))
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.integration.window_from, at("2025-03-01 11:00"))

    def test_the_first_error_is_kept(self):
        run = self.fail_with(TimeoutError("first"))
        self.fail_with(requests.ConnectionError("second"), "2025-03-01 12:40")
        self.assertEqual(run.message, "ConnectionError: second")
        self.assertEqual(run.first_message, "TimeoutError: first")
        self.assertIn("second", run.traceback)

    def test_the_other_side_says_when(self):
        self.assertWaits(self.fail_with(http_error(429, **{"Retry-After": "1800"})), 30)

    def test_an_error_brings_its_own_delay(self):
        self.assertWaits(self.fail_with(RetryableError("maintenance", delay=3600)), 60)

    def test_the_integration_stays_running_and_the_card_says_when(self):
        run = self.fail_with(TimeoutError("first"))
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.integration.next_run, run.due)

    def test_every_attempt_is_at_the_same_window(self):
        windows = []

        def broken(this, _from, _to):
            windows.append((_from, _to))
            raise TimeoutError("again")

        for moment in (NOW, "2025-03-01 12:40", "2025-03-01 14:30"):
            with freeze_time(moment), self.running_as(broken):
                self.work(self.integration)
        self.assertEqual(windows, [(at("2025-03-01 11:00"), at("2025-03-01 12:00"))] * 3)

    def test_a_run_by_hand_is_not_tried_again_somebody_waits(self):
        self.integration.stop()
        self.integration.run_manually()
        self.assertEqual(self.fail_with(TimeoutError("no answer")).state, "failed")

    def test_without_retries_the_first_failure_counts(self):
        self.integration.with_user(self.manager).retry_limit = 0
        self.fail_with(TimeoutError("no answer"))
        self.assertEqual(self.integration.state, "failed")

    def test_no_retry_after_stop(self):
        with self.running_as(lambda *args: self.stopped(*args)):
            self.work(self.integration)
        self.assertEqual(self.runs(self.integration, state="failed").attempt, 1)
        self.assertEqual(self.integration.state, "stopped")

    def test_no_retry_of_a_backfill_after_stop(self):
        lane = self.integration.sudo()
        self.integration.stop()
        lane._queue_manually([lane._manual_window(at("2025-03-01 01:00"), at("2025-03-01 02:00"))],
                            "backfill")  # fmt: skip

        with self.running_as(lambda *args: self.stopped(*args)):
            self.work(self.integration)
        self.assertEqual(self.runs(self.integration, trigger="backfill").state, "failed")

    def test_a_backfill_is_tried_again(self):
        lane = self.integration.sudo()
        self.integration.stop()
        lane._queue_manually([lane._manual_window(at("2025-03-01 01:00"), at("2025-03-01 02:00"))],
                            "backfill")  # fmt: skip
        self.assertWaits(self.fail_with(TimeoutError("no answer")), 5)


class TestRetryPlan(HubCase):
    """People choose how often a run is tried again without knowing the numbers."""

    def managed(self, **values):
        return self.add(**values).with_user(self.manager)

    def numbers(self, integration):
        return tuple(integration[name] for name in RETRY_NUMBERS)

    def test_what_is_set_first_is_the_first_plan(self):
        self.assertEqual(self.managed().retry_plan, "growing")

    def test_each_plan_sets_its_numbers_and_is_known_by_them(self):
        integration = self.managed()
        for plan, numbers in RETRY_PLANS.items():
            integration.retry_plan = plan
            integration.invalidate_recordset()
            self.assertEqual(self.numbers(integration), numbers)
            self.assertEqual(integration.retry_plan, plan)

    def test_never_is_no_retry_whatever_the_waits(self):
        integration = self.managed(retry_delay=7)
        integration.retry_plan = "never"
        self.assertEqual((integration.retry_limit, integration.retry_delay), (0, 7))
        self.assertEqual(integration.retry_plan, "never")

    def test_numbers_of_its_own_are_kept(self):
        integration = self.managed(retry_delay=7)
        self.assertEqual(integration.retry_plan, "own")
        integration.retry_plan = "own"
        self.assertEqual(self.numbers(integration), (3, 7, 2.0, 24 * 60))

    def test_the_form_shows_the_numbers_at_once(self):
        with Form(self.managed()) as form:
            form.retry_plan = "hours"
            self.assertEqual((form.retry_limit, form.retry_delay), (24, 60))
            form.retry_limit = 10
            self.assertEqual(form.retry_plan, "own")
