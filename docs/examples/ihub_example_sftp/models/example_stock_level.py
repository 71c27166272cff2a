from odoo import fields, models


class ExampleStockLevel(models.Model):
    """What a line becomes in Odoo; with the app Inventory it would be a quant."""

    _name = "example.stock.level"
    _description = "Example: Stock Level"
    _rec_name = "sku"

    sku = fields.Char("SKU", required=True)
    quantity = fields.Integer()
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
