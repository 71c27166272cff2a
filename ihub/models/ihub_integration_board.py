from odoo import api, fields, models
from odoo.tools import SQL


class IhubIntegration(models.Model):
    """What the card and the page show. All of it is computed for many integrations at once."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    last_run_id = fields.Many2one("ihub.run", compute="_compute_last_run")
    current_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    pointer_id = fields.Many2one(
        "ihub.run", compute="_compute_runs", help="The scheduled run that is next, or at work."
    )
    next_run = fields.Datetime(compute="_compute_runs")
    queued_count = fields.Integer("Queued", compute="_compute_runs")
    last_run_state = fields.Selection(
        lambda self: self.env["ihub.run"]._fields["state"].selection,
        "Last Outcome",
        compute="_compute_last_run",
    )
    last_run_message = fields.Text("Last Outcome in Words", compute="_compute_last_run")
    last_run_date = fields.Datetime("Last Run Ended", compute="_compute_last_run")
    is_executing = fields.Boolean(compute="_compute_execution")
    is_stopping = fields.Boolean(compute="_compute_execution")
    progress = fields.Integer(compute="_compute_execution", help="Percent; 0 where unknown.")
    warning_count = fields.Integer("Warnings Today", compute="_compute_event_counts")
    error_count = fields.Integer("Errors Today", compute="_compute_event_counts")
    run_count = fields.Integer("Number of Runs", compute="_compute_run_count")
    can_start = fields.Boolean(compute="_compute_buttons")
    can_stop = fields.Boolean(compute="_compute_buttons")
    can_edit_schedule = fields.Boolean(compute="_compute_can_edit_schedule")
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
        rows = self._rows()
        self.current_run_id = False
        self.queued_count = 0
        for integration in self:
            row = rows.get(integration._origin.id)
            integration.pointer_id = row and row.pointer_id
            integration.next_run = row and row.due
            if row and row.running_id:
                integration.current_run_id = row.running_id
            if row and row.queued:
                integration.queued_count = row.queued

    @api.depends("run_ids.state")
    def _compute_last_run(self):
        ended = self._last_ended_runs()
        for integration in self:
            (
                integration.last_run_id,
                integration.last_run_state,
                integration.last_run_message,
                integration.last_run_date,
            ) = ended.get(integration._origin.id, (False,) * 4)

    @api.depends("current_run_id", "state", "stop_before_id")
    def _compute_execution(self):
        rows = self._rows()
        # Most do nothing: what they have in common is set once for all.
        self.is_executing = self.is_stopping = False
        self.progress = 0
        for integration in self:
            row = rows.get(integration._origin.id)
            if row and row.running_id and row.is_alive:
                integration.is_executing = True
                integration.is_stopping = row.is_stopping
                # Whoever sees an integration sees how far it is, whatever rules runs have.
                run = self.env["ihub.run"].sudo().browse(row.running_id)
                integration.progress = run._percent()

    def _compute_event_counts(self):
        self.warning_count = self.error_count = 0
        for id_, level, count in self._event_counts():
            self.browse(id_)[f"{level}_count"] = count

    def _event_counts(self):
        """Return tuples of integration id, level and number of events of today."""
        if not self.ids:
            return []
        query = self.env["ihub.event"]._search(
            [
                ("integration_id", "in", self.ids),
                ("level", "in", ("warning", "error")),
                ("create_date", ">=", self._start_of_today()),
            ]
        )
        # Not `_read_group`, which looks up each integration that it has found.
        query.order = None
        query.groupby = SQL("ihub_event.integration_id, ihub_event.level")
        return self.env.execute_query(query.select(query.groupby, SQL("count(*)")))

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
            integration.next_step = integration._next_step()

    @api.depends("state", "current_run_id")
    def _compute_can_edit_schedule(self):
        for integration in self:
            is_running = integration.state == "running"
            integration.can_edit_schedule = not is_running and not integration.current_run_id

    def _next_step(self):
        """Return which button is the obvious one to press now, or False."""
        if self.condition in ("type_missing", "blocked", "late"):
            return "open"
        if self.condition == "stuck":
            return "stop"
        if self.condition == "retrying":
            return "retry"
        if self.condition == "run_failed":
            return "run" if self.runs_by_hand else "open"
        if self.condition in ("stopping", "working", "catching_up", "queued", "interrupted"):
            return False
        if self.can_start:
            return "start"
        return "run" if self.runs_by_hand and not self.runs_on_schedule else False
