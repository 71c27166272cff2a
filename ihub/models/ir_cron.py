import math
import threading
import time

from odoo import fields, models
from odoo.tools import SQL

from ..engine import alarm
from ..engine.odoo_internals import is_cron_worker

# Seconds after which a worker that goes from lane to lane looks at what else is due.
TURN = 5.0
_turn = threading.local()


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _trigger_list(self, at_list):
        triggers = super()._trigger_list(at_list)
        if triggers:
            wait = min(triggers.mapped("call_at")) - fields.Datetime.now()
            dbname = self.env.cr.dbname
            self.env.cr.postcommit.add(lambda: alarm.tell(dbname, wait.total_seconds()))
        return triggers

    # --- Odoo's own scheduled actions, beside a thousand lanes ---

    @classmethod
    def _process_job(cls, cron_cr, job):
        """Let what is due and no lane have its turn between two lanes.

        A worker looks at what is due, and comes to the end of that before it looks again: what
        becomes due meanwhile would wait for a thousand lanes.
        """
        result = super()._process_job(cron_cr, job)
        now = time.monotonic()
        if is_cron_worker() and now >= getattr(_turn, "next", now):
            # Not once more from within.
            _turn.next = math.inf
            try:
                # As the caller does: it is done, and no longer locked.
                cron_cr.commit()
                cls._process_jobs_loop(cron_cr, job_ids=cls._others_due(cron_cr))
            finally:
                _turn.next = time.monotonic() + TURN
        return result

    @classmethod
    def _others_due(cls, cron_cr):
        """Return the ids of the scheduled actions that are due and serve no lane."""
        cron_cr.execute(
            SQL(
                """
                SELECT id FROM ir_cron
                 WHERE %s AND id NOT IN (
                    SELECT cron_id FROM ihub_integration WHERE cron_id IS NOT NULL)
                 ORDER BY failure_count, priority, id
                """,
                cls._get_ready_sql_condition(cron_cr),
            )
        )
        return [id_ for (id_,) in cron_cr.fetchall()]
