"""When an integration has recovered, and in how many messages people are told."""

import pytest
from pure_ihub.core import alerts


@pytest.mark.parametrize(
    "failures, state, trigger, schedule_has_failed, expected",
    [
        (0, "running", "schedule", False, False),
        (1, "running", "schedule", False, True),
        (5, "stopped", "manual", False, True),
        # What had failed on schedule is still to be done.
        (1, "running", "manual", True, False),
        (1, "running", "backfill", True, False),
        (1, "failed", "schedule", False, False),
    ],
)
def test_recovery(failures, state, trigger, schedule_has_failed, expected):
    assert alerts.has_recovered(failures, state, trigger, schedule_has_failed) is expected


def test_one_letter_for_all_who_read_the_same_and_for_all_that_one_reads():
    ann, bob = (alerts.Reader(number, "en_US", "UTC") for number in (1, 2))
    cleo = alerts.Reader(3, "fr_FR", "UTC")
    notifications = [(ann, 20), (ann, 10), (bob, 10), (bob, 20), (cleo, 10), (cleo, 10)]
    assert alerts.notices(notifications) == {
        ("en_US", "UTC", (10, 20)): [1, 2],
        ("fr_FR", "UTC", (10,)): [3],
    }
