import gzip
import time
from datetime import datetime, timezone

import pytest
from http_server import Reply, closed_port_url, local_server
from ihub_lib import rest_client
from ihub_lib.exceptions import IntegrationError, RetryableError
from ihub_lib.rest_client import RestClient, retry_after

SECRET = "hunter2-hunter2"


@pytest.fixture
def server():
    with local_server() as server:
        yield server


@pytest.fixture
def client(server):
    with RestClient(server.url, read_timeout=5) as client:
        yield client


def chain_text(exc):
    """Everything that a log would show of an exception and of those that it names as cause."""
    texts = []
    while exc:
        texts.append(f"{exc!r} {exc}")
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return "\n".join(texts)


def test_get_returns_status_headers_and_body(server, client):
    server.reply("orders", body="für".encode(), headers={"X-Total": "7"})
    answer = client.get("orders", params={"page": 2})
    assert (answer.status, answer.text, answer.headers["x-total"]) == (200, "für", "7")
    assert server.paths == ["/orders?page=2"]


def test_post_json_sends_and_reads_json(server, client):
    server.reply("orders", status=201, body=b'{"id": 5}')
    assert client.post_json("orders", {"total": 1}) == {"id": 5}
    request = server.requests[0]
    assert (request.method, request.body) == ("POST", b'{"total": 1}')
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("base", ["api", "api/"])
@pytest.mark.parametrize("path", ["orders", "/orders"])
def test_base_address_and_path_are_joined_by_one_slash(server, base, path):
    server.reply("api/orders", body=b"ok")
    assert RestClient(server.url + base).get(path).text == "ok"


def test_base_address_is_used_as_it_is_without_a_path(server):
    server.reply("api/", body=b"ok")
    assert RestClient(server.url + "api/").get().text == "ok"


def test_empty_answer_is_none_as_json(server, client):
    server.reply("orders", status=204)
    assert client.get_json("orders") is None


@pytest.mark.parametrize("body", [b"<html>", b"{", b"\xff\xfe", b"[" * 100_000])
def test_answer_that_is_not_json_is_an_integration_error(server, client, body):
    server.reply("orders", body=body)
    with pytest.raises(rest_client.AnswerUnusable, match="not JSON"):
        client.get_json("orders")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "no-such-thing"])
