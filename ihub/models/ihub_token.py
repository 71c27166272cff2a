from datetime import timedelta

from odoo import api, fields, models

from ..engine import token_store

# Days after which a token that was neither renewed nor used is given up.
KEEP_DAYS = 400


class IhubToken(models.Model):
    """A token of another system: ``engine/token_store.py``.

    It belongs to who signs in there, not to an integration: several may use it. No group has
    access to it, and a copy of the database has none.
    """

    _name = "ihub.token"
    _description = "Token"
    _log_access = False
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True, help="A hash of what it was requested with.")
    value = fields.Json(readonly=True)
    # Or used, to within a day: some never end.
    renewed_at = fields.Datetime(required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(key)")

    @api.autovacuum
    def _gc_unused(self):
        """Delete tokens that nobody has renewed or used for long."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.search([("renewed_at", "<", limit)]).unlink()

    @api.autovacuum
    def _encrypt_anew(self):
        """Do with tokens as with secrets, when the key of the server is replaced."""
        return token_store.encrypt_anew(self.env.cr.dbname), 0
