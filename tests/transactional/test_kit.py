"""The kit with which developers test their types."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hub_case import HubCase, at
from odoo.exceptions import UserError
from odoo.tools import config

from odoo.addons.ihub.engine import message_store
from odoo.addons.ihub.lib.rest_client import RestClient
from odoo.addons.ihub.tests.http_server import Reply

DEMO = "ihub.integration.demo"
START = "2025-03-01 11:00"


@pytest.mark.slow
class TestKit(HubCase):
    def test_no_other_worker_removes_files_of_this_database(self):
        filestore = Path(config.filestore(self.env.cr.dbname))
        self.assertEqual(filestore.name, self.env.cr.dbname)
        self.assertTrue(any(filestore.iterdir()))

    def setUp(self):
        super().setUp()
        self.integration = self.add(start=START, retry_limit=3, retry_delay=5)
        self.seen = []
        self.trouble = []

        def count(this, number):
            self.seen.append(number)
            if self.trouble:
                raise self.trouble.pop()

        self.startPatcher(patch.object(self.type_class(), "_count", count, create=True))
        self.startPatcher(patch.object(self.type_class(), "run_from_to", self.work_on))

    @staticmethod
    def work_on(this, _from, _to):
        """Count to four, with a checkpoint after two."""
        for number in range(this.resume_point() or 0, 4):
            this._count(number)
            this.env["res.partner"].sudo().create({"name": f"Kit {number}"})
            if number == 1:
                this.checkpoint(2, 4, resume=2)

    def names(self):
        partners = self.env["res.partner"].search([("name", "=like", "Kit %")], order="name")
        return partners.mapped("name")

    def test_what_is_due_at_a_moment_is_run_and_returned(self):
        self.assertFalse(self.run_due(self.integration, at="2025-03-01 11:59"))
        run = self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertEqual((run.state, run.attempt, run.trigger), ("done", 1, "schedule"))
        self.assertEqual(run.started_at, at("2025-03-01 12:01"))
        self.assertWindows(self.integration, [(START, "2025-03-01 12:00")])

    def test_the_row_of_the_type_is_as_good_as_its_integration(self):
        row = self.integration.sudo()._type_record()
        self.assertNotEqual(row.id, self.integration.id)
        run = self.run_due(row, at="2025-03-01 12:01")
        self.assertEqual((run.state, run.integration_id), ("done", self.integration))
        self.assertEqual(self.runs(row), self.runs(self.integration))
        self.assertWindows(row, [(START, "2025-03-01 12:00")])
        run = self.run_window(row, START, "2025-03-01 11:30", at="2025-03-01 12:30")
        self.assertEqual(run.state, "done")
        with self.stop_at_checkpoint(row, 1):
            self.run_due(row, at="2025-03-01 13:01")
        self.assertEqual(self.integration.state, "stopped")

    def test_what_cannot_be_is_said_in_words(self):
        with self.assertRaisesRegex(AssertionError, "never started"):
            self.run_due(self.add(name="Never"), at=START)
        with self.assertRaisesRegex(AssertionError, "has no webhook"):
            self.receive(self.integration, {"id": 7})

    def test_a_window_is_run_manually(self):
        run = self.run_window(self.integration, "2025-02-01 11:00", "2025-02-01 12:00")
        self.assertEqual((run.state, run.trigger), ("done", "manual"))
        self.assertEqual(run.window_from, at("2025-02-01 11:00"))

    def test_a_retry_is_among_what_is_returned(self):
        self.trouble.append(TimeoutError("no answer"))
        run = self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertEqual((run.state, run.attempt), ("pending", 1))
        again = self.run_due(self.integration, at="2025-03-01 12:10")
        self.assertEqual((again, again.state, again.attempt), (run, "done", 2))

    def test_who_dies_keeps_what_the_checkpoint_has_kept_and_is_resumed(self):
        with self.die_at(4, DEMO, "_count") as death:
            run = self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertTrue(death.happened)
        self.assertEqual(run.state, "running")
        self.assertEqual(self.names(), ["Kit 0", "Kit 1"])
        again = self.run_due(self.integration, at="2025-03-01 12:02")
        self.assertEqual((run.state, again.state), ("interrupted", "done"))
        self.assertEqual(self.seen, [0, 1, 2, 2, 3])
        self.assertEqual(self.names(), [f"Kit {number}" for number in range(4)])

    def test_death_before_and_after_a_checkpoint(self):
        for after, kept in ((False, []), (True, ["Kit 0", "Kit 1"])):
            with self.undone(), self.die_at_checkpoint(1, after):
                self.run_due(self.integration, at="2025-03-01 12:01")
                self.assertEqual(self.names(), kept)

    def test_a_death_that_does_not_come(self):
        with self.die_at_checkpoint(2) as death:
            run = self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertFalse(death.happened)
        self.assertEqual(run.state, "done")

    def test_stop_at_a_checkpoint(self):
        with self.stop_at_checkpoint(self.integration, 1):
            run = self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertEqual((run.state, self.integration.state), ("cancelled", "stopped"))
        self.assertEqual(self.names(), ["Kit 0", "Kit 1"])

    def test_what_is_undone_leaves_nothing(self):
        with self.undone():
            self.integration.ihub_info("gone")
            self.run_due(self.integration, at="2025-03-01 12:01")
            self.assertEqual(len(self.names()), 4)
        self.assertFalse(self.names() or self.runs(self.integration, state="done"))
        self.assertFalse(self.env["ihub.event"].search([("summary", "=", "gone")]))


class TestAssertions(HubCase):
    """Each lets the right pass, and fails for what is wrong."""

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(start=START)
        self.partner = self.env["res.partner"].create({"name": "Anna"})
        self.integration.sudo()._type_record().bind("order", 7, self.partner)

    def test_items(self):
        item = self.assertItem(7, state="done", record=self.partner)
        self.assertEqual(item.kind, "order")
        for key, expected in ((8, {}), (7, {"state": "failed"}), (7, {"record": self.env.user})):
            with self.assertRaises(AssertionError):
                self.assertItem(key, **expected)

    def test_windows(self):
        self.run_due(self.integration, at="2025-03-01 13:30")
        done = [(START, "2025-03-01 13:00")]
        self.assertWindows(self.integration, done)
        for expected in ([], [(START, "2025-03-01 12:00")], done * 2):
            with self.assertRaises(AssertionError):
                self.assertWindows(self.integration, expected)

    def test_events(self):
        self.integration.ihub_warning("One order of Anna is strange.")
        self.assertEqual(len(self.assertEvent("warning", "of Anna")), 1)
        for level, text in (("error", "of Anna"), ("warning", "of Emil")):
            with self.assertRaises(AssertionError):
                self.assertEvent(level, text)

    def test_secrets(self):
        secret = 'hu"sh'
        self.assertNoSecret(secret)
        self.integration.sudo()._type_record().set_state("token", secret)
        self.assertNoSecret(secret)
        with self.undone(), self.assertRaisesRegex(AssertionError, "ihub_event"):
            self.integration.ihub_info("told", details={"who": secret})
            self.assertNoSecret(secret)
        self.integration.sudo().message_post(body=f"It is {secret}.")
        with self.assertRaisesRegex(AssertionError, "mail_message"):
            self.assertNoSecret(secret)

    def test_secrets_in_what_is_kept_apart(self):
        with self.undone(), self.assertRaisesRegex(AssertionError, "ir_attachment"):
            # So long that the row has no more than its ends.
            self.integration.ihub_info("told", details="x" * 200_000 + "hush" + "x" * 200_000)
            self.assertNoSecret("hush")
        self.assertNoSecret("hush")
        message_store.insert(self.cr, self.integration.id, "m", b'{"token": "hush"}')
        with self.assertRaisesRegex(AssertionError, "ihub_message"):
            self.assertNoSecret("hush")


class TestServer(HubCase):
    def test_it_answers_as_told_and_remembers_what_it_was_asked(self):
        client = self.client()
        self.server.reply("/orders", json=[1], headers={"X-Page": "1"})
        answer = client.post("orders?page=1", json={"a": 1})
        self.assertEqual((answer.json(), answer.headers["X-Page"]), ([1], "1"))
        (received,) = self.server.requests
        self.assertEqual((received.method, received.path), ("POST", "/orders?page=1"))
        self.assertEqual(received.json, {"a": 1})

    def test_what_was_told_of_the_very_parameters_comes_first(self):
        client = self.client()
        self.server.reply("/orders?page=2", json=[2])
        with self.assertRaisesRegex(UserError, "nothing at this address"):
            client.get("orders?page=1")
        self.server.reply("/orders", json=[1])
        pages = [client.get_json("orders", params={"page": number}) for number in (1, 2, 3)]
        self.assertEqual(pages, [[1], [2], [1]])

    def test_it_refuses_what_it_was_not_told(self):
        with self.assertRaisesRegex(UserError, "nothing at this address"):
            self.client().get("else")

    def client(self):
        return RestClient(self.server.url)


class TestRecordings(HubCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(TemporaryDirectory())
        self.startPatcher(patch.object(type(self), "_recordings", lambda case: Path(folder)))
        self.file = Path(folder) / "shop.json"

    def ask(self, path="orders?page=1&api_key=hush"):
        address = "http://127.0.0.1:9/" if self.file.exists() else self.server.url
        with RestClient(address, token="hush") as client:
            return client.get(path)

    def record(self):
        self.server.reply(
            "/orders",
            Reply(json={"orders": [1], "access_token": "hush", "note": "pin 4711"}),
            Reply(json={"orders": [2]}, headers={"Set-Cookie": "session=hush"}),
        )
        with patch.dict(os.environ, IHUB_RECORD="1"), self.recording("shop", ("4711",)):
            self.ask()
            self.ask()
        text = self.file.read_text()
        # As if it had been another server.
        self.file.write_text(text.replace(f":{self.server.port}/", ":9/"))
        return text

    def test_no_secret_is_written(self):
        text = self.record()
        self.assertIn("orders", text)
        for secret in ("hush", "4711"):
            self.assertNotIn(secret, text)

    def test_it_is_played_in_order_without_a_server(self):
        self.record()
        with self.recording("shop"):
            answers = [self.ask().json()["orders"] for _each in range(3)]
        self.assertEqual(answers, [[1], [2], [2]])

    def test_what_is_not_in_it_fails_the_test_also_where_that_is_swallowed(self):
        self.record()
        message = "record it with IHUB_RECORD=1"
        fails = self.assertRaisesRegex(AssertionError, message)
        with fails, self.recording("shop"), suppress(Exception):
            self.ask("customers")
