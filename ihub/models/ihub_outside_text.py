from collections.abc import Set

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Of one search: characters of one text, characters of all texts, conditions.
TEXT_LIMIT = 1_000
TEXTS_LIMIT = 100_000
CONDITION_LIMIT = 500
# What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "{=")


def as_cell(value):
    """Return what stands for ``value`` in a spreadsheet: a text is never a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


class IhubOutsideText(models.AbstractModel):
    """A model whose texts come from other systems, and are searched by people.

    Searches have a bound, and no text becomes a formula in a spreadsheet.
    """

    _name = "ihub.outside.text"
    _description = "Text from Outside"

    # --- Searches ---

    @api.model
    def _search(self, domain, *args, **kwargs):
        # What the hub itself looks for has its bounds.
        bounded = domain if self.env.su else self._bounded(domain)
        return super()._search(bounded, *args, **kwargs)

    @api.model
    def _bounded(self, domain):
        """Return ``domain`` as a :class:`Domain`, unless it asks for too much.

        :raise UserError: in words for the user
        """
        # Before it is parsed: a condition is a term, with at most one operator before it.
        if isinstance(domain, (list, tuple)) and len(domain) > 4 * CONDITION_LIMIT:
            self._refuse_conditions(len(domain) // 2)
        domain = Domain(domain)
        conditions = list(domain.iter_conditions())
        if len(conditions) > CONDITION_LIMIT:
            self._refuse_conditions(len(conditions))
        total = 0
        for condition in conditions:
            total += self._text_length(condition)
            if total > TEXTS_LIMIT:
                self._refuse_text(total, TEXTS_LIMIT)
        return domain

    def _text_length(self, condition):
        """Return how many characters of text a condition looks for."""
        value = condition.value
        if "any" in condition.operator and isinstance(value, (list, tuple, Domain)):
            self._bounded(value)
            return 0
        if not isinstance(value, str):
            items = value if isinstance(value, (list, tuple, Set)) else ()
            return sum(len(item) for item in items if isinstance(item, str))
        if "like" in condition.operator and len(value) > TEXT_LIMIT:
            self._refuse_text(len(value), TEXT_LIMIT)
        return len(value)

    def _refuse_conditions(self, count):
        raise UserError(
            self.env._(
                "This search has %(count)s conditions, but at most %(limit)s are allowed. Search "
                "for less at a time.",
                count=count,
                limit=CONDITION_LIMIT,
            )
        )

    def _refuse_text(self, count, limit):
        raise UserError(
            self.env._(
                "The text of this search has %(count)s characters, but at most %(limit)s are "
                "allowed. Search for a part of it.",
                count=count,
                limit=limit,
            )
        )

    # --- Spreadsheets ---

    def _export_rows(self, fields, **kwargs):
        return [[as_cell(cell) for cell in row] for row in super()._export_rows(fields, **kwargs)]

    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        # The titles of groups: they are written into spreadsheets as they are.
        formatter = super()._web_read_group_groupby_formatter(groupby_spec, values)
        field = self._fields.get(groupby_spec)
        if field is None or field.type not in ("char", "text"):
            return formatter

        def as_title(value):
            title, domain = formatter(value)
            return as_cell(title), domain

        return as_title
