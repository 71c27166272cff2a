"""The request on which something failed is found by its error, and kept without its secrets."""

import gzip
import html
import json

import pytest
import requests
from freezegun import freeze_time
from http_server import Reply, closed_port_url, local_server
from pure_ihub.core import masking
from pure_ihub.core.exchange import BODY_LIMIT, HEADERS_LIMIT, exchange_of
from pure_ihub.lib.auth import BodySignature, HeaderKey
from pure_ihub.lib.rest_client import MEBIBYTE, RestClient

SECRET = "hunter2-hunter2"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server():
    with local_server() as server:
        yield server


@pytest.fixture
def client(server):
    with RestClient(server.url, read_timeout=5, max_wait=0) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_known():
    yield
    masking.forget()


def failed(function, *args, **kwargs):
    """Return the exchange of what a function raises."""
    with pytest.raises(Exception) as caught:
        function(*args, **kwargs)
    return exchange_of(caught.value)


def text_of(kept):
    return json.dumps(kept, ensure_ascii=False)


# --- What is found ---


@freeze_time("2025-03-01 12:30", tick=True)
def test_what_was_sent_and_answered(server, client):
    server.reply("orders", status=422, json={"error": "No such SKU."})
    kept = failed(client.post, "orders", json={"sku": "A-1"}, params={"dry": 1})
    assert (kept["method"], kept["url"]) == ("POST", f"{server.url}orders?dry=1")
    assert kept["sent_at"] == "2025-03-01 12:30:00"
    assert 0 <= kept["seconds"] < 5
    assert "Content-Type: application/json" in kept["sent"]["headers"].splitlines()
    assert json.loads(kept["sent"]["body"]["text"]) == {"sku": "A-1"}
    assert (kept["status"], kept["reason"]) == (422, "Unprocessable Entity")
    assert kept["received"]["body"]["text"] == '{\n  "error": "No such SKU."\n}'
    assert kept["received"]["body"]["size"] == 25


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_every_status_that_is_an_error(server, client, status):
    server.reply("orders", status=status, body=b"why")
    with pytest.raises(Exception) as caught:
        client.get("orders")
    kept = exchange_of(caught.value)
    assert kept["status"] == status


def test_an_answer_that_is_no_json(server, client):
    server.reply("orders", body=b"<html>Maintenance</html>")
    assert failed(client.get_json, "orders")["received"]["body"]["text"] == (
        "<html>Maintenance</html>"
    )


def test_a_page_without_a_list(server, client):
    server.reply("orders", json={"orders": None})
    kept = failed(list, client.pages("orders", items="orders"))
    assert json.loads(kept["received"]["body"]["text"]) == {"orders": None}


def test_no_answer():
    kept = failed(RestClient(closed_port_url(), max_wait=0).post, "orders", data=b"x")
    assert (kept["method"], kept["status"], kept["received"]) == ("POST", None, None)
    assert kept["sent"]["body"]["text"] == "x"
    assert kept["seconds"] >= 0


def test_an_answer_that_breaks_off_or_is_too_large(server, client):
    server.reply("cut", body=b"x" * 500, cut=100)
    server.reply("large", body=b"x" * 100)
    small = RestClient(server.url, max_wait=0, max_bytes=50)
    for one, path in ((client, "cut"), (small, "large")):
        kept = failed(one.get, path)
        assert kept["url"].endswith(path)
        assert kept["received"]["body"] == {"text": None, "size": None, "is_cut": False}


def test_a_redirect_elsewhere(server, client):
    server.reply("orders", status=302, headers={"Location": "http://other.example/"})
    kept = failed(client.get, "orders")
    assert (kept["status"], kept["url"]) == (302, f"{server.url}orders")


def test_the_second_of_two_is_the_last(server, client):
    server.reply("orders", Reply(401), Reply(404))
    with pytest.raises(Exception) as caught:
        try:
            client.get("orders")
        except Exception:
            client.get("orders", params={"again": 1})
    assert exchange_of(caught.value)["status"] == 404