def test_text_never_fails_whatever_the_server_says_about_it(server, client, encoding):
    headers = {"Content-Type": f"text/plain; charset={encoding}"}
    server.reply("text", body=b"a\xffb", headers=headers)
    assert client.get("text").text[0] == "a"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_status_that_waiting_may_cure_is_retryable(server, client, status):
    server.reply("orders", status=status, headers={"Retry-After": "17"})
    with pytest.raises(RetryableError) as caught:
        client.get("orders")
    assert caught.value.delay == 17
    assert caught.value.status == status
    assert f"HTTP {status}" in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_status_that_waiting_does_not_cure_is_an_integration_error(server, client, status):
    server.reply("orders", status=status, body=b'{"why": "no such order"}')
    with pytest.raises(IntegrationError) as caught:
        client.get("orders")
    assert caught.value.status == status
    assert caught.value.answer.json() == {"why": "no such order"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Wed, 11 Mar 2026 12:01:30 GMT", 90),
        ("Wed, 11 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value, seconds):
    now = datetime(2026, 3, 11, 12, 0, tzinfo=timezone.utc)
    assert retry_after(value, now) == seconds


def test_server_that_does_not_listen_is_retryable():
    with pytest.raises(RetryableError, match="does not accept connections"):
        RestClient(closed_port_url()).get("orders")


def test_server_without_a_name_in_the_network_is_retryable():
    with pytest.raises(RetryableError, match="There is no server name.invalid"):
        RestClient("http://name.invalid").get("orders")


def test_silent_server_is_a_timeout(server):
    server.reply("orders", hang=True)
    begun = time.monotonic()
    with pytest.raises(rest_client.ServerTimeout):
        RestClient(server.url, read_timeout=0.2).get("orders")
    assert time.monotonic() - begun < 5


def test_server_that_drips_hits_the_deadline(server):
    server.reply("orders", body=b"x" * 1000, drip=0.05)
    begun = time.monotonic()
    with pytest.raises(rest_client.ServerTimeout, match="too slowly"):
        RestClient(server.url, read_timeout=5, deadline=0.3).get("orders")
    assert time.monotonic() - begun < 5


def test_answer_that_breaks_off_is_retryable(server, client):
    server.reply("orders", body=b"x" * 1000, cut=100)
    with pytest.raises(RetryableError, match="broke off"):
        client.get("orders")


def test_answer_over_the_limit_is_refused(server):
    server.reply("orders", body=b"x" * 2000)
    with pytest.raises(rest_client.AnswerUnusable, match="too large"):
        RestClient(server.url, max_bytes=1999).get("orders")
    assert len(RestClient(server.url, max_bytes=2000).get("orders").body) == 2000


def test_limit_counts_unpacked_bytes(server):
    packed = gzip.compress(b"x" * 1_000_000)
    server.reply("orders", body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(rest_client.AnswerUnusable, match="too large"):
        RestClient(server.url, max_bytes=100_000).get("orders")


def test_packed_answer_is_unpacked(server, client):
    packed = gzip.compress(b"x" * 1_000_000)
    server.reply("orders", body=packed, headers={"Content-Encoding": "gzip"})
    assert client.get("orders").body == b"x" * 1_000_000


def test_answer_that_cannot_be_unpacked(server, client):
    server.reply("orders", body=b"not packed", headers={"Content-Encoding": "gzip"})
    with pytest.raises(rest_client.AnswerUnusable, match="unpacked"):
        client.get("orders")


@pytest.mark.parametrize(
    "address", ["", "orders", "ftp://127.0.0.1/", "http://", "http://[1/", None]
)
def test_address_that_is_none_is_an_integration_error(address):
    with pytest.raises(rest_client.RequestInvalid, match="cannot be used"):
        RestClient(address).get("orders")


def test_redirect_without_end(server, client):
    server.reply("orders", status=302, headers={"Location": "/orders"})
    with pytest.raises(rest_client.RequestInvalid):
        client.get("orders")


def test_next_page_of_the_same_server_is_followed(server, client):
    server.reply("page2", body=b"ok")
    assert client.get(server.url + "page2").text == "ok"


def test_next_page_on_another_server_is_refused(client):
    with local_server() as other:
        with pytest.raises(rest_client.RequestInvalid, match="another server"):
            client.get(other.url + "page2")
        assert not other.requests


def test_token_and_headers_are_sent(server):
    server.reply("orders", body=b"ok")
    RestClient(server.url, token=SECRET, headers={"X-Key": SECRET}).get("orders")
    sent = server.requests[0].headers
    assert (sent["Authorization"], sent["X-Key"]) == (f"Bearer {SECRET}", SECRET)


def test_token_and_headers_do_not_follow_a_redirect_to_another_server(server):
    with local_server() as other:
        other.reply("elsewhere", body=b"ok")
        server.reply("orders", status=302, headers={"Location": other.url + "elsewhere"})
        address = server.url.replace("127.0.0.1", "localhost")
        RestClient(address, token=SECRET, headers={"X-Key": SECRET}).get("orders")
        assert SECRET not in str(other.requests[0].headers)
        assert SECRET in str(server.requests[0].headers)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401),
        Reply(404),
        Reply(503),
        Reply(200, b"{"),
        Reply(hang=True),
        Reply(body=b"x" * 100, cut=5),
        Reply(body=b"not packed", headers={"Content-Encoding": "gzip"}),
        Reply(302, headers={"Location": f"/orders/{SECRET}?token={SECRET}"}),
    ],
    ids=["401", "404", "503", "not json", "hang", "cut", "not packed", "redirects"],
)
def test_no_secret_in_any_error(server, reply):
    server.reply(f"{SECRET}/orders", reply)
    server.reply(f"orders/{SECRET}", reply)
    base = server.url.replace("//", f"//user:{SECRET}@") + SECRET
    client = RestClient(base, read_timeout=0.2, headers={"X-Key": SECRET})
    with pytest.raises((IntegrationError, RetryableError)) as caught:
        client.get_json("orders", params={"token": SECRET})
    assert server.requests
    assert SECRET not in chain_text(caught.value)


@pytest.mark.parametrize("base", [f"http://u:{SECRET}@name.invalid/", closed_port_url()])
def test_no_secret_in_errors_of_the_connection(base):
    with pytest.raises(RetryableError) as caught:
        RestClient(base, token=SECRET).get(SECRET, params={"token": SECRET})
    assert SECRET not in chain_text(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}€"])
def test_key_that_cannot_be_sent_is_explained_without_showing_it(server, value):
    with pytest.raises(rest_client.RequestInvalid, match="cannot be sent") as caught:
        RestClient(server.url, headers={"X-Key": value}).get("orders")
    assert SECRET not in chain_text(caught.value)


def test_every_request_has_both_timeouts(server, monkeypatch):
    seen = []
    send = rest_client.HTTPAdapter.send

    def spy(self, request, **kwargs):
        seen.append(kwargs["timeout"])
        return send(self, request, **kwargs)

    monkeypatch.setattr(rest_client.HTTPAdapter, "send", spy)
    server.reply("orders", body=b"ok")
    RestClient(server.url, connect_timeout=3, read_timeout=4).get("orders")
    assert seen == [(3, 4)]
