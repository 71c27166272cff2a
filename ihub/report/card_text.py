"""The sentences of a card: what the integration does, and what is wrong with it.

Those of runs and states, such as "Down since …", are in ``sentences.py``.
"""

from datetime import timedelta

from odoo import fields

from ..core.schedule import Window
from .format import local_moment, local_period
from .outcome import has_failed
from .sentences import read

# --- What it does ---


def activity(integration):
    """Return what the integration does now, in a few words, or False."""
    run = integration.current_run_id
    if not run:
        return _waiting_text(integration)
    if integration.is_stopping:
        return integration.env._(
            "Stopping… Requested by %(user)s at %(time)s.",
            # Who has pressed Stop may be somebody whom the reader does not see.
            user=integration.sudo().stop_user_id.name or "",
            time=local_moment(integration, integration.stop_date or integration.state_date),
        )
    if integration.is_executing:
        # As superuser: the run says nothing that the integration does not show.
        run = run.sudo()
        parts = _running_text(run), wait_text(run), _backlog_text(integration)
        return " · ".join(filter(None, parts))
    return integration.env._("The server stopped during a run. It will be resumed.")


def _waiting_text(integration):
    if integration.is_waiting_for_slot:
        return _slot_text(integration)
    if integration.queued_count:
        return integration.env._("Queued: %(count)s", count=integration.queued_count)
    return _backlog_text(integration)


def _slot_text(integration):
    """Return which pool it waits for."""
    # As superuser: others than its readers may have made the pool.
    pool = integration.pool_id.sudo()
    return integration.env._(
        "Waiting for its turn: the pool %(pool)s runs at most %(slots)s at once.",
        pool=pool.name,
        slots=pool.slots,
    )


def _running_text(run):
    if run.total:
        return run.env._("Running: %(done)s/%(total)s records", done=run.processed, total=run.total)
    if run.processed == 1:
        return run.env._("Running: one record")
    if run.processed:
        return run.env._("Running: %(done)s records", done=run.processed)
    return run.env._("Running now")


def wait_text(run):
    """Return what an executing run waits for, or False."""
    wait = run.wait_id
    words = {"server": wait.server, "seconds": wait.seconds}
    if wait.reason == "asked":
        return run.env._("The server %(server)s asks to wait %(seconds)s s", **words)
    if wait.reason == "failed":
        return run.env._("Next attempt at the server %(server)s in %(seconds)s s", **words)
    if wait.reason == "rate":
        return run.env._("Waiting %(seconds)s s for its turn at %(server)s", **words)
    return False


def _backlog_text(integration):
    """Return how far the work on missed windows is, one by one, or False."""
    if integration.state != "running" or integration.catch_up != "each":
        return False
    # As superuser: crons, users, companies and runs say nothing here that the card does not show.
    known = integration.sudo()
    if known._schedule_error():
        return False
    schedule = known._schedule()
    backlog = schedule.plan(known.window_from, fields.Datetime.now(), "each").backlog
    if backlog < 2:
        return False
    begin = known.scheduled_run_id.behind_from
    done = schedule.count(begin, known.window_from) if begin else 0
    return integration.env._(
        "Catching up: %(done)s of %(count)s missed runs done", done=done, count=done + backlog
    )


# --- What is wrong ---


def problem(integration):
    """Return what keeps the integration from working, and how to fix that, or False."""
    say = PROBLEMS.get(integration.health)
    return say and say(integration)


def advice(integration):
    """Return what to do next where :func:`problem` does not say so, or False.

    One sentence per step, for pages, cards and mails alike.
    """
    if integration.health not in ("failed", "run_failed", "blocked"):
        return False
    step = integration.next_step
    if step == "report":
        return _advice_on_fault(integration)
    if step == "settings":
        return _advice_on_settings(integration)
    if step == "start":
        return integration.env._("Fix the cause, then press Start to continue where it stopped.")
    if step == "run":
        return integration.env._("Fix the cause, then press Run Manually.")
    if step == "run_again":
        return integration.env._("Fix the cause, then press Run Again.")
    if step == "stop":
        return integration.env._(
            "Press Stop first: the schedule cannot be changed while the integration is running."
        )
    if integration._waits_for_manager():
        return integration.env._("Ask a manager of the Integration Hub to fix this.")
    return False


def _advice_on_fault(integration):
    if integration.health == "failed" and integration.can_start:
        return integration.env._(
            "Send the details to its developer. Once it is corrected, press Start: it continues "
            "where it was."
        )
    return integration.env._(
        "Send the details to its developer. Once it is corrected, run it again."
    )


def _advice_on_settings(integration):
    if integration.health == "failed" and integration.runs_on_schedule:
        return integration.env._(
            "Correct the settings, then press Start to continue where it stopped."
        )
    return integration.env._("Correct the settings, then run it again.")


def _blocked_text(integration):
    # Crons, users and companies belong to administrators.
    return integration.sudo()._preflight_error()


def _copy_text(integration):
    return integration.env._(
        "This is a copy of a database: nothing starts automatically here. Press Start to try it "
        "in this copy."
    )


def _failed_run_text(integration):
    run = integration.sudo().failed_run_id
    if not run.window_from:
        return integration.env._("Retrying items failed: %(reason)s", reason=run.explanation)
    return integration.env._(
        "The run for %(period)s failed: %(reason)s",
        period=local_period(integration, run.window_from, run.window_to),
        reason=run.explanation,
    )


