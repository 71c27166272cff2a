from odoo.tests import tagged

from odoo.addons.ihub.tests.common import IntegrationCase
from odoo.addons.ihub.tests.conformance import ConformanceCase
from odoo.addons.ihub.tests.http_server import Reply

MODEL = "example.shop"
ANNA = {"id": 7, "name": "Anna Berger", "email": "anna@example.com"}
EMIL = {"id": 8, "name": "Emil Novák", "email": "emil@example.com"}
ORDERS = [
    {"id": 1, "number": "SO-1", "total": 19.5, "customer": ANNA},
    {"id": 2, "number": "SO-2", "total": 24.0, "customer": EMIL},
    {"id": 3, "number": "SO-3", "total": 7.9, "customer": ANNA},
]
BAD = {"id": 4, "number": "SO-4", "total": -3.0, "customer": EMIL}


class ShopCase(IntegrationCase):
    def setUp(self):
        super().setUp()
        self.give_tokens(1)

    def settings(self):
        return {
            "server_address": self.server.url.rstrip("/"),
            "client_id": "odoo",
            "client_secret": "hush",
        }

    def give_tokens(self, *numbers):
        """Let the shop give these tokens, one after the other."""
        tokens = [{"access_token": f"token-{number}", "expires_in": 600} for number in numbers]
        self.server.reply("/token", *(Reply(json=token) for token in tokens))

    def asked(self, path):
        """Return the requests for a path so far."""
        return [one for one in self.server.requests if one.path.partition("?")[0] == path]


@tagged("post_install", "-at_install")
class TestExampleShop(ShopCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add(
            MODEL, start="2025-03-01 11:00", interval_type="hours", **self.settings()
        )

    def test_an_address_may_end_with_a_slash(self):
        self.server.reply("/api/token", json={"access_token": "token-1", "expires_in": 600})
        self.server.reply("/api/shop", json={"name": "Corner Shop"})
        settings = {**self.settings(), "server_address": f"{self.server.url}api/"}
        shop = self.add(MODEL, **settings)
        self.assertEqual(self.press_test_connection(shop)[0], "success")

    def run_hour(self):
        return self.run_due(self.integration, at="2025-03-01 12:00")

    def orders(self):
        return self.env["example.shop.order"].search([], order="name")

    def test_the_orders_of_an_hour(self):
        self.server.reply("/orders", json=ORDERS)
        run = self.run_hour()
        self.assertEqual((run.state, run.processed), ("done", 3))
        self.assertWindows(self.integration, [("2025-03-01 11:00", "2025-03-01 12:00")])
        self.assertItem(1, state="done", record=self.orders()[0])
        (request,) = self.asked("/orders")
        self.assertIn("from=2025-03-01T11%3A00%3A00Z", request.path)
        self.assertEqual(request.headers["Authorization"], "Bearer token-1")
        self.assertNoSecret("hush")

    def test_a_customer_is_created_once(self):
        self.server.reply("/orders", json=ORDERS)
        self.run_hour()
        self.assertEqual(self.orders().partner_id.mapped("name"), ["Anna Berger", "Emil Novák"])

    def test_what_people_have_changed_of_a_customer_stays(self):
        self.server.reply("/orders", json=ORDERS)
        self.run_hour()
        self.orders()[0].partner_id.name = "Anna Berger-Fuchs"
        self.run_due(self.integration, at="2025-03-01 13:00")
        self.assertEqual(self.orders()[0].partner_id.name, "Anna Berger-Fuchs")

    def test_an_order_that_comes_again_is_updated(self):
        self.server.reply("/orders", json=ORDERS)
        self.run_hour()
        self.server.reply("/orders", json=[{**ORDERS[0], "total": 99.0}])
        self.run_due(self.integration, at="2025-03-01 13:00")
        self.assertEqual(self.orders().mapped("total"), [99.0, 24.0, 7.9])

    def test_all_pages_are_read(self):
        following = {"Link": f'<{self.server.url}orders?page=2>; rel="next"'}
        self.server.reply(
            "/orders", Reply(json=ORDERS[:2], headers=following), Reply(json=ORDERS[2:])
        )
        self.assertEqual(self.run_hour().processed, 3)
        self.assertEqual(self.asked("/orders")[1].path, "/orders?page=2")

    def test_a_token_that_is_refused_is_renewed_in_the_same_run(self):
        self.give_tokens(1, 2)
        self.server.reply("/orders", Reply(401), Reply(json=ORDERS))
        run = self.run_hour()
        self.assertEqual((run.state, run.attempt), ("done", 1))
        signed = [one.headers["Authorization"] for one in self.asked("/orders")]
        self.assertEqual(signed, ["Bearer token-1", "Bearer token-2"])

    def test_a_shop_that_asks_for_a_moment_gets_it_in_the_same_run(self):
        self.server.reply("/orders", Reply(429, headers={"Retry-After": "20"}), Reply(json=ORDERS))
        run = self.run_hour()
        self.assertEqual((run.state, run.attempt, run.processed), ("done", 1, 3))

    def test_an_order_that_cannot_be_is_left_to_be_repaired(self):
        self.server.reply("/orders", json=[*ORDERS, BAD])
        self.assertEqual(self.run_hour().state, "done")
        item = self.assertItem(4, state="failed")
        self.assertIn("negative", item.message)
        self.correct(item, {"total": 3.0})
        self.retry(item)
        self.assertEqual((item.state, item.record.total), ("done", 3.0))

    def test_test_connection(self):
        self.server.reply("/shop", json={"name": "Mugs & More"})
        kind, answer = self.press_test_connection(self.integration)
        self.assertEqual(kind, "success")
        self.assertIn("Mugs & More", answer)

    def test_test_connection_with_a_wrong_secret(self):
        self.server.reply("/token", status=401)
        kind, answer = self.press_test_connection(self.integration)
        self.assertEqual(kind, "danger")
        self.assertIn("Check the client ID", answer)


@tagged("post_install", "-at_install")
class TestConformance(ShopCase, ConformanceCase):
    model = MODEL
    groups = "ihub.group_manager,base.group_partner_manager"
    elements = ORDERS
    bad_element = BAD
    repair = {"total": 3.0}
    free_texts = ("number", "customer.name")
    secrets = ("hush", "token-1")

    def serve(self, elements):
        self.server.reply("/orders", json=elements)

    def made(self):
        return self.env["example.shop.order"].search([])
