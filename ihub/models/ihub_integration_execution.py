import random
from datetime import datetime, timezone

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..lib import event_buffer
from ..lib.checkpoint import explain
from ..lib.exceptions import StopRequested, UsageError
from ..lib.failure import RunFailed, plain_message, traceback_text
from ..lib.retry import RetryPolicy, next_attempt
from ..lib.run_scope import RunScope, executing
from ..lib.run_transaction import TransactionWatch
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
            try:
                self._work_on(run, scope)
            except StopRequested:
                self.env.cr.rollback()
                self._transaction(lambda: self._settle_stop(run))
            except (Exception, SystemExit) as error:
                # A library that calls sys.exit() must not end the scheduler.
                self.env.cr.rollback()
                self._settle_failure(run, scope, error)
            else:
                self._transaction(lambda: self._recover_state(run))
            self._report_commits(scope)

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
            record.run_from_to(run.window_from, run.window_to)
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

    def _settle_stop(self, run):
        """End a run that obeyed a Stop; the window of a scheduled one is still to be done."""
        run._end("cancelled", self.env._("Stopped by %(user)s.", user=self.stop_user_id.name))
        if run.trigger == "schedule":
            run._continue()

    # --- Step 4b: failure ---

    def _settle_failure(self, run, scope, error):
        """Log why a run failed; try again later, or put the integration into the failed state."""
        scope.ended = True
        message = plain_message(error) or self.env._("The run failed without saying why.")
        if scope.committed:
            message = self.env._(
                "%(message)s (Part of its work was kept: the code had committed it by itself.)",
                message=message,
            )
        self._log_failure(scope, error, message)
        technical = "" if isinstance(error, RunFailed) else traceback_text(error)
        self._transaction(lambda: self._record_failure(run, error, message, technical))
        event_buffer.flush(self.env.cr)

    def _log_failure(self, scope, error, message):
        """Write the one error event of a failed run, unless the integration did so itself."""
        told = getattr(error, "reported", False) or (
            isinstance(error, RunFailed) and scope.error_logged
        )
        if not told:
            details = None if isinstance(error, RunFailed) else error
            self.ihub_error(summary=message, details=details, integration=self)

    def _record_failure(self, run, error, message, technical):
        run._count_progress()
        # To the microsecond: a wait of a second must not become none.
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        first = run.first_message or message
        due = self._retry_at(run, error, now)
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
        self._fail_after_run(run, message)

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
