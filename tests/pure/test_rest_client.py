import contextlib
import encodings.aliases
import gzip
import time
from datetime import timedelta

import pytest
import requests
from freezegun import freeze_time
from http_server import Reply, closed_port_url, local_server
from pure_ihub.engine import waiting
from pure_ihub.lib import rest_client
from pure_ihub.lib.auth import HeaderKey
from pure_ihub.lib.exceptions import (
    IntegrationError,
    RetryableError,
    SettingsError,
    UsageError,
)
from pure_ihub.lib.paging import PageNumber
from pure_ihub.lib.rest_client import RestClient, retry_after
from requests.adapters import HTTPAdapter

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


ENCODINGS = sorted({*encodings.aliases.aliases.values(), "idna", "undefined", "unicode_escape"})


@pytest.mark.parametrize(
    "charset",
    [
        *(
            f"charset={name}"
            for name in ["utf-8", "iso-8859-1", "no-such-thing", "idna", "undefined"]
        ),
        "charset",
        "charset=",
        'charset="',
        "charset*=x'y'%ff",
        "charset=a\tb",
        "charset=\xe4",
    ],
)
def test_text_never_fails_whatever_the_server_says_about_it(server, client, charset):
    headers = {"Content-Type": f"text/plain; {charset}"}
    server.reply("text", body=b"a\xffb", headers=headers)
    answer = client.get("text")
    assert answer.text[0] == "a"
    assert answer.headers["Content-Type"] == headers["Content-Type"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_text_in_whichever_of_pythons_encodings(encoding):
    assert isinstance(rest_client.Answer(200, b"a\xffb" * 9, "s", {}, encoding).text, str)


def test_text_is_read_in_the_encoding_that_the_server_names(server, client):
    headers = {"Content-Type": 'text/plain; charset="ISO-8859-1"'}
    server.reply("text", body=b"f\xfcr", headers=headers)
    assert client.get("text").text == "für"


@pytest.mark.parametrize("charset", ["iso-8859-1", '"Windows-1252"'])
def test_json_is_read_in_the_encoding_that_the_server_names(server, client, charset):
    headers = {"Content-Type": f"application/json; charset={charset}"}
    server.reply("order", body=b'{"name": "f\xfcr"}', headers=headers)
    assert client.get_json("order") == {"name": "für"}


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=no-such-thing"])
def test_json_in_an_encoding_that_nobody_names_is_not_guessed(server, client, charset):
    headers = {"Content-Type": f"application/json{charset}"}
    server.reply("order", body=b'{"name": "f\xfcr"}', headers=headers)
    with pytest.raises(rest_client.AnswerUnusable, match="not JSON"):
        client.get_json("order")


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
        ("2.0", 2),
        ("0.5", 0.5),
        ("2.", 2),
        ("2,5", None),
        ("5, 10", None),
        ("99999999999999999999", 1e9),
        ("9" * 100_000, 1e9),
        ("Wed, 11 Mar 99999 12:01:30 GMT", None),
        ("Wed, 31 Feb 2026 12:01:30 GMT", None),
        ("Wednesday, 11-Mar-26 12:01:30 GMT", 90),
        ("Wed Mar 11 12:01:30 2026", 90),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value, seconds):
    with freeze_time("2026-03-11 12:00"):
        assert retry_after(value) == seconds


def test_server_that_does_not_listen_is_retryable():
    with pytest.raises(RetryableError, match="does not accept connections"):
        RestClient(closed_port_url()).get("orders")


def test_server_without_a_name_in_the_network_is_retryable():
    with pytest.raises(RetryableError, match="The server name.invalid was not found"):
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
    with pytest.raises(RetryableError, match="was interrupted"):
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
    with pytest.raises(rest_client.AnswerUnusable, match="decompressed"):
        client.get("orders")


@pytest.mark.parametrize(
    "address", ["", "orders", "ftp://127.0.0.1/", "http://", "http://[1/", None]
)
def test_address_that_is_none_is_an_integration_error(address):
    with pytest.raises(rest_client.RequestInvalid, match="cannot be used"):
        RestClient(address).get("orders")


def test_who_is_not_let_in_has_wrong_settings_whatever_is_asked(server, client):
    for status in (401, 403, 404):
        server.reply("orders", status=status)
        with pytest.raises(rest_client.RequestRefused) as error:
            client.get("orders")
        assert isinstance(error.value, SettingsError) == (status == 401)
        assert error.value.blames_settings


def test_redirect_without_end(server, client):
    server.reply("orders", status=302, headers={"Location": "/orders"})
    with pytest.raises(rest_client.RequestInvalid, match="redirects"):
        client.get("orders")


@pytest.mark.parametrize("address", ["shop.example.com/api", "localhost:8081", "hunter2-hunter2"])
def test_an_address_without_a_scheme_is_not_shown_but_what_it_lacks(address):
    with pytest.raises(
        rest_client.RequestInvalid, match="other system .* begin with https://"
    ) as e:
        RestClient(address).get("orders")
    assert address not in str(e.value)


