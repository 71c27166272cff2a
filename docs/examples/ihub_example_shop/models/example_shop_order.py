from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ExampleShopOrder(models.Model):
    """What an order of the shop becomes in Odoo; with the app Sales it would be a sales order."""

    _name = "example.shop.order"
    _description = "Example: Order of a Web Shop"

    name = fields.Char("Number", required=True)
    partner_id = fields.Many2one("res.partner", "Customer", required=True)
    total = fields.Float()
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )

    @api.constrains("total")
    def _check_total(self):
        for order in self:
            if order.total < 0:
                raise ValidationError(
                    self.env._(
                        "The total of the order %(number)s is negative. Correct it, or ask the "
                        "shop what it should be.",
                        number=order.name,
                    )
                )
