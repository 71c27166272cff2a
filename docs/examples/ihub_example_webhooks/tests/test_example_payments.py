from odoo.tests import tagged

from odoo.addons.ihub.tests.common import IntegrationCase
from odoo.addons.ihub.tests.conformance import ConformanceCase

MODEL = "example.payments"
NOON = "2025-03-01 12:00"


def reported(number, amount=19.5, what="payment.succeeded"):
    """Return what the payment service says of a payment."""
    values = {"payment": f"P-{number}", "email": "anna@example.com", "amount": amount}
    return {"type": what, "data": values}


@tagged("post_install", "-at_install")
class TestExamplePayments(IntegrationCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add(MODEL, start="2025-03-01 11:00")

    def payments(self):
        return self.env["example.payment"].search([], order="name")

    def test_a_payment_is_recorded(self):
        self.assertEqual(self.receive(self.integration, reported(1), at=NOON), 202)
        (run,) = self.run_due(self.integration, at=NOON)
        self.assertEqual((run.state, run.processed), ("done", 1))
        self.assertItem("P-1", state="done", record=self.payments())
        self.assertEqual(self.payments().amount, 19.5)

    def test_a_refund_comes_after_its_payment(self):
        self.receive(self.integration, reported(1, amount=-1), at=NOON)
        self.receive(self.integration, reported(1, what="payment.refunded"), at=NOON)
        self.run_due(self.integration, at=NOON)
        item = self.assertItem("P-1", state="failed")
        self.correct(item, {"data.amount": 5.0})
        self.retry(item, at=NOON)
        self.assertEqual((self.payments().amount, self.payments().is_refunded), (5.0, True))

    def test_a_forged_one_is_refused(self):
        status = self.receive(self.integration, reported(1), at=NOON, webhook_signature="v1,forged")
        self.assertEqual(status, 404)
        self.run_due(self.integration, at=NOON)
        self.assertFalse(self.payments())


@tagged("post_install", "-at_install")
class TestConformance(ConformanceCase):
    model = MODEL
    speaks_http = False
    elements = [reported(number) for number in range(1, 4)]
    bad_element = reported(4, amount=0)
    repair = {"data.amount": 3.0}
    free_texts = ("data.email",)

    def made(self):
        return self.env["example.payment"].search([])
