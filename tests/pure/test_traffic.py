"""How often requests are sent, and how long is waited in place."""

from datetime import datetime, timedelta

import pytest
from pure_ihub.core.traffic import (
    LONGEST_WAIT,
    Patience,
    interval_of,
    is_outage,
    is_servers_fault,
    next_probe,
)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("2/s", 0.5),
        ("100/min", 0.6),
        ("5000/h", 0.72),
        ("1/d", 86400),
        (" 0.5 / S ", 2),
        ("4/minute", 15),
    ],
)
def test_a_rate_is_the_time_between_two_requests(rate, seconds):
    assert interval_of(rate) == pytest.approx(seconds)


@pytest.mark.parametrize("rate", ["", "2", "2/", "/s", "0/s", "-1/s", "2/week", "two/s", "2/s/s"])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError):
        interval_of(rate)


def waits(patience, status, asked, count=5):
    return [patience.wait(status, asked) for _each in range(count)]


def test_what_the_server_asks_for_is_waited_for_up_to_the_limit():
    patience = Patience(LONGEST_WAIT, is_repeatable=False)
    assert waits(patience, 429, 20.0) == [20, 20, 20, None, None]
    assert patience.left == 0


def test_a_longer_wait_is_none():
    assert Patience(60.0, True).wait(429, 60.5) is None


def test_a_server_that_does_not_say_when_is_asked_three_more_times():
    assert waits(Patience(60.0, True), 503, None) == [1, 2, 4, None, None]


def test_nor_is_there_a_loop_without_a_wait():
    assert waits(Patience(3.0, True), 429, 0.0) == [1, 1, 1, None, None]


@pytest.mark.parametrize("status", [None, 503])
def test_what_may_have_arrived_is_repeated_only_if_that_changes_nothing(status):
    assert Patience(60.0, True).wait(status, None) == 1
    assert Patience(60.0, False).wait(status, None) is None


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_refused_with_a_moment_is_sent_again_then(status):
    assert Patience(60.0, False).wait(status, 5.0) == 5


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 502, 504])
def test_other_answers_end_the_attempt(status):
    assert Patience(60.0, True).wait(status, 5.0) is None


def test_a_wait_for_a_turn_counts_as_well():
    patience = Patience(10.0, True)
    assert patience.spend(8.0) == 8
    assert patience.wait(429, 3.0) is None
    assert patience.spend(2.5) is None


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429])
def test_what_was_asked_is_no_fault_of_the_server(status):
    assert not is_servers_fault(status)


@pytest.mark.parametrize("status", [None, 502, 503, 504])
def test_what_would_meet_every_request_is_an_outage(status):
    assert is_servers_fault(status) and is_outage(status)


@pytest.mark.parametrize("status", [500, 501, 507])
def test_what_may_be_about_this_request_is_none(status):
    assert is_servers_fault(status) and not is_outage(status)


@pytest.mark.parametrize(
    ("down_for", "wait"), [(0, 30), (120, 30), (240, 60), (600, 150), (1200, 300), (10**6, 300)]
)
def test_the_longer_a_server_is_down_the_rarer_it_is_tried(down_for, wait):
    now = datetime(2025, 3, 1, 12, 30, 0, 999)
    probe = next_probe(now - timedelta(seconds=down_for), now)
    assert probe == datetime(2025, 3, 1, 12, 30) + timedelta(seconds=wait)
