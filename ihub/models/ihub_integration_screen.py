from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.words import said

# How many of its last runs a card shows.
STRIP_LENGTH = 24


class IhubIntegration(models.Model):
    """What only the screens need: computed for many integrations at once."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    retry_run_id = fields.Many2one("ihub.run", compute="_compute_retry")
    retry_message = fields.Text("Waiting for a Retry", compute="_compute_retry")
    # JSON as the database writes it: hundreds of runs would be copied one by one otherwise.
    run_strip = fields.Char(
        "Last Runs",
        compute="_compute_run_strip",
        help="Of each, oldest first: id, outcome, seconds, when it ended (UTC), and why if it "
        "was not done.",
    )

    # --- Computes ---

    @api.depends("state", "pointer_id")
    @api.depends_context("lang", "tz")
    def _compute_retry(self):
        """Find the runs that have failed and will be tried again by themselves."""
        rows = self._rows()
        self.retry_run_id = self.retry_message = False
        for integration in self:
            row = rows.get(integration._origin.id)
            # After Stop it waits for Start, and then begins anew.
            if row and row.is_retrying:
                # As superuser: the pointer says nothing that the integration does not show.
                run = self.env["ihub.run"].sudo().browse(row.pointer_id)
                integration.retry_run_id = run.id
                integration.retry_message = said(run, run._retry_text)

    @api.depends("run_ids.state", "run_ids.ended_at")
    def _compute_run_strip(self):
        strips = self._run_strips()
        for integration in self:
            integration.run_strip = strips.get(integration._origin.id, False)

    def _run_strips(self):
        """Return ``{integration id: JSON}`` of the last runs that ended, oldest first."""
        if not self.ids:
            return {}
        self.env["ihub.run"].flush_model()
        # One index look-up per integration, whatever the length of its history.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, run.strip
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(r.id, r.state, r.duration, r.ended_at, r.message)
                                ORDER BY r.id)::text AS strip
                  FROM (
                    SELECT id, CASE WHEN skipped THEN 'skipped' ELSE state END AS state,
                           COALESCE(duration, 0) AS duration, ended_at,
                           CASE WHEN state <> 'done' THEN left(message, 200) END AS message
                      FROM ihub_run
                     WHERE integration_id = i.id AND state NOT IN ('pending', 'running')
                     ORDER BY id DESC LIMIT %s
                  ) r
             ) run
            """,
                self.ids,
                STRIP_LENGTH,
            )
        )
        return dict(rows)

    # --- Actions ---

    def action_open_last_run(self):
        """Return the action that opens the run that ended last: it says what went wrong."""
        return self._action_on_run(self.last_run_id)

    def action_open_current_run(self):
        """Return the action that opens the run that executes now, or has just ended."""
        return self._action_on_run(self.current_run_id or self.last_run_id)

    def action_open_retry_run(self):
        """Return the action that opens the run that has failed and will be tried again."""
        return self._action_on_run(self.retry_run_id)

    def action_try_now(self):
        """Try what waits for its next attempt again at once.

        :return: True
        """
        self.ensure_one()
        integration = self._operable()
        # Read as superuser: operators may press the button but not edit the row.
        integration.retry_run_id.filtered("is_retrying").write({"due": fields.Datetime.now()})
        integration._wake()
        integration._notify_change()
        return True

    def _action_on_run(self, run):
        self.ensure_one()
        self._operable()
        if not run:
            return self.open_runs()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ihub.run",
            "views": [[False, "form"]],
            "res_id": run.id,
        }
