from odoo import fields, models


class IhubRun(models.Model):
    """What the lane does to a run."""

    _inherit = "ihub.run"  # pylint: disable=consider-merging-classes-inherited

    def _begin(self):
        """Go from pending to running, with one more attempt."""
        now = fields.Datetime.now()
        self._set_state(
            "running", started_at=now, last_seen=now, ended_at=False, attempt=self.attempt + 1
        )
        self._notify_change()

    def _begin_again(self):
        """Count one more attempt, after one that a conflict with another transaction has ended."""
        self._count_progress()
        self.write({"attempt": self.attempt + 1, "forgiven_attempts": self.forgiven_attempts + 1})

    def _complete(self):
        """Mark as done and queue the next window, in the transaction of the work."""
        self.ensure_one()
        self._end("done", self._outcome(), resume=None)
        self._tell_requester("success", self.message)
        if self.trigger != "schedule":
            return
        # The database allows one pointer: this one must have left before the next one comes.
        self.flush_recordset()
        integration = self.integration_id
        window = integration._schedule().window_from(self.window_to)
        self._enqueue(integration, "schedule", window, behind_from=self.behind_from)

    def _tell_requester(self, kind, message):
        """Show the outcome of a run by hand to whoever asked for it.

        :param str kind: ``success`` or ``danger``, as the web client's notifications have it
        """
        if self.trigger == "manual":
            # Not whoever may not see it any more.
            self.integration_id._may_be_told(self.user_id)._bus_send(
                "simple_notification",
                {
                    "type": kind,
                    "title": self.integration_id.name,
                    "message": message,
                    "sticky": kind == "danger",
                },
            )

    def _outcome(self):
        if self.processed == 1:
            return self.env._("Done: one record.")
        if self.processed:
            return self.env._("Done: %(count)s records.", count=self.processed)
        return self.env._("Done.")
