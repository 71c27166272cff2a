"""A search that asks for too much is refused with words, wherever people search."""

import time

from odoo.exceptions import UserError
from odoo.tests import tagged
from test_event_log import EventCase

from odoo.addons.ihub.models import ihub_outside_text

MEGABYTE = "order 395950 " * 80_000


@tagged("standard", "post_install", "-at_install")
class TestSearchBounds(EventCase):
    def setUp(self):
        super().setUp()
        self.models = [
            self.env[name].with_user(self.operator)
            for name in ("ihub.event", "ihub.run", "ihub.integration", self.demo._name)
        ]

    def ways(self, Model, domain):
        return (
            lambda: Model.search(domain),
            lambda: Model.search_count(domain),
            lambda: Model.search_read(domain, ["id"]),
            lambda: Model.web_search_read(domain, {"id": {}}),
            lambda: Model._read_group(domain, [], ["__count"]),
            lambda: Model.formatted_read_group(domain, [], ["__count"]),
        )

    def check_refused(self, Model, domain, words):
        for way in self.ways(Model, domain):
            begin = time.process_time()
            with self.assertRaisesRegex(UserError, words):
                way()
            self.assertLess(time.process_time() - begin, 1)

    def test_long_text(self):
        for Model in self.models:
            name = Model._rec_name
            name = "integration_id" if Model._name == "ihub.run" else name
            self.check_refused(Model, [(name, "ilike", MEGABYTE)], "1040000 characters.*1000")

    def test_long_text_by_name(self):
        for Model in self.models:
            with self.assertRaisesRegex(UserError, "characters"):
                Model.name_search(MEGABYTE)

    def test_long_text_in_another_model(self):
        Event = self.models[0]
        domain = [("user_id", "any", [("name", "ilike", MEGABYTE)])]
        self.check_refused(Event, domain, "characters")
        self.check_refused(Event, [("integration_id.name", "ilike", MEGABYTE)], "characters")

    def test_long_texts(self):
        for Model in self.models[:1]:
            texts = [f"{number} " + "x" * 1_000 for number in range(200)]
            self.check_refused(Model, [("summary", "in", texts)], "characters")

    def test_many_conditions(self):
        for Model in self.models:
            for count in (1_000, 5_000):
                domain = ["|"] * (count - 1) + [("id", "=", n) for n in range(count)]
                self.check_refused(Model, domain, "conditions.*500")
            self.check_refused(Model, ["!"] * 10_000 + [("id", "=", 1)], "conditions")

    def test_many_texts_within_the_bounds_are_found_soon(self):
        self.demo.ihub_info("order 17 of 40")
        domain = ["|"] * 99 + [("summary", "ilike", f"order {n} of 40") for n in range(100)]
        # Rights are cached by the server.
        self.models[0].search([], limit=1)
        before = self.cr.sql_log_count
        self.assertEqual(self.models[0].search([*domain, ("id", ">", self.before)]), self.event())
        self.assertLess(self.cr.sql_log_count - before, 10)

    def test_what_people_look_for_is_not_refused(self):
        Event = self.models[0]
        self.demo.ihub_info("x" * 250)
        self.assertTrue(Event.search([("summary", "ilike", "x" * 250)]))
        ids = list(range(20_000))
        Event.search([("id", "in", ids), ("integration_id", "in", ids)])
        limit = ihub_outside_text.CONDITION_LIMIT
        Event.search(["|"] * (limit - 1) + [("id", "=", n) for n in range(limit)])
