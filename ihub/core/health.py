"""The health of an integration, in one word: what its card looks like, and where it stands.

The sentence beside each word is in ``report/card_text.py``.

All moments are naive UTC.
"""

from datetime import datetime, timedelta
from typing import NamedTuple


class Health(NamedTuple):
    """One badge.

    :param str word: how code and searches call it
    :param str label: what people read; Odoo translates it
    :param str severity: ``danger``, ``warning``, ``info``, ``primary``, ``success`` or ``muted``
    :param str icon: of Font Awesome; the colour is never the only sign
    :param str next_step: the one of :data:`STEPS` that is to be taken now, unless more is known
    """

    word: str
    label: str
    severity: str
    icon: str
    next_step: str = ""


class Step(NamedTuple):
    """What the one coloured button says and does, wherever the same trouble is shown.

    :param str label: what people read; Odoo translates it
    :param str method: of ``ihub.integration``, which its button calls
    """

    label: str
    method: str


# Of those with no badge of their own: what is to be corrected is only known where it is looked at.
STEPS = {
    "start": Step("Start", "action_start"),
    "stop": Step("Stop", "action_stop"),
    "retry": Step("Try Now", "action_try_now"),
    "run": Step("Run Manually", "action_run_manually"),
    "run_again": Step("Run Again", "action_run_again"),
    "report": Step("Send to Developer", "action_send_to_developer"),
    "repair": Step("Repair", "action_open_to_repair"),
    "errors": Step("View Errors", "action_open_error"),
    "dismiss": Step("Dismiss", "action_dismiss_failed_run"),
    "watch": Step("View Run", "action_open_current_run"),
    "settings": Step("Open Settings", "open_settings"),
    "user": Step("Choose User", "action_correct"),
    "company": Step("Choose Company", "action_correct"),
    "schedule": Step("Correct the Schedule", "action_correct"),
    "open": Step("Open", "action_open"),
}
# From what needs somebody most urgently to what needs nobody: the order of the board.
BADGES = (
    Health("failed", "Failed", "danger", "fa-times-circle", "start"),
    Health("type_missing", "Type Missing", "danger", "fa-puzzle-piece", "open"),
    Health("blocked", "Cannot Run", "danger", "fa-ban", "open"),
    Health("no_worker", "No Worker", "warning", "fa-bed", "start"),
    Health("ahead", "Clock Ran Ahead", "warning", "fa-calendar-times-o", "start"),
    Health("stuck", "Stuck", "danger", "fa-hourglass-end", "stop"),
    Health("late", "Late", "warning", "fa-clock-o", "retry"),
    Health("run_failed", "Run Failed", "warning", "fa-times-circle", "run_again"),
    Health("with_errors", "Done with Errors", "warning", "fa-exclamation-circle", "errors"),
    Health("to_repair", "To Repair", "warning", "fa-wrench", "repair"),
    Health("doubtful", "Doubtful", "warning", "fa-question-circle", "dismiss"),
    Health("interrupted", "Interrupted", "warning", "fa-bolt"),
    Health("retrying", "Trying Again", "warning", "fa-repeat", "retry"),
    Health("stopping", "Stopping", "info", "fa-hourglass-half"),
    Health("catching_up", "Catching Up", "info", "fa-fast-forward"),
    Health("working", "Running Now", "primary", "fa-refresh"),
    Health("queued", "Queued", "info", "fa-list-ol"),
    Health("ok", "OK", "success", "fa-check"),
    Health("copy", "Paused in a Copy", "muted", "fa-files-o", "start"),
    Health("created", "New", "muted", "fa-circle-o", "start"),
    Health("stopped", "Off", "muted", "fa-stop", "start"),
)
HEALTH = {badge.word: badge for badge in BADGES}
RANK = {badge.word: rank for rank, badge in enumerate(BADGES)}
# A cron worker looks once a minute; what is not begun after this time is not begun at all.
TAKEN_UP_AFTER = timedelta(minutes=3)
OVERDUE_AFTER = timedelta(seconds=70)
# What ended later than this is of a clock that ran ahead; those of two servers differ by less.
AHEAD_BY = timedelta(minutes=2)


