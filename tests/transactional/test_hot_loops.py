"""Every way for a run to end is bounded: nothing makes a lane run without end."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at

from odoo.addons.ihub.lib.exceptions import RetryableError, StopRequested

NOW = "2025-03-01 12:30"
# How many runs may begin within a minute: in the lane 60, which one test goes through.
LIMIT = "odoo.addons.ihub.engine.worker.MAX_BEGUN"
BOUND = 10
# Where a loop without an end would be left.
ENOUGH = 300


@freeze_time(NOW)
class HotLoopCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"))
        self.other = self.add(window_from=at("2025-03-01 11:00"), name="Other")

    def setUp(self):
        super().setUp()
        self.calls = []

    def note(self, this):
        self.calls.append(this.integration_id.id)
        return len(self.calls) < ENOUGH

    def as_operator(self, this, integration):
        return integration.with_env(this.env(user=self.operator.id))


@pytest.mark.slow
class TestTheBound(HotLoopCase):
    def test_of_many_runs_only_those_that_count_are_read(self):
        """By an index, whatever has started them: of a year of minutes there are half a million."""
        runs = self.env["ihub.run"]
        self.cr.execute("SET LOCAL enable_seqscan = off")
        for trigger in runs._fields["trigger"].get_values(self.env):
            (plan,) = self.plans(
                lambda t=trigger: runs._begun_since(at(NOW), self.integration, t, 60)
            )
            self.assertIn("ihub_run_begun_idx", plan, trigger)

    def test_a_run_that_asks_for_itself(self):
        def work(this, _from, _to):
            if self.note(this):
                this.integration_id.run_manually()

        self.integration.run_manually()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(self.calls), 60)
        waiting = self.runs(self.integration, trigger="manual", state="pending")
        self.assertEqual(waiting.due, at(NOW) + timedelta(minutes=1))
        self.assertIn("60 runs started within a minute", waiting.message)
        warnings = self.env["ihub.event"].search([("integration_id", "=", self.integration.id)])
        self.assertEqual(warnings.mapped("level"), ["warning"])
        with freeze_time("2025-03-01 12:31:05"), self.running_as(lambda this, *w: self.note(this)):
            self.work(self.integration)
        self.assertEqual(len(self.calls), 60 + 1)
        self.assertEqual(waiting.message, "Done.")


@pytest.mark.slow
class TestHotLoops(HotLoopCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch(LIMIT, BOUND))

    def test_the_schedule_and_a_backfill_go_on_beside_it(self):
        def work(this, _from, _to):
            if self.note(this) and _from >= at("2025-03-01 12:30") - timedelta(hours=1):
                this.integration_id.run_manually(at("2025-03-01 12:00"), at("2025-03-01 12:20"))

        self.integration.start()
        lane = self.integration.sudo()
        windows = list(lane._schedule().windows(at("2025-02-27 12:00"), at("2025-02-28 00:00")))
        lane._queue_manually(windows, "backfill")
        self.integration.run_manually(at("2025-03-01 12:00"), at("2025-03-01 12:20"))
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))
        self.assertEqual(len(self.runs(self.integration, trigger="backfill", state="done")), 12)

    def test_a_run_that_triggers_itself(self):
        """As one does that writes what an override of write() triggers it for."""

        def work(this, _from, _to):
            if self.note(this):
                this.integration_id.trigger()

        self.integration.start()
        self.integration.trigger()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(self.runs(self.integration, trigger="code", state="done")), BOUND)
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))
        waiting = self.runs(self.integration, trigger="code", state="pending")
        self.assertEqual(waiting.due, at(NOW) + timedelta(minutes=1))
        self.assertIn(f"{BOUND} runs started within a minute", waiting.message)

    def test_two_that_ask_for_each_other(self):
        pair = {self.integration.id: self.other, self.other.id: self.integration}

        def work(this, _from, _to):
            if self.note(this):
                self.as_operator(this, pair[this.integration_id.id]).run_manually()

        self.integration.run_manually()
        with self.running_as(work):
            for _turn in range(BOUND + 5):
                for integration in (self.integration, self.other):
                    if integration.sudo().cron_id:
                        self.work(integration)
        self.assertEqual(len(self.calls), 2 * BOUND)

    def test_failures_that_start_it_again(self):
        """As an automation does that presses Start whenever an integration has failed."""
        original = self.registry["ihub.integration"]._change_state

        def changed(this, state, reason, note=None):
            original(this, state, reason, note)
            if state == "failed" and len(self.calls) < ENOUGH:
                this.start()

        def work(this, _from, _to):
            self.note(this)
            raise ValueError("broken")

        self.patch(self.registry["ihub.integration"], "_change_state", changed)
        self.integration.start()
        with self.running_as(work):
            self.work(self.integration)
            self.assertEqual(len(self.calls), BOUND)
            # Somebody wakes it meanwhile: it waits all the same, and has said so once.
            self.work(self.integration)
        self.assertEqual(len(self.calls), BOUND)
        self.assertEqual(self.integration.next_run, at(NOW) + timedelta(minutes=1))
        domain = [("integration_id", "=", self.integration.id), ("level", "=", "warning")]
        self.assertEqual(self.env["ihub.event"].search_count(domain), 1)

    def test_a_stop_and_a_start_by_its_own_code(self):
        def work(this, _from, _to):
            integration = self.as_operator(this, self.integration)
            integration.stop()
            this.env.cr.commit()
            try:
                this.checkpoint(1)
            except StopRequested:
                if self.note(this):
                    integration.start()
                    this.env.cr.commit()
                raise

        self.integration.start()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(self.calls), BOUND)

    def test_no_wait_is_asked_for_between_attempts(self):
        def work(this, _from, _to):
            if self.note(this):
                raise RetryableError("busy", delay=0)

        self.integration.sudo().write({"retry_limit": 1_000, "retry_delay": 0})
        self.integration.start()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(self.calls), 1)
        self.assertEqual(self.integration.next_run, at(NOW) + timedelta(seconds=1))

    def test_many_that_people_have_asked_for_are_done_in_the_end(self):
        for _each in range(BOUND + 5):
            self.integration.run_manually()
        with self.running_as(lambda this, *window: self.note(this)):
            self.work(self.integration)
            self.assertEqual(len(self.calls), BOUND)
            with freeze_time("2025-03-01 12:31:05"):
                self.work(self.integration)
        self.assertEqual(len(self.calls), BOUND + 5)

    def test_one_that_must_wait_has_not_failed_by_that(self):
        """Its process died, which was no failure either."""
        for _each in range(BOUND):
            self.integration.run_manually()
        self.runs(self.integration, trigger="manual")[0]._begin()
        with self.running_as(lambda this, *window: self.note(this)):
            self.work(self.integration)
        waiting = self.runs(self.integration, trigger="manual", state="pending")
        self.assertEqual((len(waiting), waiting.attempt), (1, 1))
        self.assertIn(f"{BOUND} runs started within a minute", waiting.message)
        self.assertEqual(waiting.outcome, "pending")
        failed = [("id", "=", waiting.id), ("outcome", "=", "attempt_failed")]
        self.assertFalse(self.env["ihub.run"].search(failed))
