from datetime import timedelta

from odoo import api, fields, models

from ..core.schedule import Window
from ..engine.words import said

# Who says what is wrong in which condition; nothing is in the others.
PROBLEMS = {
    "failed": "_failed_text",
    "run_failed": "_failed_run_text",
    "retrying": "_retrying_text",
    "type_missing": "_blocked_text",
    "blocked": "_blocked_text",
    "copy": "_copy_text",
    "stuck": "_hang_text",
    "unserved": "_unserved_text",
    "late": "_late_text",
}


class IhubIntegration(models.Model):
    """What a card says: what the integration does, what is wrong with it, and how to mend that."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    activity = fields.Char("What It Is Doing", compute="_compute_activity")
    problem = fields.Char(
        "What Is Wrong",
        compute="_compute_problem",
        help="What keeps it from working, and how to mend that.",
    )

    # --- What it does ---

    @api.depends("current_run_id", "queued_count", "state", "stop_before_id")
    @api.depends_context("lang", "tz")
    def _compute_activity(self):
        self.activity = False
        for integration in self:
            text = said(integration, integration._activity_text)
            if text:
                integration.activity = text

    def _activity_text(self):
        """Return what the integration does now, in a few words, or False."""
        run = self.current_run_id
        if not run:
            return self._waiting_text()
        if self.is_stopping:
            return self.env._(
                "Stopping… Asked for by %(user)s at %(time)s.",
                user=self.sudo().stop_user_id.name or "",
                time=self._local(self.stop_date or self.state_date),
            )
        if self.is_executing:
            return " · ".join(filter(None, (self._running_text(run.sudo()), self._backlog_text())))
        return self.env._("Interrupted. It will be taken up again.")

    def _waiting_text(self):
        if self.queued_count:
            return self.env._("Queued: %(count)s", count=self.queued_count)
        return self._backlog_text()

    def _running_text(self, run):
        if run.total:
            return self.env._(
                "Running: %(done)s of %(total)s records", done=run.processed, total=run.total
            )
        if run.processed == 1:
            return self.env._("Running: one record")
        if run.processed:
            return self.env._("Running: %(done)s records", done=run.processed)
        return self.env._("Running now")

    def _backlog_text(self):
        """Return how far the work on missed windows is, one by one, or False."""
        if self.state != "running" or self.catch_up != "each" or self.sudo()._schedule_obstacle():
            return False
        schedule = self._schedule()
        backlog = schedule.plan(self.window_from, fields.Datetime.now(), "each").backlog
        if backlog < 2:
            return False
        begin = self.sudo().pointer_id.behind_from
        done = schedule.count(begin, self.window_from) if begin else 0
        return self.env._(
            "Catching up: %(done)s of %(count)s windows", done=done, count=done + backlog
        )

    # --- What is wrong ---

    @api.depends("condition")
    @api.depends_context("lang", "tz")
    def _compute_problem(self):
        self.problem = False
        for integration in self:
            text = said(integration, integration._problem_text)
            if text:
                integration.problem = text

    def _problem_text(self):
        """Return what keeps the integration from working, and how to mend that, or False."""
        name = PROBLEMS.get(self.condition)
        return name and getattr(self, name)()

    def _failed_text(self):
        return self.state_reason

    def _retrying_text(self):
        return self.retry_message

    def _blocked_text(self):
        # Crons, users and companies belong to administrators.
        return self.sudo()._obstacle()

    def _copy_text(self):
        return self.env._(
            "This is a copy of a database: nothing starts by itself here. "
            "Press Start to try it in this copy."
        )

    def _hang_text(self):
        """Return what to say of a run that takes longer than the integration's limit."""
        return self.env._(
            "Running since %(since)s, longer than its limit of %(limit)s minutes. Press Stop; if "
            "it does not stop, ask your administrator to restart the server.",
            since=self._local(self.current_run_id.sudo().started_at),
            limit=self.hang_limit,
        )

    def _unserved_text(self):
        """Return why nothing takes up what is due."""
        cron = self.sudo()._own_crons()
        if not cron:
            return self.env._("Its scheduled action was deleted. Press Start to make a new one.")
        if not cron.active:
            return self.env._("Its scheduled action is switched off. Press Start to switch it on.")
        return self.env._(
            "Due since %(due)s, but no scheduler has taken it up. "
            "Ask your administrator whether the server's cron workers run.",
            due=self._local(self.next_run or self.current_run_id.sudo().last_seen),
        )

    def _late_text(self):
        pointer = self.sudo().pointer_id
        due = self._schedule().due(Window(pointer.window_from, pointer.window_to))
        return self.env._(
            "Late: due since %(due)s and not completed yet. %(reason)s",
            # Not the run's own moment, which is that of the next attempt.
            due=self._local(due),
            reason=self._late_reason(),
        )

    def _late_reason(self):
        """Return why it is late, and what is being done or to do, in words for the reader."""
        self.ensure_one()
        run = self.sudo().pointer_id
        if self.is_executing:
            return self.env._(
                "A run has been at work since %(since)s. Wait for it, or press Stop.",
                since=self._local(self.current_run_id.sudo().started_at),
            )
        if run.attempt and run.message:
            return self.env._(
                "The last attempt has failed: %(reason)s It will be tried again at %(due)s.",
                reason=run.message,
                due=self._local(run.due),
            )
        if self.condition == "late":
            return self._awaited_text(run)
        return self._problem_text() or self.env._("Open it to see what it is doing.")

    def _awaited_text(self, run):
        if run.due > fields.Datetime.now() + timedelta(seconds=1):
            return self.env._("The next run is due at %(due)s.", due=self._local(run.due))
        return self.env._("It is about to be taken up.")