class Facts(NamedTuple):
    """The facts of one integration at one moment, in the order of the columns of its query.

    That is in ``report/health.py``, which also says what must be reckoned from the calendar.

    :param str state: created, running, stopped or failed
    :param bool active: it is not archived
    :param bool type_is_missing: its addon is not installed
    :param bool is_blocked: it cannot run before somebody fixes its settings
    :param bool is_copy: it was stopped because the database is a copy of another one
    :param bool has_cron: its scheduled action is there and switched on
    :param bool is_ahead: it waits for a window in the future, since one has ended there
    :param bool is_pool_full: it is not at work, and others have all slots of its pool
    :param int run_id: the run that is marked as running, or None
    :param datetime executing_since: since when a living process executes it, or None
    :param bool is_stopping: that run was asked to stop
    :param timedelta hang_limit: how long the run that is executed may take; None: for ever
    :param datetime died_at: when the process of a run was last seen that is gone, or None
    :param int scheduled_run_id: the scheduled run that is next, or at work, or None
    :param datetime window_from: where the window of that run begins
    :param datetime window_to: where it ends
    :param datetime due: when the next run of any kind is due, or None
    :param datetime idle_since: since when the next run could have begun; None where none is due
    :param bool is_retrying: the next run repeats one that has failed
    :param int queued: number of runs that people have asked for
    :param bool has_failed_run: one of those has failed, and was not made up for yet
    :param bool has_errors: that run is done, but its code has reported an error
    :param bool blames_settings: what has failed last is to be corrected in the settings
    :param int to_repair: number of items that have failed
    :param bool is_doubtful: a run had no records where many are usual, and none has had any since
    :param datetime state_since: since when it is in its state; only of what may be late
    :param datetime late_since: since when it has been late, as people were told, or None
    :param datetime completed: when a scheduled run was last done; only of what may be late
    :param int last_failed_id: the run that has failed last, or None; only of what is failed
    :param bool is_late: what was due is not completed in time
    :param int backlog: number of windows that are complete and not done
    """

    state: str
    active: bool = True
    type_is_missing: bool = False
    is_blocked: bool = False
    is_copy: bool = False
    has_cron: bool = True
    is_ahead: bool = False
    is_pool_full: bool = False
    run_id: int | None = None
    executing_since: datetime | None = None
    is_stopping: bool = False
    hang_limit: timedelta | None = None
    died_at: datetime | None = None
    scheduled_run_id: int | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    due: datetime | None = None
    idle_since: datetime | None = None
    is_retrying: bool = False
    queued: int = 0
    has_failed_run: bool = False
    has_errors: bool = False
    blames_settings: bool = False
    to_repair: int = 0
    is_doubtful: bool = False
    state_since: datetime | None = None
    late_since: datetime | None = None
    completed: datetime | None = None
    last_failed_id: int | None = None
    is_late: bool = False
    backlog: int = 0


def judge(facts: Facts, now: datetime) -> str:
    """Return the word of the one of :data:`BADGES` that says most about ``facts``.

    :param Facts facts: of one integration
    :param datetime now: the moment
    """
    if facts.type_is_missing:
        return "type_missing"
    if facts.is_blocked:
        return "blocked"
    if facts.executing_since:
        return _judge_executing(facts, now - facts.executing_since)
    if facts.state == "failed":
        return "failed"
    return _judge_waiting(facts, now) or _judge_idle(facts, now)


def _judge_executing(facts: Facts, duration: timedelta) -> str:
    if facts.is_stopping:
        return "stopping"
    if facts.hang_limit and duration > facts.hang_limit:
        return "stuck"
    if facts.state == "failed":
        return "failed"
    if facts.is_late:
        return "late"
    return "catching_up" if facts.backlog > 1 else "working"


def _judge_waiting(facts: Facts, now: datetime) -> str | None:
    """Return what keeps somebody waiting, or None."""
    waits = facts.died_at or facts.due
    if waits and not facts.has_cron:
        return "no_worker"
    is_idle = facts.idle_since and facts.idle_since < now - TAKEN_UP_AFTER
    if is_idle and not facts.is_pool_full:
        return "no_worker"
    if facts.is_ahead:
        return "ahead"
    if facts.is_late:
        return "late"
    if facts.died_at:
        return "interrupted"
    return "retrying" if facts.is_retrying else None


def _judge_idle(facts: Facts, now: datetime) -> str:
    if facts.queued:
        return "queued"
    if facts.is_copy:
        return "copy"
    if facts.has_failed_run:
        return "with_errors" if facts.has_errors else "run_failed"
    if facts.to_repair:
        return "to_repair"
    if facts.is_doubtful:
        return "doubtful"
    if facts.state != "running":
        return facts.state
    if facts.backlog > 1:
        return "catching_up"
    # Nobody has taken it up yet, so nobody can say that all is well.
    return "queued" if facts.idle_since and facts.idle_since < now else "ok"


def word_among_all(word: str, *, is_at_home: bool, is_served: bool) -> str:
    """Return the badge in place of ``word``, of an integration that is on.

    :param bool is_at_home: this is no copy of a database in which nobody has said so yet
    :param bool is_served: something takes up what is due; nobody can vouch for what would be well
        if only somebody looked after it
    """
    if not is_at_home:
        return "copy"
    is_bad = not is_served and word in ("ok", "catching_up", "queued")
    return "no_worker" if is_bad else word
