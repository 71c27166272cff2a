"""The facts on how integrations are doing right now, by one query for any number of them."""

from contextlib import suppress

from odoo import SUPERUSER_ID, fields
from odoo.tools import SQL
from psycopg2.errors import ReadOnlySqlTransaction

from ..core.health import AHEAD_BY, OVERDUE_AFTER, TAKEN_UP_AFTER, Facts
from ..core.lateness import GRACE, Watch, late_from
from ..core.schedule import Schedule, ScheduleError, Window
from ..core.triggers import BY_ITSELF
from .locks import LANES, SLOTS, held
from .outcome import has_failed_sql
from .recent import ENDED, last_run

# Of thousands of integrations, PostgreSQL would compile the query: a third of a second for each
# answer, where it takes a hundredth. It estimates what is only looked up for a few.
FACTS = """
    SET LOCAL jit = off;
    WITH alive AS (
        SELECT objid::bigint AS id FROM %(lanes_held)s
    ), slot AS MATERIALIZED (
        SELECT objid::bigint AS pool_id, count(*) AS taken FROM %(slots_held)s GROUP BY objid
    ), handed_over AS MATERIALIZED (
        -- When a slot of a pool was last given back; not read unless somebody in it waits for one.
        SELECT m.pool_id, max(GREATEST(ended.moment, open.moment)) AS moment
          FROM ihub_integration m
          LEFT JOIN alive ON alive.id = m.id
          LEFT JOIN LATERAL (%(last_end_of_m)s) ended(moment) ON TRUE
          LEFT JOIN LATERAL (
            -- What is tried again, or goes on later, and what has died: not what is at work.
            SELECT max(GREATEST(r.ended_at, r.last_seen)) AS moment FROM ihub_run r
             WHERE r.integration_id = m.id
               AND (r.state = 'pending' OR r.state = 'running' AND alive.id IS NULL)
            ) open ON TRUE
         WHERE m.pool_id IS NOT NULL
         GROUP BY m.pool_id
    ), item AS (
        SELECT integration_id, count(*) AS failed
          FROM ihub_item WHERE state = 'failed' GROUP BY integration_id
    )
    SELECT i.id, i.tz, i.interval_number, i.interval_type,
           i.catch_up = 'each' AND i.state = 'running' AND run.window_to <= %(now)s,
           is_overdue,
           -- From here on as in Facts.
           i.state, i.active,
           i.integration_type <> ALL(%(installed)s),
           -- As _preflight has it in models/ihub_operation_mixin.py, but for the schedule.
           i.active AND (
               i.integration_type = ANY(%(faulty)s)
               OR NOT (
                   i.run_as_id = %(root)s
                   OR i.run_as_id IN (SELECT id FROM res_users WHERE active)
                      AND i.run_as_id IN (
                       SELECT uid FROM res_groups_users_rel WHERE gid = ANY(%(groups)s))
                      AND (i.company_id IS NULL OR EXISTS (
                       SELECT FROM res_company_users_rel
                        WHERE user_id = i.run_as_id AND cid = i.company_id)))
               OR NOT CASE WHEN i.company_id IS NULL
                   THEN i.serves_all_companies IS TRUE
                        AND i.integration_type = ANY(%(for_all)s)
                   ELSE i.company_id IN (SELECT id FROM res_company WHERE active) END),
           -- Neutralizing stops in nobody's name; what people start there runs as ever.
           %(is_copy)s AND i.state = 'stopped' AND i.state_user_id IS NULL,
           (cron.active AND action.code = 'model.browse(' || i.id || ')._cron_lane()') IS TRUE,
           (CASE WHEN i.state = 'running' AND run.window_from > %(ahead)s
               THEN (%(completed)s) > %(ahead)s END) IS TRUE,
           (alive.id IS NULL AND i.pool_id IS NOT NULL AND (
               SELECT slot.taken >= pool.slots FROM slot JOIN ihub_pool pool
                   ON pool.id = slot.pool_id WHERE pool.id = i.pool_id)) IS TRUE,
           run.running_id,
           CASE WHEN alive.id IS NOT NULL THEN run.running_since END,
           -- As _is_stop_requested has it in models/ihub_run.py.
           (run.running_id = i.stop_run_id
            OR run.running_id <= i.stop_before_id
               AND NOT (run.is_scheduled AND i.state = 'running')) IS TRUE,
           CASE WHEN alive.id IS NOT NULL AND i.hang_limit > 0
               THEN make_interval(mins => i.hang_limit) END,
           died_at, run.scheduled_id, run.window_from, run.window_to, next_due,
           CASE WHEN COALESCE(died_at, next_due) IS NOT NULL
               THEN GREATEST(COALESCE(died_at, next_due), i.state_date,
                   -- From when the lane could begin: a backlog is worked off one by one.
                   CASE WHEN next_due <= %(taken_up)s THEN (%(last_end)s) END,
                   -- So does a pool: who takes the slot next has had no chance to do so before.
                   CASE WHEN next_due <= %(taken_up)s AND i.pool_id IS NOT NULL THEN (
                       SELECT h.moment FROM handed_over h WHERE h.pool_id = i.pool_id) END) END,
           (i.state = 'running' AND run.is_retrying) IS TRUE, run.queued,
           i.failed_run_id IS NOT NULL,
           -- No EXISTS: for many integrations, PostgreSQL would read all runs that are done for it.
           (CASE WHEN i.failed_run_id IS NOT NULL
                 THEN (SELECT r.state = 'done' FROM ihub_run r WHERE r.id = i.failed_run_id)
            END) IS TRUE,
           (CASE WHEN i.state = 'failed' THEN run.blames_settings
                 WHEN i.failed_run_id IS NOT NULL
                 THEN (SELECT r.blames_settings FROM ihub_run r WHERE r.id = i.failed_run_id)
            END) IS TRUE,
           COALESCE(item.failed, 0),
           i.doubts_empty_runs IS TRUE AND i.doubtful_run_id IS NOT NULL,
           CASE WHEN is_overdue THEN COALESCE(i.state_date, i.create_date) END, i.late_since,
           CASE WHEN is_overdue OR i.late_since IS NOT NULL THEN (%(completed)s) END,
           -- All that have failed, of which there are few: looking for the last one first would
           -- read all that are done, where none has.
           CASE WHEN i.state = 'failed' THEN (
               SELECT max(r.id) FROM ihub_run r
                WHERE r.integration_id = i.id AND r.state = 'failed' GROUP BY r.integration_id) END
      FROM (%(among)s) i
      LEFT JOIN alive ON alive.id = i.id
      LEFT JOIN ir_cron cron ON cron.id = i.cron_id
      LEFT JOIN ir_act_server action ON action.id = cron.ir_actions_server_id
      LEFT JOIN item ON item.integration_id = i.id
     CROSS JOIN LATERAL (
        SELECT max(id) FILTER (WHERE state = 'running') AS running_id,
               max(started_at) FILTER (WHERE state = 'running') AS running_since,
               max(last_seen) FILTER (WHERE state = 'running') AS seen,
               bool_or(trigger = 'schedule') FILTER (WHERE state = 'running') AS is_scheduled,
               max(id) FILTER (WHERE trigger = 'schedule') AS scheduled_id,
               max(window_from) FILTER (WHERE trigger = 'schedule') AS window_from,
               max(window_to) FILTER (WHERE trigger = 'schedule') AS window_to,
               max(due) FILTER (WHERE trigger = 'schedule' AND state = 'pending') AS due,
               bool_or(%(has_failed)s) FILTER (
                   WHERE trigger = 'schedule' AND state = 'pending') AS is_retrying,
               bool_or(blames_settings) FILTER (WHERE trigger = 'schedule') AS blames_settings,
               min(due) FILTER (WHERE is_asked_for) AS asked_for_due,
               count(*) FILTER (WHERE is_asked_for) AS queued
          FROM (
            -- Since the last Stop: the lane cancels those before it.
            SELECT r.*, r.trigger <> 'schedule' AND r.state = 'pending'
                        AND %(goes_on)s AS is_asked_for
              FROM ihub_run r
             WHERE r.integration_id = i.id AND r.state IN ('pending', 'running')
          ) open
     ) run
     CROSS JOIN LATERAL (
        SELECT CASE WHEN alive.id IS NULL
                   THEN COALESCE(run.seen, run.running_since) END AS died_at,
               LEAST(run.asked_for_due,
                     CASE WHEN i.state = 'running' THEN LEAST(run.due,
                         -- Of those that nobody has looked at yet: others wait for their moment.
                         CASE WHEN i.webhook_token IS NOT NULL THEN (
                             SELECT min(due) FROM ihub_message m
                              WHERE m.integration_id = i.id
                                AND m.state = 'pending' AND m.key IS NULL) END) END)
                   AS next_due,
               -- Nothing is called late before that.
               i.active AND i.state = 'running' AND run.window_to <= %(overdue)s
                   AND (i.late_after_intervals > 0 OR i.late_by > 0) AS is_overdue
     ) moment
"""


