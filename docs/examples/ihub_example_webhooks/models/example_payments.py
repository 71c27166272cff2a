from odoo import models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib.webhook import StandardWebhooks, Webhook

_lt = LazyTranslate(__name__)


class ExamplePayments(models.Model):
    """Payments, as a payment service reports them: nothing is fetched."""

    _name = "example.payments"
    _inherit = "ihub.abstract_integration"
    _description = "Example: Payments"

    description = _lt("<p>Records the payments that a payment service reports.</p>")
    is_job = False
    is_manually_runnable = False
    item_fields = {"data.amount": _lt("Amount")}
    webhook = Webhook(
        verify=StandardWebhooks(),
        handler="_record",
        key="data.payment",
        name="data.email",
        kind="payment",
    )

    def _record(self, data, item):
        values = data["data"]
        payment = item.record or self.env["example.payment"].create({"name": values["payment"]})
        if data["type"] == "payment.refunded":
            payment.is_refunded = True
        elif values["amount"] <= 0:
            raise UserError(self.env._("A payment of %(amount)s is none.", amount=values["amount"]))
        else:
            payment.write({"email": values["email"], "amount": values["amount"]})
        item.bind(payment)
