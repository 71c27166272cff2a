import logging

from cryptography.fernet import InvalidToken
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.sql import table_columns

from ..core.masking import MASK
from ..engine import secrets
from ..engine.receiver import SECRET_BEFORE
from ..engine.secrets import SecretUnavailable
from .ihub_fields import add_column

# The types of columns of which each value can be a secret as it is.
TEXTS = ("varchar", "text")

_logger = logging.getLogger(__name__)


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
        self._store(integration_id, name, value)

    def _store(self, integration_id, name, value):
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

    # --- Settings that were no secrets before ---

    @api.private
    def take_over(self, model):
        """Move here what stands in the columns of a type's secrets, as when they were text.

        Odoo leaves the column of a field that is not stored any more, and all that is in it.
        Called when the type's addon is installed or upgraded.

        :param model: an empty recordset of the type
        """
        columns = table_columns(self.env.cr, model._table)
        for name in model._secrets():
            is_left = name in columns and not model._fields[name].inherited
            if is_left and not self._has_column(model._table, name):
                self._take_over_column(model._table, name, columns[name]["udt_name"])

    def _has_column(self, table, name):
        """Return whether a model that shares the table stores a field of that name in it."""
        sharing = (model for model in self.pool.values() if model._table == table)
        return any(name in model._fields and model._fields[name].store for model in sharing)

    def _take_over_column(self, table, name, column_type):
        parts = {"table": SQL.identifier(table), "column": SQL.identifier(name)}
        # Whoever tries something in a copy enters what it is tried with.
        # As superuser: the parameter belongs to administrators.
        is_copy = self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
        if is_copy or self._take_over_values(parts, name, column_type):
            # With what depends on it, as Odoo drops the columns of fields that are gone.
            drop = SQL("ALTER TABLE %(table)s DROP COLUMN %(column)s CASCADE", **parts)
            self.env.cr.execute(drop)
        else:
            _logger.warning(
                "%s.%s holds what is a secret now, readable, and cannot be taken over as it is. "
                "Enter it in the settings of the integration, and drop the column.",
                table,
                name,
            )

    def _take_over_values(self, parts, name, column_type):
        """Return whether all that stands in the column is kept as secrets now; else, none is."""
        query = "SELECT integration_id, %(column)s FROM %(table)s WHERE %(column)s::text <> ''"
        rows = self.env.execute_query(SQL(query, **parts))
        ids = [integration_id for integration_id, __ in rows]
        if rows and (column_type not in TEXTS or None in ids):
            return False
        # What was entered since is newer.
        known = {integration_id for integration_id, __ in self._stored(ids, name)}
        for integration_id, value in rows:
            if integration_id not in known:
                # As it was used: as a text, also where it begins as a reference does.
                self._store(integration_id, name, secrets.encrypt(self.env, value))
        return True

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
