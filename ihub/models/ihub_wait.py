from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import live


class IhubWait(models.Model):
    """A run that waits for another system in its midst: ``engine/waiting.py``.

    Written while the run's own transaction is open, so it refers to nothing that this may have
    locked. What a process leaves behind that dies says nothing once its time is over.
    """

    _name = "ihub.wait"
    _description = "Wait of a Run"
    _log_access = False

    run_id = fields.Integer(required=True, readonly=True)
    server = fields.Char(required=True, readonly=True)
    reason = fields.Selection(
        [
            ("asked", "The server asks for it"),
            ("failed", "The last attempt failed"),
            ("rate", "Its turn has not come"),
        ],
        required=True,
        readonly=True,
    )
    seconds = fields.Integer(required=True, readonly=True)
    until = fields.Datetime(required=True, readonly=True)

    _run_uniq = models.UniqueIndex("(run_id)")

    @api.model
    def _begin(self, run_id, integration_id, seconds, reason, server):
        """Say that a run waits from now on."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ihub_wait (run_id, server, reason, seconds, until)
                VALUES (%(run)s, %(server)s, %(reason)s, %(seconds)s, %(until)s)
                ON CONFLICT (run_id) DO UPDATE
                   SET server = EXCLUDED.server, reason = EXCLUDED.reason,
                       seconds = EXCLUDED.seconds, until = EXCLUDED.until
                """,
                run=run_id,
                server=server,
                reason=reason,
                seconds=round(seconds),
                until=fields.Datetime.now() + timedelta(seconds=seconds),
            )
        )
        live.tell(self.env.cr, [integration_id])

    @api.model
    def _end(self, run_id, integration_id):
        """Say that a run waits no more."""
        self.env.cr.execute(SQL("DELETE FROM ihub_wait WHERE run_id = %s", run_id))
        live.tell(self.env.cr, [integration_id])

    @api.autovacuum
    def _gc_left_behind(self):
        """Delete what processes have left behind that died."""
        self.search([("until", "<", fields.Datetime.now() - timedelta(days=1))]).unlink()
