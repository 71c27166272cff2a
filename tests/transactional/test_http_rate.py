"""A rate is kept by all who talk to the same server, whatever runs they are in."""

from unittest.mock import patch

from http_server import Reply, local_server
from hub_case import HubCase

from odoo.addons.ihub.engine import context, server_state, waiting
from odoo.addons.ihub.lib import rest_client
from odoo.addons.ihub.lib.exceptions import UsageError
from odoo.addons.ihub.lib.rest_client import RestClient


class TestHttpRate(HubCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.server.reply("orders", Reply(body=b"ok"))
        self.waited = []
        self.enterContext(patch.object(waiting, "sleep", self.waited.append))

    def client(self, rate="1/h", max_wait=36_000, url=None):
        return self.enterContext(RestClient(url or self.server.url, rate=rate, max_wait=max_wait))

    def hours(self):
        """What was waited; the moments between the requests of a test are no hours."""
        return [round(seconds / 3600) for seconds in self.waited]

    def test_the_first_request_does_not_wait_and_the_others_in_turn(self):
        client = self.client()
        for _each in range(3):
            client.get("orders")
        self.assertEqual(self.hours(), [1, 2])

    def test_clients_of_the_same_server_take_turns(self):
        self.server.reply("api/orders", Reply(body=b"ok"))
        url = self.server.url
        for base in (url, f"{url}api", url.replace("http", "HTTP").replace("//", "//me:x@")):
            self.client(url=base).get("orders")
        self.assertEqual(self.hours(), [1, 2])

    def test_another_server_has_turns_of_its_own(self):
        with local_server() as other:
            other.reply("orders", Reply(body=b"ok"))
            self.client().get("orders")
            self.client(url=other.url).get("orders")
        self.assertFalse(self.waited)

    def test_a_repeated_request_takes_another_turn(self):
        self.server.reply("orders", Reply(429, headers={"Retry-After": "1"}), Reply(body=b"ok"))
        self.client().get("orders")
        self.assertEqual(self.hours(), [0, 1])

    def test_a_turn_that_is_too_far_is_not_taken(self):
        client = self.client(max_wait=60)
        client.get("orders")
        for _each in range(2):
            with self.assertRaisesRegex(rest_client.ServerBusy, "waiting for their turn") as caught:
                client.get("orders")
            self.assertEqual(round(caught.exception.delay / 3600), 1)
        self.assertEqual(len(self.server.requests), 1)
        self.assertFalse(self.waited)

    def test_time_that_has_passed_is_not_saved_up(self):
        dbname, origin = self.env.cr.dbname, "http://shop.example:80"
        server_state.take_turn(dbname, origin, 1.0, 60.0)
        self.env.cr.execute("UPDATE ihub_server SET free_at = free_at - interval '1 day'")
        seconds = [server_state.take_turn(dbname, origin, 3600.0, 60.0) for _each in range(2)]
        self.assertEqual(seconds[0], (0.0, True))
        self.assertFalse(seconds[1][1])

    def test_what_is_no_rate_is_refused(self):
        with self.assertRaisesRegex(UsageError, "“fast” is not a rate"):
            RestClient(self.server.url, rate="fast")

    def test_without_a_database_there_is_no_rate(self):
        with patch.object(context, "current_database", lambda: None):
            client = self.client()
        with self.assertRaisesRegex(UsageError, "kept in the database"):
            client.get("orders")

    def test_nobody_reads_it_remotely(self):
        for user in (self.operator, self.manager, self.env.ref("base.user_admin")):
            self.assertFalse(self.env["ihub.server"].with_user(user).has_access("read"))