def test_next_page_of_the_same_server_is_followed(server, client):
    server.reply("page2", body=b"ok")
    assert client.get(server.url + "page2").text == "ok"


def test_next_page_on_another_server_is_refused(client):
    with local_server() as other:
        with pytest.raises(rest_client.RequestInvalid, match="leads to another server") as error:
            client.get(other.url + "page2")
        assert "redirect" not in str(error.value)
        assert not other.requests


def test_token_and_headers_are_sent(server):
    server.reply("orders", body=b"ok")
    RestClient(server.url, token=SECRET, headers={"X-Key": SECRET}).get("orders")
    sent = server.requests[0].headers
    assert (sent["Authorization"], sent["X-Key"]) == (f"Bearer {SECRET}", SECRET)


@pytest.mark.parametrize("path", ["orders?next=https://a.example/x", "/orders?a=b&u=http://c"])
def test_an_address_among_the_parameters_is_no_other_server(server, client, path):
    server.reply("orders", body=b"ok")
    assert client.get(path).text == "ok"
    assert server.paths == [f"/{path.lstrip('/')}"]


def test_an_address_inside_a_path_is_no_other_server(server, client):
    server.reply("proxy/http://other.example/x", body=b"ok")
    assert client.get("proxy/http://other.example/x").text == "ok"


def test_the_same_server_is_known_in_every_way_to_write_it(server):
    server.reply("page2", body=b"ok")
    port = server.url.rstrip("/").rpartition(":")[2]
    with RestClient(f"HTTP://user:{SECRET}@LocalHost:{port}/api") as client:
        for base in (f"http://localhost:{port}", f"hTTp://LOCALHOST:{port}"):
            assert client.get(f"{base}/page2").text == "ok"
    assert {request.headers["Authorization"] for request in server.requests} == {
        requests.auth._basic_auth_str("user", SECRET)
    }


@pytest.mark.parametrize(
    ("base", "page"),
    [
        ("http://shop.example/api", "http://shop.example:80/page2"),
        ("https://shop.example:443", "https://shop.example/page2"),
        ("http://[::1]:8069/", "http://[0:0:0:0:0:0:0:1]:8069/page2"),
        ("http://b\xfccher.example/", "http://xn--bcher-kva.example/page2"),
    ],
)
def test_default_ports_and_names_in_other_letters_are_the_same_server(base, page):
    client = RestClient(base)
    try:
        assert client._session.prepared("GET", page, {}).url
    except rest_client.RedirectRefused:
        assert "[::1]" in base, "only an IPv6 address in another form may be taken for another"


@pytest.mark.parametrize(
    "page",
    [
        "http://127.0.0.1.example/",
        "http://other.example\\@{host}/page2",
        "http://{host}@other.example/page2",
        "https://{host}/page2",
        "HTTP://{host}1/",
    ],
)
def test_no_way_to_write_it_makes_another_server_the_same(server, client, page):
    host = server.url.split("/")[2]
    with pytest.raises((rest_client.RequestInvalid, RetryableError)):
        client.get(page.format(host=host), headers={"X-Key": SECRET})
    assert not any("page2" in path for path in server.paths[1:])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (f"http://user:{SECRET}@Shop.example:8069/{SECRET}", "shop.example:8069"),
        (" https://[::1]:8443/x ", "[::1]:8443"),
        (f"http://:{SECRET}@/", ""),
        ("http://[1/", ""),
        (f"{SECRET}", ""),
        (None, ""),
    ],
)
def test_the_name_of_a_server_holds_nothing_else_of_its_address(address, name):
    assert rest_client.server_name(address) == name


class TestAuthorization:
    """What is given wins over what lies about."""

    @pytest.fixture
    def authorization(self, server, monkeypatch, tmp_path):
        """Return a function that asks the server and returns the header that it received."""
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login somebody password {SECRET}")
        monkeypatch.setenv("NETRC", str(netrc))
        server.reply("orders", status=302, headers={"Location": "/landed"})
        server.reply("landed", body=b"ok")

        def ask(base=server.url, headers=None, **options):
            RestClient(base, **options).get("orders", headers=headers)
            seen = {request.headers.get("Authorization") for request in server.requests}
            assert len(server.requests) == 2 and len(seen) == 1
            return seen.pop()

        return ask

    def test_a_netrc_is_not_read(self, authorization):
        assert authorization() is None

    def test_a_header_of_the_client_wins_over_a_netrc(self, authorization):
        assert authorization(headers={"Authorization": "Key mine"}) == "Key mine"

    def test_a_header_of_the_request_wins_over_all(self, authorization):
        assert authorization(headers={"Authorization": "Key mine"}, token="other") == "Key mine"

    def test_a_token_wins_over_a_netrc(self, authorization):
        assert authorization(token="mine") == "Bearer mine"

    def test_user_name_and_password_of_the_address(self, authorization, server):
        base = server.url.replace("//", "//me:p%40ss@")
        assert authorization(base) == requests.auth._basic_auth_str("me", "p@ss")

    def test_a_pair_wins_over_those_of_the_address(self, authorization, server):
        base = server.url.replace("//", "//me:pass@")
        assert authorization(base, auth=("you", "x")) == requests.auth._basic_auth_str("you", "x")


