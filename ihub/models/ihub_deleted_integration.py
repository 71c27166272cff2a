from odoo import api, fields, models
from odoo.tools import SQL


class IhubDeletedIntegration(models.Model):
    """What a deleted integration was called, for its events.

    Those are not touched when it is deleted: there may be millions of them.
    """

    _name = "ihub.deleted.integration"
    _description = "Deleted Integration"
    _log_access = False

    integration = fields.Integer(required=True, readonly=True, help="Its ID.")
    name = fields.Char(required=True, readonly=True)

    _integration_uniq = models.UniqueIndex("(integration)")

    @api.model
    def _remember(self, integrations):
        """Remember what ``integrations`` are called, which are about to be deleted."""
        self.sudo().create([{"integration": each.id, "name": each.name} for each in integrations])

    @api.model
    def _names_of_events(self, ids):
        """Return ``{event id: name}`` of those of events whose integration was deleted."""
        if not ids:
            return {}
        self.flush_model()
        query = SQL(
            """
            SELECT e.id, d.name FROM ihub_event e
              JOIN ihub_deleted_integration d ON d.integration = e.integration_id
             WHERE e.id = ANY(%s)
            """,
            list(ids),
        )
        return dict(self.env.execute_query(query))
