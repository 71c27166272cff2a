"""What is waited for in place, and what is sent again."""

import io

import pytest
import requests
from http_server import Reply, closed_port_url, local_server
from pure_ihub.engine import waiting
from pure_ihub.lib import rest_client
from pure_ihub.lib.exceptions import RetryableError
from pure_ihub.lib.rest_client import RestClient

BUSY = Reply(429, headers={"Retry-After": "20"})
CUT = Reply(body=b"x" * 1000, cut=10)
OK = Reply(body=b"ok")


@pytest.fixture
def server():
    with local_server() as server:
        yield server


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited, in place of waiting."""
    waits = []
    monkeypatch.setattr(waiting, "sleep", waits.append)
    return waits


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_wait_that_the_server_asks_for_happens_in_place(server, waits, status, method):
    server.reply("orders", Reply(status, headers={"Retry-After": "20"}), OK)
    client = RestClient(server.url, max_wait=60)
    assert client.request(method, "orders", json={"id": 7}).text == "ok"
    assert waits == [20]
    assert [request.body for request in server.requests] == [b'{"id": 7}'] * 2


def test_a_longer_one_ends_the_attempt_with_what_was_asked_for(server, waits):
    server.reply("orders", BUSY)
    with pytest.raises(rest_client.ServerBusy) as caught:
        RestClient(server.url, max_wait=50).get("orders")
    assert (caught.value.delay, caught.value.status) == (20, 429)
    assert waits == [20, 20]


def test_somebody_who_waits_for_the_answer_does_not_wait_long(server, waits):
    server.reply("orders", BUSY)
    with pytest.raises(rest_client.ServerBusy):
        RestClient(server.url).get("orders")
    assert not waits and len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 500, 502, 504])
def test_other_failures_of_the_server_end_the_attempt(server, waits, status):
    server.reply("orders", status=status, headers={"Retry-After": "1"})
    with pytest.raises(rest_client.ServerBusy):
        RestClient(server.url, max_wait=60).get("orders")
    assert not waits


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_what_may_arrive_twice_is_repeated_after_a_failure_of_the_network(waits, method):
    with pytest.raises(rest_client.ServerUnreachable):
        RestClient(closed_port_url(), max_wait=60).request(method, "orders")
    assert waits == [1, 2, 4]


def test_an_answer_that_was_cut_off_is_asked_for_again(server, waits):
    server.reply("orders", CUT, OK)
    assert RestClient(server.url, max_wait=60).get("orders").text == "ok"
    assert waits == [1]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_been_done_is_not_sent_again(server, waits, method):
    server.reply("orders", CUT, OK)
    with pytest.raises(RetryableError):
        RestClient(server.url, max_wait=60).request(method, "orders", json={})
    assert not waits and len(server.requests) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_unless_the_server_knows_it_by_its_key(server, waits, method):
    server.reply("orders", CUT, OK)
    client = RestClient(server.url, max_wait=60)
    assert client.request(method, "orders", json={}, idempotency_key="order-7").text == "ok"
    keys = [request.headers.get("Idempotency-Key") for request in server.requests]
    assert keys == ["order-7", "order-7"]


def test_a_503_without_a_moment_is_repeated_like_a_failure_of_the_network(server, waits):
    server.reply("orders", Reply(503), Reply(503), OK)
    client = RestClient(server.url, max_wait=60)
    assert client.get("orders").text == "ok"
    assert waits == [1, 2]
    server.reply("orders", status=503)
    with pytest.raises(rest_client.ServerBusy):
        client.post("orders", json={})
    assert waits == [1, 2]


def test_the_deadline_is_for_all_times_together(server, waits):
    server.reply("orders", hang=True)
    with pytest.raises(rest_client.ServerTimeout):
        RestClient(server.url, max_wait=60, deadline=0.5, read_timeout=0.3).get("orders")
    assert len(server.requests) == 2
    assert waits == [1]


class Token(requests.auth.AuthBase):
    """A token that is another one after the server has refused it."""

    def __call__(self, request):
        return request

    def refuse(self):
        """Need nothing."""


def test_it_is_also_for_the_request_that_follows_a_refused_token(server, monkeypatch):
    slow = Reply(401, body=b"no!", headers={"Connection": "close"}, drip=0.05)
    server.reply("orders", slow, OK)
    client = RestClient(server.url, auth=Token(), deadline=50)
    deadlines = []
    send = client._answer_to

    def spy(method, address, sent, deadline):
        deadlines.append(deadline)
        return send(method, address, sent, deadline)

    monkeypatch.setattr(client, "_answer_to", spy)
    assert client.get("orders").text == "ok"
    first, second = deadlines
    assert first == 50 and second <= 49.9


def test_a_file_is_sent_once(server, waits):
    server.reply("orders", BUSY)
    with pytest.raises(rest_client.ServerBusy):
        RestClient(server.url, max_wait=60).request("PUT", "orders", data=io.BytesIO(b"data"))
    assert not waits
