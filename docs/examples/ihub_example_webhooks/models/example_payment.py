from odoo import fields, models


class ExamplePayment(models.Model):
    """A payment, as the payment service has reported it."""

    _name = "example.payment"
    _description = "Example: Payment"

    name = fields.Char(required=True)
    email = fields.Char()
    amount = fields.Float()
    is_refunded = fields.Boolean()
    company_id = fields.Many2one("res.company", required=True, default=lambda s: s.env.company)