def test_an_error_that_was_raised_from_it_or_after_it(server, client):
    server.reply("orders", status=404)

    def wrapped(how):
        try:
            client.get("orders")
        except Exception as error:
            if how == "from":
                raise KeyError from error
            if how == "from none":
                raise KeyError from None
            raise KeyError  # noqa: B904

    for how in ("from", "from none", "after"):
        assert failed(wrapped, how)["status"] == 404


def test_plain_requests(server):
    server.reply("orders", status=400, body=b"no")
    session = requests.Session()

    def ask():
        session.post(f"{server.url}orders", json={"a": 1}, auth=("user", SECRET)).raise_for_status()

    kept = failed(ask)
    assert (kept["status"], kept["sent_at"]) == (400, None)
    assert kept["seconds"] > 0
    assert kept["received"]["body"]["text"] == "no"
    kept = failed(session.get, closed_port_url())
    assert (kept["method"], kept["status"]) == ("GET", None)


def test_what_was_not_received_yet_is_not_asked_for(server):
    server.reply("orders", status=500, body=b"x" * 1000, drip=30)
    with pytest.raises(requests.HTTPError) as caught:
        requests.get(f"{server.url}orders", stream=True, timeout=5).raise_for_status()
    assert exchange_of(caught.value)["received"]["body"]["size"] is None


def test_errors_that_name_no_request():
    loop = ValueError()
    loop.__cause__ = loop
    odd = ValueError()
    odd.response, odd.request = {"status": 1}, "GET"
    assert exchange_of(None, ValueError("x"), loop, odd) is None


# --- Secrets ---


def assert_hidden(kept, *secrets):
    for secret in secrets:
        assert secret not in text_of(kept)
    assert masking.MASK in text_of(kept)


def test_who_signs_in_is_never_told(server):
    server.reply("orders", status=400)
    for signing, header in (
        ({"auth": ("user", SECRET)}, "Authorization"),
        ({"token": SECRET}, "Authorization"),
        ({"auth": HeaderKey(SECRET, "X-Shop")}, "X-Shop"),
        ({"auth": BodySignature(SECRET, "X-Shop-Sum")}, "X-Shop-Sum"),
        ({"headers": {"X-Auth": "short"}}, "X-Auth"),
        ({"headers": {"Cookie": f"session={SECRET}"}}, "Cookie"),
    ):
        with RestClient(server.url, **signing) as client:
            kept = failed(client.get, "orders")
        sent = next(one for one in server.requests[-1].headers if one.lower() == header.lower())
        assert f"{sent}: ***" in kept["sent"]["headers"].splitlines()
        assert_hidden(kept, SECRET, server.requests[-1].headers[sent])


def test_nor_after_a_redirect_on_the_same_server(server):
    server.reply("orders", status=307, headers={"Location": "/there"})
    server.reply("there", status=400)
    with RestClient(server.url, auth=HeaderKey(SECRET, "X-Shop")) as client:
        kept = failed(client.get, "orders")
    assert kept["url"].endswith("there")
    assert_hidden(kept, SECRET)


def test_a_secret_in_the_address(server):
    server.reply("orders", status=400)
    address = server.url.replace("//", f"//user:{SECRET}@")

    def ask():
        requests.get(f"{address}orders?api_key={SECRET}", timeout=5).raise_for_status()

    assert_hidden(failed(ask), SECRET)


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"password": SECRET, "a": [{"name": "token", "value": SECRET}]}},
        {"json": {"credentials": {"pin": SECRET}}},
        {"data": {"client_secret": SECRET, "grant_type": "refresh_token"}},
        {"data": f"<login><password>{SECRET}</password></login>"},
        {"data": f"password={SECRET}".encode()},
    ],
)
def test_a_secret_in_a_body(server, client, body):
    server.reply("orders", status=400)
    assert_hidden(failed(client.post, "orders", **body), SECRET)


