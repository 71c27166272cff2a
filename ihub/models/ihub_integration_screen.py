from odoo import api, fields, models
from odoo.tools import SQL

# How many of its last runs a card shows.
STRIP_LENGTH = 24


class IhubIntegration(models.Model):
    """What only the screens need: computed for many integrations at once."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    problem = fields.Char(search="_search_problem")
    retry_run_id = fields.Many2one("ihub.run", compute="_compute_retry")
    retry_message = fields.Text("Waiting for a Retry", compute="_compute_retry")
    run_strip = fields.Json("Last Runs", compute="_compute_run_strip")

    # --- Computes ---

    @api.depends("run_ids.state", "run_ids.attempt", "run_ids.message")
    def _compute_retry(self):
        """Find the runs that have failed and will be tried again by themselves."""
        waiting = self._current_runs().filtered(
            lambda run: run.state == "pending" and run.attempt and run.message
        )
        by_integration = {run.integration_id.id: run for run in waiting}
        for integration in self:
            run = by_integration.get(integration.id)
            integration.retry_run_id = run.id if run else False
            integration.retry_message = run._retry_text() if run else False

    @api.depends("run_ids.state", "run_ids.ended_at")
    def _compute_run_strip(self):
        strips = {integration_id: [] for integration_id in self.ids}
        for integration_id, run_id, state, duration, ended, message in self._strip_rows():
            strips[integration_id].append(
                {
                    "id": run_id,
                    "state": state,
                    "duration": duration or 0,
                    "ended": fields.Datetime.to_string(ended),
                    "message": message or "",
                }
            )
        for integration in self:
            integration.run_strip = strips.get(integration.id, [])

    def _strip_rows(self):
        """Return rows of the last runs that ended, oldest first."""
        if not self.ids:
            return []
        self.env["ihub.run"].flush_model()
        # One index look-up per integration, whatever the length of its history.
        return self.env.execute_query(
            SQL(
                """
            SELECT i.id, run.*
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id,
                       CASE WHEN r.skipped THEN 'skipped' ELSE r.state END,
                       r.duration, r.ended_at, left(r.message, 200)
                  FROM ihub_run r
                 WHERE r.integration_id = i.id AND r.state NOT IN ('pending', 'running')
                 ORDER BY r.id DESC LIMIT %s
             ) run
             ORDER BY i.id, run.id
            """,
                self.ids,
                STRIP_LENGTH,
            )
        )

    def _search_problem(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        # It depends on the clock and on the server, so it is not in the database.
        wanted = set(value) - {False} != set() if operator == "in" else False in value
        # All of them: it is a board of hundreds, and computed with a fixed number of queries.
        troubled = self.search([]).filtered("problem")  # pylint: disable=no-search-all
        return [("id", "in" if wanted else "not in", troubled.ids)]

    # --- Actions ---

    def action_open_last_run(self):
        """Return the action that opens the run that ended last: it says what went wrong."""
        return self._action_on_run(self.last_run_id)

    def action_open_current_run(self):
        """Return the action that opens the run that executes now."""
        return self._action_on_run(self.current_run_id)

    def action_open_retry_run(self):
        """Return the action that opens the run that has failed and will be tried again."""
        return self._action_on_run(self.retry_run_id)

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
