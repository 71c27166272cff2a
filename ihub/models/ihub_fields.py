"""Fields that the hub needs and Odoo does not have.

Those of events that refer to a record do not bind the database to it. Events are written through a
connection of their own: what they refer to may exist only in a transaction that is still open, may
be locked, and may be gone later. A foreign key would wait for that, or refuse.
"""

from operator import attrgetter

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL


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
