from odoo import fields, models
from odoo.tools import SQL


class IhubIntegration(models.Model):
    """The run by hand, or of a backfill, that has failed and that nobody has made up for yet.

    It does not stop the schedule, so the integration itself may be doing well. Its card says that
    there is such a run until its period is done by a later run, or somebody has seen it.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    failed_run_id = fields.Many2one(
        "ihub.run",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="A run by hand or of a backfill that has failed, and was not made up for yet.",
    )

    def _remember_failed_run(self, run, message=None):
        """Let the card say that ``run`` has failed; tell people of the first of a row.

        :param str message: why; None: people are told otherwise
        """
        known = self.failed_run_id
        # Of a backfill the first: the others follow when it is made up for. By hand the latest.
        if not known or known.trigger == run.trigger == "manual":
            self.failed_run_id = run
        self._notify_change()
        if known or message is None:
            return
        self._message_log(body=self.env._("A run has failed: %(reason)s", reason=message))
        if self.notify_failure:
            self._tell("run_failed", reason=message, run=run)

    def _forget_repaired_run(self, run):
        """After ``run`` has worked: whether a failed run is made up for."""
        failed = self.failed_run_id
        if not failed or not self._makes_up_for(run, failed):
            return
        self.failed_run_id = self._next_failed_run(failed)
        if not self.failed_run_id and not self.failures_since_recovery:
            self._recover_run(failed)
        self._notify_change()

    def _recover_run(self, failed):
        self.sudo().activity_unlink(["ihub.mail_activity_type_alert"])
        self._message_log(body=self.env._("The run that had failed has been made up for."))
        self._tell_recovery("run_done", run=failed)

    def _makes_up_for(self, run, failed):
        """Return whether ``run``, which is done, has done what ``failed`` had not."""
        if not self.takes_period and run.trigger != "schedule":
            return True
        return run.window_from <= failed.window_from and failed.window_to <= run.window_to

    def _next_failed_run(self, failed):
        """Return the first run behind ``failed`` that has failed and was not made up for."""
        self.env["ihub.run"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT f.id FROM ihub_run f
                 WHERE f.integration_id = %s AND f.id > %s
                   AND f.state = 'failed' AND f.trigger <> 'schedule'
                   AND NOT EXISTS (
                    SELECT FROM ihub_run d
                     WHERE d.integration_id = f.integration_id AND d.id > f.id AND d.state = 'done'
                       AND d.window_from <= f.window_from AND d.window_to >= f.window_to)
                 ORDER BY f.id LIMIT 1
                """,
                self.id,
                failed.id,
            )
        )
        return rows and rows[0][0]

    # --- What the card says, and what can be done about it ---

    def _failed_run_text(self):
        run = self.sudo().failed_run_id
        return self.env._(
            "The run for %(period)s has failed: %(reason)s",
            period=self._local_period(run.window_from, run.window_to),
            reason=run.message,
        )

    def action_open_failed_run(self):
        """Return the action that opens the run that has failed and was not made up for."""
        return self._action_on_run(self.failed_run_id)

    def action_dismiss_failed_run(self):
        """Let the card say no more that a run has failed: somebody has seen to it.

        :return: True
        """
        for integration in self._operable():
            if integration.failed_run_id:
                integration.failed_run_id = False
                integration._message_log(body=self.env._("The failed run was dismissed."))
                integration._notify_change()
        return True
