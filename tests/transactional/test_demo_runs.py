"""The demo integrations, executed by their lane: what an operator gets to see."""

from datetime import timedelta

import pytest
from http_server import LocalServer, closed_port_url
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from test_demo_integration import DemoCase

REASON = (
    "This demo was told to fail: 'Fail on Purpose' is checked in its settings. Uncheck it, then "
    "press Start or Run Manually."
)


class DemoRunCase(DemoCase):
    def create_due(self, model, **vals):
        """Create an integration with a window that is over, and start it."""
        start = fields.Datetime.now() - timedelta(minutes=10)
        schedule = {"interval_number": 1, "interval_type": "minutes", "window_from": start}
        record = self.create(model, **schedule, **vals)
        record.integration_id.start()
        return record

    def last_run(self, record):
        """Return the newest run that was executed at least once."""
        return record.integration_id.run_ids.filtered("attempt").sorted("id")[-1:]


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestDemoRuns(DemoRunCase):
    def test_fail_on_purpose_is_understood_without_a_log(self):
        demo = self.create_due("ihub.integration.demo", fail_run=True)
        self.work(demo)
        self.assertEqual(demo.state, "failed")
        self.assertIn(REASON, demo.state_reason)
        self.assertEqual(self.last_run(demo).state, "failed")
        self.assertEqual(self.last_run(demo).message, REASON)
        errors = self.events(demo).filtered(lambda event: event.level == "error")
        self.assertEqual(errors.mapped("summary"), [REASON])

    def test_progress_of_the_long_import(self):
        model = "ihub.integration.demo.import"
        demo = self.create_due(model, record_count=4, record_duration=0)
        self.work(demo)
        run = self.last_run(demo)
        self.assertEqual((run.state, run.processed, run.total), ("done", 4, 4))

    def test_a_server_that_does_not_answer_is_asked_again(self):
        demo = self.create_due("ihub.integration.demo.unreachable", address=closed_port_url())
        self.work(demo)
        run = self.last_run(demo)
        self.assertEqual(run.state, "pending")
        self.assertRegex(run.message, r"^The server \S+ does not respond\.$")
        self.assertIn("Next attempt at", demo.integration_id.problem)
        self.assertEqual(demo.state, "running")

    def test_a_server_that_answers_makes_it_work(self):
        demo = self.create_due("ihub.integration.demo.unreachable")
        server = LocalServer()
        self.addCleanup(server.close)
        server.reply("", body=b"hello")
        demo.address = server.url
        self.work(demo)
        self.assertEqual(self.last_run(demo).message, "Done.")
        self.assertIn("responded", self.events(demo)[-1:].summary)

    def test_nothing_shows_the_password_of_its_address(self):
        secret = "hunter2-hunter2"
        closed = closed_port_url().replace("//", f"//user:{secret}@")
        for address in (closed, f"http://:{secret}@/", secret):
            demo = self.create_due("ihub.integration.demo.unreachable", address=address)
            with self.subTest(address=address):
                self.work(demo)
                run = self.last_run(demo)
                integration = demo.integration_id
                shown = [run.read(), integration.read(), self.events(demo).read()]
                shown.append(integration.message_ids.mapped("body"))
                self.assertTrue(run.message)
                self.assertNotIn(secret, str(shown))

    def test_the_server_is_named_without_what_stands_before_its_name(self):
        url = closed_port_url()
        demo = self.create_due(
            "ihub.integration.demo.unreachable", address=url.replace("//", "//user:hunter2@")
        )
        self.work(demo)
        host = url.split("/")[2]
        self.assertEqual(self.last_run(demo).message, f"The server {host} does not respond.")

    def test_those_who_only_operate_do_not_read_the_address(self):
        demo = self.create("ihub.integration.demo.unreachable")
        operator = new_test_user(self.env, "demo_operator", "base.group_user,ihub.group_user")
        seen = demo.with_user(operator)
        self.assertNotIn("address", seen.fields_get())
        self.assertNotIn('name="address"', seen.get_view(view_type="form")["arch"])
        with self.assertRaises(AccessError):
            seen.read(["address"])
        with self.assertRaises(AccessError):
            seen.search([("address", "like", "hunter")])
