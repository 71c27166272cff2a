from datetime import timedelta

from odoo import api, fields, models

# How many of the last runs the graph shows.
GRAPH_RUNS = 60
# Outcomes are counted for so many days at most,
GRAPH_DAYS = 30
# but only among so many of the last runs: a run per minute makes 43,200 of them in a month.
COUNTED_RUNS = 20000


class IhubIntegration(models.Model):
    """The history in numbers: how long runs took, what they did, how they ended."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    @api.readonly
    def history(self):
        """Return the figures of the last runs, oldest first.

        :return: a dictionary that JSON can carry: ``runs`` with ``id``, ``state``, ``ended``
            (naive UTC), ``duration`` (seconds) and ``processed``; ``days`` of the user's calendar
            with ``day`` and the number of runs per outcome
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        # Days are those that the reader sees.
        integration = self._operable(sudo=False).with_context(tz=self._reader_zone())
        return {"runs": integration._history_runs(), "days": integration._history_days()}

    def action_open_history(self):
        """Return the action that shows the runs of this integration as a graph."""
        self.ensure_one()
        action = self.open_runs()
        action["views"] = [[False, "graph"], [False, "pivot"], [False, "list"], [False, "form"]]
        action["domain"] += [("state", "not in", ("pending", "running")), ("skipped", "=", False)]
        action["context"] |= {"graph_measure": "duration", "graph_groupbys": ["started_at:day"]}
        return action

    def _history_domain(self):
        return [
            ("integration_id", "=", self.id),
            ("state", "not in", ("pending", "running")),
            ("skipped", "=", False),
        ]

    def _history_runs(self):
        runs = self.env["ihub.run"].search(self._history_domain(), limit=GRAPH_RUNS)
        return [
            {
                "id": run.id,
                "state": run.state,
                "ended": fields.Datetime.to_string(run.ended_at),
                "duration": run.duration,
                "processed": run.processed,
            }
            for run in runs.sorted("id")
        ]

    def _history_days(self):
        """Return the number of runs per outcome for each of the last days, also empty ones."""
        since, oldest = self._history_limits()
        groups = self.env["ihub.run"]._read_group(
            [*self._history_domain(), ("ended_at", ">=", since), ("id", ">=", oldest)],
            ["ended_at:day", "state"],
            ["__count"],
        )
        counts = {}
        for day, state, count in groups:
            counts.setdefault(day.date(), {})[state] = count
        if not counts:
            return []
        today = fields.Date.context_today(self)
        first = min(counts)
        return [
            {"day": fields.Date.to_string(day), **counts.get(day, {})}
            for day in (first + timedelta(days=n) for n in range((today - first).days + 1))
        ]

    def _history_limits(self):
        """Return since when runs are counted (naive UTC), and the id of the oldest of them."""
        since = self._start_of_today() - timedelta(days=GRAPH_DAYS - 1)
        domain = [("integration_id", "=", self.id)]
        edge = self.env["ihub.run"].search(domain, offset=COUNTED_RUNS, limit=1)
        if not edge:
            return since, 0
        # The day in which counting would begin in the middle is left out.
        local = fields.Datetime.context_timestamp(self, edge.ended_at)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        next_day = edge.ended_at - (local - midnight) + timedelta(days=1)
        return max(since, next_day), edge.id
