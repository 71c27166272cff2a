import logging
from functools import partial

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.health import STEPS
from ..core.retry import moved_on
from ..core.schedule import Window, find_zone
from ..core.sentences import Sentence
from ..core.triggers import ONGOING
from ..core.usual import ENOUGH_RECORDS, ENOUGH_WEEKS, LONGER, same_hours
from ..engine import item_store
from ..engine.retention import kept_days
from ..report import sentences
from ..report.actions import dialog
from ..report.format import local_moment, local_period, safe_text
from ..report.health import goes_on
from ..report.outcome import COLUMNS, MORE, outcome_of, outcome_sql
from .ihub_fields import Badge

_logger = logging.getLogger(__name__)

# From which state a run may go to which: nothing else ever happens to a run.
TRANSITIONS = {
    "pending": {"running", "cancelled"},
    "running": {"pending", "done", "failed", "cancelled", "interrupted"},
}
ENDED = ("done", "failed", "cancelled", "interrupted")
# The runs of which only so many may begin within a minute: all that people and code ask for, and of
# others those that do not end well; a backlog is worked off as fast as it goes. Its index is used
# only as long as the query says this in the same words.
LIMITED = "(trigger IN ('manual', 'code') OR state <> 'done')"
STATES = [
    ("pending", "Queued"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("interrupted", "Interrupted"),
]
STATE_LOOKS = {
    "pending": ("fa-clock-o", "info"),
    "running": ("fa-refresh", "primary"),
    "done": ("fa-check", "success"),
    "failed": ("fa-times-circle", "danger"),
    "cancelled": ("fa-ban", "muted"),
    "interrupted": ("fa-bolt", "warning"),
}
# What a state does not say by itself: see ihub/report/outcome.py.
OUTCOME_LOOKS = {
    **STATE_LOOKS,
    "attempt_failed": ("fa-repeat", "warning"),
    "incomplete": ("fa-wrench", "warning"),
    "with_errors": ("fa-exclamation-circle", "warning"),
    "skipped": ("fa-step-forward", "muted"),
}
# Of a run at whose window there were no attempts.
FRESH = {
    "attempt": 0,
    "forgiven_attempts": 0,
    "crash_count": 0,
    "reached": None,
    "blames_settings": False,
}
NOTHING_SAID = {
    "message": False,
    "message_code": False,
    "message_values": None,
    "first_message": False,
}
BATCH = 500
# So many spans at a time are made of old runs: a day of minutes is 1,440 rows in one of them.
SPANS = 50
# Runs that say no more than that their windows are done, numbered by the span they belong to. What
# touches one that is not done stays, since the coverage asks which of the two came later.
OLD_SPANS = """
    WITH old AS (
        SELECT r.*, r.window_from IS DISTINCT FROM lag(r.window_to) OVER of_a_day AS begins
          FROM ihub_run r
         WHERE r.state = 'done' AND r.trigger = 'schedule' AND %(outcome)s = 'done'
           AND COALESCE(r.attempt - r.forgiven_attempts, 0) <= 1 AND r.previous_id IS NULL
           AND r.ended_at < (now() AT TIME ZONE 'UTC') - make_interval(days => %(days)s)
           AND NOT EXISTS (SELECT FROM ihub_run o
                            WHERE o.integration_id = r.integration_id AND o.state <> 'done'
                              AND o.window_to > r.window_from AND o.window_from < r.window_to)
           AND NOT EXISTS (SELECT FROM ihub_run o WHERE o.previous_id = r.id)
           AND NOT EXISTS (SELECT FROM ihub_integration i
                            WHERE i.id = r.integration_id
                              AND r.id IN (i.failed_run_id, i.doubtful_run_id))
           AND NOT EXISTS (SELECT FROM ihub_item t
                            WHERE t.source_run_id = r.id AND t.state <> 'done')
        WINDOW of_a_day AS (PARTITION BY r.integration_id, r.window_from::date
                            ORDER BY r.window_from, r.window_to, r.id)
    )
    SELECT array_agg(id ORDER BY id), min(window_from), max(window_to), min(started_at),
           max(ended_at), sum(duration), sum(processed)::bigint, sum(GREATEST(merged_runs, 1))::int
      FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (
                          PARTITION BY integration_id, window_from::date
                          ORDER BY window_from, window_to, id) AS span FROM old) numbered
     GROUP BY integration_id, window_from::date, span HAVING count(*) > 1 LIMIT %(limit)s
"""


class IhubRun(models.Model):
    """One window of one integration, and what became of it.

    The executor's own table. The scheduled run that is pending is the schedule itself: its
    window is the next one. An integration with a schedule always has exactly one scheduled run
    that is pending or running.

    Never deleted by retention: the last run of an integration, those that failed, those whose
    items are still to be repaired, and what is queued or running. Those that failed are few: after
    each, somebody has looked and pressed Start. Scheduled runs say which span is covered, and so
    do manual runs that filled a span which was skipped, or where a run of any kind that stays had
    failed: they stay, too, unless the system parameter ihub.keep_schedule_days says for how long.
    Those of a day that are old, and of which no more is to be said than that they are done, are
    one row: see ``_gc_merge_done``.
    """

    _name = "ihub.run"
    _inherit = [
        "ihub.internal.fields",
        "ihub.outside.text",
        "ihub.primary.reads",
        "ihub.failed.request",
        "ihub.work.rows",
    ]
    _description = "Integration Run"
    _order = "id desc"
    _rec_name = "integration_id"
    # Those that failed are never deleted.
    _request_is_old = "t.ended_at < (now() AT TIME ZONE 'UTC') - make_interval(days => %(days)s)"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="integration_id.company_id", store=True, index="btree_not_null", precompute=True
    )
    state = Badge(
        STATES,
        looks=STATE_LOOKS,
        required=True,
        readonly=True,
        default="pending",
    )
    # Not stored: the database reckons it, for a million rows of which few are special.
    outcome = Badge(
        [*STATES, *MORE],
        "Result",
        looks=OUTCOME_LOOKS,
        compute="_compute_outcome",
        search="_search_outcome",
        help="The state; for a run that is done, also whether something is left to do.",
    )
    trigger = Badge(
        [
            ("schedule", "Schedule"),
            ("manual", "Manual"),
            ("backfill", "Backfill"),
            ("items", "Repair"),
            ("webhook", "Webhook"),
            ("code", "Code"),
        ],
        "Started by",
        looks={
            "schedule": ("fa-calendar", "muted"),
            "manual": ("fa-hand-pointer-o", "muted"),
            "backfill": ("fa-backward", "muted"),
            "items": ("fa-wrench", "muted"),
            "webhook": ("fa-inbox", "muted"),
            "code": ("fa-code", "muted"),
        },
        required=True,
        readonly=True,
    )
    # Items that are tried again, and messages that were received, have no window.
    window_from = fields.Datetime("From", readonly=True)
    window_to = fields.Datetime("To", readonly=True)
    due = fields.Datetime(
        required=True, readonly=True, help="The run does not start before this time."
    )
    started_at = fields.Datetime("Started", readonly=True)
    ended_at = fields.Datetime("Ended", readonly=True)
    last_seen = fields.Datetime(readonly=True, help="The last sign of life: start or checkpoint.")
    duration = fields.Float(
        compute="_compute_duration",
        store=True,
        precompute=True,
        aggregator="avg",
        help="In seconds.",
    )
    attempt = fields.Integer(readonly=True, default=0, aggregator=None)
    crash_count = fields.Integer(
        readonly=True, default=0, aggregator=None, help="Number of consecutive crashes."
    )
    forgiven_attempts = fields.Integer(
        readonly=True,
        default=0,
        aggregator=None,
        help="Attempts that do not count toward the limit: those before the one that last made "
        "progress, and those that ended in a conflict.",
    )
    reached = fields.Json(readonly=True, help="How far the attempts have come.")
    user_id = fields.Many2one("res.users", "Requested by", readonly=True)
    # Of a sentence of the hub: in the language of whom it works for. People read the explanation.
    message = fields.Text("Outcome", readonly=True)
    message_code = fields.Char(readonly=True, help="Which of the hub's sentences this is.")
    message_values = fields.Json(readonly=True, help="The values in that sentence.")
    explanation = fields.Text(
        "Outcome in Words",
        compute="_compute_explanation",
        help="What became of it, in the language of the reader.",
    )
    technical_line = fields.Char(
        compute="_compute_explanation",
        help="The exception, unless its text was written for people.",
    )
    first_message = fields.Text("First Error", readonly=True)
    traceback = fields.Text("Technical Details", readonly=True)
    processed = fields.Integer(readonly=True)
    merged_runs = fields.Integer(
        readonly=True, aggregator=None, help="How many runs this one stands for; 0: only itself."
    )
    total = fields.Integer(readonly=True)
    failed_items = fields.Integer(
        "To Repair", readonly=True, help="Items that had failed when this run ended."
    )
    # Of one that is not done yet: it will be, since the work that goes with the error was kept.
    with_errors = fields.Boolean(readonly=True, help="It is done, but its code reported an error.")
    is_dismissed = fields.Boolean(
        "Dismissed",
        readonly=True,
        help="Somebody has seen to its failure or its errors, or a later run stands for it.",
    )
    usual_records = fields.Integer(
        readonly=True,
        aggregator=None,
        help="How many records are usual at its hour and weekday, where it is doubtful that there "
        "were none.",
    )
    blames_settings = fields.Boolean(
        readonly=True, help="The failure must be fixed in the settings."
    )
    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="The key of whoever requested it: a request with the same key returns this run.",
    )
    # Where the next attempt goes on: {"point": value}, since Odoo takes a bare 0 or [] for nothing.
    # It may hold whatever the other system wants to be asked with, so operators do not read it.
    resume = fields.Json(readonly=True, groups="base.group_system")
    behind_from = fields.Datetime(
        readonly=True,
        help="Where the backlog began that is being processed period by period.",
    )
    skipped = fields.Boolean(readonly=True, help="This period was skipped, not processed.")
    previous_id = fields.Many2one(
        "ihub.run", "Continues", readonly=True, ondelete="set null", index="btree_not_null"
    )
    event_ids = fields.One2many("ihub.event", "run_id", "Events")
    open_item_count = fields.Integer(
        "Still to Repair",
        compute="_compute_open_item_count",
        help="Items that came with this run or were retried by it, and are not repaired yet.",
    )
    can_cancel = fields.Boolean(compute="_compute_buttons")
    can_run_again = fields.Boolean(compute="_compute_buttons")
    next_step = fields.Selection(
        [(word, step.label) for word, step in STEPS.items()],
        compute="_compute_next_step",
        help="The button to press next.",
    )
    advice = fields.Char("What to Do", compute="_compute_next_step")
    status = Badge(
        [*STATES, *MORE, ("stopping", "Stopping")],
        looks={**OUTCOME_LOOKS, "stopping": ("fa-hourglass-half", "info")},
        compute="_compute_next_step",
        help="How it is doing right now.",
    )
    progress = fields.Integer(compute="_compute_progress", help="Percent; 0 if unknown.")
    wait_id = fields.Many2one(
        "ihub.wait", "Waits for", compute="_compute_wait_id", groups=fields.NO_ACCESS
    )
    server_waits = fields.Integer(
        "Integrations That Wait",
        compute="_compute_server_waits",
        groups=fields.NO_ACCESS,
        help="How many wait for the same server that is down.",
    )
    # Not stored: the table is the executor's, and has a million rows.
    calendar_from = fields.Datetime(compute="_compute_calendar", search="_search_calendar_from")
    calendar_to = fields.Datetime(compute="_compute_calendar", search="_search_calendar_to")
    # For the history of an integration, newest first.
    _integration_idx = models.Index("(integration_id, id)")
    # For the lane: what is next. Two scheduled_runs or two runs at a time cannot even be stored.
    _queue_idx = models.Index("(integration_id, due) WHERE state IN ('pending', 'running')")
    _scheduled_run_uniq = models.UniqueIndex(
        "(integration_id) WHERE trigger = 'schedule' AND state IN ('pending', 'running')"
    )
    _running_uniq = models.UniqueIndex("(integration_id) WHERE state = 'running'")
    # For the coverage: half a million windows, a year of minutes, are read from the index alone.
    _done_idx = models.Index("(integration_id, window_to, window_from) WHERE state = 'done'")
    _not_done_idx = models.Index("(integration_id, window_to, window_from) WHERE state <> 'done'")
    # For the lane: how many have begun in the last minute. What the schedule has done is not in it.
    _begun_idx = models.Index(f"(integration_id, started_at) WHERE {LIMITED}")
    # For those who watch: what has ended lately. The rows lie in order of time.
    _ended_idx = models.Index("USING brin (ended_at) WITH (pages_per_range = 32)")
    _idempotency_key_uniq = models.UniqueIndex(
        "(integration_id, idempotency_key) WHERE idempotency_key IS NOT NULL"
    )
    _failed_request_idx = models.Index("(id) WHERE failed_request IS NOT NULL")
    _window_is_a_span = models.Constraint(
        "CHECK(window_from < window_to OR trigger IN ('items', 'webhook') AND window_from IS NULL)",
        "A period must begin before it ends.",
    )

    # --- Computes ---

    @api.depends("started_at", "ended_at")
    def _compute_duration(self):
        for run in self:
            ended = run.started_at and run.ended_at
            run.duration = (run.ended_at - run.started_at).total_seconds() if ended else 0

    @api.depends("message", "message_code", "message_values")
    @api.depends_context("lang", "tz")
    def _compute_explanation(self):
        for run in self:
            run.explanation = safe_text(run, run._explanation)
            run.technical_line = run.message if run.message_code == "unexpected" else False

    def _told(self):
        """Return the values that say what became of it, as ``sentences.stored`` does."""
        return {name: self[name] for name in ("message", "message_code", "message_values")}

    def _explanation(self):
        return sentences.read(self.integration_id, self)

    @api.depends(*COLUMNS)
    def _compute_outcome(self):
        for run in self:
            run.outcome = outcome_of(run)

    def _search_outcome(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        words = [word or None for word in value]
        found = Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s = ANY(%s)", model._field_to_sql(alias, "outcome", query), words
            ),
            predicate=lambda run: run.outcome in words,
        )
        return found if operator == "in" else ~found

    @api.model
    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr != "outcome":
            return super()._field_to_sql(alias, field_expr, query)
        # Lists, graphs and the calendar group by it.
        return outcome_sql(partial(super()._field_to_sql, alias, query=query))

    def _compute_open_item_count(self):
        for run in self:
            run.open_item_count = self.env["ihub.item"].search_count(run._open_items())

    def _open_items(self):
        """Return the domain of the items that this run has left to be repaired."""
        self.ensure_one()
        if self.trigger == "items":
            mine = Domain("run_id", "=", self.id) | Domain("retry_run_id", "=", self.id)
        else:
            mine = Domain("source_run_id", "in", list(self._lineage_ids()))
        return mine & Domain("state", "in", ("failed", "pending"))

    @api.depends("integration_id.name", "window_from", "window_to")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for run in self:
            run.display_name = safe_text(run, run._title)

    def _title(self):
        integration = self.integration_id
        if self.trigger == "items":
            return self.env._("%(name)s: retried items", name=integration.name)
        if self.trigger == "webhook":
            return self.env._("%(name)s: received messages", name=integration.name)
        if not self.window_from or not self.window_to:
            return integration.name
        period = local_period(integration, self.window_from, self.window_to)
        return self.env._("%(name)s: %(period)s", name=integration.name, period=period)

    # --- States ---

    def _set_state(self, state, **vals):
        """Go to ``state`` with ``vals``.

        :raise UserError: when runs do not do that
        """
        for run in self:
            if state not in TRANSITIONS.get(run.state, ()):
                names = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "This run is %(now)s and cannot become %(then)s. Reload the page.",
                        now=names[run.state],
                        then=names[state],
                    )
                )
        self.write({"state": state, **vals})

    def _end(self, state, said=None, **vals):
        """Go to one of the final states.

        :param said: a ``Sentence``, or a text, on what became of it
        :param vals: more of what is known, as values of the run
        """
        told = sentences.stored(self.integration_id, said)
        ended = {"ended_at": fields.Datetime.now(), "failed_request": None}
        self._set_state(state, **{**ended, **told, **vals})
        asked_for = self.filtered(lambda run: run.trigger == "items")
        if asked_for:
            # What they have not come to is people's again.
            item_store.release(self.env, asked_for.ids)
        self._notify_change()

    def _notify_change(self):
        self.integration_id._notify_change()

    # --- Queueing ---

    @api.model
    def _enqueue(self, integration, trigger, window, **vals):
        """Create a pending run.

        :param integration: the ``ihub.integration``
        :param str trigger: one of ``core/triggers.py``
        :param Window window: its span; None: it has none
        :return: the new run
        """
        is_manual = trigger != "schedule"
        due = fields.Datetime.now() if is_manual else integration._schedule().due(window)
        return self.create(
            {
                "integration_id": integration.id,
                "trigger": trigger,
                "window_from": window and window.start,
                "window_to": window and window.end,
                "due": due,
                "user_id": self.env.uid if is_manual else False,
                **vals,
            }
        )

    def _continue(self, **vals):
        """Queue another run for the window of this one, which ended without completing it.

        :return: the new run; it knows the resume point and the first error
        """
        self.ensure_one()
        # The database allows one scheduled run: this one must have left before the next one comes.
        self.flush_recordset()
        run = self.create(
            {
                "integration_id": self.integration_id.id,
                "trigger": self.trigger,
                "window_from": self.window_from,
                "window_to": self.window_to,
                "due": fields.Datetime.now(),
                "user_id": self.user_id.id,
                "processed": self.processed,
                "total": self.total,
                "resume": self.resume or None,
                "with_errors": self.with_errors,
                "first_message": self.first_message,
                "previous_id": self.id,
                "behind_from": self.behind_from,
                **vals,
            }
        )
        if self.trigger == "items":
            item_store.hand_over(self.env, self.id, run.id)
        return run

    def _lineage_ids(self):
        """Return the ids of this run and of those that it continues: all at the same work."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE work(id, previous_id) AS (
                    SELECT id, previous_id FROM ihub_run WHERE id = %s
                     UNION ALL
                    SELECT r.id, r.previous_id FROM ihub_run r JOIN work w ON r.id = w.previous_id
                ) SELECT id FROM work
                """,
                self.id,
            )
        )
        return {id_ for (id_,) in rows}

    def _attempt_ids(self):
        """Return the ids of this run and of those that it has followed without a Start."""
        run, ids = self, {self.id}
        while run.previous_id.state == "interrupted":
            run = run.previous_id
            ids.add(run.id)
        return ids

    def _set_window(self, window):
        """Give the scheduled run another window, and forget attempts at the old one."""
        self.ensure_one()
        self.write(
            {
                "window_from": window.start,
                "window_to": window.end,
                "due": self.integration_id._schedule().due(window),
                **FRESH,
                **NOTHING_SAID,
                "resume": None,
                "processed": 0,
                "total": 0,
                "with_errors": False,
                "behind_from": False,
            }
        )

    def _make_fresh(self):
        """Forget earlier attempts at this pending run: somebody started anew."""
        self.ensure_one()
        due = self.integration_id._schedule().due(Window(self.window_from, self.window_to))
        # What was kept of the work before is not done again, so nobody would report it again.
        with_errors = self.with_errors and bool(self.resume or self.processed)
        self.write({**FRESH, **NOTHING_SAID, "due": due, "with_errors": with_errors})

    def _record_skipped(self, start, end, said):
        """Remember that the span from ``start`` to ``end`` was passed over."""
        self.ensure_one()
        now = fields.Datetime.now()
        return self.create(
            {
                "integration_id": self.integration_id.id,
                "trigger": "schedule",
                "state": "cancelled",
                "skipped": True,
                "window_from": start,
                "window_to": end,
                "due": now,
                "started_at": now,
                "ended_at": now,
                "user_id": self.env.uid,
                **sentences.stored(self.integration_id, said),
            }
        )

    @api.model
    def _begun_since(self, moment, integration, trigger, limit):
        """Return when the last runs of a trigger began of which only so many may: :data:`LIMITED`.

        :return: list of at most ``limit`` moments after ``moment``, naive UTC, newest first
        """
        self.flush_model(["started_at", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT started_at FROM ihub_run
                 WHERE integration_id = %s AND started_at > %s AND trigger = %s
                   AND %s AND skipped IS NOT TRUE
                 ORDER BY started_at DESC LIMIT %s
                """,
                integration.id,
                moment,
                trigger,
                SQL(LIMITED),
                limit,
            )
        )
        return [moment for (moment,) in rows]

    # --- Attempts ---

    def _tries(self):
        """Return how many attempts count: those since the work last moved on."""
        self.ensure_one()
        return self.attempt - self.forgiven_attempts

    def _count_progress(self):
        """Forgive the attempts and crashes before the one that just ended, if that one moved on.

        :return: whether it did
        """
        self.ensure_one()
        point = self.resume["point"] if self.resume else None
        has_moved, reached = moved_on(self.reached or None, self.processed, point)
        self.write({"reached": reached})
        if has_moved:
            self.write({"forgiven_attempts": max(self.attempt - 1, 0), "crash_count": 0})
        return has_moved

    # --- While it executes ---

    def _record_progress(self, processed, total, resume, error_logged=False):
        """Write how far it has come, in the transaction that keeps its work.

        :param bool error_logged: whether its code has reported an error that is kept with that
        """
        self.ensure_one()
        self.write(
            {
                "processed": processed,
                "total": total or self.total,
                "resume": None if resume is None else {"point": resume},
                "last_seen": fields.Datetime.now(),
                **({"with_errors": True} if error_logged else {}),
            }
        )

    def _is_stop_requested(self):
        """Return whether the executing run was asked to stop; reads what others committed.

        For many, and in SQL: ``is_stopping`` in ``report/health.py``.
        """
        self.ensure_one()
        integration = self.integration_id
        integration.invalidate_recordset(["state", "stop_before_id", "stop_run_id"])
        if self.id == integration.stop_run_id:
            return True
        if self.trigger == "schedule" and integration.state == "running":
            return False
        return self.id <= integration.stop_before_id

    def _lock_queued(self):
        """Return those of these runs that are still queued, locked against the lane.

        The lane may take some of them at this very moment. A transaction cannot lock a row that
        another one has changed since it began, so where that happens the rows are halved until
        only those are left out that have begun.
        """
        if not self:
            return self
        query = SQL(
            "SELECT id FROM ihub_run WHERE id IN %s AND state = 'pending' FOR UPDATE SKIP LOCKED",
            tuple(self.ids),
        )
        try:
            with self.env.cr.savepoint(flush=False):
                # Expected, so not an error in the server's log.
                self.env.cr.execute(query, log_exceptions=False)
                return self.browse(id_ for (id_,) in self.env.cr.fetchall())
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            middle = len(self) // 2
            if not middle:
                return self.browse()
            return self[:middle]._lock_queued() + self[middle:]._lock_queued()

    # --- Actions ---

    def action_open_events(self):
        """Return the action that lists the events of these runs."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("ihub.ihub_event_action")
        action["domain"] = [("run_id", "in", self.ids)]
        return action

    def action_open_to_repair(self):
        """Return the action that lists the items that this run has left to be repaired."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("ihub.ihub_item_action_repair")
        action["domain"] = list(self._open_items())
        # Also those that are about to be tried again.
        action["context"] = {"search_default_by_cause": 1}
        return self.env["ihub.item"]._opened_at_once(action)

    def action_cancel(self):
        """Cancel queued runs that people asked for. What has begun meanwhile is left out.

        :raise UserError: when one belongs to the schedule, or when none of them is queued any more
        """
        self.integration_id._operable()
        for run in self:
            if run.trigger == "schedule":
                raise UserError(run._why_not_cancel())
        self.flush_recordset()
        # As superuser: operators may press the button but not edit the row.
        queued = self.sudo()._lock_queued()
        if self and not queued:
            raise UserError(self[0]._why_not_cancel())
        queued._end("cancelled", Sentence("cancelled"))

    def _why_not_cancel(self):
        """Return why this run, which is not queued, cannot be cancelled."""
        if self.trigger == "schedule":
            return self.env._("Scheduled runs cannot be cancelled one by one. Press Stop instead.")
        if self.state in ENDED:
            return self.env._(
                "This run has ended already: %(name)s. Reload the page.", name=self.display_name
            )
        return self.env._(
            "This run is in progress: %(name)s. Press Stop to end it at its next checkpoint.",
            name=self.display_name,
        )

    def action_run_again(self):
        """Return the dialog of Run Manually for the period of this run.

        It says what is done twice, and asks; nothing is executed before.

        :raise UserError: when it cannot be run
        """
        self.ensure_one()
        integration = self.integration_id._operable()
        integration._check_manually_runnable(None, None)
        integration._check_room(1)
        action = self.integration_id.action_run_manually()
        if integration.takes_period and self.window_from:
            action["context"] |= {
                "default_date_from": fields.Datetime.to_string(self.window_from),
                "default_date_to": fields.Datetime.to_string(self.window_to),
            }
        return action

    def action_next_step(self):
        """Do what the coloured button of this run says.

        :return: what that button's own method returns; True where there is nothing to press
        """
        self.ensure_one()
        word = self.next_step
        if notice := self.integration_id._changed_meanwhile(word):
            return notice
        owner = self if word in ("repair", "run_again", "report", "stop") else self.integration_id
        return getattr(owner, STEPS[word].method)() if word else True

    def action_send_to_developer(self):
        """Return a message to whoever is to be chosen, with all that is known of the failure."""
        self.ensure_one()
        integration = self.integration_id._operable(sudo=False)
        message = {
            "default_composition_mode": "comment",
            "default_model": integration._name,
            "default_res_ids": integration.ids,
            # Not to those who follow it.
            "default_subtype_id": self.env.ref("mail.mt_note").id,
            "default_subject": self.env._("Failed: %(reason)s", reason=self.display_name),
            "default_body": Markup("<p>%s</p><p>%s</p><pre>%s</pre>")
            % (self.display_name, self.explanation or "", self.traceback or self.message or ""),
        }
        return dialog("mail.compose.message", self.env._("Send to Developer"), context=message)

    def action_stop(self):
        """End this run alone, and leave all else of its integration as it is.

        What the integration would begin again at once, as it does with its schedule, ends with it.

        :return: what Stop of the integration returns, or True
        :raise UserError: when it has ended already
        """
        self.ensure_one()
        integration = self.integration_id._operable()
        if self.trigger in ONGOING:
            return self.integration_id.action_stop()
        if self.state == "running":
            integration._stop_run(self)
        else:
            self.action_cancel()
        return True

    def _begin(self):
        """Go from pending to running, with one more attempt unless one goes on."""
        now = fields.Datetime.now()
        goes_on = self.attempt and self.started_at and not self.ended_at
        begun = {"started_at": now, "ended_at": False, "attempt": self.attempt + 1}
        self._set_state("running", last_seen=now, **({} if goes_on else begun))
        self._notify_change()

    def _begin_again(self):
        """Count one more attempt, after one that a conflict with another transaction has ended."""
        self._count_progress()
        self.write({"attempt": self.attempt + 1, "forgiven_attempts": self.forgiven_attempts + 1})

    def _complete(self, counts, with_errors, known):
        """Mark as done and queue the next window, in the transaction of the work.

        :param counts: :class:`Counts` of what has become of its items
        :param bool with_errors: whether its code has reported an error that was none of an item
        :param dict known: see :meth:`_missed_records`
        :return: the next run of the schedule, where this one was
        """
        self.ensure_one()
        failed = self._count_failed_items() if counts else 0
        usual = self._missed_records(known)
        said = self._outcome(failed, with_errors, usual)
        told = {"resume": None, "failed_items": failed, "usual_records": usual}
        self._end("done", said, **told, with_errors=with_errors)
        self._notify_requester("warning" if failed or with_errors else "success")
        if self.trigger != "schedule":
            return self.browse()
        # The database allows one scheduled run: this one must have left before the next one comes.
        self.flush_recordset()
        integration = self.integration_id
        window = integration._schedule().window_from(self.window_to)
        return self._enqueue(integration, "schedule", window, behind_from=self.behind_from)

    def _notify_requester(self, kind):
        """Show the outcome of a manual run, or of a retry of items, to whoever asked for it.

        :param str kind: ``success``, ``warning`` or ``danger``, as the web client has them
        """
        if self.trigger in ("manual", "items"):
            # Not whoever may not see it any more.
            user = self.integration_id._may_be_notified(self.user_id)
            user._bus_send(
                "simple_notification",
                {
                    "type": kind,
                    "title": self.integration_id.name,
                    "message": self.with_context(lang=user.lang, tz=user.tz).explanation,
                    "sticky": kind != "success",
                },
            )

    def _count_failed_items(self):
        if self.trigger == "items":
            return self.env["ihub.item"].search_count(
                [("run_id", "in", list(self._lineage_ids())), ("state", "=", "failed")]
            )
        return item_store.count_failed(self.env, self._lineage_ids())

    def _missed_records(self, usual_by_hour):
        """Return how many records are usual where it is doubtful that there were none, or 0.

        :param dict usual_by_hour: remembers what is usual, for the runs of one integration that
            follow each other
        """
        integration = self.integration_id
        if self.processed or self.trigger != "schedule" or not integration.doubts_empty_runs:
            return 0
        hours = same_hours(self.window_to, find_zone(integration.tz))
        key = hours[0], self.window_to - self.window_from
        if key not in usual_by_hour:
            usual_by_hour[key] = self._usual_records(hours)
        return usual_by_hour[key]

    def _usual_records(self, hours):
        """Return how many records runs like this one have had in these hours; 0 if not many.

        The median of the scheduled runs of the integration whose windows ended in them.

        :param list hours: pairs of moments, naive UTC: the same hour of the weeks before
        """
        starts, ends = zip(*hours, strict=True)
        # Week by week, which OFFSET 0 keeps apart: for all at once, PostgreSQL would read every run
        # of the integration.
        ((usual, weeks),) = self.env.execute_query(
            SQL(
                """
                SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY done.processed),
                       count(DISTINCT week.start)
                  FROM unnest(%(starts)s::timestamp[], %(ends)s::timestamp[]) AS week(start, stop)
                 CROSS JOIN LATERAL (
                    SELECT r.processed FROM ihub_run r
                     WHERE r.integration_id = %(id)s AND r.state = 'done'
                       AND r.window_to >= week.start AND r.window_to < week.stop
                       AND r.trigger = 'schedule' AND COALESCE(r.merged_runs, 0) < 2
                       AND r.window_to - r.window_from <= %(longest)s
                    OFFSET 0) done
                """,
                starts=list(starts),
                ends=list(ends),
                id=self.integration_id.id,
                longest=(self.window_to - self.window_from) * LONGER,
            )
        )
        return int(usual) if weeks >= ENOUGH_WEEKS and usual >= ENOUGH_RECORDS else 0

    def _outcome(self, failed, with_errors, usual):
        if failed:
            done = max(self.processed - failed, 0)
            return Sentence("incomplete", {"done": done, "failed": failed})
        if with_errors:
            return Sentence("with_errors")
        if usual:
            return Sentence("doubtful", {"usual": usual})
        if self.processed:
            return Sentence("done_records", {"count": self.processed})
        return Sentence("done")

    @api.depends("processed", "total")
    def _compute_progress(self):
        for run in self:
            run.progress = run._percent()

    @api.depends("state")
    def _compute_wait_id(self):
        # Nobody has rights on waits: what they say is on the card.
        waits = (
            self.env["ihub.wait"]
            .sudo()
            .search([("run_id", "in", self.ids), ("until", ">=", fields.Datetime.now())])
        )
        by_run = {wait.run_id: wait.id for wait in waits}
        for run in self:
            run.wait_id = by_run.get(run.id)

    @api.depends("state", "trigger", "integration_id")
    def _compute_buttons(self):
        for run in self:
            pending = run.state == "pending"
            run.can_cancel = pending and run.trigger != "schedule"
            integration = run.integration_id
            can = run.window_from and run.state in ENDED and integration.runs_manually
            run.can_run_again = bool(can and integration.active)

    @api.depends("outcome", "open_item_count", "integration_id.health")
    @api.depends_context("uid", "lang")
    def _compute_next_step(self):
        for run in self:
            integration = run.integration_id
            run.status = run._status()
            run.next_step = run._next_step()
            is_same = run.next_step and run.next_step == integration.next_step
            run.advice = integration.advice if is_same and run.state == "failed" else False

    def _status(self):
        """Return the outcome; of a run that is marked as running, whether it really is at work."""
        if self.state != "running":
            return self.outcome
        if not self.integration_id.is_executing:
            return "interrupted"
        return "stopping" if self.integration_id.is_stopping else "running"

    def _next_step(self):
        """Return which step repairs what this run is about, or False: nothing, or not any more."""
        integration = self.integration_id
        if self.state == "running":
            return integration.next_step == "stop" and self.status == "running" and "stop"
        if self.open_item_count and self.state == "done":
            return "repair"
        if self != integration._error_run():
            return False
        # What opens this very page leads nowhere from here.
        return {"errors": "dismiss", "open": False, "watch": False}.get(
            integration.next_step, integration.next_step
        )

    def _percent(self):
        return min(100, int(100 * self.processed / self.total)) if self.total else 0

    def _retry_text(self):
        """Return why the last attempt failed, when the next one comes, and how many are left."""
        integration = self.integration_id
        if self.message_code == "server_down":
            return self._server_text()
        left = integration.retry_limit - self._tries()
        words = {
            "message": self.explanation,
            "time": local_moment(integration, self.due),
            "count": left,
        }
        if left > 1:
            return self.env._(
                "%(message)s Next attempt at %(time)s, and up to %(count)s more after it.", **words
            )
        if left == 1:
            return self.env._(
                "%(message)s Next attempt at %(time)s, and one more after it.", **words
            )
        return self.env._("%(message)s Last attempt at %(time)s.", **words)

    def _server_text(self):
        """Return which server it waits for, and how many integrations do."""
        words = {
            "message": self.explanation,
            "time": local_moment(self.integration_id, self.due),
            "count": self.server_waits,
        }
        if self.server_waits > 1:
            return self.env._(
                "%(message)s %(count)s integrations wait for it, and continue as soon as it "
                "responds. Next attempt at %(time)s.",
                **words,
            )
        return self.env._(
            "%(message)s The integration continues as soon as it responds. Next attempt at "
            "%(time)s.",
            **words,
        )

    @api.depends("state", "message_code", "message_values")
    def _compute_server_waits(self):
        self.env["ihub.run"].flush_model()
        self.env["ihub.integration"].flush_model(["state", "stop_before_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message_values ->> 'server', count(DISTINCT integration_id)
                  FROM ihub_run r JOIN ihub_integration i ON i.id = r.integration_id
                 WHERE r.state = 'pending' AND message_code = 'server_down' AND %s GROUP BY 1
                """,
                goes_on(self.env["ihub.integration"]),
            )
        )
        counts = dict(rows)
        for run in self:
            is_waiting = run.state == "pending" and run.message_code == "server_down"
            run.server_waits = is_waiting and counts.get(run.message_values["server"], 0)

    @api.depends("state", "due", "started_at", "ended_at", "last_seen")
    def _compute_calendar(self):
        for run in self:
            begun = run.started_at or run.ended_at
            run.calendar_from = (begun if run.state != "pending" else False) or run.due
            ended = {"pending": run.due, "running": run.last_seen}.get(run.state, run.ended_at)
            run.calendar_to = max(ended or run.calendar_from, run.calendar_from)

    def _search_calendar_from(self, operator, value):
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        pending = Domain("state", "=", "pending")
        # Cancelled before they began.
        ended = Domain("started_at", "=", False) & Domain("ended_at", operator, value)
        return (pending & Domain("due", operator, value)) | (
            ~pending & (Domain("started_at", operator, value) | ended)
        )

    def _search_calendar_to(self, operator, value):
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        return Domain.OR(
            [
                Domain("state", "=", "pending") & Domain("due", operator, value),
                Domain("state", "=", "running") & Domain("last_seen", operator, value),
                Domain("state", "not in", ("pending", "running"))
                & Domain("ended_at", operator, value),
            ]
        )

    @api.autovacuum
    def _gc_old_runs(self):
        """Delete one batch of old runs.

        :return: number of deleted runs; whether there are more
        """
        self.env["ihub.integration"].flush_model(["failed_run_id", "doubtful_run_id"])
        ids = self._old_ids(BATCH)
        if ids:
            self.browse(ids).sudo().unlink()
            _logger.info("%s old runs were deleted", len(ids))
        return len(ids), int(len(ids) == BATCH)

    @api.autovacuum
    def _gc_merge_done(self):
        """Make one run of the old scheduled ones of a day whose windows follow each other.

        Half a million rows, a year of minutes, become 365. What is covered remains as it was.

        :return: number of runs that were made so; whether there are more
        """
        self.env["ihub.run"].flush_model()
        self.env["ihub.integration"].flush_model(["failed_run_id", "doubtful_run_id"])
        self.env["ihub.item"].flush_model(["source_run_id", "state"])
        outcome = outcome_sql(partial(SQL.identifier, "r"))
        days = kept_days(self.env, "ihub.keep_run_days")
        rows = self.env.execute_query(SQL(OLD_SPANS, outcome=outcome, days=days, limit=SPANS))
        for ids, *span in rows:
            # As superuser: runs are the executor's own, whoever cleans up.
            self.browse(ids).sudo()._merge(*span)
        return len(rows), int(len(rows) == SPANS)

    def _merge(self, start, end, started_at, ended_at, duration, processed, count):
        """Let the newest of these runs stand for all of them, and delete the others."""
        run, others = self[-1], self[:-1]
        for table, column in (
            ("ihub_event", "run_id"),
            ("ihub_item", "run_id"),
            ("ihub_item", "source_run_id"),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s SET %(column)s = %(run)s WHERE %(column)s = ANY(%(others)s)",
                    table=SQL.identifier(table), column=SQL.identifier(column),
                    run=run.id, others=others.ids,
                )
            )  # fmt: skip
        self.env["ihub.event"].invalidate_model(["run_id"])
        self.env["ihub.item"].invalidate_model(["run_id", "source_run_id"])
        others.unlink()
        run.write(
            {
                "window_from": start,
                "window_to": end,
                "started_at": started_at,
                "ended_at": ended_at,
                "processed": processed,
                "total": 0,
                "merged_runs": count,
                **sentences.stored(
                    run.integration_id,
                    Sentence("merged", {"runs": count, "count": processed}),
                ),
            }
        )
        # Of the work, not from the first start to the last end, as it was just reckoned.
        run.flush_recordset()
        run.duration = duration

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
                                AND (s.state = 'failed' OR s.trigger = 'schedule'
                                     AND (s.state = 'interrupted' OR s.skipped))
                                AND s.window_from < r.window_to AND s.window_to > r.window_from)
                         THEN %s::int ELSE %s END
                   AND EXISTS (SELECT 1 FROM ihub_run n
                                WHERE n.integration_id = r.integration_id AND n.id > r.id)
                   AND NOT EXISTS (SELECT 1 FROM ihub_integration i
                                    WHERE i.id = r.integration_id
                                      AND r.id IN (i.failed_run_id, i.doubtful_run_id))
                   AND NOT EXISTS (SELECT 1 FROM ihub_run n
                                    WHERE n.previous_id = r.id
                                      AND n.state IN ('pending', 'running'))
                   AND r.id NOT IN (SELECT DISTINCT source_run_id FROM ihub_item
                                     WHERE state IN ('failed', 'pending')
                                       AND source_run_id IS NOT NULL)
                 ORDER BY r.id LIMIT %s
                   FOR UPDATE SKIP LOCKED
                """,
                # None: nothing is older than that.
                kept_days(self.env, "ihub.keep_schedule_days"),
                kept_days(self.env, "ihub.keep_run_days"),
                limit,
            )
        )
        return [id_ for (id_,) in rows]
