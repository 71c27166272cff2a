from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..core.health import TAKEN_UP_AFTER, Facts, judge
from ..core.lateness import GRACE
from ..core.schedule import Schedule, ScheduleError, check_interval
from ..engine.lane_lock import LOCK_SPACE

# Where it is kept what is known while one board is read.
JUDGED = "ihub.judged"
# A type that is not missing, and can be used with its schedules.
USABLE = (False, True)


class Row(NamedTuple):
    """What the database knows of one integration; moments are naive UTC or None."""

    id: int
    state: str
    active: bool
    integration_type: str
    hang_limit: int
    catch_up: str
    tz: str
    interval: tuple
    state_date: datetime | None
    has_cron: bool
    may_run: bool
    is_copy: bool
    is_alive: bool
    running_id: int | None
    running_since: datetime | None
    seen: datetime | None
    is_stopping: bool
    pointer_id: int | None
    window_from: datetime | None
    window_to: datetime | None
    due: datetime | None
    is_retrying: bool
    queued: int
    ended_at: datetime | None
    failed_run_id: int | None

    def is_quiet(self, now):
        """Return whether nothing happens, and nothing should have: most are most of the time.

        :param datetime now: naive UTC
        """
        if self.running_id or self.queued or self.is_copy or not self.may_run:
            return False
        if self.failed_run_id:
            return False
        if self.state != "running":
            return True
        if not self.has_cron or self.is_retrying or not (self.due and self.window_to):
            return False
        return self.due > now and self.window_to > now


def _array(ids):
    return SQL("(SELECT unnest(%s))", list(ids))


class Judged(NamedTuple):
    """What is known of integrations at one moment, by id."""

    rows: dict  # of Row
    conditions: dict  # of words


