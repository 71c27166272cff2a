import logging

from odoo import api, models
from odoo.tools import SQL

from .ihub_event_retention import days_in

_logger = logging.getLogger(__name__)

# Days, unless set by the system parameter ihub.keep_run_days.
KEEP_DAYS = 90
BATCH = 500


class IhubRun(models.Model):
    """How long runs are kept.

    Never deleted: the last run of an integration, those that failed, and what is queued or running.
    Those that failed are few: after each, somebody has looked and pressed Start. Scheduled runs say
    which span is covered, and so do those by hand that filled a span which was skipped or had
    failed: they stay, too, unless the system parameter ihub.keep_schedule_days says for how long.
    """

    _inherit = "ihub.run"  # pylint: disable=consider-merging-classes-inherited

    @api.autovacuum
    def _gc_old_runs(self):
        """Delete one batch of old runs.

        :return: number of deleted runs; whether there are more
        """
        ids = self._old_ids(BATCH)
        if ids:
            self.browse(ids).sudo().unlink()
            _logger.info("%s old runs were deleted", len(ids))
        return len(ids), int(len(ids) == BATCH)

    def _old_ids(self, limit):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id FROM ihub_run r
                 WHERE r.state IN ('done', 'cancelled', 'interrupted')
                   AND NOT r.skipped IS TRUE
                   AND r.ended_at < (now() AT TIME ZONE 'UTC') - interval '1 day'
                       * CASE WHEN r.trigger = 'schedule' OR r.state = 'done' AND EXISTS (
                             SELECT 1 FROM ihub_run s
                              WHERE s.integration_id = r.integration_id
                                AND s.trigger = 'schedule'
                                AND (s.state = 'failed' OR s.skipped)
                                AND s.window_from < r.window_to AND s.window_to > r.window_from)
                         THEN %s::int ELSE %s END
                   AND EXISTS (SELECT 1 FROM ihub_run n
                                WHERE n.integration_id = r.integration_id AND n.id > r.id)
                   AND NOT EXISTS (SELECT 1 FROM ihub_run n
                                    WHERE n.previous_id = r.id
                                      AND n.state IN ('pending', 'running'))
                 ORDER BY r.id LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                # None: nothing is older than that.
                self._days("ihub.keep_schedule_days", None),
                self._days("ihub.keep_run_days", KEEP_DAYS),
                limit,
            )
        )
        return [id_ for (id_,) in rows]

    def _days(self, parameter, default):
        value = self.env["ir.config_parameter"].sudo().get_param(parameter)
        return days_in(value) or default
