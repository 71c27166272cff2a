"""Whatever comes out of an integration's code is settled: it need not be an ``Exception``."""

import asyncio
import builtins
from unittest.mock import patch

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.tests import mute_logger

from odoo.addons.ihub.engine.worker import Worker
from odoo.addons.ihub.lib.exceptions import StopRequested

NOW = "2025-03-01 11:30"
LANE = "odoo.addons.ihub.engine.worker"


class TimeIsUp(BaseException):
    """As libraries for asynchronous code have them."""


class Mute(BaseException):
    """Raises when it is looked at."""

    def __str__(self):
        raise TimeIsUp

    def __repr__(self):
        raise TimeIsUp

    @property
    def reported(self):
        raise TimeIsUp


class Proud:
    """A value that cannot be shown."""

    def __str__(self):
        raise TimeIsUp

    __repr__ = __str__


def raising(error):
    def work(this, _from, _to):
        this.env["res.partner"].sudo().create({"name": "Half done"})
        raise error

    return work


@freeze_time(NOW)
class TestWhatIsRaised(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"))
        self.integration.start()

    def fail_with(self, error):
        with self.running_as(raising(error)):
            self.work(self.integration)
        return self.runs(self.integration, state="failed")[-1]

    def events(self):
        return self.env["ihub.event"].search(
            [("integration_id", "=", self.integration.id), ("level", "=", "error")]
        )

    def test_what_is_no_exception_is_a_failure_with_its_traceback(self):
        errors = [asyncio.CancelledError("gone"), GeneratorExit("gone"), TimeIsUp("gone"),
                  SystemExit("gone")]  # fmt: skip
        if hasattr(builtins, "BaseExceptionGroup"):
            errors.append(builtins.BaseExceptionGroup("gone", [asyncio.CancelledError()]))
        for error in errors:
            with self.subTest(error=error):
                run = self.fail_with(error)
                self.assertEqual(run.message.partition(" (")[0], f"{type(error).__name__}: gone")
                self.assertIn("Traceback", run.traceback)
                event = self.events()[0]
                self.assertEqual((event.run_id, event.undone), (run, False))
                self.assertIn("Traceback", event.details)
                self.assertEqual(self.integration.state, "failed")
                self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))
                self.assertFalse(self.env["res.partner"].search([("name", "=", "Half done")]))
                self.integration.start()

    def test_one_that_cannot_be_looked_at_is_a_failure_as_well(self):
        run = self.fail_with(Mute(Proud()))
        self.assertEqual(run.message, "UnreadableError: Mute")
        self.assertIn("in work", run.traceback)
        self.assertEqual(len(self.events()), 1)

    def test_what_is_reported_need_not_be_readable(self):
        def work(this, _from, _to):
            this.ihub_info(Proud(), details={"proud": [Proud()]}, related=Proud())

        with self.running_as(work):
            self.work(self.integration)
        self.assertTrue(self.runs(self.integration, state="done"))
        event = self.env["ihub.event"].search([("integration_id", "=", self.integration.id)])
        self.assertEqual(event.summary, "<Proud, cannot be shown>")
        self.assertIn("<Proud, cannot be shown>", event.details)

    @mute_logger("odoo.addons.ihub.engine.connection")
    def test_callbacks_of_a_rollback_may_fail(self):
        def work(this, _from, _to):
            for callbacks in (this.env.cr.prerollback, this.env.cr.postrollback):
                callbacks.add(lambda: self.give_up())
            raise ValueError("The price of A1 is not a number")

        with self.running_as(work):
            self.work(self.integration)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "ValueError: The price of A1 is not a number")

    def give_up(self):
        raise TimeIsUp

    def test_the_lane_itself_comes_back(self):
        def broken(this):
            raise TimeIsUp("password=hunter2")

        with patch.object(Worker, "_recover_dead_runs", broken), self.assertLogs(LANE) as logged:
            self.work(self.integration)
        cron = self.integration.sudo().cron_id
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(triggers.mapped("call_at"), [at("2025-03-01 11:31")])
        self.assertIn("TimeIsUp", logged.output[0])
        self.assertNotIn("hunter2", logged.output[0])

    # --- Stop ---

    def test_a_stop_that_nobody_asked_for_is_a_failure(self):
        calls = []

        def work(this, _from, _to):
            calls.append(1)
            if len(calls) < 10:
                raise StopRequested

        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(calls), 1)
        run = self.runs(self.integration, state="failed")
        self.assertIn("nobody pressed Stop", run.message)
        self.assertEqual(self.integration.state, "failed")
        self.assertIn("Traceback", self.events().details)

    def test_a_stop_by_hand_that_nobody_asked_for_is_a_failure(self):
        self.integration.stop()
        run = self.integration.run_manually()
        with self.running_as(raising(StopRequested())):
            self.work(self.integration)
        self.assertEqual(run.state, "failed")

    def stopped(self, this, error=None):
        self.integration.with_env(this.env(user=self.operator.id)).stop()
        this.env.cr.commit()
        try:
            this.checkpoint(1)
        except StopRequested as stop:
            # Before the run has ended, somebody wants it to go on after all.
            raise error or stop from None

    def test_a_stop_is_one_also_when_start_is_pressed_before_it_has_ended(self):
        def work(this, _from, _to):
            try:
                self.stopped(this)
            finally:
                if not this.integration_id.run_ids.filtered(lambda r: r.state == "cancelled"):
                    self.integration.with_env(this.env(user=self.operator.id)).start()
                    this.env.cr.commit()

        with self.running_as(work):
            self.work(self.integration)
        run = self.runs(self.integration, state="cancelled")[0]
        self.assertEqual(run.message, f"Stopped by {self.operator.name}.")
        self.assertFalse(self.events())

    def test_a_stop_in_a_group_of_tasks_is_one(self):
        if not hasattr(builtins, "BaseExceptionGroup"):
            self.skipTest("This Python has no groups of exceptions.")

        group = builtins.BaseExceptionGroup("tasks", [StopRequested()])
        with self.running_as(lambda this, _from, _to: self.stopped(this, group)):
            self.work(self.integration)
        self.assertTrue(self.runs(self.integration, state="cancelled"))
        self.assertEqual(self.integration.state, "stopped")
