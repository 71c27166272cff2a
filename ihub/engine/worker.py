"""The worker of a lane: what happens between the cron's call and the last commit.

Read it from top to bottom: runs whose process is dead are recovered, the next due run is claimed,
executed and settled, until none is left; then the alarm is set for what is due next.
"""

import logging
import math
import random
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import psycopg2
from odoo import fields
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.exceptions import StopRequested, blames_settings, is_stop
from ..core.retry import next_attempt, server_down_in
from ..core.sentences import Sentence
from ..core.shutdown import is_shutdown
from ..core.time_left import may_begin
from ..core.triggers import INCESSANT, ORDER
from ..report.format import stated_moment
from ..report.sentences import stored
from . import connection, event_buffer, lane_lock, message_store, slots
from .checkpoint import explain
from .context import RunScope, TransactionWatch, executing
from .exceptions import UsageError
from .failure import (
    RunFailed,
    brief,
    failed_request,
    is_told,
    is_unexpected,
    log_masked,
    plain_message,
    readable,
    traceback_text,
)
from .inbox import take_messages
from .items import retry_of_run
from .odoo_internals import (
    end_with_server,
    first_after_commit,
    is_ending,
    is_retiring,
    time_limits,
)

_logger = logging.getLogger(__name__)

# How often a transaction is begun again after a conflict with another one.
MAX_CONFLICTS = 5
# After so many dead processes in a row an integration is failed instead of tried again.
MAX_CRASHES = 3
# How long one waits that finds another process at work, which may be dead already.
LOOK_AGAIN = timedelta(seconds=5)
# How long a lane that waits for a slot of its pool sleeps, if nobody who gives one back wakes it.
SLOT_PAUSE = timedelta(minutes=1)
# How long one leaves the slot that it has just had to those that wait.
SLOT_TURN = timedelta(seconds=1)
# Seconds. A transaction that has begun no longer ago sees what people have asked for by now.
FRESH_LOOK = 1.0
# What a run that ends well reads of these wide rows, also to begin the next one. What is missing
# here is read by a query more, which test_queries.py counts.
NEEDED_OF_INTEGRATION = (
    "integration_type", "active", "state", "stop_before_id", "run_as_id", "company_id",
    "interval_number", "interval_type", "tz", "schedule_anchor", "catch_up", "pool_id",
    "failures_since_recovery", "failed_run_id", "doubts_empty_runs", "doubtful_run_id",
    "items_told", "cron_id",
)  # fmt: skip
NEEDED_OF_RUN = (
    "integration_id", "company_id", "user_id", "trigger", "state", "attempt", "window_from",
    "window_to", "behind_from", "due", "started_at", "ended_at", "resume", "processed", "message",
    "with_errors", "usual_records", "duration", "create_uid", "write_uid",
)  # fmt: skip
# So many runs of a trigger may begin within a minute; see LIMITED in models/ihub_run.py.
MAX_BEGUN = 60


