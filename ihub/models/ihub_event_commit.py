from odoo import api, fields, models
from odoo.tools import SQL

from .ihub_fields import BigInteger

BATCH = 20_000


class IhubEventCommit(models.Model):
    """Transactions that runs have committed while they execute: ``engine/event_store.py``.

    If the process of a run dies, what it reported in any other transaction is undone.
    """

    _name = "ihub.event.commit"
    _description = "Committed Transaction of a Run"
    _log_access = False

    # Without a foreign key: it would wait for a run that is locked.
    run_id = fields.Integer(required=True, readonly=True)
    key = BigInteger(required=True, readonly=True)

    _run_idx = models.Index("(run_id, key)")

    @api.autovacuum
    def _gc_ended(self):
        """Delete what belongs to runs that have ended.

        :return: number of deleted rows; whether there are more
        """
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM ihub_event_commit WHERE id IN (
                    SELECT c.id FROM ihub_event_commit c
                      LEFT JOIN ihub_run r ON r.id = c.run_id AND r.state IN ('pending', 'running')
                     WHERE r.id IS NULL LIMIT %s)
                """,
                BATCH,
            )
        )
        done = self.env.cr.rowcount
        if done:
            self.invalidate_model()
        return done, int(done == BATCH)
