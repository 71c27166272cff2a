"""The last request for which a run or an item failed is shown there, masked, until it is done."""

from unittest.mock import patch

import pytest
import requests
from freezegun import freeze_time
from http_server import Reply, local_server
from hub_case import at
from items_case import ItemsCase
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open, mute_logger

from odoo.addons.ihub.engine import failure, waiting
from odoo.addons.ihub.lib.rest_client import RestClient

SECRET = "hunter2-hunter2"


class FailedRequestCase(ItemsCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration.sudo().write({"retry_limit": 3, "retry_delay": 60})

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.server.reply("orders", status=422, json={"error": "No such SKU."})
        self.enterContext(patch.object(waiting, "sleep", lambda seconds: None))

    def ask(self, path="orders", **options):
        with RestClient(self.server.url, token=SECRET) as client:
            return client.post_json(path, {"sku": "A-1", "password": SECRET}, **options)

    def execute(self, work, moment="2025-03-01 12:30"):
        """Run ``work`` in a run of the schedule; return the run."""
        with freeze_time(moment), self.running_as(work):
            if self.integration.state != "running":
                self.integration.start()
            self.work(self.integration)
        self.env.invalidate_all()
        return self.runs(self.integration).filtered("started_at")[-1]

    def text(self, record, user=None):
        record = record.with_user(user or self.operator)
        record.invalidate_recordset()
        return record.read(["failed_request_text"])[0]["failed_request_text"]

    def assertForgotten(self, record):
        self.assertFalse(self.text(record))
        self.assertFalse(record.sudo().failed_request)


@pytest.mark.slow
class TestOfRuns(FailedRequestCase):
    def test_what_was_sent_and_answered(self):
        run = self.execute(lambda this, _from, _to: self.ask())
        self.assertEqual(run.state, "failed")
        lines = self.text(run).splitlines()
        self.assertEqual(
            lines[:2], ["Request, Mar 1, 2025, 12:30 PM", f"POST {self.server.url}orders"]
        )
        self.assertIn("Authorization: ***", lines)
        self.assertIn('  "sku": "A-1",', lines)
        self.assertIn('  "password": "***"', lines)
        title = lines.index("Response after 0.00 s")
        self.assertEqual(lines[title + 1], "HTTP 422 Unprocessable Entity")
        self.assertIn('  "error": "No such SKU."', lines)
        self.assertNotIn(SECRET, self.text(run))

    def test_it_is_said_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        run = self.execute(lambda this, _from, _to: self.ask())
        self.operator.write({"lang": "de_DE", "tz": "Europe/Berlin"})
        self.assertIn("13:30", self.text(run.with_context(lang="de_DE", tz="Europe/Berlin")))

    def test_it_stays_while_the_run_is_tried_again_and_is_gone_when_it_is_done(self):
        self.server.reply("orders", Reply(500), Reply(500), Reply(json={}))
        ask = lambda this, _from, _to: self.ask()  # noqa: E731
        run = self.execute(ask)
        self.assertEqual(run.state, "pending")
        self.assertIn("HTTP 500", self.text(run))
        self.execute(ask, "2025-03-01 13:40")
        self.assertEqual((run.state, run.attempt), ("pending", 2))
        self.assertIn("HTTP 500", self.text(run))
        self.execute(ask, "2025-03-01 20:00")
        self.assertEqual(run.state, "done")
        self.assertForgotten(run)

    def test_an_attempt_that_fails_for_something_else_has_none(self):
        self.server.reply("orders", Reply(500))
        run = self.execute(lambda this, _from, _to: self.ask())
        self.assertTrue(self.text(run))

        def fail(this, _from, _to):
            raise UserError("no")

        self.execute(fail, "2025-03-01 13:40")
        self.assertEqual(run.state, "failed")
        self.assertForgotten(run)

    def test_it_is_gone_when_the_run_is_cancelled(self):
        self.server.reply("orders", Reply(500))
        run = self.execute(lambda this, _from, _to: self.ask())
        run.sudo()._end("cancelled")
        self.assertForgotten(run)

    def test_no_answer(self):
        self.server.close()
        run = self.execute(lambda this, _from, _to: self.ask())
        self.assertIn("\nNo response after ", self.text(run))

    def test_an_error_that_the_code_has_made_of_it(self):
        def work(this, _from, _to):
            try:
                self.ask()
            except UserError as error:
                this.ihub_error("The shop says no.", error, raised=True)

        self.assertIn("HTTP 422", self.text(self.execute(work)))

    def test_a_failure_that_the_code_has_said(self):
        def work(this, _from, _to):
            try:
                self.ask()
            except UserError:
                this.fail("The shop says no.")

        run = self.execute(work)
        self.assertEqual(run.message, "The shop says no.")
        self.assertIn("HTTP 422", self.text(run))

    def test_a_failure_after_requests_that_worked_has_none(self):
        self.server.reply("orders", Reply(422), Reply(json={}))

        def work(this, _from, _to):
            try:
                self.ask()
            except UserError:
                self.ask()
            this.fail("Something else.")

        self.assertForgotten(self.execute(work))

    def test_plain_requests(self):
        def work(this, _from, _to):
            requests.post(f"{self.server.url}orders", b"x", timeout=5).raise_for_status()

        self.assertIn("HTTP 422", self.text(self.execute(work)))

    def test_what_cannot_be_shown_is_said(self):
        self.server.reply("orders", Reply(422, body=b"\x00" * 1_234_567))
        run = self.execute(lambda this, _from, _to: self.ask())
        self.assertIn("\n(binary, 1.2 MB)", self.text(run))
        self.server.reply("orders", Reply(422, body=b"x" * 34_567))
        run = self.execute(lambda this, _from, _to: self.ask(), "2025-03-01 13:40")
        self.assertIn("x…\n\n(cut, 34.6 KB in all)", self.text(run))
        self.server.reply("orders", Reply(422, body=b"\x00" * 12))
        run = self.execute(lambda this, _from, _to: self.ask(), "2025-03-01 14:40")
        self.assertIn("\n(binary, 12 bytes)", self.text(run))

    def test_text_from_outside_is_kept_as_text(self):
        body = '<script>alert("1")</script>\x00\ud800'.encode("utf-8", "surrogatepass")
        self.server.reply("orders", Reply(422, body=b"<script>alert(1)</script>\x01"))
        run = self.execute(lambda this, _from, _to: self.ask())
        self.assertIn("<script>alert(1)</script>␁", self.text(run))
        self.assertEqual(run._fields["failed_request_text"].type, "text")
        self.server.reply("orders", Reply(422, body=body))
        run = self.execute(lambda this, _from, _to: self.ask(), "2025-03-01 13:40")
        self.assertEqual(run.state, "failed")

    @mute_logger("odoo.addons.ihub.engine.failure")
    def test_what_cannot_be_kept_breaks_nothing(self):
        def broken(*errors):
            raise RecursionError

        with patch.object(failure, "exchange_of", broken):
            run = self.execute(lambda this, _from, _to: self.ask())
        self.assertEqual(run.state, "failed")
        self.assertIn("does not accept the request", run.message)
        self.assertForgotten(run)

    def test_what_cannot_be_read_breaks_no_page(self):
        run = self.execute(lambda this, _from, _to: self.ask())
        run.sudo().failed_request = {"sent": None}
        with mute_logger("odoo.addons.ihub.report.format"):
            self.assertIn("could not be generated", self.text(run))


@pytest.mark.slow
class TestOfItems(FailedRequestCase):
    def run_all(self, moment="2025-03-01 12:30"):
        def handle(this, data, item):
            if data["id"] < 3:
                self.ask(f"orders/{data['id']}")

        self.run_it(handle, moment)
        return self.items().sorted("key")

    def setUp(self):
        super().setUp()
        self.server.reply("orders/1", Reply(422, body=b"one"))
        self.server.reply("orders/2", Reply(409, body=b"two"))
        self.server.reply("orders/0", json={})

    def test_each_has_its_own(self):
        items = self.run_all()
        self.assertEqual(items.mapped("state")[:4], ["done", "failed", "failed", "done"])
        self.assertForgotten(items[0])
        for item, status, body in ((items[1], 422, "one"), (items[2], 409, "two")):
            text = self.text(item)
            self.assertIn(f"HTTP {status}", text)
            self.assertIn(body, text)
            self.assertIn("Authorization: ***", text)
            self.assertNotIn(SECRET, text)
        self.assertForgotten(items[1].run_id)

    def test_it_is_gone_when_the_item_is_done(self):
        item = self.run_all()[1]
        self.assertTrue(self.text(item))
        self.retry(item)
        self.assertEqual(item.state, "done")
        self.assertForgotten(item)

    def test_it_is_gone_when_the_item_fails_for_something_else(self):
        items = self.run_all()
        self.orders[1]["fail"] = "no"
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(items[1].message, "no")
        self.assertForgotten(items[1])

    def test_it_goes_with_the_data(self):
        items = self.run_all()
        items[1].with_user(self.manager).action_wipe_data()
        self.assertForgotten(items[1])
        items[2].with_user(self.operator)._leave_out("Not ours.")
        items.sudo().write({"last_attempt": at("2024-01-01 00:00")})
        self.env.flush_all()
        self.assertEqual(self.env["ihub.item"]._gc_failed_requests(), (1, 0))
        self.assertForgotten(items[2])

    def test_one_that_is_still_to_be_repaired_keeps_it(self):
        items = self.run_all()
        items.sudo().write({"last_attempt": at("2024-01-01 00:00")})
        self.env.flush_all()
        self.env["ihub.item"]._gc_failed_requests()
        self.assertTrue(self.text(items[1]))

    def test_it_goes_with_the_item(self):
        item = self.run_all()[1]
        self.assertFalse(item.sudo().copy({"key": "copy"}).failed_request)
        item.with_user(self.manager).unlink()


@pytest.mark.slow
class TestWhoAndHowLong(FailedRequestCase):
    def setUp(self):
        super().setUp()
        self.run = self.execute(lambda this, _from, _to: self.ask())

    def test_whoever_sees_the_run_sees_it(self):
        for user in (self.operator, self.manager):
            self.assertIn("HTTP 422", self.text(self.run, user))
        with self.assertRaises(AccessError):
            self.text(self.run, self.outsider)

    def test_nobody_of_another_company_sees_it(self):
        company = self.env["res.company"].create({"name": "Other"})
        other = self._user(
            "other", "ihub.group_user", company_id=company.id, company_ids=company.ids
        )
        with self.assertRaises(AccessError):
            self.text(self.run, other)

    def test_its_parts_are_nobodys_to_read_search_or_export(self):
        for user in (self.operator, self.manager, self.env.ref("base.user_admin")):
            run = self.run.with_user(user)
            self.assertNotIn("failed_request", run.fields_get())
            with self.assertRaises(AccessError):
                run.read(["failed_request"])
            with self.assertRaises(AccessError):
                run.search([("failed_request", "ilike", "A-1")])
            self.assertFalse(run.fields_get()["failed_request_text"]["exportable"])

    def test_nothing_is_kept_where_a_manager_has_said_so(self):
        integration = self.integration.with_user(self.manager)
        integration.keep_failed_requests = False
        self.assertFalse(self.text(self.run), "nothing of before is shown any more")
        self.env.flush_all()
        self.assertEqual(self.env["ihub.run"]._gc_failed_requests(), (1, 0))
        run = self.execute(lambda this, _from, _to: self.ask(), "2025-03-01 13:40")
        self.assertForgotten(run)

    def test_an_operator_does_not_decide_that(self):
        with self.assertRaises(AccessError):
            self.integration.keep_failed_requests = False

    def test_of_a_failed_run_it_is_kept_for_a_while(self):
        self.run.sudo().ended_at = self.env.cr.now()
        self.env.flush_all()
        Run = self.env["ihub.run"]
        self.assertEqual(Run._gc_failed_requests(), (0, 0))
        self.env["ir.config_parameter"].sudo().set_param("ihub.keep_item_data_days", "0")
        self.run.sudo().ended_at = at("2025-03-01 12:30")
        self.env.flush_all()
        self.assertEqual(Run._gc_failed_requests(), (1, 0))
        self.assertForgotten(self.run)
        self.assertEqual(self.run.state, "failed")

    def test_a_neutralized_copy_has_none(self):
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertForgotten(self.run)

    def test_it_is_in_no_event_mail_or_message(self):
        self.env.flush_all()
        for table, column in (
            ("ihub_event", "details"), ("ihub_event", "summary"), ("mail_message", "body"),
            ("ihub_run", "traceback"), ("ihub_run", "message"),
        ):  # fmt: skip
            self.env.cr.execute(f"SELECT 1 FROM {table} WHERE {column} LIKE '%No such SKU%'")
            self.assertFalse(self.env.cr.fetchall(), (table, column))
