from odoo import api, fields, models

from ..core.schedule import ScheduleError
from ..engine.words import said

# How many windows are named.
NAMED_WINDOWS = 3
# From so many missed windows on, people are asked before they are made up for.
MANY = 10


class IhubIntegration(models.Model):
    """What will happen, in words: before it happens."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    schedule_preview = fields.Text("What Will Happen", compute="_compute_schedule_preview")

    @api.depends(
        "interval_number",
        "interval_type",
        "time_of_day",
        "tz",
        "catch_up",
        "window_from",
        "state",
        "counted_from",
    )
    @api.depends_context("lang", "tz")
    def _compute_schedule_preview(self):
        for integration in self:
            integration.schedule_preview = said(
                integration, lambda one=integration: "\n".join(one._plan_lines())
            )

    # --- Actions ---

    def action_start(self):
        """Start, or ask first where something happens that people may not expect.

        :return: the dialog that asks, or True
        """
        integrations = self._operable(sudo=False)
        return integrations._ask("start") if integrations._surprises_at_start() else self.start()

    def action_stop(self):
        """Stop, or ask first where queued runs would be lost.

        :return: the dialog that asks, or True
        """
        integrations = self._operable(sudo=False)
        return integrations._ask("stop") if integrations._surprises_at_stop() else self.stop()

    def _ask(self, operation):
        name = (
            self.name if len(self) == 1 else self.env._("%(count)s integrations", count=len(self))
        )
        title = {
            "start": self.env._("Start %(name)s", name=name),
            "stop": self.env._("Stop %(name)s", name=name),
        }[operation]
        wizard = self.env["ihub.integration.confirm"].create(
            {"integration_ids": self.ids, "operation": operation}
        )
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": wizard._name,
            "views": [[False, "form"]],
            "res_id": wizard.id,
            "target": "new",
        }

    # --- What people may not expect ---

    def _surprises_at_start(self):
        """Return those that would skip something, or have much to make up for."""
        return self.filtered(lambda integration: integration._is_start_surprising())

    def _is_start_surprising(self):
        # What cannot start says why; that is no surprise.
        if self.state == "running" or not self.runs_on_schedule or self.sudo()._obstacle():
            return False
        plan = self._plan_ahead()
        return bool(plan) and (bool(plan.skipped) or plan.backlog >= MANY)

    def _surprises_at_stop(self):
        """Return those that have queued runs, which Stop cancels."""
        return self.filtered("queued_count")

    # --- Words ---

    def _plan_ahead(self):
        """Return the :class:`Plan` of what the schedule does next, or None."""
        try:
            schedule = self._schedule_on_screen()
            return schedule.plan(self._plan_start(schedule), fields.Datetime.now(), self.catch_up)
        except ScheduleError:
            return None

    def _plan_start(self, schedule):
        start = self.window_from or self._origin.window_from or schedule.anchor
        pointer = self._origin.sudo()._pointer() if self._origin else self.env["ihub.run"]
        # What was begun is finished first, whatever else is missing.
        return pointer.window_to if pointer.resume and start == pointer.window_from else start

    def _schedule_on_screen(self):
        """Return the schedule, also while somebody edits it."""
        # As saving it will do.
        return self._schedule(self.counted_from if self != self._origin else None)

    def _plan_lines(self):
        """Return sentences on what the schedule does next: which windows, and how many."""
        if not self.runs_on_schedule:
            return []
        plan = self._plan_ahead()
        if not plan:
            # What is wrong with the schedule, also while it is being edited.
            return list(filter(None, [self.sudo()._schedule_obstacle()]))
        if plan.backlog < 2:
            return self._coming_lines(plan)
        if self.catch_up == "each":
            return self._catch_up_lines(plan)
        lines = [self._big_window_text(plan) if self.catch_up == "one" else ""]
        if plan.skipped:
            lines = [
                self.env._(
                    "Skipped, because it was missed: %(period)s", period=self._say(plan.skipped)
                ),
                self.env._("Next: %(period)s", period=self._say(plan.window)),
            ]
        return lines

    def _say(self, window):
        return self._local_period(window.start, window.end)

    def _big_window_text(self, plan):
        return self.env._(
            "One run for everything that was missed, %(count)s intervals: %(period)s",
            count=plan.backlog,
            period=self._say(plan.window),
        )

    def _coming_lines(self, plan):
        """Return the next windows, when they are due one by one."""
        due = self.env._(
            "Next: %(period)s, at %(due)s", period=self._say(plan.window), due=self._local(plan.due)
        )
        after = self._named_windows(plan.window.end, NAMED_WINDOWS - 1)
        return [due, *(self.env._("Then: %(period)s", period=self._say(w)) for w in after)]

    def _catch_up_lines(self, plan):
        """Return the first windows of a backlog, and how many follow."""
        more = plan.backlog - NAMED_WINDOWS
        windows = self._named_windows(plan.window.start, min(plan.backlog, NAMED_WINDOWS))
        lines = [
            self.env._("%(count)s runs, one after the other:", count=plan.backlog),
            *(self.env._("From %(period)s", period=self._say(window)) for window in windows),
        ]
        return [*lines, self.env._("… and %(count)s more", count=more)] if more > 0 else lines

    def _named_windows(self, start, count):
        schedule, windows = self._schedule_on_screen(), []
        while len(windows) < count:
            windows.append(schedule.window_from(start))
            start = windows[-1].end
        return windows

    def _stop_lines(self):
        """Return sentences on what Stop does besides stopping."""
        lines = [self.env._("Queued runs that are cancelled: %(count)s", count=self.queued_count)]
        queued = self._queued_by_hand()
        lines += [
            self.env._("From %(period)s", period=self._local_period(run.window_from, run.window_to))
            for run in queued[:NAMED_WINDOWS]
        ]
        if len(queued) > NAMED_WINDOWS:
            lines.append(self.env._("… and %(count)s more", count=len(queued) - NAMED_WINDOWS))
        if self.is_executing:
            lines.append(
                self.env._(
                    "The run that is at work ends at its next checkpoint, and keeps that far."
                )
            )
        return lines
