"""The lane: what is executed, in which order, in which transaction, and what the card says."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.addons.base.models import ir_cron
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from odoo.addons.ihub.engine import lane_lock
from odoo.addons.ihub.engine.context import current_run
from odoo.addons.ihub.engine.worker import Worker

NOW = "2025-03-01 12:30"
LANE = "odoo.addons.ihub.engine.worker"


def nothing(this, _from, _to):
    """Do what most windows do."""


@freeze_time(NOW)
class TestLane(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"), catch_up="each")

    def setUp(self):
        super().setUp()
        self.done = []

    def note(self, this, _from, _to):
        """Remember which run was executed."""
        run = this.env["ihub.run"].sudo().browse(current_run(this.env.cr.dbname).run_id)
        self.done.append((run.trigger, _from, _to))

    @contextmanager
    def noting(self):
        with self.running_as(lambda this, _from, _to: self.note(this, _from, _to)):
            yield

    def next_alarm(self):
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.integration.sudo().cron_id.id)], order="call_at"
        )
        return triggers.mapped("call_at")

    # --- Order and windows ---

    def test_operators_come_first_and_backfills_last(self):
        self.integration.start()
        lane = self.integration.sudo()
        schedule = lane._schedule()
        windows = list(schedule.windows(at("2025-02-28 22:00"), at("2025-03-01 00:00")))
        lane._queue_manually(windows, "backfill")
        self.integration.run_manually()
        with self.noting():
            self.work(self.integration)
        self.assertEqual(
            [trigger for trigger, *_window in self.done],
            ["manual", "schedule", "schedule", "backfill", "backfill"],
        )

    def test_each_completed_window_is_followed_by_the_next(self):
        self.integration.start()
        with self.noting():
            self.work(self.integration)
        self.assertEqual(
            [window for _trigger, *window in self.done],
            [
                [at("2025-03-01 10:00"), at("2025-03-01 11:00")],
                [at("2025-03-01 11:00"), at("2025-03-01 12:00")],
            ],
        )
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))
        self.assertEqual(self.integration.window_to, at("2025-03-01 13:00"))

    def test_a_manual_run_does_not_move_the_watermark(self):
        self.integration.run_manually(at("2025-03-01 08:00"), at("2025-03-01 12:00"))
        with self.noting():
            self.work(self.integration)
        self.assertEqual(len(self.done), 1)
        self.assertFalse(self.integration.watermark)
        self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))

    # --- Transactions ---

    def test_work_and_mark_commit_together(self):
        """If the successor cannot be created, neither the work nor the mark has happened."""

        def work(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "Work of a window"})

        def broken(*args, **kwargs):
            raise ValueError("no successor")

        self.integration.start()
        Run = self.registry["ihub.run"]
        with self.running_as(work), patch.object(Run, "_enqueue", broken):
            self.work(self.integration)
        self.assertFalse(self.runs(self.integration, state="done"))
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Work of a window")]))
        self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))
        self.assertEqual(self.integration.state, "failed")

    def test_the_run_executes_as_the_integrations_user_in_its_context(self):
        company = self.env.company
        self.integration.sudo().write({"run_as_id": self.operator.id, "tz": "Asia/Tokyo"})
        self.operator.sudo().lang = "en_US"

        def look(this, _from, _to):
            self.done.append((this.env.uid, this.env.su, dict(this.env.context)))

        self.integration.run_manually()
        with self.running_as(look):
            self.work(self.integration)
        (uid, su, context) = self.done[0]
        self.assertEqual((uid, su), (self.operator.id, False))
        # And nothing of the cron: a type that reports the progress of crons must not end the lane.
        self.assertEqual(
            context,
            {"lang": "en_US", "tz": "Asia/Tokyo", "allowed_company_ids": company.ids},
        )

    # --- The cron ---

    def test_the_alarm_is_set_for_what_is_due_next_once(self):
        self.integration.start()
        with self.noting():
            self.work(self.integration)
            self.work(self.integration)
        later = [moment for moment in self.next_alarm() if moment > at(NOW)]
        self.assertEqual(later, [self.integration.next_run])

    def test_an_alarm_that_went_off_too_early_is_set_again(self):
        """The clock of the database may be ahead of the server's."""
        self.integration.start()
        with self.noting():
            self.work(self.integration)
        due = self.integration.next_run
        self.assertIn(due, self.next_alarm())
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.noting():
            self.work(self.integration)
        self.assertIn(due, self.next_alarm())

    def test_what_becomes_due_while_the_lane_goes_to_sleep_wakes_it(self):
        self.integration.start()
        with patch.object(Worker, "_claim", lambda worker, _run: worker.env["ihub.run"]):
            self.work(self.integration)
        self.assertEqual(self.next_alarm(), [self.integration.next_run])
        self.assertLess(self.integration.next_run, at(NOW))

    def test_what_cannot_run_does_not_keep_the_lane_awake(self):
        self.integration.start()
        self.integration.sudo().run_as_id = self._user("ihub_run_as", "ihub.group_user")
        self.integration.sudo().run_as_id.active = False
        self.work(self.integration)
        self.assertFalse(self.next_alarm())

    def test_a_retry_sets_the_alarm(self):
        def busy(this, _from, _to):
            raise TimeoutError("The shop does not respond")

        self.integration.start()
        with self.running_as(busy):
            self.work(self.integration)
        run = self.runs(self.integration, trigger="schedule")
        self.assertGreater(run.due, at(NOW))
        self.assertIn(run.due, self.next_alarm())

    def test_many_windows_let_other_crons_have_their_turn(self):
        self.integration.stop()
        self.integration.sudo().window_from = at("2025-02-28 10:00")
        self.integration.start()
        with (
            self.noting(),
            patch.object(ir_cron, "MIN_TIME_PER_JOB", 0),
            patch.object(ir_cron, "MIN_RUNS_PER_JOB", 3),
        ):
            self.work(self.integration)
        self.assertEqual(len(self.done), 3)
        self.assertTrue(self.next_alarm(), "The rest is to be done as soon as possible.")
        with self.noting():
            self.work(self.integration)
        self.assertEqual(len(self.done), 24 + 2)

    def test_odoo_never_counts_a_failed_integration_as_a_failed_cron(self):
        def broken(this, _from, _to):
            raise ValueError("broken")

        self.integration.start()
        with self.running_as(broken):
            self.work(self.integration)
        cron = self.integration.sudo().cron_id
        self.assertEqual((cron.failure_count, cron.active), (0, True))

    @mute_logger(LANE)
    def test_a_fault_of_the_hub_itself_is_tried_again_in_a_minute(self):
        self.integration.start()

        def broken(*args):
            raise ValueError("broken")

        with patch.object(Worker, "_claim", broken):
            self.work(self.integration)
        self.assertIn(at(NOW) + timedelta(minutes=1), self.next_alarm())
        self.assertEqual(self.integration.sudo().cron_id.failure_count, 0)

    def test_a_lane_that_another_process_holds_is_looked_at_again_in_seconds(self):
        """That process may be dead: until the database notices, its lane stays held."""
        self.integration.start()
        with patch.object(lane_lock, "_lock", return_value=False):
            self.work(self.integration)
        self.assertFalse(self.done)
        self.assertIn(at(NOW) + timedelta(seconds=5), self.next_alarm())

    def test_errors_that_no_database_can_store(self):
        def nasty(this, _from, _to):
            raise ValueError("NUL \x00, half a \ud83d, password=hunter2 " + "x" * 1_000_000)

        self.integration.start()
        with self.running_as(nasty):
            self.work(self.integration)
        run = self.runs(self.integration, state="failed")
        self.assertIn("NUL", run.message)
        self.assertNotIn("\x00", run.message)
        self.assertNotIn("hunter2", run.message + run.traceback)
        self.assertLess(len(run.message), 600)
        self.assertLess(len(run.traceback), 200_000)

    # --- Dead runs ---

    def die(self, trigger="schedule", times=1):
        """Let the next run look like one whose process died."""
        run = self.runs(self.integration, trigger=trigger, state="pending")[:1]
        run.crash_count = times - 1
        run._begin()
        return run

    def test_a_dead_run_is_interrupted_and_its_window_is_done(self):
        self.integration.start()
        dead = self.die()
        self.env.flush_all()
        self.assertIn("The server stopped", self.integration.activity)
        with self.noting():
            self.work(self.integration)
        self.assertEqual(dead.state, "interrupted")
        self.assertIn("Mar 1, 2025, 12:30 PM (UTC)", dead.message)
        self.assertEqual(self.done[0], ("schedule", dead.window_from, dead.window_to))

    def test_the_third_death_in_a_row_is_a_failure(self):
        self.integration.start()
        dead = self.die(times=3)
        self.env.flush_all()
        with self.noting():
            self.work(self.integration)
        self.assertFalse(self.done)
        self.assertEqual((dead.state, self.integration.state), ("interrupted", "failed"))
        self.assertIn("3 times in a row", self.integration.state_reason)
        self.assertEqual(self.integration.window_from, dead.window_from)

    def test_the_second_death_is_followed_by_a_pause(self):
        self.integration.start()
        self.die(times=2)
        self.env.flush_all()
        with self.noting():
            self.work(self.integration)
        self.assertFalse(self.done)
        self.assertEqual(self.integration.next_run, at(NOW) + timedelta(minutes=1))
        self.assertIn(self.integration.next_run, self.next_alarm())

    def test_a_dead_manual_run_that_was_stopped_is_not_done_again(self):
        self.integration.run_manually()
        self.die("manual")
        self.env.flush_all()
        self.integration.stop()
        with self.noting():
            self.work(self.integration)
        self.assertFalse(self.done)
        self.assertEqual(self.runs(self.integration, trigger="manual").state, "interrupted")

    def test_nor_has_it_failed_where_it_had_died_before(self):
        self.integration.run_manually()
        run = self.die("manual", times=3)
        self.env.flush_all()
        self.integration.stop()
        with self.noting():
            self.work(self.integration)
        self.assertEqual((run.state, self.done), ("interrupted", []))
        self.assertFalse(self.integration.failed_run_id)

    def test_a_delay_beyond_the_calendar_keeps_nobody_from_pressing_start(self):
        self.startPatcher(patch.object(self.type_class(), "delay", timedelta(days=3_000_000)))
        for __ in range(2):
            self.integration.start()
            self.assertGreater(self.runs(self.integration, state="pending").due.year, 2100)
            self.integration.stop()