@pytest.mark.parametrize(
    "sent",
    [
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"json": {"a": {"password": SECRET}}},
        {"data": {"client_secret": SECRET}},
        {"params": {"api_key": SECRET}},
        {"params": {"key": SECRET}},
        {"headers": {"Cookie": f"a=1; session={SECRET}"}},
        {"headers": {"Cookie": f"session={SECRET}; a=1"}},
        {"headers": {"X-Login": f"user=shop; password={SECRET}"}},
        {"json": {"credentials": {"pin": SECRET}}},
        {"json": {"credentials": ["shop", {"pin": [SECRET]}]}},
        {"json": [["password", SECRET]]},
        {"json": {"fields": [{"name": "token", "value": SECRET}]}},
        {"json": {"note": f"password={SECRET}"}},
        {"data": {"a": 1, "key": SECRET}},
        {"data": json.dumps({"password": SECRET})},
        {"data": f"<login><password>{SECRET}</password></login>"},
        {"data": f'<s:Envelope><w:Password Type="#Text"> {SECRET} </w:Password></s:Envelope>'},
        {"data": f"<credentials><user>shop</user><pin>{SECRET}</pin></credentials>"},
        {"data": f"<password><![CDATA[{SECRET}]]></password>"},
        {"data": f'<login user="shop" password="{SECRET}"/>'.encode()},
        {"data": f"<body>&lt;password&gt;{SECRET}&lt;/password&gt;</body>"},
    ],
)
def test_an_answer_that_repeats_a_secret_of_the_request(server, client, sent):
    server.reply("orders", status=400, body=f"“{SECRET}” is wrong".encode())
    assert_hidden(failed(client.post, "orders", **sent), SECRET)


@pytest.mark.parametrize("number", [47114711, 471147114711])
def test_an_answer_that_repeats_a_number(server, client, number):
    server.reply("orders", status=400, body=f"{number} is wrong".encode())
    assert_hidden(failed(client.post, "orders", json={"password": number}), str(number))


ODD_SECRET = 'h&n "t<r>/2\\ü'


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"password": ODD_SECRET}},
        {"json": [["password", ODD_SECRET]]},
        {"data": {"password": ODD_SECRET}},
        {"data": f"<password>{html.escape(ODD_SECRET)}</password>".encode()},
        {"params": {"password": ODD_SECRET}},
    ],
)
def test_an_answer_that_repeats_it_as_it_was_before_it_was_written(server, client, sent):
    server.reply("orders", status=400, body=f"“{ODD_SECRET}” is wrong".encode())
    kept = failed(client.post, "orders", **sent)
    assert kept["received"]["body"]["text"] == "“***” is wrong"


@pytest.mark.parametrize("header", ["X-Shop", "X-API-Key"])
def test_an_answer_that_repeats_what_signs_in(server, header):
    server.reply("orders", status=401, body=f"unknown key {SECRET}".encode())
    with RestClient(server.url, auth=HeaderKey(SECRET, header)) as client:
        kept = failed(client.get, "orders")
    assert kept["received"]["body"]["text"] == "unknown key ***"


def test_an_answer_that_repeats_a_token_in_the_place_of_a_user_name(server):
    server.reply("orders", status=401, body=f"unknown key {SECRET}".encode())
    with RestClient(server.url, auth=(SECRET, "")) as client:
        assert_hidden(failed(client.get, "orders"), SECRET)


def test_what_is_no_secret_of_the_request_is_repeated(server, client):
    body = b"No order 4711 of the shop North, key name, user shop"
    server.reply("orders", status=400, body=body)
    sent = {"json": {"order": 4711, "shop": "North", "user": "shop", "sort_key": "name"}}
    sent |= {"params": {"user": "shop"}, "headers": {"X-Shop": "North"}}
    kept = failed(client.post, "orders", **sent)
    assert kept["received"]["body"]["text"] == body.decode()


def test_an_answer_that_repeats_a_password(server):
    server.reply("orders", status=401, body=f"{SECRET} is wrong".encode())
    with RestClient(server.url, auth=("user", SECRET)) as client:
        assert_hidden(failed(client.get, "orders"), SECRET)


def test_an_answer_with_secrets_of_its_own(server, client):
    headers = {"Set-Cookie": f"sid={SECRET}", "Location": f"/x?token={SECRET}", **JSON}
    body = json.dumps({"access_token": SECRET, "also": f'password="{SECRET}"'}).encode()
    server.reply("orders", status=400, headers=headers, body=body)
    assert_hidden(failed(client.get, "orders"), SECRET)


def test_what_is_known_to_be_a_secret(server, client):
    masking.know(SECRET)
    server.reply(f"orders/{SECRET}", status=400, body=SECRET.encode(), headers={"X-You": SECRET})
    assert_hidden(failed(client.post, f"orders/{SECRET}", data=SECRET), SECRET)


