import random
from datetime import datetime, timezone

from odoo import fields, models

from ..lib import event_buffer
from ..lib.exceptions import StopRequested
from ..lib.failure import RunFailed, plain_message, traceback_text
from ..lib.retry import RetryPolicy, next_attempt
from ..lib.run_scope import RunScope, executing


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
                self._transaction(lambda: self._run_once(run, scope))
            except StopRequested:
                self.env.cr.rollback()
                self._transaction(lambda: self._settle_stop(run))
            except (Exception, SystemExit) as error:
                # A library that calls sys.exit() must not end the scheduler.
                self.env.cr.rollback()
                self._settle_failure(run, scope, error)
            else:
                self._transaction(lambda: self._recover_state(run))

    def _run_once(self, run, scope):
        """Do the work, and mark it as done in the same transaction."""
        scope.begin()
        record = self._execution_record()
        record.run_from_to(run.window_from, run.window_to)
        if scope.failed:
            raise RunFailed(scope.reason)
        record.env.flush_all()
        run._complete()
        scope.ended = True

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