@freeze_time(NOW)
class TestObstacles(HubCase):
    """What keeps an integration from working: the card says so, and how to fix it."""

    def setUpOnce(self):
        super().setUpOnce()
        self.user = self._user("ihub_run_as", "ihub.group_user")
        self.integration = self.add(
            window_from=at("2025-03-01 10:00"), run_as_id=self.user.id, catch_up="each"
        )
        self.healthy = self.add(window_from=at("2025-03-01 10:00"), name="Healthy")
        self.integration.start()
        self.healthy.start()

    def assertProblem(self, text):
        self.env.invalidate_all()
        self.assertIn(text, self.integration.problem or "")
        self.assertFalse(self.healthy.problem, "Nothing else on the board breaks.")
        with self.running_as(nothing):
            if self.integration.sudo().cron_id:
                self.work(self.integration)
            self.work(self.healthy)
        self.assertTrue(self.runs(self.healthy, state="done"))

    def assertNothingHappened(self):
        self.assertFalse(self.runs(self.integration, state="done"))
        self.assertEqual(self.integration.window_from, at("2025-03-01 10:00"))

    def assertStartRepairs(self):
        self.integration.start()
        self.env.invalidate_all()
        self.assertFalse(self.integration.problem)
        with self.running_as(nothing):
            self.work(self.integration)
        self.assertEqual(len(self.runs(self.integration, state="done")), 2)

    def test_the_type_is_gone(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET integration_type = 'ihub.gone' WHERE id = %s",
            [self.integration.id],
        )
        self.assertProblem("no longer installed")
        self.assertNothingHappened()
        with self.assertRaisesRegex(UserError, "Install its module again"):
            self.integration.start()

    def test_the_company_is_archived(self):
        company = self.env["res.company"].create({"name": "Old"})
        users = self.user + self.operator + self.manager
        users.sudo().company_ids = [(4, company.id)]
        self.integration.sudo().company_id = company
        self.env.flush_all()
        # Not by its button, which refuses companies that are somebody's.
        self.env.cr.execute("UPDATE res_company SET active = false WHERE id = %s", [company.id])
        self.env.invalidate_all()
        integration = self.integration.sudo()
        self.assertIn("The company Old", integration.problem)
        with self.running_as(nothing):
            self.work(integration)
        self.assertFalse(self.runs(integration, state="done"))
        self.env.cr.execute("UPDATE res_company SET active = true WHERE id = %s", [company.id])
        self.env.invalidate_all()
        integration.start()
        with self.running_as(nothing):
            self.work(integration)
        self.assertEqual(len(self.runs(integration, state="done")), 2)

    def test_the_user_is_archived(self):
        self.user.sudo().active = False
        self.assertProblem("Choose another user in the field 'Runs as'")
        self.assertNothingHappened()
        with self.assertRaisesRegex(UserError, "is archived"):
            self.integration.start()
        self.integration.with_user(self.manager).run_as_id = self.manager
        self.assertStartRepairs()

    def test_the_scheduled_action_is_deleted(self):
        self.integration.sudo().cron_id.unlink()
        self.assertProblem("deleted. Press Start")
        self.assertTrue(self.integration.can_start)
        self.assertStartRepairs()

    def test_the_scheduled_action_is_switched_off(self):
        self.integration.sudo().cron_id.active = False
        self.env.invalidate_all()
        self.assertIn("inactive. Press Start", self.integration.problem)
        self.assertTrue(self.integration.can_start)
        self.assertStartRepairs()

    def test_the_scheduled_action_is_somebody_elses(self):
        cron = self.integration.sudo().cron_id
        root = cron.user_id
        for user in (self.env.ref("base.user_admin"), self.outsider):
            cron.user_id = user
            asked = self.integration.run_manually()
            with self.subTest(user.login), self.running_as(nothing):
                self.work(self.integration)
                self.assertEqual(asked.state, "done")
        self.integration.start()
        self.assertEqual(cron.user_id, root)

    def test_a_switched_off_action_is_noticed_before_anything_is_late(self):
        with self.running_as(nothing):
            self.work(self.integration)
        self.integration.sudo().cron_id.active = False
        self.env.invalidate_all()
        self.assertGreater(self.integration.next_run, at(NOW))
        self.assertIn("inactive", self.integration.problem)

    def test_no_scheduler_is_alive(self):
        """Computed when somebody looks, not by a cron."""
        self.env.invalidate_all()
        with freeze_time("2025-03-01 12:32"):
            self.env.invalidate_all()
            due = self.runs(self.integration, trigger="schedule").due
            self.assertTrue(due < at(NOW))
        self.assertIn(f"Due since {due:%b} {due.day}, {due:%I:%M}", self.late_problem())

    def late_problem(self):
        with freeze_time("2025-03-01 12:40"):
            self.env.invalidate_all()
            return self.integration.problem or ""

    def test_a_dead_run_that_nobody_takes_up_is_late_too(self):
        self.runs(self.integration, trigger="schedule")._begin()
        self.env.flush_all()
        self.assertIn("no scheduler has picked it up", self.late_problem())

    def test_a_run_beyond_its_limit_is_reported_while_it_executes(self):
        self.integration.with_user(self.manager).hang_limit = 5
        problems = []

        def look(this, _from, _to):
            for moment in ("2025-03-01 12:34", "2025-03-01 12:36"):
                with freeze_time(moment):
                    # Held by this very session, which is what the board looks at.
                    this.env.invalidate_all()
                    problems.append(
                        self.integration.with_env(this.env(user=self.operator.id)).problem or ""
                    )

        with self.running_as(look):
            self.work(self.integration)
        self.assertEqual(problems[0], "")
        self.assertIn("longer than its limit of 5 min", problems[1])