def test_a_secret_that_is_cut_off_is_not_shown(server, client):
    masking.know(SECRET * 100)
    token = '{"token": "' + "x" * 59_000 + '", "a": "'
    for before in (token, "x" * (BODY_LIMIT - 700), "x" * 59_500):
        server.reply("orders", status=400, body=(before + SECRET * 100 + "y" * 1000).encode())
        assert SECRET not in text_of(failed(client.get, "orders"))


def test_a_key_by_which_the_server_knows_the_request_is_shown(server, client):
    server.reply("orders", status=400)
    key = "5f0c7b1e-8a3d-4c1b-9f57-0d2b6a9e4c11"
    kept = failed(client.post, "orders", idempotency_key=key)
    assert f"Idempotency-Key: {key}" in kept["sent"]["headers"].splitlines()


# --- Bodies ---


def test_a_long_body_is_cut(server, client):
    for size in (BODY_LIMIT, BODY_LIMIT + 1, MEBIBYTE):
        server.reply("orders", status=400, body=b"x" * size)
        body = failed(client.get, "orders")["received"]["body"]
        assert (len(body["text"]), body["size"]) == (BODY_LIMIT, size)
        assert body["is_cut"] == (size > BODY_LIMIT)


def test_many_headers_are_cut(server, client):
    headers = {f"X-{number}": "x" * 500 for number in range(90)}
    server.reply("orders", status=400, headers=headers)
    assert len(failed(client.get, "orders")["received"]["headers"]) == HEADERS_LIMIT


@pytest.mark.parametrize("body", [b"\x89PNG\r\n\x1a\n\x00\xff", b"a\x00b", b"\xff" * 200_000])
def test_what_is_no_text_is_not_kept(server, client, body):
    server.reply("orders", status=400, body=body)
    kept = failed(client.post, "orders", data=body)
    for message in (kept["sent"], kept["received"]):
        assert message["body"] == {"text": None, "size": len(body), "is_cut": False}


def test_a_file_that_was_sent_is_not_read_again(server, client):
    server.reply("orders", status=400)
    kept = failed(client.post, "orders", data=iter([b"a", b"b"]))
    assert kept["sent"]["body"] == {"text": None, "size": None, "is_cut": False}


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "für".encode(), "für"),
        ("iso-8859-1", b"f\xfcr", "für"),
        ("utf-16", "für".encode("utf-16"), "für"),
        ("no-such-thing", b"f\xfcr", None),
        ("zip", b"f\xfcr", None),
        ("idna", b"f\xfcr", None),
    ],
)
def test_text_in_other_encodings(server, client, charset, raw, text):
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    server.reply("orders", status=400, body=raw, headers=headers)
    assert failed(client.get, "orders")["received"]["body"]["text"] == text


def test_what_was_packed_is_kept_unpacked(server, client):
    headers = {"Content-Encoding": "gzip"}
    server.reply("orders", status=400, body=gzip.compress(b"no"), headers=headers)
    assert failed(client.get, "orders")["received"]["body"]["text"] == "no"


@pytest.mark.parametrize("body", [b"[" * 50_000, b'"text"', b"{", b"NaN", b"1" * 50_000, b" "])
def test_what_is_nearly_json_stays_as_it_is(server, client, body):
    server.reply("orders", status=400, body=body)
    text = failed(client.get, "orders")["received"]["body"]["text"]
    assert body.decode().startswith(text)


def test_what_is_nested_deep_stays_on_one_line(server, client):
    """Over several, it would be hundreds of times as long, and each of them is looked at."""
    body = b"[" * 300 + b",".join([b"1"] * 20_000) + b"]" * 300
    server.reply("orders", status=422, body=body)
    text = failed(client.get, "orders")["received"]["body"]["text"]
    assert text.startswith("[" * 300 + "1, 1")


def test_what_a_database_cannot_keep_is_made_visible(server, client):
    server.reply("orders", status=400, body=b"a\x01\x1b[31mb", headers={"X-A": "\x7f"})
    kept = failed(client.get, "orders")
    assert kept["received"]["body"]["text"] == "a␁␛[31mb"
