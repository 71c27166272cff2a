from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import Json


class IhubIntegrationState(models.Model):
    """A value that an integration keeps from run to run: see ``get_state`` and ``set_state``.

    Apart from the settings, which people edit while runs execute. It may hold tokens: no group
    has access to it. What managers see of it is masked: see ``ihub.own.state.mixin``.
    """

    _name = "ihub.integration.state"
    _description = "Own State of an Integration"
    _rec_name = "key"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True)
    # {"value": value}, since Odoo takes a bare 0 or [] for nothing.
    value = fields.Json(readonly=True)

    _key_uniq = models.UniqueIndex("(integration_id, key)")

    @api.model
    def _load(self, integration, key, default):
        """Return the value under a key of an integration, or ``default``."""
        stored = self._entry(integration, key).value
        return stored["value"] if stored else default

    @api.model
    def _save(self, integration, key, value):
        """Keep ``value`` under a key of an integration; None forgets the key."""
        if value is None:
            self._entry(integration, key).unlink()
            return
        # Two transactions that are the first to keep something under a key are a conflict, after
        # which one of them is begun again; with the ORM the second would violate the index.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ihub_integration_state
                       (integration_id, key, value,
                        create_uid, write_uid, create_date, write_date)
                VALUES (%(integration)s, %(key)s, %(value)s,
                        %(user)s, %(user)s, %(now)s, %(now)s)
                ON CONFLICT (integration_id, key) DO UPDATE
                   SET value = EXCLUDED.value, write_uid = EXCLUDED.write_uid,
                       write_date = EXCLUDED.write_date
                """,
                integration=integration.id,
                key=key,
                value=Json({"value": value}),
                user=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.invalidate_model(["value", "write_uid", "write_date"])

    def _entry(self, integration, key):
        # The integration's user has no access either: only its code asks, for its own.
        return self.sudo().search(
            [("integration_id", "=", integration.id), ("key", "=", key)], limit=1
        )
