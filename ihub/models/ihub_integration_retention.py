from odoo import fields, models

from .ihub_event_retention import LONGEST


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

    _keep_days_are_sane = models.Constraint(
        f"""CHECK(keep_days_info BETWEEN 0 AND {LONGEST}
              AND keep_days_warning BETWEEN 0 AND {LONGEST}
              AND keep_days_error BETWEEN 0 AND {LONGEST})""",
        "Events are kept for 0 to 36525 days (a hundred years).",
    )
