import logging
import random
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.shutdown import is_ending, is_shutdown
from ..engine import connection, lane_lock
from ..engine.failure import log_masked

_logger = logging.getLogger(__name__)

# Operators wait for what they asked for; a backfill must not hold up the schedule.
TRIGGER_ORDER = ("manual", "schedule", "backfill")
# How often a transaction is begun again after a conflict with another one.
MAX_CONFLICTS = 5
# After so many dead processes in a row an integration is failed instead of tried again.
MAX_DEATHS = 3
# So many runs by hand, or that are not done in the end, may begin within a minute.
MAX_BEGUN = 60


class IhubIntegration(models.Model):
    """The lane: the one queue of an integration, and the transactions of its runs."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    cron_id = fields.Many2one(
        "ir.cron", "Scheduled Action", readonly=True, copy=False, ondelete="set null"
    )

    # --- The cron, which is the lane's alarm clock and one of its two locks ---

    def _ensure_cron(self):
        """Make the cron, or bring it back to life if somebody deactivated it."""
        self.ensure_one()
        # Crons belong to administrators; operators need theirs to exist all the same.
        integration = self.sudo()
        cron = integration._own_crons() or integration._find_cron()
        if not cron:
            cron = self.env["ir.cron"].sudo().create(self._cron_values())
        if integration.cron_id != cron:
            integration.cron_id = cron
        if not cron.active:
            cron.active = True

    def _cron_code(self):
        return f"model.browse({self.id})._cron_lane()"

    def _own_crons(self):
        """Return the crons of these integrations, as far as they are what serves their lanes."""
        crons = self.env["ir.cron"]
        for integration in self:
            # A row that calls something else is somebody else's, whatever points to it.
            if integration.cron_id.code == integration._cron_code():
                crons += integration.cron_id
        return crons

    def _find_cron(self):
        """Return the lane's cron where ``cron_id`` does not say which it is."""
        crons = self.env["ir.cron"].with_context(active_test=False)
        return crons.search([("code", "=", self._cron_code())], limit=1)

    def _cron_values(self):
        return {
            "name": self.env._("Integration Hub: %(name)s", name=self.name),
            "model_id": self.env["ir.model"]._get_id("ihub.integration"),
            "state": "code",
            "code": self._cron_code(),
            "user_id": self.env.ref("base.user_root").id,
            # Only a net: triggers wake the lane when a run is due.
            "interval_number": 1,
            "interval_type": "hours",
            "nextcall": fields.Datetime.now() + timedelta(hours=1),
        }

    @api.model
    def _delete_crons(self, crons):
        """Delete the crons of deleted integrations.

        One that the scheduler is just looking at cannot be deleted: it finds its integration gone
        at its next call, switches itself off, and is collected with the garbage.
        """
        crons.try_lock_for_update().unlink()

    @api.autovacuum
    def _gc_crons(self):
        """Delete the crons that lost their integration and switched themselves off."""
        inactive = self.env["ir.cron"].search(
            [("active", "=", False), ("code", "=like", "model.browse(%)._cron_lane()")]
        )
        kept = self.with_context(active_test=False).search([("cron_id", "in", inactive.ids)])
        self._delete_crons(inactive - kept.cron_id)
        return len(inactive - kept.cron_id), 0

    def _wake(self, at=None):
        """Wake the lane now, or at a moment (naive UTC). Works while the lane is at work."""
        for integration in self.sudo():
            for cron in integration._own_crons():
                cron._trigger(at)

    def _cron_lane(self):
        """Execute what is due. Called by the integration's cron, and by nothing else."""
        self._report_alive()
        integration = self.exists()
        if not integration:
            # Deleted while its cron was locked by the scheduler: see `_delete_crons`.
            self.env["ir.cron"]._commit_progress(deactivate=True)
            return
        with lane_lock.hold(self.env.cr, integration.id) as held:
            # The lock is the session's; what is read from here on must be newer than it.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            if not held:
                # Another process is at work although Odoo gave the cron to this one. It may
                # already have looked for more to do, so look again when it is over.
                integration._wake(fields.Datetime.now() + timedelta(minutes=1))
                return
            integration._work_or_come_back()

    def _with_reader(self):
        """Return this integration in the language and time zone of whom it works for."""
        return self.with_context(lang=self.run_as_id.lang or self.env.lang, tz=self.tz)

    def _report_alive(self):
        """Keep Odoo from counting deaths: here that is done per run.

        It takes a job whose process died three times in a row before there was progress for one
        that hangs, and lets it sleep until its next regular call.
        """
        progress = self.env["ir.cron.progress"].sudo()
        progress.browse(self.env.context.get("ir_cron_progress_id")).timed_out_counter = 0
        self.env["ir.cron"]._commit_progress(1, remaining=0)

    def _work_or_come_back(self):
        """Do what there is to do; if the hub itself fails, try again in a minute."""
        try:
            lane = self._with_reader()
            lane._recover_dead_runs()
            lane._work()
            lane._transaction(lane._wake_when_due)
            return
        except BaseException as error:
            if is_shutdown(error) or is_ending():
                raise
            log_masked(_logger, error, "The lane of integration %s failed.", self.id)
        # Odoo would sleep until the next regular call, and switch the cron off in the end.
        self._come_back()

    def _come_back(self):
        """Let the lane be woken in a minute, with a cursor that Odoo's scheduler can go on with."""
        if not connection.roll_back(self.env.cr):
            connection.renew(self.env.cr)
        # Not through its own row, which may be what cannot be read.
        for cron in self.env["ir.cron"].browse(self.env.context.get("cron_id")).exists():
            cron._trigger(fields.Datetime.now() + timedelta(minutes=1))
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _wake_when_due(self):
        """Set the alarm for what is due next.

        In one place, at the end: what woke the lane is kept by Odoo until then, so a process that
        dies before wakes it again. What has become due since the lane looked last counts as well.
        """
        if not self.exists() or self._obstacle():
            return
        run = self.env["ihub.run"].search(self._queue_domain(), order="due", limit=1)
        if not run:
            return
        # Alarms up to now, on the clock of the database, are about to be deleted by Odoo.
        is_set = self.env["ir.cron.trigger"].search_count(
            [
                ("cron_id", "=", self.cron_id.id),
                ("call_at", ">", self.env.cr.now()),
                ("call_at", "<=", run.due),
            ],
            limit=1,
        )
        if not is_set:
            self._wake(run.due)

    def _work(self):
        """Execute due runs until none is left, or other crons should get their turn."""
        self._transaction(self._cancel_stopped)
        while run := self._transaction(self._claim):
            self._execute(run)
            remaining = self._count_due()
            seconds_left = self.env["ir.cron"]._commit_progress(1, remaining=remaining)
            if seconds_left <= 0:
                break
        self._transaction(self._cancel_stopped)

    def _cancel_stopped(self):
        """Cancel what was queued before the last Stop, which has not touched the rows of runs.

        Nothing of it is executed any more. Only the lane takes runs from the queue, so it alone
        can cancel a thousand of them without a conflict.
        """
        stopped = self.env["ihub.run"].search(
            [
                ("integration_id", "=", self.id),
                ("state", "=", "pending"),
                ("trigger", "!=", "schedule"),
                ("id", "<=", self.stop_before_id),
            ]
        )
        if stopped:
            stopped._end("cancelled", self.env._("Cancelled before it began."))

    def _transaction(self, step):
        """Call ``step`` and commit; begin again after a conflict with another transaction.

        :param step: a callable without arguments
        :return: what it returned
        """
        conflicts = 0
        while True:
            try:
                result = step()
                self._commit()
                return result
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                conflicts += 1
                if conflicts == MAX_CONFLICTS:
                    raise
                self._pause_after(conflicts)

    @staticmethod
    def _pause_after(conflicts):
        """Let the other transaction end, and do not meet it again at the same moment."""
        time.sleep(random.uniform(0, 0.1 * 2**conflicts))

    def _commit(self):
        """Commit; what follows the commit may fail, but must not make it look undone."""
        cr = self.env.cr
        cr.flush()
        committed = []
        # Before the hooks of others: one that raises keeps those behind it from being called.
        cr.postcommit._funcs.appendleft(lambda: committed.append(True))
        try:
            cr.commit()  # pylint: disable=invalid-commit
        except BaseException as error:
            if not committed or is_shutdown(error):
                raise
            log_masked(
                _logger, error, "What should follow a commit of integration %s failed.", self.id
            )

    # --- Step 1: dead runs ---

    def _recover_dead_runs(self):
        """Mark runs as interrupted that say they are running: this lane holds the lock."""
        dead = self.env["ihub.run"].search(
            [("integration_id", "=", self.id), ("state", "=", "running")]
        )
        for run in dead:
            self._transaction(lambda run=run: self._interrupt(run))

    def _interrupt(self, run, happened=None, **vals):
        """Mark a dead run, and take its window up again unless that keeps happening.

        :param str happened: what its own process knows of it; None: that process is gone
        :param vals: more of what is known, as values of the run
        """
        self._wait_for_stop()
        seen = run.last_seen or run.started_at
        # What it reported after its last checkpoint describes work that is not there.
        self.env["ihub.event"]._undo_uncommitted(run)
        wanted = run.trigger == "schedule" or not run._is_stop_requested()
        run._end(
            "interrupted",
            happened
            or self.env._(
                "The server, or its connection to the database, was gone in the middle of this "
                "run. It was last seen alive at %(time)s.",
                time=self._stated(seen),
            ),
            ended_at=seen,
            **vals,
        )
        run._count_progress()
        deaths = run.deaths + 1
        if deaths < MAX_DEATHS:
            if wanted:
                wait = timedelta(minutes=deaths - 1)
                run._continue(
                    attempt=run.attempt,
                    forgiven_attempts=run.forgiven_attempts,
                    reached=run.reached or None,
                    deaths=deaths,
                    due=fields.Datetime.now() + wait,
                )
            return
        if run.trigger == "schedule":
            run._continue()
        self._run_has_failed(
            run,
            self.env._(
                "This work was cut off %(times)s times in a row: the server stopped, or lost its "
                "connection to the database. Ask your administrator whether it needs too much "
                "memory or time.",
                times=deaths,
            ),
        )

    # --- Step 2: the next run ---

    def _claim(self):
        """Return the next due run, marked as running, or an empty set."""
        self._wait_for_stop()
        Run = self.env["ihub.run"]
        if not self.exists() or self._obstacle():
            return Run
        for trigger in TRIGGER_ORDER:
            if trigger == "schedule":
                self._plan_pointer()
            run = Run.search(self._due_domain([trigger]), order="due, id", limit=1)
            if run and not self._put_off(trigger):
                run._begin()
                return run
        return Run

    def _put_off(self, trigger):
        """Let what is due wait where runs begin so often that only code can have asked for them.

        As a run does that asks for another one, or something that presses Start at each failure.
        Windows that are done do not count: the schedule and a backfill come to an end anyway.

        :return: whether they wait
        """
        begun = self._begun_within_a_minute(trigger)
        if len(begun) < MAX_BEGUN:
            return False
        until = begun[-1] + timedelta(seconds=60)
        message = self.env._(
            "%(count)s runs have begun within a minute, so the next one waits until %(time)s. If "
            "nobody has asked for so many, the code asks for them again and again: press Stop, and "
            "tell its developer.",
            count=MAX_BEGUN,
            time=self._stated(until),
        )
        self.env["ihub.run"].search(self._due_domain([trigger])).write(
            {"due": until, "message": message}
        )
        self.ihub_warning(summary=message, integration=self)
        self._notify_change()
        return True

    def _begun_within_a_minute(self, trigger):
        """Return when the last runs of a kind began that have led to nothing further, newest first.

        :return: list of at most :data:`MAX_BEGUN` moments, naive UTC
        """
        self.env["ihub.run"].flush_model(["started_at", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT started_at FROM ihub_run
                 WHERE integration_id = %s AND started_at > %s AND trigger = %s
                   AND (trigger = 'manual' OR state <> 'done') AND skipped IS NOT TRUE
                 ORDER BY started_at DESC LIMIT %s
                """,
                self.id,
                fields.Datetime.now() - timedelta(seconds=60),
                trigger,
                MAX_BEGUN,
            )
        )
        return [moment for (moment,) in rows]

    def _wait_for_stop(self):
        """Wait for a Stop that is being committed right now, and see it."""
        self.env.cr.execute(
            SQL("SELECT state FROM ihub_integration WHERE id = %s FOR SHARE", self.id)
        )
        self.invalidate_recordset()

    def _queue_domain(self, triggers=TRIGGER_ORDER):
        triggers = [t for t in triggers if t != "schedule" or self.state == "running"]
        return [
            ("integration_id", "=", self.id),
            ("state", "=", "pending"),
            ("trigger", "in", triggers),
            # The schedule has been stopped where it is not running; others by their number.
            "|", ("trigger", "=", "schedule"), ("id", ">", self.stop_before_id),
        ]  # fmt: skip

    def _due_domain(self, triggers=TRIGGER_ORDER):
        return [*self._queue_domain(triggers), ("due", "<=", fields.Datetime.now())]

    def _count_due(self):
        self.invalidate_recordset(["state", "stop_before_id"])
        return self.env["ihub.run"].search_count(self._due_domain())

    def _plan_pointer(self):
        """Give the pending scheduled run the window that the operator's choice wants now."""
        pointer = self._pointer()
        if self.state != "running" or pointer.state != "pending":
            return
        if pointer.attempt or pointer.resume:
            # Begun already: every attempt is at the same window.
            return
        plan = self._schedule().plan(pointer.window_from, fields.Datetime.now(), self.catch_up)
        if plan.skipped:
            pointer._record_skipped(
                plan.skipped.start, plan.skipped.end, self.env._("Skipped after an outage.")
            )
        behind_from = False
        if self.catch_up == "each" and plan.backlog > 1:
            behind_from = pointer.behind_from or pointer.window_from
        wanted = {
            "window_from": plan.window.start,
            "window_to": plan.window.end,
            # One that was put off says so.
            "due": max(plan.due, pointer.due) if pointer.message else plan.due,
            "behind_from": behind_from,
        }
        if any(pointer[name] != value for name, value in wanted.items()):
            pointer.write(wanted)
