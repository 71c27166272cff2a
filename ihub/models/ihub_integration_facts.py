from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..lib.alert import GRACE
from ..lib.condition import TAKEN_UP_AFTER, Facts, judge
from ..lib.lane_lock import LOCK_SPACE
from ..lib.schedule import Schedule, ScheduleError


class Row(NamedTuple):
    """What the database knows of one integration; moments are naive UTC or None."""

    id: int
    state: str
    active: bool
    integration_type: str
    hang_limit: int
    catch_up: str
    tz: str
    state_date: datetime | None
    has_cron: bool
    may_run: bool
    is_copy: bool
    is_alive: bool
    running_since: datetime | None
    seen: datetime | None
    is_stopping: bool
    window_from: datetime | None
    window_to: datetime | None
    due: datetime | None
    is_retrying: bool
    queued: int
    ended_at: datetime | None


class IhubIntegration(models.Model):
    """What is known of integrations at this moment, for hundreds at once.

    Read with a fixed number of queries, and without loading records: the board is sorted by it.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _conditions(self, ids):
        """Return ``{integration id: condition}``; what is not in the database is left out.

        :param list ids: of integrations that the reader may see
        """
        now = fields.Datetime.now()
        rows = self._facts_rows(ids, now)
        # Few: nothing is called late before that.
        overdue = [row.id for row in rows if row.window_to and row.window_to <= now - GRACE]
        late = self._late_ids(overdue) if overdue else ()
        usable = {}
        return {
            row.id: judge(self._facts_of(row, row.id in late, usable, now), now) for row in rows
        }

    @api.model
    def _facts_rows(self, ids, now):
        for name in ("ihub.integration", "ihub.run"):
            self.env[name].flush_model()
        for name in ("res.users", "res.company", "ir.cron"):
            self.env[name].flush_model(["active"])
        is_copy = self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, i.state, i.active, i.integration_type, i.hang_limit, i.catch_up, i.tz,
                   i.state_date,
                   COALESCE(i.cron_id IN (SELECT id FROM ir_cron WHERE active), false),
                   (i.run_as_id = %(root)s
                    OR i.run_as_id IN (SELECT id FROM res_users WHERE active))
                   AND (i.company_id IS NULL
                        OR i.company_id IN (SELECT id FROM res_company WHERE active)),
                   -- Neutralizing stops in nobody's name; what people start there runs as ever.
                   %(is_copy)s AND i.state = 'stopped' AND i.state_user_id IS NULL,
                   i.id IN (
                    SELECT objid::bigint FROM pg_locks
                     WHERE locktype = 'advisory' AND granted AND classid = %(space)s
                       AND objsubid = 2 AND database = (
                        SELECT oid FROM pg_database WHERE datname = current_database())),
                   run.running_since, run.seen,
                   run.running_id <= i.stop_before_id
                       AND NOT (run.is_schedule AND i.state = 'running'),
                   run.window_from, run.window_to,
                   LEAST(run.by_hand, CASE WHEN i.state = 'running' THEN run.scheduled END) AS due,
                   i.state = 'running' AND run.is_retrying, run.queued, ended.ended_at
              FROM ihub_integration i
              LEFT JOIN (
                SELECT integration_id,
                       max(id) FILTER (WHERE state = 'running') AS running_id,
                       max(started_at) FILTER (WHERE state = 'running') AS running_since,
                       max(last_seen) FILTER (WHERE state = 'running') AS seen,
                       bool_or(trigger = 'schedule') FILTER (WHERE state = 'running')
                           AS is_schedule,
                       max(window_from) FILTER (WHERE trigger = 'schedule') AS window_from,
                       max(window_to) FILTER (WHERE trigger = 'schedule') AS window_to,
                       max(due) FILTER (WHERE trigger = 'schedule' AND state = 'pending')
                           AS scheduled,
                       bool_or(attempt > 0 AND message IS NOT NULL) FILTER (
                           WHERE trigger = 'schedule' AND state = 'pending') AS is_retrying,
                       min(due) FILTER (WHERE trigger <> 'schedule' AND state = 'pending')
                           AS by_hand,
                       count(*) FILTER (WHERE trigger <> 'schedule' AND state = 'pending')
                           AS queued
                  FROM ihub_run WHERE state IN ('pending', 'running') GROUP BY integration_id
              ) run ON run.integration_id = i.id
              LEFT JOIN LATERAL (
                -- From when the lane could begin: a backlog is worked off one by one.
                SELECT r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND LEAST(run.by_hand,
                             CASE WHEN i.state = 'running' THEN run.scheduled END) <= %(late)s
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
              ) ended ON TRUE
             WHERE i.id = ANY(%(ids)s)
            """,
                root=SUPERUSER_ID,
                is_copy=bool(is_copy),
                space=LOCK_SPACE,
                late=now - TAKEN_UP_AFTER,
                ids=list(ids),
            )
        )
        return [Row._make(row) for row in rows]

    @api.model
    def _facts_of(self, row, is_late, usable, now):
        """Return the :class:`Facts` of a row.

        :param bool is_late: whether what was due is not completed in time
        :param dict usable: which types and zones can be used, as far as other rows have shown
        :param datetime now: naive UTC
        """
        kind = (row.integration_type, row.tz)
        if kind not in usable:
            usable[kind] = self._is_usable(*kind)
        is_missing, is_schedule_usable = usable[kind]
        died_at = None if row.is_alive else row.seen or row.running_since
        idle_since = None
        if row.due or died_at:
            moments = (died_at or row.due, row.state_date, row.ended_at)
            idle_since = max(moment for moment in moments if moment)
        is_behind = row.catch_up == "each" and row.window_to and row.window_to <= now
        return Facts(
            state=row.state,
            type_is_missing=is_missing,
            is_blocked=row.active and not (row.may_run and is_schedule_usable),
            is_copy=row.is_copy,
            has_cron=row.has_cron,
            executing_since=row.running_since if row.is_alive else None,
            is_stopping=row.is_stopping,
            hang_limit=timedelta(minutes=row.hang_limit or 0),
            died_at=died_at,
            due=row.due,
            idle_since=idle_since,
            is_late=is_late,
            is_retrying=row.is_retrying,
            backlog=self._backlog_of_row(row, now) if is_behind else 0,
            queued=row.queued or 0,
        )

    @api.model
    def _is_usable(self, type_name, tz):
        """Return whether a type is missing, and whether its schedules can be used."""
        model = self._type_model(type_name)
        if model is None:
            return True, True
        try:
            Schedule(1, "days", fields.Datetime.now(), tz, delay=model.delay)
        except ScheduleError:
            return False, False
        return False, True

    @api.model
    def _backlog_of_row(self, row, now):
        """Return the number of windows that are complete and not done."""
        integration = self.sudo().browse(row.id)
        if row.state != "running" or integration._schedule_obstacle():
            return 0
        return integration._schedule().plan(row.window_from, now, "each").backlog
