"""A list that comes page by page, and goes on in its midst when it is tried again."""

import json
from datetime import date
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from http_server import Reply, local_server
from hub_case import HubCase, at

from odoo.addons.ihub.lib.paging import PageNumber
from odoo.addons.ihub.lib.rest_client import RestClient


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestHttpPages(HubCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.integration = self.add(window_from=at("2025-03-01 11:00"), retry_limit=3)
        self.done = []

    def page(self, *ids, status=200):
        body = json.dumps({"orders": [{"id": id_} for id_ in ids]}).encode()
        return Reply(status, body)

    def fetch(self):
        def take(this, data, item):
            self.done.append(data["id"])

        def work(this, _from, _to):
            with RestClient(self.server.url) as client:
                pages = client.pages("orders", items="orders", next=PageNumber())
                this.process_each(pages, this.take_order, key="id", kind="order")

        take.__name__ = "take_order"
        with (
            patch.object(self.type_class(), "take_order", take, create=True),
            self.running_as(work),
        ):
            self.work(self.integration)

    def test_the_next_attempt_goes_on_at_the_page_where_the_last_one_ended(self):
        self.server.reply("orders", self.page(1, 2), self.page(3, 4), self.page(status=502))
        self.integration.start()
        self.fetch()
        run = self.runs(self.integration)
        self.assertEqual((run.state, run.processed), ("pending", 4))
        self.server.reply("orders", self.page(3, 4), self.page(5), self.page())
        with freeze_time("2025-03-01 13:30"):
            self.fetch()
        self.assertEqual(self.done, [1, 2, 3, 4, 5])
        pages = [path.rpartition("=")[2] for path in self.server.paths]
        self.assertEqual(pages[:6], ["1", "2", "3", "2", "3", "4"])
        self.assertEqual((run.state, run.message), ("done", "Done: 5 records."))

    def test_parameters_are_sent_as_get_sends_them(self):
        given = {"status": ("open", None, "paid"), "day": [date(2025, 3, 1)], "key": b"a"}
        given |= {"none": None, "only": {"x"}}
        self.server.reply("orders", self.page(1), self.page())
        with RestClient(self.server.url) as client:
            list(client.pages("orders", items="orders", params=given))
            client.get("orders", params=given)
        first, second = self.server.paths
        self.assertEqual(first, second)
        self.assertIn("status=open&status=paid&day=2025-03-01&key=a", first)

    def test_a_second_list_that_stays_broken_fails_in_the_end(self):
        """What comes once more of the first one is no progress."""
        self.integration.sudo().write({"retry_limit": 2, "retry_delay": 1, "retry_growth": 1})

        def work(this, _from, _to):
            with RestClient(self.server.url) as client:
                for name in ("orders", "customers"):
                    pages = client.pages(name, items="orders", next=PageNumber())
                    this.process_each(pages, this.take_order, key="id", kind=name)

        def take(this, data, item):
            self.done.append(data["id"])

        take.__name__ = "take_order"
        self.integration.start()
        with (
            patch.object(self.type_class(), "take_order", take, create=True),
            self.running_as(work),
        ):
            for minute in range(30, 35):
                self.server.reply("orders", self.page(1, 2), self.page(3), self.page())
                self.server.reply("customers", self.page(7), self.page(status=500))
                with freeze_time(f"2025-03-01 12:{minute}"):
                    self.work(self.integration)
        self.assertEqual(self.integration.state, "failed")
        (run,) = self.runs(self.integration, state="failed")
        self.assertEqual((run.attempt, run.processed), (3, 4))
        self.assertEqual(self.done, [1, 2, 3, 7])

    def test_the_next_window_begins_at_the_first_page(self):
        self.server.reply("orders", self.page(1), self.page())
        self.integration.start()
        self.fetch()
        with freeze_time("2025-03-01 13:30"):
            self.server.reply("orders", self.page(1), self.page())
            self.fetch()
        pages = [path.rpartition("=")[2] for path in self.server.paths]
        self.assertEqual(pages, ["1", "2", "1", "2"])
