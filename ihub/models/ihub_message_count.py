from datetime import timedelta

from odoo import api, fields, models

# Days for which the counts are kept.
KEEP_DAYS = 90


class IhubMessageCount(models.Model):
    """How many messages were refused on a day, or were missing: one row per cause and day.

    However many somebody sends, the table does not grow with them.
    """

    _name = "ihub.message.count"
    _description = "Number of Messages"
    _log_access = False
    _order = "day desc, cause"
    _rec_name = "day"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    day = fields.Date(required=True, readonly=True)
    cause = fields.Selection(
        [
            ("missed", "Never received"),
            ("signature", "Wrong signature"),
            ("outdated", "Outdated"),
            ("no_secret", "No secret is set"),
            ("inactive", "Archived, or takes no messages"),
            ("too_many", "Too many at once"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Integer(required=True, readonly=True)

    _day_uniq = models.UniqueIndex("(integration_id, day, cause)")

    @api.autovacuum
    def _gc_old(self):
        """Delete what was counted long ago."""
        limit = fields.Date.today() - timedelta(days=KEEP_DAYS)
        self.search([("day", "<", limit)]).unlink()
