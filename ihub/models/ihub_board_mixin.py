from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.health import CONDITIONS, SUMMARY, TAKEN_UP_AFTER, Facts, judge
from ..core.lateness import GRACE
from ..core.schedule import Schedule, ScheduleError, Window, check_interval
from ..engine.lane_lock import LOCK_SPACE
from ..engine.values import moment
from ..engine.words import said
from ..report import coverage as time_line
from ..report import history as figures
from ..report.format import local_moment, reader_zone

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
    scheduled_run_id: int | None
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


class Judged(NamedTuple):
    """What is known of integrations at one moment, by id."""

    rows: dict  # of Row
    conditions: dict  # of words


# The columns of the board: what needs attention comes first.
STATE_ORDER = ("failed", "running", "stopped", "created")
# Who says what is wrong in which condition; nothing is in the others.
PROBLEMS = {
    "failed": "_failed_text",
    "run_failed": "_failed_run_text",
    "retrying": "_retrying_text",
    "type_missing": "_blocked_text",
    "blocked": "_blocked_text",
    "copy": "_copy_text",
    "stuck": "_hang_text",
    "unserved": "_unserved_text",
    "late": "_late_text",
}
# How many of its last runs a card shows.
STRIP_LENGTH = 24


class IhubBoardMixin(models.AbstractModel):
    """The health of an integration, its runs, and what its card says."""

    _name = "ihub.board.mixin"
    _description = "Board of Integrations"

    condition = fields.Selection(
        [
            ("failed", "Failed"),
            ("type_missing", "Type Missing"),
            ("blocked", "Cannot Run"),
            ("unserved", "Not Taken Up"),
            ("stuck", "Stuck"),
            ("late", "Late"),
            ("run_failed", "Run Failed"),
            ("interrupted", "Interrupted"),
            ("retrying", "Trying Again"),
            ("stopping", "Stopping"),
            ("catching_up", "Catching Up"),
            ("working", "Running Now"),
            ("queued", "Queued"),
            ("well", "Well"),
            ("copy", "Paused in a Copy"),
            ("created", "New"),
            ("stopped", "Stopped"),
        ],
        compute="_compute_condition",
        search="_search_condition",
        help="How it is doing: what needs somebody comes first.",
    )
    last_run_id = fields.Many2one("ihub.run", compute="_compute_last_run")
    current_run_id = fields.Many2one("ihub.run", compute="_compute_runs")
    scheduled_run_id = fields.Many2one(
        "ihub.run", compute="_compute_runs", help="The scheduled run that is next, or at work."
    )
    next_run = fields.Datetime(compute="_compute_runs")
    queued_count = fields.Integer("Queued", compute="_compute_runs")
    last_run_state = fields.Selection(
        lambda self: self.env["ihub.run"]._fields["state"].selection,
        "Last Outcome",
        compute="_compute_last_run",
    )
    last_run_message = fields.Text("Last Outcome in Words", compute="_compute_last_run")
    last_run_date = fields.Datetime("Last Run Ended", compute="_compute_last_run")
    is_executing = fields.Boolean(compute="_compute_execution")
    is_stopping = fields.Boolean(compute="_compute_execution")
    progress = fields.Integer(compute="_compute_execution", help="Percent; 0 where unknown.")
    warning_count = fields.Integer("Warnings Today", compute="_compute_event_counts")
    error_count = fields.Integer("Errors Today", compute="_compute_event_counts")
    run_count = fields.Integer("Number of Runs", compute="_compute_run_count")
    can_start = fields.Boolean(compute="_compute_buttons")
    can_stop = fields.Boolean(compute="_compute_buttons")
    can_edit_schedule = fields.Boolean(compute="_compute_can_edit_schedule")
    next_step = fields.Selection(
        [
            ("open", "Open"),
            ("start", "Start"),
            ("stop", "Stop"),
            ("retry", "Try Now"),
            ("run", "Run Manually"),
        ],
        compute="_compute_buttons",
        help="What to press next.",
    )
    activity = fields.Char("What It Is Doing", compute="_compute_activity")
    problem = fields.Char(
        "What Is Wrong",
        compute="_compute_problem",
        help="What keeps it from working, and how to fix that.",
    )
    retry_run_id = fields.Many2one("ihub.run", compute="_compute_retry")
    retry_message = fields.Text("Waiting for a Retry", compute="_compute_retry")
    # JSON as the database writes it: hundreds of runs would be copied one by one otherwise.
    run_strip = fields.Char(
        "Last Runs",
        compute="_compute_run_strip",
        help="Of each, oldest first: id, outcome, seconds, when it ended (UTC), and why if it "
        "was not done.",
    )

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
                   run.scheduled_run_id, run.window_from, run.window_to,
                   LEAST(run.asked_for,
                         CASE WHEN i.state = 'running' THEN run.scheduled END) AS due,
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
                       max(id) FILTER (WHERE trigger = 'schedule') AS scheduled_run_id,
                       max(window_from) FILTER (WHERE trigger = 'schedule') AS window_from,
                       max(window_to) FILTER (WHERE trigger = 'schedule') AS window_to,
                       max(due) FILTER (WHERE trigger = 'schedule' AND state = 'pending')
                           AS scheduled,
                       bool_or(attempt > 0 AND message IS NOT NULL) FILTER (
                           WHERE trigger = 'schedule' AND state = 'pending') AS is_retrying,
                       -- Since the last Stop: the lane cancels those before it.
                       min(due) FILTER (WHERE trigger <> 'schedule' AND state = 'pending'
                                          AND NOT is_stopped) AS asked_for,
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
                   AND LEAST(run.asked_for,
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
        if row.state != "running" or integration._schedule_error():
            return 0
        try:
            return integration._schedule().plan(row.window_from, now, "each").backlog
        except ScheduleError:
            # As a window that begins where the calendar ends.
            return 0

    @api.depends(
        "state",
        "active",
        "catch_up",
        "hang_limit",
        "stop_before_id",
        "run_ids.state",
        "run_ids.due",
        "cron_id.active",
        "run_as_id.active",
        "run_as_id.company_ids",
        "run_as_id.group_ids",
        "company_id.active",
        "serves_all_companies",
        "late_after_intervals",
        "late_by",
        "failed_run_id",
    )
    def _compute_condition(self):
        conditions = self._conditions()
        for integration in self:
            integration.condition = conditions.get(integration._origin.id, integration.state)

    def _search_condition(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        conditions = self._known().conditions
        found = [id_ for id_, condition in conditions.items() if condition in value]
        return Domain("id", operator, found)

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name != "condition":
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        return SQL("%s %s", self._condition_rank(alias), direction)

    def _condition_rank(self, alias):
        """Return the SQL expression that ranks rows by urgency."""
        by_condition = {}
        for id_, condition in self._known().conditions.items():
            by_condition.setdefault(condition, []).append(id_)
        # What most of them are is what all others are not: their ids need not be sent.
        usual = max(by_condition, key=lambda word: len(by_condition[word]), default=CONDITIONS[0])
        whens = [
            SQL("WHEN %s = ANY(%s) THEN %s", SQL.identifier(alias, "id"), ids, _rank(word))
            for word, ids in by_condition.items()
            if word != usual
        ]
        # A case without conditions is no SQL.
        whens = whens or [SQL("WHEN FALSE THEN 0")]
        return SQL("CASE %s ELSE %s END", SQL(" ").join(whens), _rank(usual))

    @api.model
    @api.readonly
    def web_search_read(self, domain, *args, **kwargs):
        with self._judged_once():
            result = super().web_search_read(domain, *args, **kwargs)
            return {**result, "ihub_summary": self.board_summary()}

    @api.model
    @api.readonly
    def web_read_group(self, domain, groupby, *args, **kwargs):
        # Each column is searched by itself, at the same moment.
        with self._judged_once():
            result = super().web_read_group(domain, groupby, *args, **kwargs)
            result["ihub_summary"] = self.board_summary()
        if groupby[0] == "state":
            result["groups"].sort(key=lambda group: STATE_ORDER.index(group["state"]))
        return result

    @api.model
    def board_summary(self):
        """Return how many of the integrations that the user sees are in which condition.

        The board gets it along with its cards, as ``ihub_summary``.

        :return: ``{word of the summary: number}``, such as ``{"failed": 2, "well": 40}``
        :raise AccessError: when the user is not of the hub
        """
        self._operable()
        rows, conditions = self._known()
        count = Counter(word for id_, word in conditions.items() if rows[id_].active)
        return {word: sum(count[name] for name in names) for word, names in SUMMARY.items()}

    def _last_ended_runs(self):
        """Return ``{integration id: (run id, state, message, ended_at)}`` of the newest run."""
        if not self.ids:
            return {}
        self.env["ihub.run"].flush_model()
        # One index look-up per integration; a grouped maximum would read the whole history.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, last.*
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id, r.state, r.message, r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
             ) last
            """,
                self.ids,
            )
        )
        return {row[0]: row[1:] for row in rows}

    @api.depends("run_ids.state", "run_ids.due", "state")
    def _compute_runs(self):
        rows = self._rows()
        self.current_run_id = False
        self.queued_count = 0
        for integration in self:
            row = rows.get(integration._origin.id)
            integration.scheduled_run_id = row and row.scheduled_run_id
            integration.next_run = row and row.due
            if row and row.running_id:
                integration.current_run_id = row.running_id
            if row and row.queued:
                integration.queued_count = row.queued

    @api.depends("run_ids.state")
    def _compute_last_run(self):
        ended = self._last_ended_runs()
        for integration in self:
            (
                integration.last_run_id,
                integration.last_run_state,
                integration.last_run_message,
                integration.last_run_date,
            ) = ended.get(integration._origin.id, (False,) * 4)

    @api.depends("current_run_id", "state", "stop_before_id")
    def _compute_execution(self):
        rows = self._rows()
        # Most do nothing: what they have in common is set once for all.
        self.is_executing = self.is_stopping = False
        self.progress = 0
        for integration in self:
            row = rows.get(integration._origin.id)
            if row and row.running_id and row.is_alive:
                integration.is_executing = True
                integration.is_stopping = row.is_stopping
                # Whoever sees an integration sees how far it is, whatever rules runs have.
                run = self.env["ihub.run"].sudo().browse(row.running_id)
                integration.progress = run._percent()

    def _compute_event_counts(self):
        self.warning_count = self.error_count = 0
        for id_, level, count in self._event_counts():
            self.browse(id_)[f"{level}_count"] = count

    def _event_counts(self):
        """Return tuples of integration id, level and number of events of today."""
        if not self.ids:
            return []
        query = self.env["ihub.event"]._search(
            [
                ("integration_id", "in", self.ids),
                ("level", "in", ("warning", "error")),
                ("create_date", ">=", self._start_of_today()),
            ]
        )
        # Not `_read_group`, which looks up each integration that it has found.
        query.order = None
        query.groupby = SQL("ihub_event.integration_id, ihub_event.level")
        return self.env.execute_query(query.select(query.groupby, SQL("count(*)")))

    @api.depends("run_ids")
    def _compute_run_count(self):
        groups = self.env["ihub.run"]._read_group(
            [("integration_id", "in", self.ids)], ["integration_id"], ["__count"]
        )
        counts = {integration.id: count for integration, count in groups}
        for integration in self:
            integration.run_count = counts.get(integration.id, 0)

    @api.depends("condition", "runs_on_schedule", "current_run_id", "queued_count", "is_stopping")
    def _compute_buttons(self):
        for integration in self:
            running = integration.state == "running"
            busy = bool(integration.current_run_id) and not integration.is_stopping
            integration.can_start = integration.runs_on_schedule and (
                not running or integration.condition == "unserved"
            )
            integration.can_stop = running or busy or bool(integration.queued_count)
            integration.next_step = integration._next_step()

    @api.depends("state", "current_run_id")
    def _compute_can_edit_schedule(self):
        for integration in self:
            is_running = integration.state == "running"
            integration.can_edit_schedule = not is_running and not integration.current_run_id

    def _next_step(self):
        """Return which button is the obvious one to press now, or False."""
        if self.condition in ("type_missing", "blocked", "late"):
            return "open"
        if self.condition == "stuck":
            return "stop"
        if self.condition == "retrying":
            return "retry"
        if self.condition == "run_failed":
            return "run" if self.runs_manually else "open"
        if self.condition in ("stopping", "working", "catching_up", "queued", "interrupted"):
            return False
        if self.can_start:
            return "start"
        return "run" if self.runs_manually and not self.runs_on_schedule else False

    # --- What it does ---

    @api.depends("current_run_id", "queued_count", "state", "stop_before_id")
    @api.depends_context("lang", "tz")
    def _compute_activity(self):
        self.activity = False
        for integration in self:
            text = said(integration, integration._activity_text)
            if text:
                integration.activity = text

    def _activity_text(self):
        """Return what the integration does now, in a few words, or False."""
        run = self.current_run_id
        if not run:
            return self._waiting_text()
        if self.is_stopping:
            return self.env._(
                "Stopping… Asked for by %(user)s at %(time)s.",
                user=self.sudo().stop_user_id.name or "",
                time=local_moment(self, self.stop_date or self.state_date),
            )
        if self.is_executing:
            return " · ".join(filter(None, (self._running_text(run.sudo()), self._backlog_text())))
        return self.env._("Interrupted. It will be taken up again.")

    def _waiting_text(self):
        if self.queued_count:
            return self.env._("Queued: %(count)s", count=self.queued_count)
        return self._backlog_text()

    def _running_text(self, run):
        if run.total:
            return self.env._(
                "Running: %(done)s of %(total)s records", done=run.processed, total=run.total
            )
        if run.processed == 1:
            return self.env._("Running: one record")
        if run.processed:
            return self.env._("Running: %(done)s records", done=run.processed)
        return self.env._("Running now")

    def _backlog_text(self):
        """Return how far the work on missed windows is, one by one, or False."""
        if self.state != "running" or self.catch_up != "each" or self.sudo()._schedule_error():
            return False
        schedule = self._schedule()
        backlog = schedule.plan(self.window_from, fields.Datetime.now(), "each").backlog
        if backlog < 2:
            return False
        begin = self.sudo().scheduled_run_id.behind_from
        done = schedule.count(begin, self.window_from) if begin else 0
        return self.env._(
            "Catching up: %(done)s of %(count)s windows", done=done, count=done + backlog
        )

    # --- What is wrong ---

    @api.depends("condition")
    @api.depends_context("lang", "tz")
    def _compute_problem(self):
        self.problem = False
        for integration in self:
            text = said(integration, integration._problem_text)
            if text:
                integration.problem = text

    def _problem_text(self):
        """Return what keeps the integration from working, and how to fix that, or False."""
        name = PROBLEMS.get(self.condition)
        return name and getattr(self, name)()

    def _failed_text(self):
        return self.state_reason

    def _retrying_text(self):
        return self.retry_message

    def _blocked_text(self):
        # Crons, users and companies belong to administrators.
        return self.sudo()._preflight_error()

    def _copy_text(self):
        return self.env._(
            "This is a copy of a database: nothing starts by itself here. "
            "Press Start to try it in this copy."
        )

    def _hang_text(self):
        """Return what to say of a run that takes longer than the integration's limit."""
        return self.env._(
            "Running since %(since)s, longer than its limit of %(limit)s minutes. Press Stop; if "
            "it does not stop, ask your administrator to restart the server.",
            since=local_moment(self, self.current_run_id.sudo().started_at),
            limit=self.hang_limit,
        )

    def _unserved_text(self):
        """Return why nothing takes up what is due."""
        cron = self.sudo()._own_crons()
        if not cron:
            return self.env._("Its scheduled action was deleted. Press Start to make a new one.")
        if not cron.active:
            return self.env._("Its scheduled action is switched off. Press Start to switch it on.")
        return self.env._(
            "Due since %(due)s, but no scheduler has taken it up. "
            "Ask your administrator whether the server's cron workers run.",
            due=local_moment(self, self.next_run or self.current_run_id.sudo().last_seen),
        )

    def _late_text(self):
        scheduled = self.sudo().scheduled_run_id
        due = self._schedule().due(Window(scheduled.window_from, scheduled.window_to))
        return self.env._(
            "Late: due since %(due)s and not completed yet. %(reason)s",
            # Not the run's own moment, which is that of the next attempt.
            due=local_moment(self, due),
            reason=self._late_reason(),
        )

    def _late_reason(self):
        """Return why it is late, and what is being done or to do, in words for the reader."""
        self.ensure_one()
        run = self.sudo().scheduled_run_id
        if self.is_executing:
            return self.env._(
                "A run has been at work since %(since)s. Wait for it, or press Stop.",
                since=local_moment(self, self.current_run_id.sudo().started_at),
            )
        if run.attempt and run.message:
            return self.env._(
                "The last attempt has failed: %(reason)s It will be tried again at %(due)s.",
                reason=run.message,
                due=local_moment(self, run.due),
            )
        if self.condition == "late":
            return self._awaited_text(run)
        return self._problem_text() or self.env._("Open it to see what it is doing.")

    def _awaited_text(self, run):
        if run.due > fields.Datetime.now() + timedelta(seconds=1):
            return self.env._("The next run is due at %(due)s.", due=local_moment(self, run.due))
        return self.env._("It is about to be taken up.")

    # --- Computes ---

    @api.depends("state", "scheduled_run_id")
    @api.depends_context("lang", "tz")
    def _compute_retry(self):
        """Find the runs that have failed and will be tried again by themselves."""
        rows = self._rows()
        self.retry_run_id = self.retry_message = False
        for integration in self:
            row = rows.get(integration._origin.id)
            # After Stop it waits for Start, and then begins anew.
            if row and row.is_retrying:
                # As superuser: the scheduled run says nothing that the integration does not show.
                run = self.env["ihub.run"].sudo().browse(row.scheduled_run_id)
                integration.retry_run_id = run.id
                integration.retry_message = said(run, run._retry_text)

    @api.depends("run_ids.state", "run_ids.ended_at")
    def _compute_run_strip(self):
        strips = self._run_strips()
        for integration in self:
            integration.run_strip = strips.get(integration._origin.id, False)

    def _run_strips(self):
        """Return ``{integration id: JSON}`` of the last runs that ended, oldest first."""
        if not self.ids:
            return {}
        self.env["ihub.run"].flush_model()
        # One index look-up per integration, whatever the length of its history.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id, run.strip
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(r.id, r.state, r.duration, r.ended_at, r.message)
                                ORDER BY r.id)::text AS strip
                  FROM (
                    SELECT id, CASE WHEN skipped THEN 'skipped' ELSE state END AS state,
                           COALESCE(duration, 0) AS duration, ended_at,
                           CASE WHEN state <> 'done' THEN left(message, 200) END AS message
                      FROM ihub_run
                     WHERE integration_id = i.id AND state NOT IN ('pending', 'running')
                     ORDER BY id DESC LIMIT %s
                  ) r
             ) run
            """,
                self.ids,
                STRIP_LENGTH,
            )
        )
        return dict(rows)

    # --- Reports ---

    @api.readonly
    def coverage(self, date_from, date_to):
        """Return what has become of each moment of a period.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end
        :return: a dictionary that JSON can carry; its ``segments`` tile the period, each with
            ``from``, ``to``, ``status`` (see :mod:`ihub.core.coverage`), ``run_ids`` (empty: look
            them up by the period) and ``exact`` (False: holds more than can be shown)
        :raise UserError: when the period is empty
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        start, end = integration._coverage_period(date_from, date_to)
        expected = time_line.expected_of(integration)
        pieces = time_line.segments_of(integration, start, end, expected)
        return {
            "from": fields.Datetime.to_string(start),
            "to": fields.Datetime.to_string(end),
            "now": fields.Datetime.to_string(expected.now),
            "beginning": fields.Datetime.to_string(expected.beginning),
            "complete_until": fields.Datetime.to_string(self.watermark),
            "tz": self.tz,
            "can_fill": self.runs_manually and self.takes_period,
            "segments": [time_line.as_json(piece) for piece in pieces],
        }

    def action_fill(self, date_from, date_to):
        """Return the dialog of Run Manually for a period, cut at the windows of the schedule.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end; what is in the future is left out
        :raise UserError: when this integration cannot be run for a period
        :raise AccessError: when the user may not operate it
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        if not integration.takes_period:
            raise UserError(
                self.env._("%(name)s takes no period. Run it without one.", name=self.name)
            )
        integration.sudo()._check_manually_runnable(None, None)
        start, end = integration._coverage_period(date_from, date_to)
        action = integration.action_run_manually()
        action["context"] |= {
            "default_date_from": fields.Datetime.to_string(start),
            "default_date_to": fields.Datetime.to_string(min(end, fields.Datetime.now())),
            "default_split": integration.runs_on_schedule,
        }
        return action

    def action_open_runs_of(self, date_from, date_to):
        """Return the action that lists the runs whose windows touch a period.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end
        """
        self.ensure_one()
        start, end = self._coverage_period(date_from, date_to)
        action = self.open_runs()
        action["domain"] += [("window_from", "<", end), ("window_to", ">", start)]
        return action

    def _coverage_period(self, date_from, date_to):
        try:
            start, end = moment(self.env, date_from), moment(self.env, date_to)
        except ValidationError as error:
            text = self.env._("The period is empty: %(reason)s", reason=error.args[0])
            raise UserError(text) from error
        if not start or not end or start >= end:
            raise UserError(self.env._("The period is empty. Choose a start before its end."))
        return start, end

    @api.readonly
    def history(self):
        """Return the figures of the last runs, oldest first.

        :return: a dictionary that JSON can carry: ``runs`` with ``id``, ``state``, ``ended``
            (naive UTC), ``duration`` (seconds) and ``processed``; ``days`` of the user's calendar
            with ``day`` and the number of runs per outcome
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        # Days are those that the reader sees.
        integration = self._operable(sudo=False).with_context(tz=reader_zone(self))
        return {"runs": figures.runs_of(integration), "days": figures.days_of(integration)}

    def action_open_history(self):
        """Return the action that shows the runs of this integration as a graph."""
        self.ensure_one()
        action = self.open_runs()
        action["views"] = [[False, "graph"], [False, "pivot"], [False, "list"], [False, "form"]]
        action["domain"] += [("state", "not in", ("pending", "running")), ("skipped", "=", False)]
        action["context"] |= {"graph_measure": "duration", "graph_groupbys": ["started_at:day"]}
        return action


def _array(ids):
    return SQL("(SELECT unnest(%s))", list(ids))


def _rank(condition):
    return CONDITIONS.index(condition)