class IhubIntegration(models.Model):
    """What is known of integrations at this moment, for hundreds at once.

    Read with a fixed number of queries, and without loading records: the board is sorted by it.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    @contextmanager
    def _judged_once(self):
        """Judge all integrations once for the body of a ``with``, which only reads."""
        self.env.cr.cache[JUDGED] = self._judge(self._visible())
        try:
            yield
        finally:
            del self.env.cr.cache[JUDGED]

    @api.model
    def _visible(self):
        """Return the query of all integrations that the user sees, also of the archived ones."""
        # They are a board of hundreds, and looked at with a fixed number of queries.
        return self.with_context(active_test=False)._search([]).subselect()

    def _known(self):
        """Return the :class:`Judged` of the board that is read, or else of all visible ones."""
        return self.env.cr.cache.get(JUDGED) or self._judge(self._visible())

    def _known_of_these(self):
        """Return the :class:`Judged` of the board that is read, if these are on it, or None."""
        known = self.env.cr.cache.get(JUDGED)
        return known if known and known.rows.keys() >= set(self.ids) else None

    def _rows(self):
        """Return ``{integration id: Row}``; what is not in the database is left out."""
        if not self.ids:
            return {}
        if known := self._known_of_these():
            return known.rows
        return self._facts_rows(_array(self.ids), fields.Datetime.now())

    def _conditions(self):
        """Return ``{integration id: condition}``; what is not in the database is left out."""
        if not self.ids:
            return {}
        known = self._known_of_these() or self._judge(_array(self.ids))
        return known.conditions

    @api.model
    def _judge(self, among):
        """Return the :class:`Judged` of integrations.

        :param SQL among: the ids of integrations that the reader may see
        """
        now = fields.Datetime.now()
        rows = self._facts_rows(among, now)
        # Few: nothing is called late before that.
        overdue = [
            id_ for id_, row in rows.items() if row.window_to and row.window_to <= now - GRACE
        ]
        late = self._late_ids(overdue) if overdue else ()
        usable = {}
        conditions = {}
        for id_, row in rows.items():
            kind = (row.integration_type, row.tz, row.interval)
            if kind not in usable:
                usable[kind] = self._is_usable(*kind)
            if usable[kind] == USABLE and id_ not in late and row.is_quiet(now):
                conditions[id_] = "well" if row.state == "running" else row.state
            else:
                conditions[id_] = judge(self._facts_of(row, id_ in late, *usable[kind], now), now)
        return Judged(rows, conditions)

    @api.model
    def _facts_rows(self, among, now):
        """Return ``{integration id: Row}``."""
        for name in ("ihub.integration", "ihub.run"):
            self.env[name].flush_model()
        for name in ("res.users", "res.company", "ir.cron"):
            self.env[name].flush_model(["active"])
        is_copy = self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, i.state, i.active, i.integration_type, i.hang_limit, i.catch_up, i.tz,
                   i.interval_number, i.interval_type, i.state_date,
                   EXISTS (
                    SELECT FROM ir_cron c JOIN ir_act_server a ON a.id = c.ir_actions_server_id
                     WHERE c.id = i.cron_id AND c.active
                       AND a.code = 'model.browse(' || i.id || ')._cron_lane()'),
                   (i.run_as_id = %(root)s
                    OR i.run_as_id IN (SELECT id FROM res_users WHERE active)
                       AND i.run_as_id IN (
                        SELECT uid FROM res_groups_users_rel WHERE gid = ANY(%(groups)s))
                       AND (i.company_id IS NULL OR EXISTS (
                        SELECT FROM res_company_users_rel
                         WHERE user_id = i.run_as_id AND cid = i.company_id)))
                   AND CASE WHEN i.company_id IS NULL
                       THEN i.serves_all_companies IS TRUE
                            AND i.integration_type = ANY(%(for_all)s)
                       ELSE i.company_id IN (SELECT id FROM res_company WHERE active) END,
                   -- Neutralizing stops in nobody's name; what people start there runs as ever.
                   %(is_copy)s AND i.state = 'stopped' AND i.state_user_id IS NULL,
                   i.id IN (
                    SELECT objid::bigint FROM pg_locks
                     WHERE locktype = 'advisory' AND granted AND classid = %(space)s
                       AND objsubid = 2 AND database = (
                        SELECT oid FROM pg_database WHERE datname = current_database())),
                   run.running_id, run.running_since, run.seen,
                   run.running_id <= i.stop_before_id
                       AND NOT (run.is_schedule AND i.state = 'running'),
                   run.pointer_id, run.window_from, run.window_to,
                   LEAST(run.by_hand, CASE WHEN i.state = 'running' THEN run.scheduled END) AS due,
                   i.state = 'running' AND run.is_retrying, run.queued, ended.ended_at,
                   i.failed_run_id
              FROM ihub_integration i
              LEFT JOIN (
                SELECT integration_id,
                       max(id) FILTER (WHERE state = 'running') AS running_id,
                       max(started_at) FILTER (WHERE state = 'running') AS running_since,
                       max(last_seen) FILTER (WHERE state = 'running') AS seen,
                       bool_or(trigger = 'schedule') FILTER (WHERE state = 'running')
                           AS is_schedule,
                       max(id) FILTER (WHERE trigger = 'schedule') AS pointer_id,
                       max(window_from) FILTER (WHERE trigger = 'schedule') AS window_from,
                       max(window_to) FILTER (WHERE trigger = 'schedule') AS window_to,
                       max(due) FILTER (WHERE trigger = 'schedule' AND state = 'pending')
                           AS scheduled,
                       bool_or(attempt > 0 AND message IS NOT NULL) FILTER (
                           WHERE trigger = 'schedule' AND state = 'pending') AS is_retrying,
                       -- Since the last Stop: the lane cancels those before it.
                       min(due) FILTER (WHERE trigger <> 'schedule' AND state = 'pending'
                                          AND NOT is_stopped) AS by_hand,
                       count(*) FILTER (WHERE trigger <> 'schedule' AND state = 'pending'
                                          AND NOT is_stopped) AS queued
                  FROM (
                    SELECT r.*, r.id <= COALESCE(s.stop_before_id, 0) AS is_stopped
                      FROM ihub_run r JOIN ihub_integration s ON s.id = r.integration_id
                     WHERE r.state IN ('pending', 'running')
                  ) open GROUP BY integration_id
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
             WHERE i.id IN %(among)s
            """,
                root=SUPERUSER_ID,
                groups=self.env.ref("ihub.group_user").sudo().all_implied_by_ids.ids,
                for_all=[
                    name
                    for name in self._type_names()
                    if self._type_flag(self.env[name], "is_multi_company_compatible")
                ],
                is_copy=bool(is_copy),
                space=LOCK_SPACE,
                late=now - TAKEN_UP_AFTER,
                among=among,
            )
        )
        return {row[0]: Row(*row[:7], row[7:9], *row[9:]) for row in rows}

    @api.model
    def _facts_of(self, row, is_late, is_missing, is_usable, now):
        """Return the :class:`Facts` of a row.

        :param bool is_late: whether what was due is not completed in time
        :param bool is_missing: whether its type is not installed
        :param bool is_usable: whether its type and its time zone can be used
        :param datetime now: naive UTC
        """
        died_at = None if row.is_alive else row.seen or row.running_since
        idle_since = None
        if row.due or died_at:
            moments = (died_at or row.due, row.state_date, row.ended_at)
            idle_since = max(moment for moment in moments if moment)
        is_behind = row.catch_up == "each" and row.window_to and row.window_to <= now
        return Facts(
            state=row.state,
            type_is_missing=is_missing,
            is_blocked=row.active and not (row.may_run and is_usable),
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
            has_failed_run=bool(row.failed_run_id),
        )

    @api.model
    def _is_usable(self, type_name, tz, interval):
        """Return whether a type is missing, and whether it can be used with its schedules."""
        if self._type_model(type_name) is None:
            return True, True
        if self._faults_of_type(type_name):
            return False, False
        try:
            check_interval(*interval)
            Schedule(1, "days", fields.Datetime.now(), tz)
        except ScheduleError:
            return False, False
        return False, True

    @api.model
    def _backlog_of_row(self, row, now):
        """Return the number of windows that are complete and not done."""
        integration = self.sudo().browse(row.id)
        if row.state != "running" or integration._schedule_obstacle():
            return 0
        try:
            return integration._schedule().plan(row.window_from, now, "each").backlog
        except ScheduleError:
            # As a window that begins where the calendar ends.
            return 0
