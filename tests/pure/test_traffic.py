"""How often requests are sent, and when a server is down."""

from datetime import datetime, timedelta

import pytest
from pure_ihub.core.traffic import interval_of, is_outage, is_servers_fault, next_probe


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
