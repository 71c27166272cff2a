from cryptography.fernet import InvalidToken
from odoo import api, fields, models
from odoo.tools import SQL

from ..core.masking import MASK
from ..engine import secrets
from ..engine.receiver import SECRET_BEFORE
from ..engine.secrets import SecretUnavailable
from .ihub_fields import add_column


class IhubSecret(models.Model):
    """What people have entered into a :class:`~.ihub_fields.Secret` of an integration's type.

    In one table, so that one DELETE wipes all when a copy of the database is neutralized, whatever
    types there are. The value itself is a column without a field: no route of Odoo leads to it.
    """

    _name = "ihub.secret"
    _description = "Secret of an Integration"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    name = fields.Char(required=True, readonly=True, help="The name of the type's field.")

    _name_uniq = models.UniqueIndex("(integration_id, name)")

    def init(self):
        add_column(self, "value", "text")

    @api.model
    def _shown(self, integration_ids, name):
        """Return ``{integration id: what people see}`` where there is a secret.

        :param integration_ids: ids of ``ihub.integration``
        :param str name: of the field
        """
        rows = self._stored(integration_ids, name)
        return {id_: value if secrets.is_reference(value) else MASK for id_, value in rows}

    @api.model
    def _plain(self, record, field):
        """Return the secret itself, for the code of the integration; False where there is none.

        :param record: one row of a type
        :raise SecretUnavailable: it cannot be read
        """
        integration = record._origin.sudo().integration_id
        stored = dict(self._stored(integration.ids, field.name)).get(integration.id)
        if not stored:
            return False
        label = field._description_string(self.env)
        try:
            return secrets.reveal(self.env, stored)
        except LookupError as error:
            raise SecretUnavailable(
                self.env._(
                    "The environment variable %(variable)s, which holds '%(field)s' of %(name)s, "
                    "is not set on the server. Ask whoever runs the server to set it.",
                    variable=error.args[0],
                    field=label,
                    name=integration.name,
                )
            ) from error
        except InvalidToken as error:
            raise SecretUnavailable(
                self.env._(
                    "'%(field)s' of %(name)s cannot be read, because it was stored with another "
                    "key. Press Settings and enter it again.",
                    field=label,
                    name=integration.name,
                )
            ) from error

    @api.model
    def _stored(self, integration_ids, name):
        return self.env.execute_query(
            SQL(
                "SELECT integration_id, value FROM ihub_secret"
                " WHERE integration_id = ANY(%s) AND name = %s",
                list(integration_ids),
                name,
            )
        )

    @api.model
    def _keep(self, integration_id, name, value):
        """Store a secret; an empty one is forgotten.

        :param int integration_id: of an ``ihub.integration``
        :param str name: of the field
        :param str value: the secret, or ``env:NAME``
        :raise UserError: when the user may not refer to this variable
        """
        if not value:
            forget = "DELETE FROM ihub_secret WHERE integration_id = %s AND name = %s"
            self.env.cr.execute(SQL(forget, integration_id, name))
            return
        if secrets.is_reference(value):
            secrets.check_reference(self.env, value)
        else:
            value = secrets.encrypt(self.env, value)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ihub_secret (integration_id, name, value,
                                         create_uid, write_uid, create_date, write_date)
                VALUES (%(integration)s, %(name)s, %(value)s, %(user)s, %(user)s, %(now)s, %(now)s)
                ON CONFLICT (integration_id, name) DO UPDATE
                   SET value = EXCLUDED.value, write_uid = EXCLUDED.write_uid,
                       write_date = EXCLUDED.write_date
                """,
                integration=integration_id,
                name=name,
                value=value,
                user=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.autovacuum
    def _gc_before(self):
        """Delete secrets of webhooks that have been replaced, and are not valid any more."""
        query = """
            DELETE FROM ihub_secret s USING ihub_integration i
             WHERE i.id = s.integration_id AND s.name = %s AND i.webhook_secret_until <= %s
        """
        self.env["ihub.integration"].flush_model(["webhook_secret_until"])
        self.env.cr.execute(SQL(query, SECRET_BEFORE, fields.Datetime.now()))

    @api.autovacuum
    def _renew(self):
        """Encrypt with the first key what another one has encrypted, so that one can be dropped."""
        return secrets.encrypt_anew(self.env, "ihub_secret"), 0
