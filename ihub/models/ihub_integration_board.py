from odoo import api, fields, models
from odoo.tools import SQL

from ..lib import lane_lock

# What the board says of a run that is pending or running.
SHOWN_OF_CURRENT = (
    "integration_id",
    "state",
    "trigger",
    "window_from",
    "window_to",
    "due",
    "started_at",
    "last_seen",
    "attempt",
    "message",
    "processed",
    "total",
    "behind_from",
)


class IhubIntegration(models.Model):
    """What the card and the page show. All of it is computed for many integrations at once."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    last_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    current_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    pointer_id = fields.Many2one(
        "ihub.run", compute="_compute_runs", help="The scheduled run that is next, or at work."
    )
    next_run = fields.Datetime(compute="_compute_runs")
    queued_count = fields.Integer("Queued", compute="_compute_runs")
    last_run_state = fields.Selection(
        lambda self: self.env["ihub.run"]._fields["state"].selection,
        "Last Outcome",
        compute="_compute_runs",
    )
    last_run_message = fields.Text("Last Outcome in Words", compute="_compute_runs")
    last_run_date = fields.Datetime("Last Run Ended", compute="_compute_runs")
    is_executing = fields.Boolean(compute="_compute_execution")
    is_stopping = fields.Boolean(compute="_compute_execution")
    progress = fields.Integer(compute="_compute_execution", help="Percent; 0 where unknown.")
    warning_count = fields.Integer("Warnings Today", compute="_compute_event_counts")
    error_count = fields.Integer("Errors Today", compute="_compute_event_counts")
    run_count = fields.Integer("Number of Runs", compute="_compute_run_count")
    can_start = fields.Boolean(compute="_compute_buttons")
    can_stop = fields.Boolean(compute="_compute_buttons")
    can_edit_schedule = fields.Boolean(compute="_compute_buttons")
    next_step = fields.Selection(
        [
            ("open", "Open"),
            ("start", "Start"),
            ("stop", "Stop"),
            ("retry", "Try Now"),
            ("run", "Run Manually"),
        ],
        compute="_compute_buttons",
        help="What to press next.",
    )

    def _current_runs(self):
        """Return all pending and running runs of these integrations.

        They are few: one of the schedule each, and what people have queued.
        """
        # Whoever sees an integration sees its runs; one query serves all of them.
        Run = self.env["ihub.run"].sudo()
        domain = [("integration_id", "in", self.ids), ("state", "in", ("pending", "running"))]
        return Run.search_fetch(domain, SHOWN_OF_CURRENT, order="id")

    def _last_ended_runs(self):
        """Return ``{integration id: (run id, state, message, ended_at)}`` of the newest run."""
        if not self.ids:
            return {}
        self.env["ihub.run"].flush_model()
        # One index look-up per integration; a grouped maximum would read the whole history.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, last.*
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id, r.state, r.message, r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
             ) last
            """,
                self.ids,
            )
        )
        return {row[0]: row[1:] for row in rows}

    @api.depends("run_ids.state", "run_ids.due", "state")
    def _compute_runs(self):
        ended = self._last_ended_runs()
        by_integration = self._current_runs().grouped(lambda run: run.integration_id.id)
        none = self.env["ihub.run"]
        for integration in self:
            current = by_integration.get(integration._origin.id, none)
            pending = current.filtered(lambda run: run.state == "pending")
            by_hand = pending.filtered(lambda run: run.trigger != "schedule")
            waiting = pending if integration.state == "running" else by_hand
            last = ended.get(integration._origin.id, (False,) * 4)
            integration.last_run_id = last[0]
            integration.last_run_state = last[1]
            integration.last_run_message = last[2]
            integration.last_run_date = last[3]
            integration.current_run_id = (current - pending)[:1].id
            integration.pointer_id = current.filtered(lambda run: run.trigger == "schedule").id
            integration.next_run = min(waiting.mapped("due"), default=False)
            integration.queued_count = len(by_hand)

    @api.depends("current_run_id", "state", "stop_before_id")
    def _compute_execution(self):
        begun = self.filtered("current_run_id")
        alive = lane_lock.alive(self.env.cr, begun.ids)
        for integration in self:
            run = integration.current_run_id.sudo()
            integration.is_executing = bool(run) and integration.id in alive
            integration.is_stopping = integration.is_executing and integration._is_stopping(run)
            integration.progress = integration.is_executing and run._percent() or 0

    def _is_stopping(self, run):
        if run.trigger == "schedule" and self.state == "running":
            return False
        return run.id <= self.stop_before_id

    def _compute_event_counts(self):
        groups = self.env["ihub.event"]._read_group(
            [
                ("integration_id", "in", self.ids),
                ("level", "in", ("warning", "error")),
                ("create_date", ">=", self._start_of_today()),
            ],
            ["integration_id", "level"],
            ["__count"],
        )
        counts = {(integration.id, level): count for integration, level, count in groups}
        for integration in self:
            integration.warning_count = counts.get((integration.id, "warning"), 0)
            integration.error_count = counts.get((integration.id, "error"), 0)

    @api.depends("run_ids")
    def _compute_run_count(self):
        groups = self.env["ihub.run"]._read_group(
            [("integration_id", "in", self.ids)], ["integration_id"], ["__count"]
        )
        counts = {integration.id: count for integration, count in groups}
        for integration in self:
            integration.run_count = counts.get(integration.id, 0)

    @api.depends("condition", "runs_on_schedule", "current_run_id", "queued_count", "is_stopping")
    def _compute_buttons(self):
        for integration in self:
            running = integration.state == "running"
            busy = bool(integration.current_run_id) and not integration.is_stopping
            integration.can_start = integration.runs_on_schedule and (
                not running or integration.condition == "unserved"
            )
            integration.can_stop = running or busy or bool(integration.queued_count)
            integration.can_edit_schedule = not running and not integration.current_run_id
            integration.next_step = integration._next_step()

    def _next_step(self):
        """Return which button is the obvious one to press now, or False."""
        if self.condition in ("type_missing", "blocked", "late"):
            return "open"
        if self.condition == "stuck":
            return "stop"
        if self.condition == "retrying":
            return "retry"
        if self.condition in ("stopping", "working", "catching_up", "queued", "interrupted"):
            return False
        if self.can_start:
            return "start"
        return "run" if self.runs_by_hand and not self.runs_on_schedule else False
