import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# More would cost more in the planner than they save in the index.
PIECES = 6
# The planner is asked about each: where there are more, they are searched for as they are.
CONDITIONS = 20


def pieces_of(text):
    """Return texts of three characters that are in every text which contains ``text``.

    Nothing of what is not ASCII: there, how a letter is lowered may depend on its neighbours.

    :param str text: as people search for it, wildcards included
    :return: list, those with digits first, because they are likely to be rarer
    """
    words = re.findall("[A-Za-z0-9]{3,}", text) if text.isascii() else []
    pieces = [w[i : i + 3] for w in words for i in (*range(0, len(w) - 2, 3), len(w) - 3)]
    return sorted(dict.fromkeys(pieces), key=lambda piece: not re.search("[0-9]", piece))[:PIECES]


class IhubEvent(models.Model):
    """How one order number is found among the summaries of millions of events.

    The index has the three-character pieces of all summaries. PostgreSQL reads the whole list of
    each piece of a pattern that it looks for as one condition. Conditions on pieces, beside the
    pattern itself, let it skip in all lists to where the rarest of them has a row.
    """

    _inherit = "ihub.event"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _search(self, domain, *args, **kwargs):
        domain = self._bounded(domain)
        if sum(1 for __ in domain.iter_conditions()) <= CONDITIONS:
            domain = domain.map_conditions(self._with_pieces)
        return super()._search(domain, *args, **kwargs)

    def _with_pieces(self, condition):
        """Return a domain that finds what ``condition`` finds, sooner if that is rare."""
        name, operator, value = condition.field_expr, condition.operator, condition.value
        if name != "summary" or operator != "ilike" or not isinstance(value, str):
            return condition
        pieces = pieces_of(value)
        if len(pieces) < 2 or not self._is_rare(condition):
            return condition
        # In this order: PostgreSQL asks for each in turn, and goes on from what that has found.
        return Domain.AND([*(Domain(name, operator, piece) for piece in pieces), condition])

    def _is_rare(self, condition):
        """Return whether the database would look for what is rare, not read the newest events.

        Asked before there are conditions on pieces: it multiplies their probabilities as if
        they did not depend on each other, and would take what is frequent to be rare as well.
        """
        # pylint: disable-next=super-method-mismatch  # the search as it was, without pieces
        query = super()._search(condition, order="id desc", limit=80, bypass_access=True)
        rows = self.env.execute_query(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
        return "Bitmap" in str(rows)
