import random
from datetime import datetime, timezone

import psycopg2
from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..core.exceptions import StopRequested, is_stop
from ..core.retry import RetryPolicy, next_attempt
from ..core.shutdown import is_ending, is_shutdown
from ..engine import connection, event_buffer, lane_lock
from ..engine.checkpoint import explain
from ..engine.context import RunScope, executing
from ..engine.exceptions import UsageError
from ..engine.failure import RunFailed, is_told, plain_message, readable, traceback_text
from ..engine.run_transaction import TransactionWatch
from .ihub_integration_lane import MAX_CONFLICTS


class IhubIntegration(models.Model):
    """The transactions of a run: the work, and what comes of it."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    retry_limit = fields.Integer(
        "Retries", default=3, tracking=True, help="How often a failed run is tried again by itself."
    )
    retry_delay = fields.Integer(default=5, tracking=True, help="Minutes before the first retry.")
    retry_growth = fields.Float(
        default=2.0,
        tracking=True,
        help="Each further wait is so many times as long; 1: always the same.",
    )
    retry_maximum = fields.Integer(
        default=24 * 60, tracking=True, help="Minutes: no wait between two attempts is longer."
    )

    hang_limit = fields.Integer(
        default=0,
        tracking=True,
        help="Minutes after which a run that is still executing is reported; 0 for no limit.",
    )

    _hang_limit_is_sane = models.Constraint(
        "CHECK(hang_limit BETWEEN 0 AND 525600)",
        "The limit for runs must be between 0 and 525600 minutes (a year).",
    )
    _retries_are_sane = models.Constraint(
        "CHECK(retry_limit BETWEEN 0 AND 1000 AND retry_delay BETWEEN 0 AND 525600)",
        "There can be 0 to 1000 retries, after 0 to 525600 minutes (a year).",
    )
    _retry_waits_are_sane = models.Constraint(
        "CHECK(retry_growth BETWEEN 1 AND 1000 AND retry_maximum BETWEEN 1 AND 525600)",
        "Waits between retries grow 1 to 1000 times each, and the longest is 1 to 525600 minutes "
        "(a year).",
    )

    # --- Steps 3 and 4: the work ---

    def _execute(self, run):
        """Execute a claimed run and settle what came of it. Nothing of the integration escapes."""
        scope = RunScope(
            dbname=self.env.cr.dbname,
            run_id=run.id,
            integration_id=self.id,
            company_id=self.company_id.id,
            attempt=run.attempt,
            lang=self.run_as_id.lang,
        )
        with executing(scope):
            # Not settled where it is caught: the server's log would show it beside what goes wrong
            # then, with its secrets.
            error = self._attempt(run, scope)
            if error is None:
                self._transaction(lambda: self._recover_state(run))
            else:
                self._settle(run, scope, error)
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
                self._run_once(run, scope)
                self._commit()
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
        self.ihub_info(
            summary=self.env._(
                "Begun again because somebody changed the same record at the same moment."
            ),
            details=error,
            integration=self,
        )

    def _run_once(self, run, scope):
        """Do the work, and mark it as done in the same transaction."""
        scope.begin()
        record = self._execution_record()
        scope.watch.begin_anew()
        try:
            self._check_work_is_done(record.run_from_to(run.window_from, run.window_to))
            if scope.failed:
                raise RunFailed(scope.reason)
            record.env.flush_all()
            loss = scope.watch.find_loss()
        finally:
            scope.watch.end()
        if loss:
            raise UsageError(explain(self.env, loss))
        run._complete()
        scope.ended = True

    def _report_commits(self, scope):
        """Tell developers, once a run, that not all of its work is undone when it fails."""
        if scope.committed:
            self.ihub_warning(
                summary=self.env._("The code of this integration commits by itself."),
                details=self.env._(
                    "What it has committed stays when the run fails or the server stops, and the "
                    "window is then done again from its last checkpoint. Use self.checkpoint() in "
                    "place of cr.commit(): it also keeps where to go on."
                ),
                integration=self,
            )

    def _execution_record(self):
        """Return the type's row, as the integration's user and in its company, language, zone."""
        user = self.run_as_id
        companies = self._work_companies()
        return (
            self._type_record()  # pylint: disable=context-overridden
            .with_user(user)
            # Not added to the context of the cron: its progress is the lane's own business.
            .with_context(
                {
                    "lang": user.lang,
                    "tz": self.tz,
                    "allowed_company_ids": companies.ids,
                }
            )
        )

    def _recover_state(self, run):
        """After a run by hand has worked, nothing is failed any more that it had made so."""
        self.invalidate_recordset()
        pointer = self._pointer()
        by_schedule = pointer and pointer.first_message
        if self.state == "failed" and run.trigger != "schedule" and not by_schedule:
            self._change_state("stopped", self.env._("The last run by hand has worked."))
        self._settle_success(run)

    def _settle(self, run, scope, error):
        """Settle a run that was ended by ``error``."""
        scope.ended = True
        is_lost = not connection.roll_back(self.env.cr)
        if is_lost:
            self._regain_connection(scope, error)
        if scope.failed and is_stop(error):
            # What its code has said of it counts more than how it was ended then.
            error = RunFailed(scope.reason)
        if run.state == "done":
            # Its commit had arrived before the connection was lost.
            self._transaction(lambda: self._recover_state(run))
        elif is_stop(error) and self._is_stopped(run, scope):
            self._transaction(lambda: self._settle_stop(run))
        elif is_lost and not scope.failed:
            self._settle_loss(run, scope, error)
        else:
            self._settle_failure(run, scope, error)

    def _is_stopped(self, run, scope):
        """Return whether it was people who stopped ``run``, and not its own code."""
        # Somebody may have pressed Start since a checkpoint has seen the Stop.
        return scope.stopped or run._is_stop_requested()

    def _settle_stop(self, run):
        """End a run that obeyed a Stop; the window of a scheduled one is still to be done."""
        run._end("cancelled", self.env._("Stopped by %(user)s.", user=self.stop_user_id.name))
        if run.trigger == "schedule":
            run._continue()

    # --- Step 4b: failure ---

    def _settle_failure(self, run, scope, error):
        """Log why a run failed; try again later, or leave it failed."""
        message = self._failure_message(error)
        if scope.committed:
            message = self.env._(
                "%(message)s (Part of its work was kept: the code had committed it by itself.)",
                message=message,
            )
        self._log_failure(scope, error, message)
        technical = "" if isinstance(error, RunFailed) else traceback_text(error)
        self._transaction(lambda: self._record_failure(run, scope, error, message, technical))
        event_buffer.flush(self.env.cr)

    def _failure_message(self, error):
        if is_stop(error):
            return self.env._(
                "The integration stopped although nobody had pressed Stop. Its developer must "
                "leave it to checkpoint() to raise StopRequested."
            )
        return plain_message(error) or self.env._("The run failed without saying why.")

    def _log_failure(self, scope, error, message):
        """Write the one error event of a failed run, unless the integration did so itself."""
        told = is_told(error) or (isinstance(error, RunFailed) and scope.error_logged)
        if not told:
            details = None if isinstance(error, RunFailed) else error
            self.ihub_error(summary=message, details=details, integration=self)

    def _record_failure(self, run, scope, error, message, technical):
        run._count_progress()
        # To the microsecond: a wait of a second must not become none.
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        first = run.first_message or message
        # Who calls fail() says that waiting does not help.
        due = None if scope.failed else self._retry_at(run, error, now)
        if due:
            run._set_state(
                "pending", due=due, message=message, first_message=first, traceback=technical
            )
            self._notify_change()
            return
        run._end("failed", message, first_message=first, traceback=technical)
        run._tell_requester("danger", message)
        if run.trigger == "schedule":
            run._continue(due=run.due, message=message)
        if scope.failed:
            self._fail_after_run(run, scope.reason or message)
        else:
            self._run_has_failed(run, message)

    def _retry_at(self, run, error, now):
        """Return when to try again by itself, in naive UTC, or None."""
        self.invalidate_recordset()
        stopped = self.state != "running" if run.trigger == "schedule" else run._is_stop_requested()
        if stopped or run.trigger == "manual":
            # Somebody has pressed Stop, or waits for the outcome.
            return None
        policy = RetryPolicy(
            limit=self.retry_limit,
            delay=self.retry_delay * 60,
            growth=self.retry_growth,
            maximum=self.retry_maximum * 60,
        )
        return next_attempt(error, run._tries(), policy, now, random)

    # --- Step 4c: a connection that was lost ---

    def _regain_connection(self, scope, error):
        """Get another connection, and hold the lane again.

        :raise psycopg2.Error: the database cannot be reached; the run is found dead later
        :raise LaneTaken: another process has found it already
        """
        if is_ending():
            # The server closes all connections as it ends. The next one takes the run up again.
            raise SystemExit
        try:
            connection.renew(self.env.cr)
            lane_lock.hold_again(self.env.cr, self.id)
        except (psycopg2.Error, lane_lock.LaneTaken):
            # Written as soon as the database is there again.
            self._log_failure(scope, error, self._failure_message(error))
            raise
        self._commit()
        self.env.invalidate_all(flush=False)

    def _settle_loss(self, run, scope, error):
        """Mark a run as interrupted that has lost its connection, and so all of its work."""
        self._log_failure(scope, error, self._failure_message(error))
        happened = self.env._(
            "The connection to the database was lost in the middle of this run. It was last seen "
            "alive at %(time)s.",
            time=self._stated(run.last_seen or run.started_at),
        )
        technical = traceback_text(error)
        self._transaction(lambda: self._interrupt(run, happened, traceback=technical))
        event_buffer.flush(self.env.cr)
