from odoo import fields, models


class IhubTestLedger(models.Model):
    """One unit of work that an integration has done."""

    _name = "ihub.test.ledger"
    _description = "Ledger of Work"
    _order = "id"

    # Numbers, not records: what was written outlives what wrote it.
    integration = fields.Integer(required=True, index=True)
    run = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    window_from = fields.Datetime(required=True)
    window_to = fields.Datetime(required=True)
    step = fields.Integer(required=True)
    pid = fields.Integer(required=True)
    note = fields.Char(help="'overlap' where two runs of an integration executed at once.")