def test_the_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    server.reply("http://shop.invalid/orders", body=b"ok")
    assert RestClient("http://shop.invalid/").get("orders").text == "ok"


def test_connections_are_used_again(server, client):
    server.reply("orders", body=b"x" * 100_000)
    server.reply("none", status=204)
    packed = gzip.compress(b"x" * 100_000)
    server.reply("packed", body=packed, headers={"Content-Encoding": "gzip"})
    for path in ("orders", "none", "packed", "orders"):
        client.get(path)
    assert server.connections == 1


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


@pytest.mark.parametrize(
    "base",
    [f"http://u:{SECRET}@name.invalid/", closed_port_url()],
    ids=["name.invalid", "closed port"],
)
def test_no_secret_in_errors_of_the_connection(base):
    with pytest.raises(RetryableError) as caught:
        RestClient(base, token=SECRET).get(SECRET, params={"token": SECRET})
    assert SECRET not in chain_text(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}€"])
def test_key_that_cannot_be_sent_is_explained_without_showing_it(server, value):
    with pytest.raises(rest_client.RequestInvalid, match="cannot be sent") as caught:
        RestClient(server.url, headers={"X-Key": value}).get("orders")
    assert SECRET not in chain_text(caught.value)


def test_a_header_of_two_lines_is_not_sent(server):
    with pytest.raises(rest_client.RequestInvalid, match="cannot be sent"):
        RestClient(server.url).get("orders", headers={"X-Key": "a\r\n b"})
    assert not server.requests


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_number_that_json_has_not_is_not_sent_and_no_failure_of_the_server(
    server, client, monkeypatch, method, number
):
    waits, failures = [], []
    monkeypatch.setattr(waiting, "sleep", waits.append)
    monkeypatch.setattr(client._breaker, "note_failure", lambda *args: failures.append(args))
    with pytest.raises(rest_client.RequestInvalid, match="cannot be sent"):
        client.request(method, "labels", json={"weight": number})
    assert not server.connections and not waits and not failures


def test_certificates_that_are_not_there_are_no_failure_of_the_server(monkeypatch, tmp_path):
    waits, failures = [], []
    monkeypatch.setattr(waiting, "sleep", waits.append)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    client = RestClient(closed_port_url().replace("http:", "https:"), max_wait=60)
    monkeypatch.setattr(client._breaker, "note_failure", lambda *args: failures.append(args))
    with pytest.raises(IntegrationError, match="REQUESTS_CA_BUNDLE"):
        client.get("orders")
    assert not waits and not failures


@pytest.mark.parametrize("length", ["5, 6", "-1", "x", "9" * 5000])
def test_a_length_without_sense_is_no_reason_to_blame_the_request(server, client, length):
    server.reply("orders", body=b"hello", headers={"Content-Length": length, "Connection": "close"})
    with contextlib.suppress(rest_client.AnswerUnusable, RetryableError):
        assert client.get("orders").text == "hello"


def test_every_request_has_both_timeouts(server, monkeypatch):
    seen = []
    send = HTTPAdapter.send

    def spy(self, request, **kwargs):
        seen.append(kwargs["timeout"])
        return send(self, request, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", spy)
    server.reply("orders", body=b"ok")
    RestClient(server.url, connect_timeout=3, read_timeout=4).get("orders")
    assert seen == [(3, 4)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("auth", value) for value in ("hush", ["me", "hush"], ("hush",), HeaderKey)),
        *(("deadline", value) for value in (None, "60", 0, -1, True, timedelta(seconds=5))),
        *(("max_wait", value) for value in ("5", -1, timedelta(seconds=5))),
        *(("read_timeout", value) for value in (None, 0)),
        *(("connect_timeout", value) for value in (None, "10")),
        *(("max_bytes", value) for value in (None, "1 MB")),
        *(("rate", value) for value in (2, 0.5, ["2/s"], "fast")),
    ],
)
def test_what_cannot_be_a_parameter_is_refused_by_name(name, value):
    said = "is not a rate" if name == "rate" else f"{name}=.* cannot be used; expected "
    with pytest.raises(UsageError, match=said) as refused:
        RestClient("https://shop.example", **{name: value})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("next", value) for value in ("links.next", PageNumber, 5)),
        *(("items", value) for value in (0, "", ["data"])),
    ],
)
def test_what_cannot_find_a_page_or_its_elements_is_refused_by_name(name, value):
    with pytest.raises(UsageError, match=f"{name}=.* cannot be used; expected "):
        RestClient("https://shop.example").pages("orders", **{name: value})
