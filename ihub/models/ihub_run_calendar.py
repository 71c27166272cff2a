from odoo import api, fields, models
from odoo.fields import Domain


class IhubRun(models.Model):
    """When a run is in the calendar: where it began, or will."""

    _inherit = "ihub.run"  # pylint: disable=consider-merging-classes-inherited

    # Not stored: the table is the executor's, and has a million rows.
    calendar_from = fields.Datetime(compute="_compute_calendar", search="_search_calendar_from")
    calendar_to = fields.Datetime(compute="_compute_calendar", search="_search_calendar_to")

    @api.depends("state", "due", "started_at", "ended_at", "last_seen")
    def _compute_calendar(self):
        for run in self:
            begun = run.started_at or run.ended_at
            run.calendar_from = (begun if run.state != "pending" else False) or run.due
            ended = {"pending": run.due, "running": run.last_seen}.get(run.state, run.ended_at)
            run.calendar_to = max(ended or run.calendar_from, run.calendar_from)

    def _search_calendar_from(self, operator, value):
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        pending = Domain("state", "=", "pending")
        # Cancelled before they began.
        ended = Domain("started_at", "=", False) & Domain("ended_at", operator, value)
        return (pending & Domain("due", operator, value)) | (
            ~pending & (Domain("started_at", operator, value) | ended)
        )

    def _search_calendar_to(self, operator, value):
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        return Domain.OR(
            [
                Domain("state", "=", "pending") & Domain("due", operator, value),
                Domain("state", "=", "running") & Domain("last_seen", operator, value),
                Domain("state", "not in", ("pending", "running"))
                & Domain("ended_at", operator, value),
            ]
        )
