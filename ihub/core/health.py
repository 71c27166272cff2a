"""In which condition an integration is, in one word: what its card looks like, and where it stands.

All moments are naive UTC.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

# From what needs somebody most urgently to what needs nobody: the order of the board.
CONDITIONS = (
    "failed",
    "type_missing",
    "blocked",
    "unserved",
    "stuck",
    "late",
    "run_failed",
    "interrupted",
    "retrying",
    "stopping",
    "catching_up",
    "working",
    "queued",
    "well",
    "copy",
    "created",
    "stopped",
)
# What the summary on top of the board counts; each word is also the name of a filter.
SUMMARY = {
    "failed": ("failed", "run_failed"),
    "blocked": ("type_missing", "blocked"),
    "late": ("unserved", "stuck", "late"),
    "retrying": ("interrupted", "retrying"),
    "working": ("stopping", "catching_up", "working", "queued"),
    "well": ("well",),
    "off": ("copy", "created", "stopped"),
}
# A cron worker looks once a minute; what is not begun after this time is not begun at all.
TAKEN_UP_AFTER = timedelta(minutes=3)


class Facts(NamedTuple):
    """What is known of one integration at one moment.

    :param str state: created, running, stopped or failed
    :param bool type_is_missing: its addon is not installed
    :param bool is_blocked: it cannot run before somebody fixes its settings
    :param bool is_copy: it was stopped because the database is a copy of another one
    :param bool has_cron: its scheduled action is there and switched on
    :param datetime executing_since: since when a living process executes a run, or None
    :param bool is_stopping: that run was asked to stop
    :param timedelta hang_limit: how long a run may take; 0: for ever
    :param datetime died_at: when the process of a run was last seen that is gone, or None
    :param datetime due: when the next run of any kind is due, or None
    :param datetime idle_since: since when the next run could have begun; None where none is due
    :param bool is_late: what was due is not completed in time
    :param bool is_retrying: the next run repeats one that has failed
    :param int backlog: number of windows that are complete and not done
    :param int queued: number of runs that people have asked for
    :param bool has_failed_run: one of those has failed, and was not made up for yet
    """

    state: str
    type_is_missing: bool = False
    is_blocked: bool = False
    is_copy: bool = False
    has_cron: bool = True
    executing_since: datetime | None = None
    is_stopping: bool = False
    hang_limit: timedelta = timedelta(0)
    died_at: datetime | None = None
    due: datetime | None = None
    idle_since: datetime | None = None
    is_late: bool = False
    is_retrying: bool = False
    backlog: int = 0
    queued: int = 0
    has_failed_run: bool = False


def judge(facts, now):
    """Return the one of :data:`CONDITIONS` that says most about ``facts``.

    :param Facts facts: of one integration
    :param datetime now: the moment
    """
    if facts.type_is_missing:
        return "type_missing"
    if facts.is_blocked:
        return "blocked"
    if facts.executing_since:
        return _judge_executing(facts, now)
    if facts.state == "failed":
        return "failed"
    return _judge_waiting(facts, now) or _judge_idle(facts)


def _judge_executing(facts, now):
    if facts.is_stopping:
        return "stopping"
    if facts.hang_limit and now - facts.executing_since > facts.hang_limit:
        return "stuck"
    if facts.state == "failed":
        return "failed"
    if facts.is_late:
        return "late"
    return "catching_up" if facts.backlog > 1 else "working"


def _judge_waiting(facts, now):
    """Return what keeps somebody waiting, or None."""
    waits = facts.died_at or facts.due
    if waits and not facts.has_cron:
        return "unserved"
    if facts.idle_since and facts.idle_since < now - TAKEN_UP_AFTER:
        return "unserved"
    if facts.is_late:
        return "late"
    if facts.died_at:
        return "interrupted"
    return "retrying" if facts.is_retrying else None


def _judge_idle(facts):
    if facts.queued:
        return "queued"
    if facts.is_copy:
        return "copy"
    if facts.has_failed_run:
        return "run_failed"
    if facts.state != "running":
        return facts.state
    return "catching_up" if facts.backlog > 1 else "well"
