from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.schedule import ScheduleError, TooManyWindows
from ..engine.values import checked
from ..models.ihub_operation_mixin import MAX_QUEUED
from ..report import coverage
from ..report.actions import closing_notice
from ..report.format import local_period, number_text, safe_text

# How many windows the preview names.
PREVIEW_WINDOWS = 5


class IhubRunManually(models.TransientModel):
    """The dialog of Run Manually; with Split it queues a backfill."""

    _name = "ihub.run.manually"
    _inherit = ["ihub.visible.references"]
    _description = "Run Manually"

    integration_id = fields.Many2one("ihub.integration", required=True, ondelete="cascade")
    takes_period = fields.Boolean(related="integration_id.takes_period")
    runs_on_schedule = fields.Boolean(related="integration_id.runs_on_schedule")
    date_from = fields.Datetime("From", compute="_compute_period", store=True, readonly=False)
    date_to = fields.Datetime("To", compute="_compute_period", store=True, readonly=False)
    split = fields.Boolean(
        "Split into one run per scheduled period",
        help="For example one run for each hour, as the schedule would have done.",
    )
    window_count = fields.Integer("Number of Runs", compute="_compute_preview")
    preview = fields.Text("What Will Happen", compute="_compute_preview")

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([checked(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(checked(self, vals))

    @api.depends("integration_id")
    def _compute_period(self):
        for wizard in self:
            integration = wizard.integration_id
            if integration and integration.takes_period:
                start, end = integration._manual_window()
                # People choose minutes; a period that is shorter stays as it is.
                minute = end.replace(second=0)
                wizard.date_from, wizard.date_to = start, minute if minute > start else end

    @api.depends("integration_id", "date_from", "date_to", "split")
    def _compute_preview(self):
        for wizard in self:
            wizard.window_count = 0
            wizard.preview = safe_text(wizard, wizard._preview_or_refusal)

    def _preview_or_refusal(self):
        try:
            windows = self._windows()
            self.integration_id._check_room(len(windows))
        except UserError as error:
            return error.args[0]
        self.window_count = len(windows)
        return self._preview_text(windows)

    def _preview_text(self, windows):
        if not self.takes_period:
            lines = [self.env._("One run, in the background.")]
        elif len(windows) == 1:
            lines = [self.env._("One run, in the background:"), *self._named(windows)]
        else:
            title = self.env._("%(count)s runs, one after the other:", count=len(windows))
            lines = [title, *self._named(windows)]
        return "\n".join([*lines, *self._done_again(windows), *self._before_it()])

    def _named(self, windows):
        """Return the first windows in words, and how many follow."""
        lines = [
            self.env._("From %(period)s", period=local_period(self.integration_id, *window))
            for window in windows[:PREVIEW_WINDOWS]
        ]
        if len(windows) > PREVIEW_WINDOWS:
            lines.append(self.env._("… and %(count)s more", count=len(windows) - PREVIEW_WINDOWS))
        return lines

    def _done_again(self, windows):
        """Return which parts of the period are complete already: not what was skipped or failed."""
        start, watermark = windows[0].start, self.integration_id.watermark
        if not (self.takes_period and watermark and start < watermark):
            return []
        end = min(watermark, windows[-1].end)
        done = coverage.complete_spans(self.integration_id.sudo(), start, end)
        return [
            self.env._(
                "Run again, although already complete: %(period)s",
                period=local_period(self.integration_id, *period),
            )
            for period in done[:PREVIEW_WINDOWS]
        ]

    def _before_it(self):
        """Return what is executed before these runs."""
        integration = self.integration_id
        lines = []
        if integration.is_executing:
            lines.append(self.env._("It starts when the run in progress has ended."))
        if integration.queued_count:
            lines.append(
                self.env._("Queued ahead of it: %(count)s", count=integration.queued_count)
            )
        return lines

    def _windows(self):
        """Return the windows that would be run.

        :raise UserError: when the period cannot be run, in words that help
        """
        self.ensure_one()
        integration = self.integration_id
        if not integration.takes_period:
            return [integration._manual_window()]
        whole = integration._manual_window(self.date_from, self.date_to)
        if not (self.split and integration.runs_on_schedule):
            return [whole]
        try:
            return integration._schedule().split(whole.start, whole.end, MAX_QUEUED)
        except TooManyWindows as error:
            raise UserError(
                self.env._(
                    "That would be more than %(limit)s runs. Choose a shorter period, or uncheck "
                    "“%(split)s” to do it in a single run.",
                    limit=number_text(integration, MAX_QUEUED),
                    split=self._fields["split"]._description_string(self.env),
                )
            ) from error
        except ScheduleError as error:
            raise UserError(integration.sudo()._schedule_fault(error)) from error

    def action_run(self):
        """Queue what the preview shows.

        :return: the action that closes the dialog and says what happens now
        """
        self.ensure_one()
        integration = self.integration_id._operable()
        period = (self.date_from, self.date_to) if integration.takes_period else (None, None)
        integration._check_manually_runnable(*period)
        windows = self._windows()
        integration._queue_manually(windows, "backfill" if len(windows) > 1 else "manual")
        return closing_notice(
            self.env._("Queued. It runs in the background; you can follow it on this page."),
            title=integration.name,
        )
