from odoo import fields, models

from odoo.addons.ihub.lib.rest_client import RestClient


class IhubIntegrationShop(models.Model):
    """Fetches orders over the network, as integrations do: with a password, one by one."""

    _name = "ihub.integration.shop"
    _inherit = "ihub.abstract_integration"
    _description = "Shop"

    address = fields.Char(required=True)
    user = fields.Char(default="odoo")
    password = fields.Char(default="secret")

    def run_from_to(self, _from, _to):
        with RestClient(self.address, auth=(self.user, self.password)) as client:
            for order in client.get_json("orders"):
                self._import_order(order)

    def check_connection(self):
        with RestClient(self.address, auth=(self.user, self.password)) as client:
            return f"The shop has {len(client.get_json('orders'))} orders."

    def _import_order(self, order):
        customer = self.env["res.partner"].search([("name", "=", order["customer"])], limit=1)
        if not order.get("price"):
            self.ihub_error(
                summary=f"Order {order['number']} has no price. Enter it in the shop.",
                details=order,
                related=customer,
                integration=self,
            )
            return
        self.ihub_info(f"Order {order['number']} imported.", integration=self)
