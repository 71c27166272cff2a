from odoo import fields, models
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib import ihub_fields
from odoo.addons.ihub.lib.auth import OAuth2
from odoo.addons.ihub.lib.rest_client import RestClient

_lt = LazyTranslate(__name__)


class ExampleShop(models.Model):
    """Orders of a web shop, as most of them give theirs: by token and page by page."""

    _name = "example.shop"
    _inherit = "ihub.abstract_integration"
    _description = "Example: Web Shop Orders"

    description = _lt("<p>Imports the orders of a web shop, and the customers who placed them.</p>")
    item_fields = {"total": _lt("Total")}
    item_columns = {"customer.name": _lt("Customer")}

    server_address = fields.Char(required=True)
    client_id = fields.Char("Client ID", required=True)
    client_secret = ihub_fields.Secret("Client Secret", required=True)

    def run_from_to(self, _from, _to):
        period = {"from": f"{_from.isoformat()}Z", "to": f"{_to.isoformat()}Z"}
        with self._client() as client:
            orders = client.pages("orders", params=period)
            self.process_each(orders, self._import_order, key="id", name="number", kind="order")

    def check_connection(self):
        with self._client() as client:
            shop = client.get_json("shop")
        return self.env._("The shop “%(name)s” answers, and lets us in.", name=shop["name"])

    def _client(self):
        # It may run as an operator, who does not see these settings.
        own = self.sudo()
        auth = OAuth2(f"{own.server_address.rstrip('/')}/token", own.client_id, own.client_secret)
        return RestClient(own.server_address, auth=auth, rate="10/s")

    def _import_order(self, data, item):
        customer = self._customer(data["customer"])
        values = {"name": data["number"], "total": data["total"], "partner_id": customer.id}
        order = item.record or self.env["example.shop.order"].create(values)
        order.write(values)
        item.bind(order)

    def _customer(self, data):
        # Of one that is known, what people have changed in Odoo stays.
        values = {"name": data["name"], "email": data["email"]}
        partner = self.bound("customer", data["id"]) or self.env["res.partner"].create(values)
        self.bind("customer", data["id"], partner)
        return partner
