from copy import deepcopy
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.ihub.tests.common import IntegrationCase
from odoo.addons.ihub.tests.conformance import ConformanceCase

from ..lib.shop import ORDERS
from ..models import ihub_integration_demo_shop

MODEL = "ihub.integration.demo.shop"
BAD = next(order for order in ORDERS if "(at)" in order["customer"]["email"])
GOOD = [order for order in ORDERS if order is not BAD]


@tagged("standard", "post_install", "-at_install")
class TestShop(IntegrationCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add(MODEL, start="2025-03-01 11:00")

    def orders(self):
        domain = [("integration_id", "=", self.integration.id)]
        return self.env["ihub.demo.order"].search(domain)

    def test_all_orders_but_one_are_imported(self):
        run = self.run_due(self.integration, at="2025-03-01 12:00")
        self.assertEqual((run.state, len(self.orders())), ("done", len(GOOD)))
        self.assertWindows(self.integration, [("2025-03-01 11:00", "2025-03-01 12:00")])
        order = self.orders().filtered(lambda order: order.name == GOOD[0]["number"])
        self.assertItem(GOOD[0]["id"], state="done", record=order)
        self.assertItem(BAD["id"], state="failed", record=None)
        self.assertEvent("error", BAD["customer"]["email"])

    def test_orders_of_another_company_are_not_told(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.integration.sudo().company_id = company
        self.run_due(self.integration, at="2025-03-01 12:00")
        operator = new_test_user(self.env, "operator", "ihub.group_user")
        orders = self.orders().with_user(operator)
        self.assertFalse(orders.search([]))
        with self.assertRaises(AccessError):
            orders.read(["customer"])
        operator.company_ids |= company
        seen = orders.with_context(allowed_company_ids=operator.company_ids.ids).search([])
        self.assertEqual(seen, orders)

    def test_one_that_is_killed_in_their_midst_does_all_of_them_later(self):
        with self.die_at(5, MODEL, "_import_order") as death:
            self.run_due(self.integration, at="2025-03-01 12:00")
        self.assertTrue(death.happened)
        self.assertFalse(self.orders())
        self.run_due(self.integration, at="2025-03-01 12:01")
        self.assertEqual(len(self.orders()), len(GOOD))


@tagged("standard", "post_install", "-at_install")
class TestConformance(ConformanceCase):
    model = MODEL
    speaks_http = False
    elements = GOOD
    bad_element = BAD
    repair = {"customer.email": "fatima.haddad@example.com"}
    free_texts = ("number", "customer.name")

    def serve(self, elements):
        self.startPatcher(patch.object(ihub_integration_demo_shop, "ORDERS", deepcopy(elements)))

    def made(self):
        return self.env["ihub.demo.order"].search([])