def _with_errors_text(integration):
    run = integration.sudo().failed_run_id
    if run.trigger == "webhook":
        return integration.env._(
            "Errors were reported while processing received messages. Check them, then press "
            "Dismiss."
        )
    if not run.window_from:
        return integration.env._(
            "Errors were reported while retrying items. Check them, then press Dismiss."
        )
    return integration.env._(
        "The run for %(period)s is done, but reported errors. Check them, then press Dismiss.",
        period=local_period(integration, run.window_from, run.window_to),
    )


def _doubtful_text(integration):
    run = integration.sudo().doubtful_run_id
    return integration.env._(
        "The run for %(period)s is done without any records, where %(usual)s are usual at this "
        "hour and weekday. Check the other system, then press Dismiss.",
        period=local_period(integration, run.window_from, run.window_to),
        usual=run.usual_records,
    )


def _to_repair_text(integration):
    count = integration.to_repair_count
    if not integration.watermark:
        return integration.env._("To repair: %(count)s. The others are done.", count=count)
    return complete_until(integration)


def complete_until(integration):
    """Return until when its data are complete, and how many items of them are to be repaired."""
    moment, count = local_moment(integration, integration.watermark), integration.to_repair_count
    if count == 1:
        return integration.env._("Complete until %(moment)s, except one item.", moment=moment)
    return integration.env._(
        "Complete until %(moment)s, except %(count)s items.", moment=moment, count=count
    )


def _stuck_text(integration):
    return integration.env._(
        "Running since %(since)s, longer than its limit of %(limit)s min. Press Stop; if it does "
        "not stop, ask your administrator to restart the server.",
        since=local_moment(integration, integration.current_run_id.sudo().started_at),
        limit=integration.hang_limit,
    )


def _no_worker_text(integration):
    """Return why nothing takes up what is due."""
    # What is started and can be started again is what no scheduled action serves.
    is_served = integration.runs_on_schedule and not integration.can_start
    if text := not is_served and _cron_text(integration):
        return text
    # Where no scheduler takes up anything, nothing need be due yet.
    if integration.next_run and integration.next_run > fields.Datetime.now():
        return unserved_text(integration)
    due = integration.next_run or integration.current_run_id.sudo().last_seen
    if not due:
        # Messages that wait are no run yet.
        return unserved_text(integration)
    return integration.env._(
        "Due since %(due)s, but no scheduler has picked it up. Ask your administrator whether "
        "the server's cron workers are running.",
        due=local_moment(integration, due),
    )


def _ahead_text(integration):
    return integration.env._(
        "The server's clock ran ahead: runs were done up to %(time)s, which is still to come, and "
        "nothing runs until then. Press Start to run again what was done too early.",
        time=local_moment(integration, integration.window_from),
    )


def _cron_text(integration):
    """Return what is wrong with its scheduled action, or False."""
    cron = integration.sudo()._own_crons()
    if not cron:
        return integration.env._(
            "Its scheduled action was deleted. Press Start to create a new one."
        )
    return not cron.active and integration.env._(
        "Its scheduled action is inactive. Press Start to activate it."
    )


def unserved_text(integrations):
    """Return that nothing is taken up at all: said once for all integrations."""
    return integrations.env._(
        "No scheduler picks up what is due, so nothing runs automatically. Ask your administrator "
        "whether the server's cron workers are running."
    )


def _late_text(integration):
    run = integration.sudo().scheduled_run_id
    due = integration._schedule().due(Window(run.window_from, run.window_to))
    return integration.env._(
        "Due since %(due)s and not completed yet. %(reason)s",
        # Not the run's own moment, which is that of the next attempt.
        due=local_moment(integration, due),
        reason=late_reason(integration),
    )


def late_reason(integration):
    """Return why it is late, and what is being done or to do."""
    run = integration.sudo().scheduled_run_id
    if integration.is_executing:
        return integration.env._(
            "A run has been in progress since %(since)s. Wait for it, or press Stop.",
            since=local_moment(integration, integration.current_run_id.sudo().started_at),
        )
    if has_failed(run):
        return integration.env._(
            "The last attempt failed: %(reason)s The next attempt is at %(due)s.",
            reason=run.explanation,
            due=local_moment(integration, run.due),
        )
    if integration.health == "late":
        return _awaited_text(integration, run)
    return problem(integration) or integration.env._("Open it to see what it is doing.")


def _awaited_text(integration, run):
    if run.due > fields.Datetime.now() + timedelta(seconds=1):
        return integration.env._(
            "The next run is due at %(due)s.", due=local_moment(integration, run.due)
        )
    if integration.is_waiting_for_slot:
        return _slot_text(integration)
    return integration.env._("It is about to start.")


# Nothing is wrong in the others.
PROBLEMS = {
    "failed": lambda integration: read(integration, integration, "state_reason"),
    "run_failed": _failed_run_text,
    "with_errors": _with_errors_text,
    "to_repair": _to_repair_text,
    "doubtful": _doubtful_text,
    # As superuser: the run says nothing that the integration does not show.
    "retrying": lambda integration: integration.retry_run_id.sudo()._retry_text(),
    "type_missing": _blocked_text,
    "blocked": _blocked_text,
    "copy": _copy_text,
    "stuck": _stuck_text,
    "no_worker": _no_worker_text,
    "ahead": _ahead_text,
    "late": _late_text,
}
