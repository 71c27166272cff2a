from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.progress import moved_on
from ..engine.words import said

# From which state a run may go to which: nothing else ever happens to a run.
TRANSITIONS = {
    "pending": {"running", "cancelled"},
    "running": {"pending", "done", "failed", "cancelled", "interrupted"},
}
ENDED = ("done", "failed", "cancelled", "interrupted")
# Of a run at whose window there were no attempts.
FRESH = {"attempt": 0, "forgiven_attempts": 0, "deaths": 0, "reached": None}


class IhubRun(models.Model):
    """One window of one integration, and what became of it.

    The executor's own table. The scheduled run that is pending is the schedule's pointer: its
    window is the next one. An integration with a schedule always has exactly one scheduled run
    that is pending or running.
    """

    _name = "ihub.run"
    _inherit = ["ihub.outside.text"]
    _description = "Integration Run"
    _order = "id desc"
    _rec_name = "integration_id"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="integration_id.company_id", store=True, index="btree_not_null"
    )
    state = fields.Selection(
        [
            ("pending", "Queued"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("interrupted", "Interrupted"),
        ],
        required=True,
        readonly=True,
        default="pending",
    )
    trigger = fields.Selection(
        [("schedule", "Schedule"), ("manual", "By hand"), ("backfill", "Backfill")],
        "Started by",
        required=True,
        readonly=True,
    )
    window_from = fields.Datetime("From", required=True, readonly=True)
    window_to = fields.Datetime("To", required=True, readonly=True)
    due = fields.Datetime(required=True, readonly=True, help="Not executed before this moment.")
    started_at = fields.Datetime("Started", readonly=True)
    ended_at = fields.Datetime("Ended", readonly=True)
    last_seen = fields.Datetime(readonly=True, help="The last sign of life: start or checkpoint.")
    duration = fields.Float(
        compute="_compute_duration", store=True, aggregator="avg", help="In seconds."
    )
    attempt = fields.Integer(readonly=True, default=0, aggregator=None)
    deaths = fields.Integer(
        readonly=True, default=0, aggregator=None, help="Processes that died in a row."
    )
    forgiven_attempts = fields.Integer(
        readonly=True,
        default=0,
        aggregator=None,
        help="Attempts that do not count towards the limit: those before the one that last moved "
        "on, and those that ended in a conflict.",
    )
    reached = fields.Json(readonly=True, help="How far the attempts have come.")
    user_id = fields.Many2one("res.users", "Requested by", readonly=True)
    message = fields.Text("Outcome", readonly=True)
    first_message = fields.Text("First Error", readonly=True)
    traceback = fields.Text("Technical Details", readonly=True)
    processed = fields.Integer(readonly=True)
    total = fields.Integer(readonly=True)
    # Where the next attempt goes on: {"point": value}, since Odoo takes a bare 0 or [] for nothing.
    # It may hold whatever the other system wants to be asked with, so operators do not read it.
    resume = fields.Json(readonly=True, groups="base.group_system")
    behind_from = fields.Datetime(
        readonly=True, help="Where the backlog began that is worked off window by window."
    )
    skipped = fields.Boolean(readonly=True, help="The span was passed over, not processed.")
    previous_id = fields.Many2one(
        "ihub.run", "Continues", readonly=True, ondelete="set null", index="btree_not_null"
    )
    event_ids = fields.One2many("ihub.event", "run_id", "Events")

    # For the history of an integration, newest first.
    _integration_idx = models.Index("(integration_id, id)")
    # For the lane: what is next. Two pointers or two runs at a time cannot even be stored.
    _queue_idx = models.Index("(integration_id, due) WHERE state IN ('pending', 'running')")
    _pointer_uniq = models.UniqueIndex(
        "(integration_id) WHERE trigger = 'schedule' AND state IN ('pending', 'running')"
    )
    _running_uniq = models.UniqueIndex("(integration_id) WHERE state = 'running'")
    # For the time line: half a million windows, a year of minutes, are read from the index alone.
    _done_idx = models.Index("(integration_id, window_to, window_from) WHERE state = 'done'")
    _not_done_idx = models.Index("(integration_id, window_to, window_from) WHERE state <> 'done'")
    # For the lane: how many have begun in the last minute. What the schedule has done is not in it.
    _begun_idx = models.Index(
        "(integration_id, started_at) WHERE trigger = 'manual' OR state <> 'done'"
    )
    _window_is_a_span = models.Constraint(
        "CHECK(window_from < window_to)", "A window must begin before it ends."
    )

    # --- Computes ---

    @api.depends("started_at", "ended_at")
    def _compute_duration(self):
        for run in self:
            ended = run.started_at and run.ended_at
            run.duration = (run.ended_at - run.started_at).total_seconds() if ended else 0

    @api.depends("integration_id.name", "window_from", "window_to")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for run in self:
            run.display_name = said(run, run._title)

    def _title(self):
        integration = self.integration_id
        if not self.window_from or not self.window_to:
            return integration.name
        period = integration._local_period(self.window_from, self.window_to)
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

    def _end(self, state, message=None, **vals):
        """Go to one of the final states."""
        self._set_state(state, **{"ended_at": fields.Datetime.now(), "message": message, **vals})
        self._notify_change()

    def _notify_change(self):
        self.integration_id._notify_change()

    # --- Queueing ---

    @api.model
    def _enqueue(self, integration, trigger, window, **vals):
        """Create a pending run.

        :param integration: the ``ihub.integration``
        :param str trigger: schedule, manual or backfill
        :param Window window: its span
        :return: the new run
        """
        by_hand = trigger != "schedule"
        due = fields.Datetime.now() if by_hand else integration._schedule().due(window)
        return self.create(
            {
                "integration_id": integration.id,
                "trigger": trigger,
                "window_from": window.start,
                "window_to": window.end,
                "due": due,
                "user_id": self.env.uid if by_hand else False,
                **vals,
            }
        )

    def _continue(self, **vals):
        """Queue another run for the window of this one, which ended without completing it.

        :return: the new run; it knows the resume point and the first error
        """
        self.ensure_one()
        # The database allows one pointer: this one must have left before the next one comes.
        self.flush_recordset()
        return self.create(
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
                "first_message": self.first_message,
                "previous_id": self.id,
                "behind_from": self.behind_from,
                **vals,
            }
        )

    def _set_window(self, window):
        """Give the pointer another window, and forget attempts at the old one."""
        self.ensure_one()
        self.write(
            {
                "window_from": window.start,
                "window_to": window.end,
                "due": self.integration_id._schedule().due(window),
                **FRESH,
                "message": False,
                "first_message": False,
                "resume": None,
                "processed": 0,
                "total": 0,
                "behind_from": False,
            }
        )

    def _make_fresh(self):
        """Forget earlier attempts at this pending run: somebody started anew."""
        self.ensure_one()
        due = self.window_to + (self.integration_id._schedule().delay)
        self.write({**FRESH, "due": due, "message": False, "first_message": False})

    def _record_skipped(self, start, end, message):
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
                "message": message,
            }
        )

    # --- Attempts ---

    def _tries(self):
        """Return how many attempts count: those since the work last moved on."""
        self.ensure_one()
        return self.attempt - self.forgiven_attempts

    def _count_progress(self):
        """Forgive the attempts and deaths before the one that just ended, if that one moved on."""
        self.ensure_one()
        point = self.resume["point"] if self.resume else None
        has_moved, reached = moved_on(self.reached or None, self.processed, point)
        self.write({"reached": reached})
        if has_moved:
            self.write({"forgiven_attempts": max(self.attempt - 1, 0), "deaths": 0})

    # --- While it executes ---

    def _record_progress(self, processed, total, resume):
        self.ensure_one()
        self.write(
            {
                "processed": processed,
                "total": total or self.total,
                "resume": None if resume is None else {"point": resume},
                "last_seen": fields.Datetime.now(),
            }
        )

    def _is_stop_requested(self):
        """Return whether the executing run was asked to stop; reads what others committed."""
        self.ensure_one()
        integration = self.integration_id
        integration.invalidate_recordset(["state", "stop_before_id"])
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

    def action_open_integration(self):
        """Return the action that opens the integration of this run."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ihub.integration",
            "views": [[False, "form"]],
            "res_id": self.integration_id.id,
        }

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
        queued._end("cancelled", self.env._("Cancelled before it began."))

    def _why_not_cancel(self):
        """Return why this run, which is not queued, cannot be cancelled."""
        if self.trigger == "schedule":
            return self.env._("Scheduled runs are not cancelled one by one. Press Stop instead.")
        if self.state in ENDED:
            return self.env._(
                "This run has ended already: %(name)s. Reload the page.", name=self.display_name
            )
        return self.env._(
            "This run is at work: %(name)s. Press Stop to end it at its next checkpoint.",
            name=self.display_name,
        )

    def action_run_again(self):
        """Queue a manual run for the same window.

        :return: the action that opens the new run
        """
        self.ensure_one()
        integration = self.integration_id._operable()
        integration._check_runnable_by_hand(None, None)
        window = integration._manual_window(self.window_from, self.window_to)
        run = integration._queue_by_hand([window], "manual")
        return {
            "type": "ir.actions.act_window",
            "res_model": "ihub.run",
            "views": [[False, "form"]],
            "res_id": run.id,
        }