def goes_on(model):
    """Return, as SQL, whether the queued run ``r`` of ``i`` is begun without anybody's doing.

    As ``_queue_domain`` in ``models/ihub_operation_mixin.py`` has it for the lane of one.

    :param model: ``ihub.integration``
    """
    return SQL(
        """
        (CASE WHEN r.trigger = 'schedule' THEN i.state = 'running'
              ELSE r.id > COALESCE(i.stop_before_id, 0)
                   -- What code or messages have asked for waits for Start.
                   AND NOT (r.trigger = ANY(%s) AND i.state <> 'running'
                            AND i.integration_type = ANY(%s)) END)
        """,
        list(BY_ITSELF),
        model._startable_types(),
    )


def facts_of(model, among):
    """Return the :class:`Facts` of integrations by id; what is not in the database is left out.

    :param model: ``ihub.integration``, in any environment
    :param SQL among: a query of their rows
    """
    _check_is_primary(model.env.cr)
    now = fields.Datetime.now()
    rows = _rows(model, among, now)
    known = {row[0]: Facts(*row[6:]) for row in rows}
    unusable = {kind for kind in {row[1:4] for row in rows} if not _is_usable(*kind, now)}
    for row in rows if unusable else ():
        if row[1:4] in unusable:
            facts = known[row[0]]
            known[row[0]] = facts._replace(is_blocked=facts.active)
    # Few; together, so that what their schedules need is read at once. As superuser: what is known
    # is what the reader may see, whatever rules there are for what it is reckoned from.
    behind = {row[0]: row[4:6] for row in rows if row[4] or row[5]}
    for integration in model.sudo().browse(behind):
        known[integration.id] = _reckoned(
            integration, known[integration.id], *behind[integration.id], now
        )
    return known


