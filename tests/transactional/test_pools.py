"""Pools: who makes them, what they limit, and what the card of one that waits says."""

from datetime import timedelta

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.ihub.engine import lane_lock, slots

WAITS = "Waiting for its turn: the pool Warehouse runs at most 1 at once."


@freeze_time("2025-03-01 12:30")
class TestPools(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.pool = self.env["ihub.pool"].create({"name": "Warehouse"})
        self.integration = self.add(window_from=at("2025-03-01 11:00"))
        self.integration.sudo().pool_id = self.pool
        self.integration.start()

    def take(self):
        """Have the only slot taken; this session counts as well as any other."""
        self.assertTrue(slots.take(self.cr, self.pool.id, self.pool.slots))
        self.addCleanup(slots.give_back, self.cr, self.pool.id)

    def alarms(self):
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.integration.sudo().cron_id.id)], order="call_at"
        )
        return triggers.mapped("call_at")

    def test_what_waits_says_so_and_is_not_without_a_worker(self):
        self.take()
        for moment in ("2025-03-01 12:31", "2025-03-01 12:40"):
            with freeze_time(moment):
                self.integration.invalidate_recordset()
                self.assertEqual(self.integration.health, "queued")
                self.assertEqual(self.integration.activity, WAITS)

    def test_what_is_not_due_does_not_wait(self):
        self.work(self.integration)
        self.take()
        self.integration.invalidate_recordset()
        self.assertEqual(self.integration.health, "ok")
        self.assertFalse(self.integration.activity)

    def test_one_that_is_late_says_for_what_it_waits(self):
        self.integration.sudo().late_by = 1
        self.take()
        with freeze_time("2025-03-02 12:30"):
            self.integration.invalidate_recordset()
            self.assertEqual(self.integration.health, "late")
            self.assertIn(WAITS, self.integration.problem)

    def other(self, **values):
        """Add another one to the pool, and a run of it: one that is done, unless ``values`` say."""
        other = self.add(name="Other")
        other.sudo().pool_id = self.pool
        self.env["ihub.run"].create(
            {
                "integration_id": other.id,
                "trigger": "manual",
                "state": "done",
                "window_from": at("2025-03-01 11:00"),
                "window_to": at("2025-03-01 12:00"),
                "due": at("2025-03-01 12:00"),
                "started_at": at("2025-03-01 12:00"),
                **values,
            }
        )
        return other

    def test_between_two_that_have_the_slot_nobody_is_without_a_worker(self):
        self.other(ended_at=at("2025-03-01 12:39:59"))
        for moment, health in (("12:40", "queued"), ("12:42:59", "queued"), ("12:45", "no_worker")):
            with self.subTest(moment=moment), freeze_time(f"2025-03-01 {moment}"):
                self.integration.invalidate_recordset()
                self.assertEqual(self.integration.health, health)

    def test_a_slot_is_also_given_back_by_what_is_tried_again(self):
        values = {"state": "pending", "due": at("2025-03-01 13:00"), "attempt": 1}
        for name in ("ended_at", "last_seen"):
            with self.subTest(name=name):
                other = self.other(**values, **{name: at("2025-03-01 12:39:59")})
                with freeze_time("2025-03-01 12:40"):
                    self.integration.invalidate_recordset()
                    self.assertEqual(self.integration.health, "queued")
                other.sudo().pool_id = False
                with freeze_time("2025-03-01 12:40"):
                    self.integration.invalidate_recordset()
                    self.assertEqual(self.integration.health, "no_worker")

    def test_what_is_at_work_has_given_no_slot_back(self):
        self.pool.slots = 2
        other = self.other(state="running", last_seen=at("2025-03-01 12:39:59"))
        lane = (lane_lock.LANES, other.id)
        self.cr.execute("SELECT pg_advisory_lock(%s, %s)", lane)
        with freeze_time("2025-03-01 12:40"):
            self.integration.invalidate_recordset()
            self.assertEqual(self.integration.health, "no_worker")
            # Its process has died, and with it went the slot.
            self.cr.execute("SELECT pg_advisory_unlock(%s, %s)", lane)
            self.integration.invalidate_recordset()
            self.assertEqual(self.integration.health, "queued")

    def test_what_ended_in_another_pool_has_had_no_slot_of_this_one(self):
        other = self.other(ended_at=at("2025-03-01 12:39:59"))
        other.sudo().pool_id = self.env["ihub.pool"].create({"name": "Shop"})
        with freeze_time("2025-03-01 12:40"):
            self.integration.invalidate_recordset()
            self.assertEqual(self.integration.health, "no_worker")

    def test_nothing_begins_without_a_slot_and_the_lane_sleeps(self):
        self.take()
        self.env["ir.cron.trigger"].search([]).unlink()
        self.work(self.integration)
        run = self.integration.sudo()._scheduled_run()
        self.assertEqual((run.state, run.attempt), ("pending", 0))
        self.assertEqual(self.alarms(), [at("2025-03-01 12:31")])

    def test_manual_runs_wait_as_well(self):
        self.work(self.integration)
        self.take()
        run = self.integration.run_manually()
        self.work(self.integration)
        self.assertEqual(run.state, "pending")
        slots.give_back(self.cr, self.pool.id)
        self.work(self.integration)
        self.assertEqual(run.state, "done")
        # For the cleanup.
        slots.take(self.cr, self.pool.id, 1)

    def test_the_slot_is_given_back_after_the_run(self):
        self.work(self.integration)
        self.assertTrue(slots.take(self.cr, self.pool.id, 1))
        self.assertFalse(slots.take(self.cr, self.pool.id, 1))
        self.assertTrue(slots.take(self.cr, self.pool.id, 2))
        for _each in range(2):
            slots.give_back(self.cr, self.pool.id)

    def test_others_that_wait_come_first(self):
        self.integration.sudo().write({"catch_up": "each"})
        other = self.add(window_from=at("2025-03-01 11:00"), name="Other")
        other.sudo().pool_id = self.pool
        other.start()
        self.integration.stop()
        self.integration.sudo().window_from = at("2025-03-01 08:00")
        self.integration.start()
        self.env["ir.cron.trigger"].search([]).unlink()
        self.work(self.integration)
        done = self.integration.sudo().run_ids.filtered(lambda run: run.state == "done")
        self.assertEqual(len(done), 1)
        self.assertEqual(self.alarms(), [at("2025-03-01 12:30") + timedelta(seconds=1)])
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", other.sudo().cron_id.id)])
        self.assertTrue(triggers)

    def test_one_that_cannot_run_holds_nobody_up(self):
        self.integration.sudo().write({"catch_up": "each"})
        other = self.add(window_from=at("2025-03-01 11:00"), name="Other")
        other.sudo().pool_id = self.pool
        other.start()
        other.sudo().run_as_id.active = False
        self.integration.stop()
        self.integration.sudo().window_from = at("2025-03-01 08:00")
        self.integration.sudo().run_as_id = self.operator
        self.integration.start()
        self.work(self.integration)
        done = self.integration.sudo().run_ids.filtered(lambda run: run.state == "done")
        self.assertEqual(len(done), 4)

    def test_more_slots_and_no_pool_wake_who_waits(self):
        self.take()
        for change in (
            lambda: self.pool.write({"slots": 2}),
            lambda: self.integration.sudo().write({"pool_id": False}),
            lambda: self.integration.sudo().write({"pool_id": self.pool.id}),
            lambda: self.pool.unlink(),
        ):
            self.env["ir.cron.trigger"].search([]).unlink()
            change()
            self.assertEqual(self.alarms(), [at("2025-03-01 12:30")])
        self.assertFalse(self.integration.sudo().pool_id)

    def test_at_least_one(self):
        with self.assertRaisesRegex(ValidationError, "at least 1"):
            self.pool.slots = 0

    def test_operators_see_pools_and_managers_change_them(self):
        self.assertEqual(self.pool.with_user(self.operator).slots, 1)
        with self.assertRaises(AccessError):
            self.pool.with_user(self.operator).slots = 2
        self.pool.with_user(self.manager).slots = 2
        with self.assertRaises(AccessError):
            self.pool.with_user(self.outsider).read(["name"])

    def test_the_pool_of_a_company_that_is_deleted_is_nobody_elses(self):
        company = self.env["res.company"].create({"name": "Other"})
        pool = self.env["ihub.pool"].create({"name": "Theirs", "company_id": company.id})
        company.unlink()
        self.assertFalse(pool.exists())

    def test_a_pool_of_another_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Other"})
        pool = self.env["ihub.pool"].create({"name": "Theirs", "company_id": company.id})
        with self.assertRaises(UserError):
            self.integration.sudo().pool_id = pool
        with self.assertRaises(AccessError):
            pool.with_user(self.manager).read(["name"])
        # Whoever sees the integration reads which pool it is in.
        self.assertEqual(self.integration.pool_id.display_name, "Warehouse")
