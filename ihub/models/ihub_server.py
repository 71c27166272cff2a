from odoo import fields, models


class IhubServer(models.Model):
    """What the integrations of this database know together of a server: ``engine/server_state.py``.

    Written in short transactions of its own, by whoever talks to the server.
    """

    _name = "ihub.server"
    _description = "Other Server"
    _log_access = False

    origin = fields.Char(required=True, readonly=True, help="Scheme, host and port.")
    free_at = fields.Datetime(
        readonly=True, help="When the next request may be sent at the agreed rate."
    )

    _origin_uniq = models.UniqueIndex("(origin)")