def _check_is_primary(cr):
    """Refuse to judge by a replica: locks are the primary's, and all would look interrupted.

    :raise ReadOnlySqlTransaction: for which Odoo asks the primary in its place
    """
    if not cr.readonly:
        return
    cr.execute("SELECT pg_is_in_recovery()")
    if cr.fetchone()[0]:
        raise ReadOnlySqlTransaction("A replica does not know which integrations are at work")


def is_served(env):
    """Return whether some scheduler takes up what is due, as far as that can be seen.

    It is at work, or has lately called a scheduled action, of any module; or none of them has been
    due for longer than it takes a scheduler to look, which is a minute.
    """
    now = fields.Datetime.now()
    env["ir.cron"].flush_model()
    called = SQL(
        """
        SELECT EXISTS (SELECT FROM ir_cron WHERE active AND lastcall > %s)
               OR NOT EXISTS (SELECT FROM ir_cron WHERE active AND nextcall < %s)
        """,
        now - TAKEN_UP_AFTER,
        now - OVERDUE_AFTER,
    )
    at_work = SQL("SELECT EXISTS (SELECT FROM %s)", held(LANES))
    # Planned one by one: the first says so but for outages.
    return any(env.execute_query(query)[0][0] for query in (called, at_work))


def _rows(model, among, now):
    env = model.env
    for name in ("ihub.integration", "ihub.pool", "ihub.run", "ihub.item"):
        env[name].flush_model()
    for name in ("res.users", "res.company", "ir.cron"):
        env[name].flush_model(["active"])
    installed = model._type_names()
    group = env["ir.model.data"]._xmlid_to_res_id("ihub.group_user")
    return env.execute_query(
        SQL(
            FACTS,
            among=among,
            now=now,
            overdue=now - GRACE,
            ahead=now + AHEAD_BY,
            taken_up=now - TAKEN_UP_AFTER,
            last_end=last_run(ENDED),
            last_end_of_m=last_run(ENDED, of="m"),
            completed=last_run(SQL("r.state = 'done' AND r.trigger = 'schedule'")),
            lanes_held=held(LANES),
            slots_held=held(SLOTS),
            installed=installed,
            faulty=[name for name in installed if model._faults_of_type(name)],
            for_all=[
                name
                for name in installed
                if model._type_flag(env[name], "is_multi_company_compatible")
            ],
            goes_on=goes_on(model),
            has_failed=has_failed_sql(SQL.identifier),
            root=SUPERUSER_ID,
            # Groups belong to administrators.
            groups=env["res.groups"].sudo().browse(group).all_implied_by_ids.ids,
            # Whether this is a copy is no secret, but the parameter belongs to administrators.
            is_copy=bool(env["ir.config_parameter"].sudo().get_param("database.is_neutralized")),
        )
    )


def _is_usable(tz, number, unit, now):
    """Return whether schedules can be reckoned with this time zone and interval."""
    try:
        Schedule(number, unit, now, tz)
    except ScheduleError:
        return False
    return True


def _reckoned(integration, facts, is_behind, is_overdue, now):
    """Return ``facts`` with what only the calendar says: how far behind it is, and whether late."""
    # Where a schedule cannot be used, or its calendar ends, the card says so.
    if is_behind:
        with suppress(ScheduleError):
            plan = integration._schedule().plan(facts.window_from, now, "each")
            facts = facts._replace(backlog=plan.backlog)
    if is_overdue:
        with suppress(ScheduleError):
            watch = Watch(integration.late_after_intervals, integration.late_by)
            window = Window(facts.window_from, facts.window_to)
            late = late_from(
                integration._schedule(), window, watch, facts.state_since, facts.completed
            )
            facts = facts._replace(is_late=bool(late) and late <= now)
    return facts
