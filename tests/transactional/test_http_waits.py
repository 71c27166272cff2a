"""Runs that wait for another system in place: Stop works, the card says why, nothing is lost."""

from unittest.mock import patch

import pytest
from freezegun import freeze_time
from http_server import Reply, local_server
from hub_case import HubCase, at
from odoo.tools import SQL

from odoo.addons.ihub.engine import server_state, waiting
from odoo.addons.ihub.lib.rest_client import RestClient

OK = Reply(body=b"ok")


def busy(seconds):
    return Reply(429, headers={"Retry-After": str(seconds)})


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestHttpWaits(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"), retry_limit=3)

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.waited = []
        self.meanwhile = lambda: None
        self.enterContext(patch.object(waiting, "sleep", self.sleep))

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.meanwhile()

    def fetch(self, **options):
        """Let the integration ask the server in a run; return the run."""

        def work(this, _from, _to):
            this.env["res.partner"].sudo().create({"name": "Before"})
            with RestClient(self.server.url, **options) as client:
                client.get("orders")

        self.integration.start()
        with self.running_as(work):
            self.work(self.integration)
        return self.runs(self.integration).filtered("started_at")[-1]

    def test_a_short_wait_happens_within_the_run(self):
        self.server.reply("orders", busy(20), OK)
        run = self.fetch()
        self.assertEqual((run.state, run.attempt), ("done", 1))
        self.assertEqual(self.waited, [1] * 20)

    def test_the_card_says_what_it_waits_for_and_then_no_more(self):
        self.server.reply("orders", busy(20), OK)
        said = []
        self.meanwhile = lambda: said.append(self.activity())
        self.fetch()
        name = self.server.url.split("/")[2]
        self.assertEqual(set(said), {f"Running now · The server {name} asks to wait 20 s"})
        self.assertFalse(self.env["ihub.wait"].search([]))

    def test_so_does_one_after_a_failure(self):
        self.server.reply("orders", Reply(503), Reply(503), Reply(503), OK)
        said = []
        self.meanwhile = lambda: said.append(self.activity())
        self.fetch()
        name = self.server.url.split("/")[2]
        waiting = f"Running now · Next attempt at the server {name} in 4 s"
        self.assertEqual(said, ["Running now"] * 3 + [waiting] * 4)
        self.assertEqual(self.waited, [1] * 7)

    def test_so_does_one_that_waits_for_its_turn(self):
        # The database's clock goes on, but not that of its transaction.
        self.enterContext(patch.object(server_state, "_NOW", SQL("now() AT TIME ZONE 'UTC'")))
        self.server.reply("orders", OK)
        server_state.take_turn(self.env.cr.dbname, self.server.url.rstrip("/"), 10.0, 60.0)
        said = []
        self.meanwhile = lambda: said.append(self.activity())
        self.fetch(rate="6/min")
        name = self.server.url.split("/")[2]
        self.assertEqual(set(said), {f"Running now · Waiting 10 s for its turn at {name}"})

    def activity(self):
        self.integration.invalidate_recordset()
        self.env["ihub.run"].invalidate_model()
        return self.integration.activity

    def test_stop_is_obeyed_within_a_second(self):
        """How the run ends then, and its window, is seen in tests/processes."""
        self.server.reply("orders", busy(20), OK)
        self.meanwhile = lambda: len(self.waited) == 3 and self.stop()
        self.fetch()
        self.assertEqual(len(self.waited) - 20, 3, "the second attempt waits to its end")
        self.assertTrue(self.runs(self.integration, state="cancelled"))
        self.assertFalse(self.env["ihub.wait"].search([]))

    def stop(self):
        # Part of the run's transaction in a test, so it is rolled back together with its work.
        self.integration.stop()
        self.server.reply("orders", busy(20), OK)

    def test_a_longer_wait_ends_the_attempt_until_then(self):
        self.server.reply("orders", busy(600))
        run = self.fetch()
        self.assertEqual(run.state, "pending")
        self.assertGreaterEqual(run.due, at("2025-03-01 12:40"))
        self.assertFalse(self.waited)

    def test_what_a_dead_process_has_left_behind_says_nothing(self):
        Wait = self.env["ihub.wait"]
        Wait._begin(7, self.integration.id, 20, "asked", "shop.example")
        self.integration.start()
        run = self.runs(self.integration)
        Wait._begin(run.id, self.integration.id, 20, "asked", "shop.example")
        self.assertTrue(run.sudo().wait_id)
        with freeze_time("2025-03-01 12:31"):
            run.invalidate_recordset()
            self.assertFalse(run.sudo().wait_id)
        with freeze_time("2025-03-03 12:31"):
            Wait._gc_left_behind()
        self.assertFalse(Wait.search([]))

    def test_nobody_reads_it_remotely(self):
        for user in (self.operator, self.manager, self.env.ref("base.user_admin")):
            self.assertFalse(self.env["ihub.wait"].with_user(user).has_access("read"))
