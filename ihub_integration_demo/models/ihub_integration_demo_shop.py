from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate, email_normalize

from ..lib.shop import ORDERS

_lt = LazyTranslate(__name__)


class IhubIntegrationDemoShop(models.Model):
    """Shows items: each order of a web shop is dealt with on its own, and one cannot be."""

    _name = "ihub.integration.demo.shop"
    _inherit = "ihub.abstract_integration"
    _description = "Demo: Web Shop Orders"

    has_time_period = False

    description = _lt(
        "<div>Imports the orders of a web shop: a small list of samples, without a network. One "
        "of them has an invalid email address. The others are done anyway; you can find that one "
        "under <b>To Repair</b>.</div>"
    )

    item_fields = {
        "customer.email": _lt("Email"),
        "customer.name": _lt("Customer Name"),
    }

    item_columns = {
        "customer.name": _lt("Customer"),
        "customer.email": _lt("Email"),
    }

    def run_from_to(self, _from, _to):
        self.process_each(
            ORDERS,
            self._import_order,
            key="id",
            name="number",
            kind="order",
            total=len(ORDERS),
            skip_unchanged=True,
        )

    def _import_order(self, data, item):
        email = email_normalize(data["customer"]["email"])
        if not email:
            raise UserError(
                self.env._(
                    "The customer's email address “%(email)s” is not valid.",
                    email=data["customer"]["email"],
                )
            )
        values = {
            "name": data["number"],
            "customer": data["customer"]["name"],
            "email": email,
            "amount": sum(line["quantity"] * line["price"] for line in data["lines"]),
            "integration_id": self.integration_id.id,
        }
        # The orders of the demo are nobody's own: whoever runs it may write them.
        order = item.record and item.record.sudo()
        if order:
            order.write(values)
        else:
            order = self.env["ihub.demo.order"].sudo().create(values)
        item.bind(order)

    @api.model
    def _default_schedule(self):
        return {"interval_number": 1, "interval_type": "hours"}


class IhubDemoOrder(models.Model):
    """What an order of the demo's web shop becomes in Odoo."""

    _name = "ihub.demo.order"
    _inherit = ["ihub.outside.text"]
    _description = "Demo Web Shop Order"

    name = fields.Char("Number", required=True, readonly=True)
    customer = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    amount = fields.Float(readonly=True)
    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade", index=True
    )