class Worker:
    """Serves the lane of one integration, in the transactions of the cron that has woken it.

    :param integration: the ``ihub.integration``, as superuser
    """

    def __init__(self, integration):
        self.integration = integration
        self.env = integration.env
        # What has started the last run: messages that come without an end let others have a turn.
        self._last_trigger = None
        # Whether a run has ended its attempt since Odoo's time for this call is used up.
        self.is_out_of_time = False
        # The session of the database that holds the lane.
        self._session = None
        # The id of the pool of which it holds a slot, and until when it leaves one to others.
        self._pool_id = None
        self._slot_free_at = None
        # Of whom the integration works for.
        self._lang = None
        # What :meth:`_next_run` has returned in the transaction that has completed a run, or None.
        self._ahead = None
        # What a lane need not ask again before each run. Nobody else begins runs or makes the
        # type's row while it is held.
        self._record_id = None
        self._may_begin = {}
        self._usual = {}
        # Until when it is known that nothing keeps the integration from running.
        self._fit_until = 0.0

    def serve(self):
        """Execute what is due, unless another process does so.

        Nothing that an integration raises comes out of here.
        """
        integration = self.integration.exists()
        if not integration:
            # Deleted while its cron was locked by the scheduler: see `_delete_crons`.
            self.env["ir.cron"]._commit_progress(deactivate=True)
            return
        if not lane_lock.can_hold(self.env.cr):
            self._report_alive()
            self._transaction(self._refuse_pooler)
            return
        with lane_lock.hold(self.env.cr, integration.id) as self._session:
            # It commits. The lock is the session's; what is read from here on is newer than it.
            self._report_alive()
            if not self._session:
                # Another process is at work although Odoo gave the cron to this one. It may
                # already have looked for more to do, or be dead, so look again.
                integration._wake(fields.Datetime.now() + LOOK_AGAIN)
                return
            self._work_or_come_back()
            end_with_server()

    # --- The lane ---

    def _work_or_come_back(self):
        """Do what there is to do; if the hub itself fails, try again in a minute."""
        try:
            self._use_language_of_user()
            self._recover_dead_runs()
            self._work()
            return
        except BaseException as error:
            end_with_server()
            if is_shutdown(error) or is_ending():
                raise
            log_masked(_logger, error, "The lane of integration %s failed.", self.integration.id)
        # Odoo would sleep until the next regular call, and switch the cron off in the end.
        self._come_back()

    def _refuse_pooler(self):
        """Fail what is due: nothing would tell whether a run is alive, or keep a second one out."""
        if self.integration.state != "failed" and self._count_due():
            self.integration._fail(Sentence("pooled"))

    def _use_language_of_user(self):
        """Use the language and time zone of whom the integration works for."""
        integration = self.integration
        user = integration.run_as_id
        self._lang = user.with_user(user).context_get().get("lang")
        self.integration = integration.with_context(lang=self._lang, tz=integration.tz)
        self.env = self.integration.env

    def _work(self):
        """Execute due runs until none is left, or other crons should get their turn.

        A commit empties Odoo's cache, and what was in it is read again: what can be one
        transaction is one.
        """
        if self.integration.stop_before_id:
            self._transaction(self._cancel_stopped)
        done = 0
        while run := self._take_up_next():
            self._execute(run)
            end_with_server()
            done += 1
            if self._ahead is not None:
                continue
            if self._pool_id:
                self._give_slot_back()
            if self._is_time_over() or not self._has_time():
                self._transaction(self._wind_up)
                # Odoo would call the lane again at once, on the same time.
                remaining = self._count_due() if self._has_time() else 0
                self.env["ir.cron"]._commit_progress(done, remaining=remaining)
                return

    def _take_up_next(self):
        """Return the run that is next, claimed, or an empty set when all is left in order."""
        run, self._ahead = self._ahead, None
        return self._transaction(self._next_run) if run is None else run

    def _next_run(self, scheduled=None):
        """Claim the next due run; where there is none, or no time for it, leave all in order.

        :param scheduled: the scheduled run that this very transaction has queued; None: none
        """
        run = self._claim(scheduled) if self._has_time() else self.env["ihub.run"]
        if not run:
            self._wind_up()
        return run

    def _wind_up(self):
        if self.integration.exists():
            self._cancel_stopped()
            self._wake_when_due()

    def _is_time_over(self):
        """Return whether other crons should get their turn, as Odoo has set."""
        return time.monotonic() >= self.env.context.get("cron_end_time", math.inf)

    def _has_time(self):
        """Return whether another run may begin, so that Odoo does not end it in the midst."""
        return not (self.is_out_of_time or is_retiring()) and may_begin(time_limits())

    def _report_alive(self):
        """Keep Odoo from counting crashes: here that is done per run.

        It takes a job whose process died three times in a row before there was progress for one
        that hangs, and lets it sleep until its next regular call.
        """
        # Whoever the scheduled action runs as: nobody else has rights on it.
        progress = self.env["ir.cron.progress"].sudo()
        progress.browse(self.env.context.get("ir_cron_progress_id")).timed_out_counter = 0
        self.env["ir.cron"]._commit_progress(1, remaining=0)

    def _come_back(self):
        """Let the lane be woken in a minute, with a cursor that Odoo's scheduler can go on with."""
        if not connection.roll_back(self.env.cr):
            connection.renew(self.env.cr)
        # Not through its own row, which may be what cannot be read.
        for cron in self.env["ir.cron"].browse(self.env.context.get("cron_id")).exists():
            cron._trigger(fields.Datetime.now() + timedelta(minutes=1))
        # The alarm must be there, whatever becomes of this cursor.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _wake_when_due(self):
        """Set the alarm for what is due next.

        In one place, at the end: what woke the lane is kept by Odoo until then, so a process that
        dies before wakes it again. What has become due since the lane looked last counts as well.
        """
        if self.integration._preflight_error():
            return
        run = self.env["ihub.run"].search(self.integration._queue_domain(), order="due", limit=1)
        due = min(filter(None, [run.due, self._next_message_due()]), default=None)
        if not due:
            return
        if self._slot_free_at:
            due = max(due, self._slot_free_at)
        # Alarms up to now, on the clock of the database, are about to be deleted by Odoo.
        is_set = self.env["ir.cron.trigger"].search_count(
            [
                ("cron_id", "=", self.integration.cron_id.id),
                ("call_at", ">", self.env.cr.now()),
                ("call_at", "<=", due),
            ],
            limit=1,
        )
        if not is_set:
            self.integration._wake(due)

    def _next_message_due(self):
        """Return when the next message can be taken, or None."""
        webhook = self.integration._webhook()
        if not webhook or not self.integration._is_on():
            return None
        if message_store.is_any_ready(self.env.cr, self.integration, webhook):
            return fields.Datetime.now()
        return message_store.next_due(self.env.cr, self.integration.id)

    def _cancel_stopped(self):
        """Cancel what was queued before the last Stop, which has not touched the rows of runs.

        Nothing of it is executed any more. Only the lane takes runs from the queue, so it alone
        can cancel a thousand of them without a conflict.
        """
        if not self.integration.stop_before_id:
            return
        stopped = self.env["ihub.run"].search(
            [
                ("integration_id", "=", self.integration.id),
                ("state", "=", "pending"),
                ("trigger", "!=", "schedule"),
                ("id", "<=", self.integration.stop_before_id),
            ]
        )
        if stopped:
            stopped._end("cancelled", Sentence("cancelled"))

    # --- 1: runs whose process is dead ---

    def _recover_dead_runs(self):
        """Mark runs as interrupted that say they are running: this lane holds the lock."""
        dead = self.env["ihub.run"].search(
            [("integration_id", "=", self.integration.id), ("state", "=", "running")]
        )
        for run in dead:
            self._transaction(lambda run=run: self._interrupt(run))

    def _interrupt(self, run, happened="interrupted", **vals):
        """Mark a dead run, and take its window up again unless that keeps happening.

        :param str happened: the code of the sentence on it
        :param vals: more of what is known, as values of the run
        """
        self._wait_for_stop()
        seen = run.last_seen or run.started_at
        # What it reported after its last checkpoint describes work that is not there.
        self.env["ihub.event"]._undo_uncommitted(run)
        wanted = run.trigger == "schedule" or not run._is_stop_requested()
        run._end(
            "interrupted",
            Sentence(happened, {"time": fields.Datetime.to_string(seen)}),
            ended_at=seen,
            **vals,
        )
        run._count_progress()
        if not wanted:
            return
        crashes = run.crash_count + 1
        if crashes < MAX_CRASHES:
            wait = timedelta(minutes=crashes - 1)
            run._continue(
                attempt=run.attempt,
                forgiven_attempts=run.forgiven_attempts,
                reached=run.reached or None,
                crash_count=crashes,
                due=fields.Datetime.now() + wait,
            )
            return
        if run.trigger == "schedule":
            run._continue()
        told = stored(self.integration, Sentence("cut_off", {"times": crashes}))
        self.integration._run_has_failed(run, told)

    # --- 2: the next run ---

    def _claim(self, scheduled):
        """Return the next due run, marked as running, or an empty set.

        :param scheduled: see :meth:`_next_run`
        """
        Run = self.env["ihub.run"]
        if not self._wait_for_stop() or not self._is_fit(is_ahead=bool(scheduled)):
            return Run
        self._plan_webhook_run()
        is_asked_for = self._is_any_asked_for()
        last = self._last_trigger if self._last_trigger in INCESSANT else None
        for trigger in sorted(ORDER, key=lambda one: one == last):
            run = Run
            if trigger == "schedule":
                run = self._due_by_schedule(scheduled)
            elif is_asked_for:
                if trigger == "code":
                    self._plan_triggered_run()
                run = Run.search(self._due_domain([trigger]), order="due, id", limit=1)
            if run and not self._put_off(trigger):
                if not self._take_slot():
                    return Run
                self._last_trigger = trigger
                run._begin()
                return run
        return Run

    def _is_fit(self, is_ahead):
        """Return whether nothing keeps the integration from running.

        :param bool is_ahead: whether the transaction has completed a run before: then it need not
            be asked more often than once in :data:`FRESH_LOOK` seconds
        """
        now = time.monotonic()
        if is_ahead and now < self._fit_until:
            return True
        if self.integration._preflight_error():
            return False
        self._fit_until = now + FRESH_LOOK
        return True

    def _is_any_asked_for(self):
        """Return whether any run is queued that is not of the schedule, also one that must wait."""
        self.env["ihub.run"].flush_model(["integration_id", "state", "trigger"])
        ((is_any,),) = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM ihub_run
                                WHERE integration_id = %s AND state = 'pending'
                                  AND trigger <> 'schedule')
                """,
                self.integration.id,
            )
        )
        return is_any

    def _take_slot(self):
        """Take a slot of the pool for the next run, if the integration is in one.

        :return: whether the run may begin; if not, it waits
        """
        pool = self.integration.pool_id
        if not pool or self._pool_id:
            return True
        now = fields.Datetime.now()
        if self._slot_free_at and now < self._slot_free_at:
            return False
        if slots.take(self.env.cr, pool.id, pool.slots):
            self._pool_id = pool.id
            return True
        self._slot_free_at = now + SLOT_PAUSE
        return False

    def _give_slot_back(self):
        """Give the slot back after a run: whoever else waits for one has its turn first."""
        pool = self.env["ihub.pool"].browse(self._pool_id)
        slots.give_back(self.env.cr, pool.id)
        self._pool_id = None
        if self._transaction(lambda: pool._wake_waiting(self.integration)):
            self._slot_free_at = fields.Datetime.now() + SLOT_TURN

    def _due_by_schedule(self, scheduled):
        """Return the scheduled run, with the window that is wanted now, if it is due."""
        scheduled = scheduled or self.integration._scheduled_run()
        if self.integration.state != "running" or scheduled.state != "pending":
            return scheduled.browse()
        self._plan(scheduled)
        return scheduled if scheduled.due <= fields.Datetime.now() else scheduled.browse()

    def _plan_webhook_run(self):
        """Queue a run for messages that wait, unless one is queued: it takes all there are."""
        webhook = self.integration._webhook()
        if not webhook or not self.integration._is_on():
            return
        if self.integration._queued([("trigger", "=", "webhook")], limit=1):
            return
        if message_store.is_any_ready(self.env.cr, self.integration, webhook):
            self.env["ihub.run"]._enqueue(self.integration, "webhook", None, user_id=False)

    def _plan_triggered_run(self):
        """Make one of the runs that code has asked for and that have not begun, until now."""
        asked_for = self.integration._queued([("trigger", "=", "code"), ("attempt", "=", 0)])
        if asked_for and self.integration._is_on():
            asked_for[1:].unlink()
            window = self.integration._manual_window()
            asked_for[0].write({"window_from": window.start, "window_to": window.end})

    def _put_off(self, trigger):
        """Let what is due wait where runs begin so often that only code can have asked for them.

        As a run does that asks for another one, or something that presses Start at each failure.
        Windows that are done do not count: the schedule and a backfill come to an end anyway.

        :return: whether they wait
        """
        # At least so many more may begin, whatever becomes of them.
        if self._may_begin.get(trigger):
            self._may_begin[trigger] -= 1
            return False
        minute_ago = fields.Datetime.now() - timedelta(seconds=60)
        runs = self.env["ihub.run"]
        begun = runs._begun_since(minute_ago, self.integration, trigger, limit=MAX_BEGUN)
        if len(begun) < MAX_BEGUN:
            self._may_begin[trigger] = MAX_BEGUN - len(begun) - 1
            return False
        until = begun[-1] + timedelta(seconds=60)
        message = self.env._(
            "%(count)s runs started within a minute, so the next one waits until %(time)s. If "
            "nobody requested that many, the code keeps requesting them: press Stop, and tell "
            "its developer.",
            count=MAX_BEGUN,
            time=stated_moment(self.integration, until),
        )
        self.env["ihub.run"].search(self._due_domain([trigger])).write(
            {"due": until, **stored(self.integration, message)}
        )
        self.integration.ihub_warning(summary=message, integration=self.integration)
        self.integration._notify_change()
        return True

    def _wait_for_stop(self):
        """Wait for a Stop that is being committed right now.

        It makes a conflict with this transaction, so another one begins, which sees it.

        :return: whether the integration is still there
        """
        self.env.cr.execute(
            SQL("SELECT state FROM ihub_integration WHERE id = %s FOR SHARE", self.integration.id)
        )
        return bool(self.env.cr.rowcount)

    def _plan(self, scheduled):
        """Give the pending scheduled run the window that the operator's choice wants now."""
        if scheduled.attempt or scheduled.resume:
            # Begun already: every attempt is at the same window.
            return
        plan = self.integration._schedule().plan(
            scheduled.window_from, fields.Datetime.now(), self.integration.catch_up
        )
        if plan.skipped:
            scheduled._record_skipped(plan.skipped.start, plan.skipped.end, Sentence("skipped"))
        behind_from = False
        if self.integration.catch_up == "each" and plan.backlog > 1:
            behind_from = scheduled.behind_from or scheduled.window_from
        wanted = {
            "window_from": plan.window.start,
            "window_to": plan.window.end,
            # One that was put off says so.
            "due": max(plan.due, scheduled.due) if scheduled.message else plan.due,
            "behind_from": behind_from,
        }
        if any(scheduled[name] != value for name, value in wanted.items()):
            scheduled.write(wanted)

    def _due_domain(self, triggers=ORDER):
        return [*self.integration._queue_domain(triggers), ("due", "<=", fields.Datetime.now())]

    def _count_due(self):
        self.integration.invalidate_recordset(["state", "stop_before_id"])
        return self.env["ihub.run"].search_count(self._due_domain())

    # --- 3: the work ---

    def _execute(self, run):
        """Execute a claimed run and settle what came of it. Nothing of the integration escapes."""
        self.integration.fetch(NEEDED_OF_INTEGRATION)
        run.fetch(NEEDED_OF_RUN)
        scope = RunScope(
            dbname=self.env.cr.dbname,
            run_id=run.id,
            integration_id=self.integration.id,
            company_id=self.integration.company_id.id,
            attempt=run.attempt,
            lang=self._lang,
            is_manual=run.trigger == "manual",
            waits_apart=run.trigger == "webhook",
        )
        with executing(scope):
            # Not settled where it is caught: the server's log would show it beside what goes wrong
            # then, with its secrets.
            error = self._attempt(run, scope)
            if error is not None:
                self._settle(run, scope, error)
            elif self._ahead is None and self.integration._is_affected_by(run, scope.counts):
                self._transaction(lambda: self.integration._settle_success(run))
            self._report_commits(scope)

    def _attempt(self, run, scope):
        """Do the work of a run.

        :return: by which exception, of whatever class, it was ended before its end, or None
        """
        try:
            self._work_on(run, scope)
        except BaseException as error:
            if is_shutdown(error):
                raise
            return readable(error)
        return None

    def _work_on(self, run, scope):
        """Do the work; begin again at once, a few times, after a conflict with another transaction.

        Each time is an attempt, and is reported: what the code did outside the database was done.
        """
        scope.watch = TransactionWatch(self.env.cr, scope)
        for conflicts in range(1, MAX_CONFLICTS + 1):
            try:
                scheduled = self._run_once(run, scope)
                ahead = self._look_ahead(run, scope, scheduled)
                self._commit()
                self._ahead = ahead
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                if conflicts == MAX_CONFLICTS:
                    raise
                self._transaction(lambda error=error: self._begin_again(run, scope, error))
            self._pause_after(conflicts)

    def _begin_again(self, run, scope, error):
        """Count and report that the work is begun again, unless somebody has pressed Stop."""
        if run._is_stop_requested():
            scope.stopped = True
            raise StopRequested
        run._begin_again()
        scope.attempt = run.attempt
        self.integration.ihub_info(
            summary=self.env._(
                "Restarted because somebody changed the same record at the same time."
            ),
            details=error,
            integration=self.integration,
        )

    def _run_once(self, run, scope):
        """Do the work, and mark it as done in the same transaction.

        :return: the next scheduled run, if this one was the schedule's
        """
        scope.begin()
        record = self.integration._record_for_work(self._record_id)
        self._record_id = record.id
        scope.watch.begin_anew()
        try:
            if run.trigger == "items":
                retry_of_run(record, run)
            elif run.trigger == "webhook":
                take_messages(record)
            else:
                result = record.run_from_to(run.window_from, run.window_to)
                self.integration._check_work_is_done(result)
            if scope.failed:
                raise RunFailed(scope.reason)
            if scope.ended_by:
                raise scope.ended_by
            record.env.flush_all()
            loss = scope.watch.find_loss()
        finally:
            scope.watch.end()
        if loss:
            raise UsageError(explain(self.env, loss))
        with_errors = scope.error_logged or scope.error_kept or run.with_errors
        scheduled = run._complete(scope.counts, with_errors, self._usual)
        scope.ended = True
        return scheduled

    def _look_ahead(self, run, scope, scheduled):
        """Do what is next in the transaction that completes this run: one commit for both.

        Only where this transaction sees what there is now, and nothing else is to be done first.

        :param scheduled: what :meth:`_run_once` has returned
        :return: what :meth:`_next_run` has returned, or None
        """
        if (
            self._pool_id
            or scope.committed
            or time.monotonic() - scope.kept_at > FRESH_LOOK
            or is_ending()
            or self._is_time_over()
            or not self._has_time()
            or self.integration.stop_before_id
            or self.integration._is_affected_by(run, scope.counts)
        ):
            return None
        # Somebody may press Stop at this moment, or the hub itself fail: that must not undo the
        # work. It is met again when the work is kept.
        with suppress(Exception), self.env.cr.savepoint():
            return self._next_run(scheduled)
        return None

    def _report_commits(self, scope):
        """Tell developers, once a run, that not all of its work is undone when it fails."""
        if scope.committed:
            self.integration.ihub_warning(
                summary=self.env._("The code of this integration makes its own commits."),
                details=self.env._(
                    "What it has committed stays when the run fails or the server stops, and the "
                    "period is then run again from its last checkpoint. Use self.checkpoint() "
                    "instead of cr.commit(): it also stores where to resume."
                ),
                integration=self.integration,
            )

    # --- 4: what comes of it ---

    def _settle(self, run, scope, error):
        """Settle a run that was ended by ``error``."""
        scope.ended = True
        is_lost = not connection.roll_back(self.env.cr)
        if is_lost:
            self._regain_connection(scope, error)
        if scope.error_kept:
            self._transaction(lambda: run.write({"with_errors": True}))
        if scope.failed and is_stop(error):
            # What its code has said of it counts more than how it was ended then.
            error = RunFailed(scope.reason)
        if run.state == "done":
            # Its commit had arrived before the connection was lost.
            self._transaction(lambda: self.integration._settle_success(run))
        elif is_stop(error) and (scope.stopped or run._is_stop_requested()):
            # By people, and not by its own code. Somebody may have pressed Start since a
            # checkpoint has seen the Stop.
            self._transaction(lambda: self._settle_stop(run))
        elif is_stop(error) and scope.out_of_time:
            self._go_on_later(run, scope)
        elif is_lost and not scope.failed:
            self._settle_loss(run, scope, error)
        else:
            self._settle_failure(run, scope, error)

    def _settle_stop(self, run):
        """End a run that obeyed a Stop; the window of a scheduled one is still to be done."""
        user = self.integration.stop_user_id.name
        run._end("cancelled", Sentence("stopped_by", {"user": user}))
        if run.trigger == "schedule":
            run._continue()

    def _go_on_later(self, run, scope):
        """Let a run whose time is up go on in the next call, unless it gets nowhere by that."""
        self.is_out_of_time = True
        if not self._transaction(lambda: self._queue_again(run)):
            self._settle_failure(run, scope, UserError(self._gets_nowhere()))

    def _queue_again(self, run):
        """Queue the same run again, as the same attempt.

        :return: False if it is the third time in a row that it got no further by its own numbers
        """
        if not run._count_progress() and (run.processed or run.resume) and not is_retiring():
            run.crash_count += 1
            if run.crash_count == MAX_CRASHES:
                return False
        run._set_state("pending", due=fields.Datetime.now(), **stored(self.integration, None))
        return True

    def _gets_nowhere(self):
        return self.env._(
            "Odoo ends scheduled actions that take longer than %(seconds)s seconds, and this work "
            "started over each time. Ask its developer to give checkpoint() where to resume "
            "(resume=…), or your administrator for a higher limit_time_real_cron.",
            seconds=round(min(limit.seconds for limit in time_limits())),
        )

    def _settle_failure(self, run, scope, error):
        """Log why a run failed; try again later, or leave it failed."""
        told = self._failure_told(scope, error)
        down = server_down_in(error)
        if down is None:
            self._log_failure(scope, error, told["message"])
        elif run.message_code != told["message_code"]:
            # Said once, however often it is looked for the server.
            self.integration.ihub_warning(summary=told["message"], integration=self.integration)
        technical = {
            "traceback": "" if isinstance(error, RunFailed) else traceback_text(error),
            "failed_request": failed_request(self.integration, error, scope.cause),
        }
        self._transaction(lambda: self._record_failure(run, scope, error, told, technical))
        event_buffer.flush(self.env.cr)

    def _failure_told(self, scope, error):
        """Return the values of a run that say why it failed.

        What nobody wrote for people is kept as it is, and said in a sentence that was.
        """
        if down := server_down_in(error):
            values = {"server": down.server, "reason": plain_message(down)}
            values["time"] = fields.Datetime.to_string(down.since)
            told = stored(self.integration, Sentence("server_down", values))
            return {**told, "blames_settings": False}
        message = self._failure_message(error)
        said = Sentence("kept", {"message": message}) if scope.committed else message
        told = stored(self.integration, said)
        if is_unexpected(error) and not is_stop(error):
            told |= {
                "message_code": "unexpected",
                "message_values": {"kept": bool(scope.committed)},
            }
        return {**told, "blames_settings": blames_settings(error)}

    def _failure_message(self, error):
        if is_stop(error):
            return self.env._(
                "The integration stopped although nobody pressed Stop. Only checkpoint() may "
                "raise StopRequested: its developer must fix this."
            )
        return plain_message(error) or self.env._("The run failed without giving a reason.")

    def _log_failure(self, scope, error, message):
        """Write the one error event of a failed run, unless the integration did so itself."""
        told = is_told(error) or (isinstance(error, RunFailed) and scope.error_logged)
        if not told:
            details = error
            if isinstance(error, RunFailed):
                # The whole of it, where the message is only its beginning.
                reason = scope.reason or ""
                details = reason if brief(reason) != reason else None
            self.integration.ihub_error(
                summary=message, details=details, integration=self.integration
            )

    def _record_failure(self, run, scope, error, told, technical):
        run._count_progress()
        # To the microsecond: a wait of a second must not become none.
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        first = run.first_message or told["message"]
        # Who calls fail() says that waiting does not help.
        due = None if scope.failed else self._retry_at(run, error, now)
        if due:
            run._set_state(
                "pending",
                due=due,
                ended_at=fields.Datetime.now(),
                **told,
                first_message=first,
                **technical,
            )
            self.integration._notify_change()
            return
        run._end("failed", first_message=first, **technical, **told)
        run._notify_requester("danger")
        if run.trigger == "schedule":
            run._continue(due=run.due, **told)
        if scope.failed:
            reason = brief(scope.reason) if scope.reason else told["message"]
            self.integration._fail_after_run(run, reason)
        else:
            self.integration._run_has_failed(run, run._told())

    def _retry_at(self, run, error, now):
        """Return when to try again by itself, in naive UTC, or None."""
        self.integration.invalidate_recordset()
        stopped = (
            self.integration.state != "running"
            if run.trigger == "schedule"
            else run._is_stop_requested()
        )
        if stopped or run.trigger == "manual":
            # Somebody has pressed Stop, or waits for the outcome.
            return None
        if server_down_in(error):
            run.forgiven_attempts += 1
        return next_attempt(error, run._tries(), self.integration._retry_policy(), now)

    def _regain_connection(self, scope, error):
        """Get another connection, and hold the lane again.

        :raise psycopg2.Error: the database cannot be reached; the run is found dead later
        :raise LaneTaken: another process has found it already
        """
        if is_ending():
            # The next one takes the run up again.
            end_with_server()
            raise SystemExit
        try:
            connection.renew(self.env.cr)
            self._session = lane_lock.hold_again(
                self.env.cr, self.integration.id, lost=self._session
            )
        except (psycopg2.Error, lane_lock.LaneTaken):
            # Written as soon as the database is there again.
            self._log_failure(scope, error, self._failure_message(error))
            raise
        self._commit()
        # The slot went with the connection.
        self._pool_id = None
        self.env.invalidate_all(flush=False)

    def _settle_loss(self, run, scope, error):
        """Mark a run as interrupted that has lost its connection, and so all of its work."""
        self._log_failure(scope, error, self._failure_message(error))
        technical = traceback_text(error)
        self._transaction(lambda: self._interrupt(run, "connection_lost", traceback=technical))
        event_buffer.flush(self.env.cr)

    # --- Transactions ---

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
        first_after_commit(cr, lambda: committed.append(True))
        try:
            cr.commit()  # pylint: disable=invalid-commit
        except BaseException as error:
            if not committed or is_shutdown(error):
                raise
            log_masked(
                _logger,
                error,
                "What should follow a commit of integration %s failed.",
                self.integration.id,
            )
