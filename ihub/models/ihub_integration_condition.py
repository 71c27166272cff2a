from collections import Counter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.health import CONDITIONS, SUMMARY

# The columns of the board: what needs attention comes first.
STATE_ORDER = ("failed", "running", "stopped", "created")


def _rank(condition):
    return CONDITIONS.index(condition)


class IhubIntegration(models.Model):
    """The condition of integrations: one word each, for hundreds at once.

    It depends on the clock and on which processes live, so it is not in the database. The board
    is sorted, filtered and summed up by it, so it is found with a fixed number of queries, and
    without loading records.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    condition = fields.Selection(
        [
            ("failed", "Failed"),
            ("type_missing", "Type Missing"),
            ("blocked", "Cannot Run"),
            ("unserved", "Not Taken Up"),
            ("stuck", "Stuck"),
            ("late", "Late"),
            ("run_failed", "Run Failed"),
            ("interrupted", "Interrupted"),
            ("retrying", "Trying Again"),
            ("stopping", "Stopping"),
            ("catching_up", "Catching Up"),
            ("working", "Running Now"),
            ("queued", "Queued"),
            ("well", "Well"),
            ("copy", "Paused in a Copy"),
            ("created", "New"),
            ("stopped", "Stopped"),
        ],
        compute="_compute_condition",
        search="_search_condition",
        help="How it is doing: what needs somebody comes first.",
    )

    @api.depends(
        "state",
        "active",
        "catch_up",
        "hang_limit",
        "stop_before_id",
        "run_ids.state",
        "run_ids.due",
        "cron_id.active",
        "run_as_id.active",
        "run_as_id.company_ids",
        "run_as_id.group_ids",
        "company_id.active",
        "serves_all_companies",
        "late_after_intervals",
        "late_by",
        "failed_run_id",
    )
    def _compute_condition(self):
        conditions = self._conditions()
        for integration in self:
            integration.condition = conditions.get(integration._origin.id, integration.state)

    def _search_condition(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        conditions = self._known().conditions
        found = [id_ for id_, condition in conditions.items() if condition in value]
        return Domain("id", operator, found)

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name != "condition":
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        return SQL("%s %s", self._condition_rank(alias), direction)

    def _condition_rank(self, alias):
        """Return the SQL expression that ranks rows by urgency."""
        by_condition = {}
        for id_, condition in self._known().conditions.items():
            by_condition.setdefault(condition, []).append(id_)
        # What most of them are is what all others are not: their ids need not be sent.
        usual = max(by_condition, key=lambda word: len(by_condition[word]), default=CONDITIONS[0])
        whens = [
            SQL("WHEN %s = ANY(%s) THEN %s", SQL.identifier(alias, "id"), ids, _rank(word))
            for word, ids in by_condition.items()
            if word != usual
        ]
        # A case without conditions is no SQL.
        whens = whens or [SQL("WHEN FALSE THEN 0")]
        return SQL("CASE %s ELSE %s END", SQL(" ").join(whens), _rank(usual))

    @api.model
    @api.readonly
    def web_search_read(self, domain, *args, **kwargs):
        with self._judged_once():
            result = super().web_search_read(domain, *args, **kwargs)
            return {**result, "ihub_summary": self.board_summary()}

    @api.model
    @api.readonly
    def web_read_group(self, domain, groupby, *args, **kwargs):
        # Each column is searched by itself, at the same moment.
        with self._judged_once():
            result = super().web_read_group(domain, groupby, *args, **kwargs)
            result["ihub_summary"] = self.board_summary()
        if groupby[0] == "state":
            result["groups"].sort(key=lambda group: STATE_ORDER.index(group["state"]))
        return result

    @api.model
    def board_summary(self):
        """Return how many of the integrations that the user sees are in which condition.

        The board gets it along with its cards, as ``ihub_summary``.

        :return: ``{word of the summary: number}``, such as ``{"failed": 2, "well": 40}``
        :raise AccessError: when the user is not of the hub
        """
        self._operable()
        rows, conditions = self._known()
        count = Counter(word for id_, word in conditions.items() if rows[id_].active)
        return {word: sum(count[name] for name in names) for word, names in SUMMARY.items()}
