from odoo import fields, models


class IhubIntegration(models.Model):
    """How long the events of an integration are kept, where it differs from the default."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    keep_days_info = fields.Integer(
        "Keep Info", help="In days; 0: as set for the whole hub (30 days)."
    )
    keep_days_warning = fields.Integer(
        "Keep Warnings", help="In days; 0: as set for the whole hub (90 days)."
    )
    keep_days_error = fields.Integer(
        "Keep Errors", help="In days; 0: as set for the whole hub (365 days)."
    )
