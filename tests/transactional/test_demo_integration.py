"""The demo integrations, and the demo data."""

import json
from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import Form, TransactionCase, new_test_user, tagged

from odoo.addons.ihub.tests.common import IhubCase
from odoo.addons.ihub_integration_demo.demo import past
from odoo.addons.ihub_integration_demo.hooks import TYPES, uninstall_hook

START, END = datetime(2026, 3, 12, 16), datetime(2026, 3, 13, 16)


class DemoCase(IhubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,ihub.group_manager"
        cls.manager = new_test_user(cls.env, "demo_manager", groups)

    def create(self, model, **vals):
        return self.env[model].with_user(self.manager).create({"name": "Demo", **vals})

    def events(self, integration):
        domain = [("integration_id", "=", integration.integration_id.id)]
        return self.env["ihub.event"].search(domain, order="id")


@tagged("standard", "post_install", "-at_install")
class TestDemoIntegration(DemoCase):
    def test_a_run_reports_its_window(self):
        demo = self.create("ihub.integration.demo")
        demo.run_from_to(START, END)
        event = self.events(demo)
        self.assertEqual(event.level, "warning")
        self.assertIn(f"run_from_to called with {START} {END}", event.summary)

    def test_settings_form(self):
        demo = self.create("ihub.integration.demo")
        with Form(demo) as form:
            form.a_custom_field = "Something"
            form.fail_run = True
        self.assertEqual((demo.a_custom_field, demo.fail_run), ("Something", True))


@tagged("standard", "post_install", "-at_install")
class TestDemoImport(DemoCase):
    def setUp(self):
        super().setUp()
        model = type(self.env["ihub.integration.demo.import"])
        self.imported = []
        self.checkpoints = []
        self.patch(model, "_import_record", lambda record: self.imported.append(record.id))
        self.patch(model, "checkpoint", lambda record, **kwargs: self.checkpoints.append(kwargs))

    def test_progress_is_told_record_by_record(self):
        demo = self.create("ihub.integration.demo.import", record_count=3)
        demo.run_from_to(START, END)
        self.assertEqual(
            self.checkpoints,
            [{"processed": done, "total": 3, "resume": done} for done in (1, 2, 3)],
        )
        self.assertIn("3 records imported", self.events(demo).summary)

    def test_it_goes_on_where_it_was_stopped(self):
        demo = self.create("ihub.integration.demo.import", record_count=5)
        self.patch(type(demo), "resume_point", lambda record: 3)
        demo.run_from_to(START, END)
        self.assertEqual(len(self.imported), 2)
        self.assertEqual(self.checkpoints[-1]["processed"], 5)

    def test_settings_form(self):
        demo = self.create("ihub.integration.demo.import")
        with Form(demo) as form:
            form.record_count = 5
            form.record_duration = 0.5
        self.assertEqual((demo.record_count, demo.record_duration), (5, 0.5))


@tagged("standard", "post_install", "-at_install")
class TestDemoData(TransactionCase):
    def setUp(self):
        super().setUp()
        if not self.env.ref("ihub_integration_demo.demo_running", raise_if_not_found=False):
            self.fail("The database has no demo data. Start with dev/test.")

    def state(self, name):
        return self.env.ref(f"ihub_integration_demo.{name}").state

    def test_one_runs_at_short_intervals(self):
        running = self.env.ref("ihub_integration_demo.demo_running")
        self.assertEqual(running.state, "running")
        self.assertEqual((running.interval_number, running.interval_type), (1, "minutes"))

    def test_one_is_stopped_and_one_was_never_started(self):
        self.assertEqual(self.state("demo_stopped"), "stopped")
        self.assertEqual(self.state("demo_ecb_rates"), "created")

    def test_one_is_told_to_fail_and_is_due(self):
        failing = self.env.ref("ihub_integration_demo.demo_failing")
        self.assertTrue(failing.fail_run)
        self.assertIn(failing.state, ("running", "failed"))
        self.assertLess(failing.window_from, failing.create_date)

    def test_one_has_a_server_that_does_not_answer(self):
        retrying = self.env.ref("ihub_integration_demo.demo_retrying")
        self.assertEqual(retrying.address, "http://127.0.0.1:9/")
        self.assertGreater(retrying.retry_limit, 100)

    def test_one_makes_up_for_what_it_missed_one_by_one(self):
        behind = self.env.ref("ihub_integration_demo.demo_catching_up")
        self.assertEqual((behind.state, behind.catch_up), ("running", "each"))
        first = behind.run_ids.sorted("id")[:1]
        self.assertGreater(behind.create_date - first.window_from, timedelta(minutes=239))


@tagged("standard", "post_install", "-at_install")
class TestDemoPast(DemoCase):
    """Made anew: that of the database may have been continued."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ihub.integration.demo"]._make_demo_past()
        cls.customers = cls.env.ref("ihub_integration_demo.demo_customers").integration_id
        cls.late = cls.env.ref("ihub_integration_demo.demo_late").integration_id

    def test_every_outcome_is_there(self):
        runs = self.customers.run_ids
        self.assertEqual(
            set(runs.mapped("state")), {"pending", "done", "failed", "cancelled", "interrupted"}
        )
        self.assertTrue(runs.filtered("skipped"))
        self.assertTrue(runs.filtered(lambda run: run.trigger == "manual"))
        self.assertGreater(len(set(runs.mapped("duration"))), 20)
        self.assertTrue(any(run.processed > 50 for run in runs))

    def test_the_strip_shows_more_than_one_outcome(self):
        states = {state for __, state, *__ in json.loads(self.customers.run_strip)}
        self.assertLessEqual({"done", "failed", "interrupted"}, states)

    def test_the_windows_tile_the_time_line(self):
        runs = self.customers.run_ids.filtered(
            lambda run: run.trigger == "schedule" and (run.state == "done" or run.skipped)
        )
        newest = runs.sorted("id", reverse=True)[: len(past.SKIPPED) + 60].sorted("window_from")
        ends = newest.mapped("window_to")
        self.assertEqual(newest.mapped("window_from")[1:], ends[:-1])
        self.assertEqual(self.customers.window_from, ends[-1])
        self.assertEqual(self.customers.watermark, ends[-1])

    def test_ended_runs_have_a_beginning_and_an_end_in_the_past(self):
        now = fields.Datetime.now()
        for run in self.customers.run_ids.filtered(lambda run: run.state != "pending"):
            self.assertLessEqual(run.window_to, run.started_at)
            self.assertLessEqual(run.started_at, run.ended_at)
            self.assertLess(run.ended_at, now + timedelta(minutes=10))

    def test_its_events_are_of_every_level_and_lead_to_a_record(self):
        events = self.customers.event_ids
        self.assertEqual(set(events.mapped("level")), {"info", "warning", "error"})
        about = events.filtered("related_name")
        self.assertEqual(about[:1].related_state, "there")
        self.assertTrue(events.filtered("undone"))
        self.assertTrue(all(event.run_id for event in events))

    def test_it_is_read_by_the_screens(self):
        integration = self.customers.with_user(self.manager)
        day = timedelta(days=1)
        now = fields.Datetime.now()
        found = integration.coverage(now - 4 * day, now + day)
        statuses = {segment["status"] for segment in found["segments"]}
        self.assertLessEqual({"done", "skipped"}, statuses)
        self.assertTrue(integration.history()["days"])

    def test_one_is_late(self):
        self.assertTrue(self.late._known().facts_of(self.late).is_late)
        self.assertLess(self.late.watermark, fields.Datetime.now() - timedelta(hours=6))

    def test_one_waits_for_its_next_attempt(self):
        retrying = self.env.ref("ihub_integration_demo.demo_retrying").integration_id
        self.assertFalse(retrying._known().facts_of(retrying).is_late)
        self.assertRegex(
            retrying.problem,
            r"does not respond\. Next attempt at .*, and up to 198 more after it",
        )

    def test_it_is_made_quickly(self):
        """Not by queries for each of its runs, of which there are more than two hundred."""
        before = self.cr.sql_log_count
        self.env["ihub.integration.demo"]._make_demo_past()
        self.assertLess(self.cr.sql_log_count - before, 70)


@tagged("standard", "post_install", "-at_install")
class TestDemoUninstall(DemoCase):
    def test_every_type_of_the_addon_is_stopped(self):
        here = "ihub_integration_demo"
        models = self.env["ihub.abstract_integration"]._inherit_children
        types = {name for name in models if self.env[name]._original_module == here}
        self.assertEqual(set(TYPES), types)
        running = [self.create(name) for name in TYPES]
        for record in running:
            record.integration_id.start()
        uninstall_hook(self.env)
        self.assertEqual([record.state for record in running], ["stopped"] * len(TYPES))
