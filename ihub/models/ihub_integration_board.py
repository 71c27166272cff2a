from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..lib import lane_lock

# A cron worker looks once a minute; what is not begun after this many seconds is late.
LATE_AFTER = 180


class IhubIntegration(models.Model):
    """What the card and the page show. All of it is computed for many integrations at once."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    last_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    current_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    next_run = fields.Datetime(compute="_compute_runs")
    queued_count = fields.Integer("Queued", compute="_compute_runs")
    last_run_state = fields.Selection(
        lambda self: self.env["ihub.run"]._fields["state"].selection,
        "Last Outcome",
        compute="_compute_runs",
    )
    last_run_message = fields.Text("Last Outcome in Words", compute="_compute_runs")
    last_run_date = fields.Datetime("Last Run Ended", compute="_compute_runs")
    is_executing = fields.Boolean(compute="_compute_activity")
    is_stopping = fields.Boolean(compute="_compute_activity")
    progress = fields.Integer(compute="_compute_activity", help="Percent; 0 where unknown.")
    activity = fields.Char("What It Is Doing", compute="_compute_activity")
    problem = fields.Char(
        compute="_compute_problem", help="What keeps it from working, and how to mend that."
    )
    warning_count = fields.Integer("Warnings Today", compute="_compute_event_counts")
    error_count = fields.Integer("Errors Today", compute="_compute_event_counts")
    run_count = fields.Integer("Number of Runs", compute="_compute_run_count")
    can_start = fields.Boolean(compute="_compute_buttons")
    can_stop = fields.Boolean(compute="_compute_buttons")
    can_edit_schedule = fields.Boolean(compute="_compute_buttons")

    def _current_runs(self):
        """Return all pending and running runs of these integrations.

        They are few: one of the schedule each, and what people have queued.
        """
        # Whoever sees an integration sees its runs; one query serves all of them.
        return (
            self.env["ihub.run"]
            .sudo()
            .search(
                [
                    ("integration_id", "in", self.ids),
                    ("state", "in", ("pending", "running")),
                ],
                order="id",
            )
        )

    def _last_ended_runs(self):
        """Return ``{integration id: run id}`` of the newest run that has ended."""
        if not self.ids:
            return {}
        self.env["ihub.run"].flush_model(["integration_id", "state", "skipped"])
        # One index look-up per integration; a grouped maximum would read the whole history.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, last.id
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
             ) last
            """,
                self.ids,
            )
        )
        return dict(rows)

    @api.depends("run_ids.state", "run_ids.due", "state")
    def _compute_runs(self):
        ended = self._last_ended_runs()
        by_integration = self._current_runs().grouped(lambda run: run.integration_id.id)
        none = self.env["ihub.run"]
        for integration in self:
            current = by_integration.get(integration.id, none)
            pending = current.filtered(lambda run: run.state == "pending")
            by_hand = pending.filtered(lambda run: run.trigger != "schedule")
            waiting = pending if integration.state == "running" else by_hand
            executing = current.filtered(lambda run: run.state == "running")
            last = none.sudo().browse(ended.get(integration.id))
            integration.last_run_id = last.id
            integration.last_run_state = last.state
            integration.last_run_message = last.message
            integration.last_run_date = last.ended_at
            integration.current_run_id = executing[:1].id
            integration.next_run = min(waiting.mapped("due"), default=False)
            integration.queued_count = len(by_hand)

    @api.depends("current_run_id", "queued_count", "state", "stop_before_id")
    def _compute_activity(self):
        alive = lane_lock.alive(self.env.cr, self.ids)
        for integration in self:
            run = integration.current_run_id.sudo()
            integration.is_executing = bool(run) and integration.id in alive
            integration.is_stopping = integration.is_executing and integration._is_stopping(run)
            integration.progress = integration.is_executing and run._percent() or 0
            integration.activity = integration._activity_text(run)

    def _is_stopping(self, run):
        if run.trigger == "schedule" and self.state == "running":
            return False
        return run.id <= self.stop_before_id

    def _activity_text(self, run):
        """Return what the integration does now, in a few words, or False."""
        if self.is_stopping:
            return self.env._(
                "Stopping… Asked for by %(user)s at %(time)s.",
                user=self.sudo().stop_user_id.name or "",
                time=self._local(self.stop_date or self.state_date),
            )
        if self.is_executing:
            if run.total:
                return self.env._(
                    "Running: %(done)s of %(total)s records", done=run.processed, total=run.total
                )
            if run.processed:
                return self.env._("Running: %(done)s records", done=run.processed)
            return self.env._("Running now")
        if run:
            return self.env._("Interrupted: the server stopped. It will be taken up again.")
        if self.queued_count:
            return self.env._("Queued: %(count)s", count=self.queued_count)
        return self._backlog_text()

    def _backlog_text(self):
        """Return how many missed windows are still to be done one by one, or False."""
        if self.state != "running" or self.catch_up != "each" or self.sudo()._schedule_obstacle():
            return False
        plan = self._schedule().plan(self.window_from, fields.Datetime.now(), "each")
        if plan.backlog < 2:
            return False
        return self.env._("Catching up: %(count)s windows to go", count=plan.backlog)

    @api.depends(
        "state",
        "next_run",
        "is_executing",
        "hang_limit",
        "cron_id.active",
        "run_as_id.active",
        "company_id.active",
    )
    def _compute_problem(self):
        late_since = fields.Datetime.now() - timedelta(seconds=LATE_AFTER)
        neutralized = bool(
            self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
        )
        for integration in self:
            problem = integration.active and integration.sudo()._obstacle() or False
            if not problem and neutralized:
                problem = self.env._("This is a copy of a database: nothing starts by itself here.")
            dead = integration.current_run_id.sudo()
            due = integration.next_run or dead.last_seen
            if not problem and integration.is_executing:
                problem = integration._hang_text()
            elif not problem and due:
                # Counted from when it could begin: a backlog is worked off one by one.
                since = max(filter(None, (due, integration.state_date, integration.last_run_date)))
                problem = integration._cron_text() or (
                    since < late_since and integration._late_text(due)
                )
            integration.problem = problem

    def _hang_text(self):
        """Return what to say of a run that takes longer than the integration's limit, or False."""
        since = self.current_run_id.sudo().started_at
        limit = timedelta(minutes=self.hang_limit)
        if not limit or fields.Datetime.now() - since <= limit:
            return False
        return self.env._(
            "Running since %(since)s, longer than its limit of %(limit)s minutes. Press Stop; if "
            "it does not stop, ask your administrator to restart the server.",
            since=self._local(since),
            limit=self.hang_limit,
        )

    def _cron_text(self):
        """Return what somebody did to the scheduled action that should do what is due, or False."""
        # Crons belong to administrators.
        cron = self.sudo().cron_id
        if not cron:
            return self.env._("Its scheduled action was deleted. Press Start to make a new one.")
        if not cron.active:
            return self.env._("Its scheduled action is switched off. Press Start to switch it on.")
        return False

    def _late_text(self, due):
        return self.env._(
            "Late: due since %(due)s, but no scheduler has taken it up. "
            "Ask your administrator whether the server's cron workers run.",
            due=self._local(due),
        )

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

    @api.depends("state", "runs_on_schedule", "current_run_id", "queued_count", "is_stopping")
    def _compute_buttons(self):
        for integration in self:
            running = integration.state == "running"
            busy = bool(integration.current_run_id) and not integration.is_stopping
            integration.can_start = integration.runs_on_schedule and (
                not running or bool(integration.problem)
            )
            integration.can_stop = running or busy or bool(integration.queued_count)
            integration.can_edit_schedule = not running and not integration.current_run_id
