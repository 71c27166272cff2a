"""Fields that the hub needs and Odoo does not have.

Those of events that refer to a record do not bind the database to it. Events are written through a
connection of their own: what they refer to may exist only in a transaction that is still open, may
be locked, and may be gone later. A foreign key would wait for that, or refuse.
"""

import sys
from operator import attrgetter

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, sql

from ..core.masking import MASK
from ..core.type_check import LINK
from ..engine import secrets


def add_column(model, name, column_type):
    """Make a column that no field of ``model`` reads, unless there is one.

    Not by ``IF NOT EXISTS``, which waits for all who read the table, though nothing is to be done.
    """
    cr = model.env.cr
    if not sql.column_exists(cr, model._table, name):
        sql.create_column(cr, model._table, name, column_type)


def distinct(env, table, expression, there):
    """Return the values of ``expression``, which are few, from an index on it alone.

    :param str table: its name
    :param SQL expression: the first column of the index
    :param SQL there: the condition of the index
    """
    rows = env.execute_query(
        SQL(
            """
            WITH RECURSIVE known(value) AS (
                SELECT min(%(expression)s) FROM %(table)s WHERE %(there)s
                 UNION ALL
                SELECT (SELECT min(%(expression)s) FROM %(table)s
                         WHERE %(there)s AND %(expression)s > known.value)
                  FROM known WHERE known.value IS NOT NULL
            ) SELECT value FROM known WHERE value IS NOT NULL
            """,
            expression=expression,
            table=SQL.identifier(table),
            there=there,
        )
    )
    return [value for (value,) in rows]


class BigInteger(fields.Integer):
    """An Integer of 64 bits."""

    _column_type = ("int8", "int8")


class LooseMany2one(fields.Many2one):
    """A Many2one without a foreign key.

    :param bool missing_is_unset: whether a search for no value also finds what refers to a record
        that does not exist any more
    """

    missing_is_unset = True

    def update_db_foreign_key(self, model, column):
        """Do not make one."""

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        if operator in ("any!", "not any!") and isinstance(value, Domain):
            # As a subquery: the outer join that Odoo makes would find what is missing, too.
            comodel = model.env[self.comodel_name]
            value = comodel._search(value, active_test=False, bypass_access=True)
        sql = super().condition_to_sql(field_expr, operator, value, model, alias, query)
        if not self.missing_is_unset or operator not in ("in", "not in"):
            return sql
        if not any(item in (False, None) for item in value):
            return sql
        missing = self._missing_to_sql(model, alias, query)
        return SQL("(%s OR %s)" if operator == "in" else "(%s AND NOT %s)", sql, missing)

    def _missing_to_sql(self, model, alias, query):
        """Return the condition that the record referred to does not exist."""
        column = model._field_to_sql(alias, self.name, query)
        table = SQL.identifier(model.env[self.comodel_name]._table)
        return SQL("(%s IS NOT NULL AND %s NOT IN (SELECT id FROM %s))", column, column, table)

    def forget_missing(self, records):
        """Let ``records`` have no value, in the cache, where theirs does not exist any more."""
        cache = self._get_cache(records.env)
        ids = {cache.get(id_) for id_ in records._ids} - {None}
        missing = ids - set(records.env[self.comodel_name].browse(ids).exists()._ids)
        for id_ in records._ids:
            if cache.get(id_) in missing:
                cache[id_] = None


class LooseReference(fields.Reference):
    """A Reference to a record of any model that there is."""

    def get_values(self, env):
        """Accept every model, without a list of them that would be sent to the browser."""
        return env.registry

    def convert_to_record(self, value, record):
        """Take a record whose model is not installed any more for none: no page breaks."""
        is_gone = value and value.partition(",")[0] not in record.env
        return super().convert_to_record(None if is_gone else value, record)


class Badge(fields.Selection):
    """A selection that tells the web client how each of its values looks.

    :param dict looks: ``{value: (icon, severity)}``: an icon of Font Awesome, and a severity of
        :class:`ihub.core.health.Health`
    """

    looks = {}
    _description_looks = property(attrgetter("looks"))
    _related_looks = property(attrgetter("looks"))


class TimeOfDay(fields.Float):
    """Hours of the wall clock, such as 17.5, which people read as 17:30.

    :param bool zero_is_none: whether 0 stands for no time at all
    """

    zero_is_none = False

    def changed_text(self, value):
        """Return ``value`` as the chatter says it; an empty text: there is none."""
        minutes = round((value or 0) * 60)
        return "" if self.zero_is_none and not minutes else f"{minutes // 60:02}:{minutes % 60:02}"


class NumberOrNone(fields.Integer):
    """A number for which 0 stands for none, such as a limit that is not set."""

    def changed_text(self, value):
        """Return ``value`` as the chatter says it; an empty text: there is none."""
        return str(value or "")


class Secret(fields.Char):
    """A setting of an integration's type that people enter and nobody reads, such as a password.

    To Odoo its value is False, ``***`` where one is set, or ``env:NAME``. That is all there is in
    the cache, so it is all that is read, exported, searched, tracked, copied or rendered. The
    secret itself is had in one way only: code of a module writes ``self.password``. It stands in
    ``ihub.secret``; writing is done by ``ihub.abstract_integration``.
    """

    exportable = False

    def _get_attrs(self, model_class, name):
        attrs = super()._get_attrs(model_class, name)
        attrs.pop("tracking", None)
        return {
            **attrs,
            "compute": self._compute_shown,
            "compute_sudo": True,
            "store": False,
            "copy": False,
            "readonly": attrs.get("readonly", False),
        }

    def setup(self, model):
        if not model._abstract and LINK not in model._fields:
            raise TypeError(f"{self}: only types of integrations have secrets.")
        return super().setup(model)

    def _compute_shown(self, records):
        ids = records._origin.integration_id.ids
        shown = records.env["ihub.secret"]._shown(ids, self.name)
        for record in records:
            record[self.name] = shown.get(record._origin.integration_id.id, False)

    def __get__(self, record, owner=None):
        """Return what people see, and the secret itself to code that names it as an attribute.

        Whatever deals with fields of any name asks for ``record[name]``, which has no owner. What
        people write (templates, server actions) is no module.
        """
        shown = super().__get__(record, owner)
        is_code = owner is not None and "__spec__" in sys._getframe(1).f_globals
        if record is None or not shown or not is_code:
            return shown
        return record.env["ihub.secret"]._plain(record, self)

    def convert_to_cache(self, value, record, validate=True):
        text = super().convert_to_cache(value, record, validate)
        return text if text is None or secrets.is_reference(text) else MASK

    def convert_to_write(self, value, record):
        """Leave what code assigns as it is: this is where ``write`` gets it from."""
        return value

    def convert_to_export(self, value, record):
        return ""
