from odoo import api, fields, models

from .ihub_run import ENDED


class IhubRun(models.Model):
    """What only the screens need."""

    _inherit = "ihub.run"  # pylint: disable=consider-merging-classes-inherited

    can_cancel = fields.Boolean(compute="_compute_buttons")
    can_run_again = fields.Boolean(compute="_compute_buttons")
    is_retrying = fields.Boolean(compute="_compute_buttons")
    progress = fields.Integer(compute="_compute_progress", help="Percent; 0 where unknown.")

    @api.depends("processed", "total")
    def _compute_progress(self):
        for run in self:
            run.progress = run._percent()

    @api.depends("state", "trigger", "attempt", "integration_id")
    def _compute_buttons(self):
        for run in self:
            pending = run.state == "pending"
            run.can_cancel = pending and run.trigger != "schedule"
            run.can_run_again = run.state in ENDED and run.integration_id.runs_by_hand
            run.is_retrying = pending and bool(run.attempt and run.message)

    def _percent(self):
        return min(100, int(100 * self.processed / self.total)) if self.total else 0

    def _retry_text(self):
        """Return why the last attempt failed, and when the next one comes."""
        integration = self.integration_id
        return self.env._(
            "%(message)s Next attempt at %(time)s, %(number)s of %(count)s.",
            message=self.message,
            time=integration._local(self.due),
            number=self._tries() + 1,
            count=integration.retry_limit + 1,
        )
