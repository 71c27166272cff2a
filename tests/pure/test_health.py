from datetime import datetime, timedelta

import pytest
from pure_ihub.core.health import BADGES, HEALTH, Facts, judge

NOW = datetime(2025, 3, 1, 12)
LONG_AGO = NOW - timedelta(hours=2)
JUST_NOW = NOW - timedelta(minutes=1)
SOON = NOW + timedelta(minutes=10)
WAITING = {"state": "running", "due": SOON, "idle_since": SOON}
EXECUTING = {"state": "running", "executing_since": JUST_NOW}
DEAD = {"state": "running", "died_at": JUST_NOW, "idle_since": JUST_NOW}
OVERDUE = {"state": "running", "due": LONG_AGO, "idle_since": LONG_AGO}


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({"state": "created"}, "created"),
        ({"state": "stopped"}, "stopped"),
        ({"state": "failed"}, "failed"),
        (WAITING, "ok"),
        # What cannot run at all outweighs how it ended.
        ({"state": "failed", "is_blocked": True}, "blocked"),
        ({"state": "failed", "is_blocked": True, "type_is_missing": True}, "type_missing"),
        ({"state": "stopped", "is_blocked": True}, "blocked"),
        # At work.
        (EXECUTING, "working"),
        ({**EXECUTING, "hang_limit": timedelta(seconds=59)}, "stuck"),
        ({**EXECUTING, "hang_limit": timedelta(seconds=60)}, "working"),
        ({**EXECUTING, "hang_limit": timedelta(seconds=59), "is_stopping": True}, "stopping"),
        ({**EXECUTING, "is_late": True}, "late"),
        ({**EXECUTING, "backlog": 2}, "catching_up"),
        ({**EXECUTING, "backlog": 1}, "working"),
        ({**EXECUTING, "state": "failed"}, "failed"),
        ({**EXECUTING, "state": "failed", "hang_limit": timedelta(seconds=1)}, "stuck"),
        # Nobody takes it up.
        (OVERDUE, "no_worker"),
        # Until then nobody can say that all is well.
        ({**OVERDUE, "idle_since": NOW - timedelta(minutes=3)}, "queued"),
        ({**OVERDUE, "idle_since": NOW}, "ok"),
        ({**OVERDUE, "idle_since": NOW - timedelta(minutes=3, seconds=1)}, "no_worker"),
        ({**OVERDUE, "is_late": True}, "no_worker"),
        # The slots of its pool are taken: it is not that nobody looks.
        ({**OVERDUE, "is_pool_full": True}, "queued"),
        ({**OVERDUE, "is_pool_full": True, "is_late": True}, "late"),
        ({**OVERDUE, "is_pool_full": True, "has_cron": False}, "no_worker"),
        ({**WAITING, "is_pool_full": True}, "ok"),
        ({**WAITING, "has_cron": False}, "no_worker"),
        ({**WAITING, "is_ahead": True}, "ahead"),
        ({**WAITING, "is_ahead": True, "is_late": True}, "ahead"),
        ({**EXECUTING, "is_ahead": True}, "working"),
        ({"state": "stopped", "has_cron": False}, "stopped"),
        ({"state": "stopped", "is_copy": True}, "copy"),
        ({"state": "stopped", "is_copy": True, "queued": 1, "due": SOON}, "queued"),
        # Dead processes.
        (DEAD, "interrupted"),
        ({**DEAD, "died_at": LONG_AGO, "idle_since": LONG_AGO}, "no_worker"),
        # Waiting.
        ({**WAITING, "is_late": True}, "late"),
        ({**WAITING, "is_retrying": True}, "retrying"),
        ({**WAITING, "is_retrying": True, "is_late": True}, "late"),
        # A manual run that has failed: nothing is green, and nothing more urgent is hidden.
        ({**WAITING, "has_failed_run": True}, "run_failed"),
        ({**WAITING, "has_failed_run": True, "backlog": 2}, "run_failed"),
        ({**WAITING, "has_failed_run": True, "is_late": True}, "late"),
        ({**WAITING, "has_failed_run": True, "is_retrying": True}, "retrying"),
        ({**WAITING, "has_failed_run": True, "queued": 1}, "queued"),
        ({**EXECUTING, "has_failed_run": True}, "working"),
        ({"state": "stopped", "has_failed_run": True}, "run_failed"),
        ({"state": "failed", "has_failed_run": True}, "failed"),
        ({**WAITING, "is_doubtful": True, "backlog": 2}, "doubtful"),
        ({**WAITING, "is_doubtful": True, "to_repair": 1}, "to_repair"),
        ({**WAITING, "is_doubtful": True, "is_late": True}, "late"),
        ({**WAITING, "backlog": 2}, "catching_up"),
        ({**WAITING, "backlog": 2, "queued": 1}, "queued"),
        ({"state": "created", "queued": 1, "due": JUST_NOW, "idle_since": JUST_NOW}, "queued"),
        ({"state": "failed", "queued": 1, "due": JUST_NOW, "idle_since": JUST_NOW}, "failed"),
    ],
)
def test_one_word_says_most(facts, expected):
    assert judge(Facts(**facts), NOW) == expected


def test_each_badge_is_told_apart():
    assert len(HEALTH) == len({badge.label for badge in BADGES}) == len(BADGES)


def test_no_two_badges_look_the_same():
    """Colour is not the only sign, so those of one icon differ in severity, and the other way."""
    looks = {(badge.icon, badge.severity) for badge in BADGES}
    assert len(looks) == len(BADGES)
