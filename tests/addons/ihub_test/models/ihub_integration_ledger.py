import logging
import os
from contextlib import contextmanager, suppress

from odoo import fields, models

from odoo.addons.ihub.engine.context import current_run

_logger = logging.getLogger(__name__)

# Key spaces of advisory locks: what a test holds, who waits for that, who executes.
HOLD_SPACE = 0x7E57
HELD_SPACE = 0x7E58
ALONE_SPACE = 0x7E59


class IhubIntegrationLedger(models.Model):
    """An integration that follows a script, and writes a row for each unit of its work.

    The script has one operation per line; those that begin with ``@1`` belong to the first attempt
    only. The operations are the methods ``_do_*``.
    """

    _name = "ihub.integration.ledger"
    _inherit = "ihub.abstract_integration"
    _description = "Ledger"
    item_fields = {"then": "What it does"}

    script = fields.Text(default="write")
    check_alone = fields.Boolean(help="Report when two runs execute at once.")

    def run_from_to(self, _from, _to):
        with self._alone(_from, _to):
            self._follow(_from, _to)

    def _follow(self, start, end):
        for line in (self.script or "").splitlines():
            self._obey(start, end, line)

    def _obey(self, start, end, line):
        attempt = self._scope().attempt if self._scope() else 1
        words = line.split()
        if words and words[0].startswith("@"):
            if int(words.pop(0)[1:]) != attempt:
                return
        if words:
            getattr(self, f"_do_{words[0]}")(start, end, *words[1:])

    def _scope(self):
        return current_run(self.env.cr.dbname)

    # --- The ledger ---

    def _write(self, start, end, step, env=None, note=None):
        scope = self._scope()
        return (env or self.env)["ihub.test.ledger"].create(
            {
                "integration": self.integration_id.id,
                "run": scope.run_id if scope else 0,
                "attempt": scope.attempt if scope else 0,
                "window_from": start,
                "window_to": end,
                "step": step,
                "pid": os.getpid(),
                "note": note,
            }
        )

    def _next_step(self, start):
        domain = [("integration", "=", self.integration_id.id), ("window_from", "=", start)]
        return self.env["ihub.test.ledger"].search_count(domain)

    # --- Whether another run of this integration executes ---

    @contextmanager
    def _alone(self, start, end):
        """Hold a lock of its own connection while the run executes."""
        if not self.check_alone:
            yield
            return
        cr = self.pool.cursor()
        key = (ALONE_SPACE, self.integration_id.id)
        try:
            cr.execute("SELECT set_config('application_name', %s, false)", (str(os.getpid()),))
            cr.commit()
            self._claim_alone(cr, key, start, end)
            yield
        finally:
            # Not by closing alone: its backend takes a moment to end, and the next run of this very
            # process would meet the lock of this one.
            with suppress(Exception):
                cr.execute("SELECT pg_advisory_unlock_all()")
                cr.commit()
            # The connection must not go back to the pool with the lock.
            with suppress(Exception):
                cr._cnx.close()
            with suppress(Exception):
                cr.close()

    def _claim_alone(self, cr, key, start, end):
        cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        while not cr.fetchone()[0]:
            if holder := self._living_holder(cr, key):
                _logger.warning("Process %s executes while %s does.", os.getpid(), holder)
                with self.pool.cursor() as other:
                    self._write(start, end, -1, env=self.env(cr=other), note="overlap")
                return
            cr.rollback()
            cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        cr.commit()

    def _living_holder(self, cr, key):
        """Return the id of the process that has the lock; None of a killed one, which loses it."""
        cr.execute(
            """
            SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            key,
        )
        row = cr.fetchone()
        try:
            with open(f"/proc/{row[0]}/stat") as status:
                lives = status.read().rpartition(")")[2].split()[0] != "Z"
        except (OSError, TypeError):
            return None
        return row[0] if lives else None
