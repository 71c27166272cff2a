"""Ways to sign in, and that nothing of them goes to another server."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest
import requests
from freezegun import freeze_time
from http_server import Reply, local_server
from pure_ihub.core import masking
from pure_ihub.engine.exceptions import SettingsError, UsageError
from pure_ihub.lib import rest_client
from pure_ihub.lib.auth import BodySignature, HeaderKey, OAuth2
from pure_ihub.lib.rest_client import RestClient

SECRET = "hunter2-hunter2"
OK = Reply(body=b"ok")


@pytest.fixture
def server():
    with local_server() as server:
        server.reply("orders", OK)
        yield server


@pytest.fixture
def issuer():
    """A server that gives tokens, and no others than those that a test has programmed."""
    with local_server() as issuer:
        issuer.reply("token", grant("one"))
        yield issuer


@pytest.fixture
def other():
    with local_server() as other:
        other.reply("landed", OK)
        yield other


def grant(token, **more):
    return Reply(body=json.dumps({"access_token": token, "expires_in": 3600, **more}).encode())


def sent_headers(server, name):
    return [request.headers.get(name) for request in server.requests]


def forms(issuer):
    return [
        {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
        for request in issuer.requests
    ]


def test_a_key_in_a_header(server):
    RestClient(server.url, auth=HeaderKey(SECRET, "X-Shop-Key")).get("orders")
    assert sent_headers(server, "X-Shop-Key") == [SECRET]


@pytest.mark.parametrize("kwargs", [{"json": {"id": 7}}, {"data": b"raw"}, {"data": "text"}, {}])
def test_the_body_is_signed_as_it_is_sent(server, kwargs):
    auth = BodySignature(SECRET, "X-Sign", prefix="sha256=")
    RestClient(server.url, auth=auth).post("orders", **kwargs)
    (request,) = server.requests
    expected = hmac.new(SECRET.encode(), request.body, "sha256").hexdigest()
    assert request.headers["X-Sign"] == f"sha256={expected}"


@pytest.mark.parametrize("empty", [False, None, "", 0])
def test_a_key_that_is_not_set_leads_to_the_settings(empty):
    with pytest.raises(SettingsError, match="X-Shop-Key.*Press Settings"):
        HeaderKey(empty, "X-Shop-Key")
    with pytest.raises(SettingsError, match="X-Sign.*Press Settings"):
        BodySignature(empty, "X-Sign")
    with pytest.raises(SettingsError, match="client_id.*Press Settings"):
        OAuth2("https://shop.example/token", empty, "secret")


@pytest.mark.parametrize(
    "wrong", [{"encoding": "Base64"}, {"encoding": None}, {"algorithm": "sha257"}]
)
def test_a_signature_that_cannot_be_made_is_refused_at_once(wrong):
    (value,) = wrong.values()
    with pytest.raises(UsageError, match=str(value)):
        BodySignature(SECRET, **wrong)


def test_the_signature_in_another_form(server):
    auth = BodySignature(
        SECRET.encode(),
        algorithm="sha512",
        encoding="base64",
        signed=lambda request: f"{request.method} {request.path_url}".encode(),
    )
    RestClient(server.url, auth=auth).get("orders", params={"a": 1})
    expected = hmac.new(SECRET.encode(), b"GET /orders?a=1", hashlib.sha512).digest()
    assert sent_headers(server, "X-Signature") == [base64.b64encode(expected).decode()]


def test_what_cannot_be_signed_is_not_sent(server):
    client = RestClient(server.url, auth=BodySignature(SECRET))
    with pytest.raises(rest_client.RequestInvalid, match="can be signed"):
        client.post("orders", data=iter([b"a"]))
    assert not server.requests


def test_each_repeated_request_is_signed_anew(server):
    times = iter(["1", "2"])
    auth = BodySignature(SECRET, signed=lambda request: next(times).encode())
    server.reply("orders", Reply(429, headers={"Retry-After": "1"}), OK)
    RestClient(server.url, auth=auth).post("orders", json={})
    assert len(set(sent_headers(server, "X-Signature"))) == 2


def test_any_auth_of_requests(server):
    RestClient(server.url, auth=requests.auth.HTTPProxyAuth("me", SECRET)).get("orders")
    assert sent_headers(server, "Proxy-Authorization") == [
        requests.auth._basic_auth_str("me", SECRET)
    ]


def test_digest(server):
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}
    server.reply("orders", Reply(401, headers=challenge), OK)
    assert RestClient(server.url, auth=requests.auth.HTTPDigestAuth("me", SECRET)).get("orders")
    assert sent_headers(server, "Authorization")[1].startswith('Digest username="me"')


class TestOAuth2:
    def test_a_client_signs_in_for_itself(self, server, issuer):
        auth = OAuth2(issuer.url + "token", "shop", SECRET, scope="read write")
        with RestClient(server.url, auth=auth) as client:
            client.get("orders")
            client.get("orders")
        assert forms(issuer) == [{"grant_type": "client_credentials", "scope": "read write"}]
        assert sent_headers(issuer, "Authorization") == [
            requests.auth._basic_auth_str("shop", SECRET)
        ]
        assert sent_headers(server, "Authorization") == ["Bearer one", "Bearer one"]

    def test_with_its_password_in_the_form(self, server, issuer):
        auth = OAuth2(
            issuer.url + "token", "shop", SECRET, in_body=True, parameters={"audience": "api"}
        )
        RestClient(server.url, auth=auth).get("orders")
        (form,) = forms(issuer)
        assert (form["client_id"], form["client_secret"]) == ("shop", SECRET)
        assert form["audience"] == "api"
        assert sent_headers(issuer, "Authorization") == [None]

    def test_a_refresh_token_and_the_one_it_was_exchanged_for(self, server, issuer):
        issuer.reply("token", grant("one", refresh_token="second"), grant("two"), grant("three"))
        auth = OAuth2(issuer.url + "token", "shop", refresh_token="first")
        client = RestClient(server.url, auth=auth)
        for hour in (1, 3, 5):
            with freeze_time(f"2025-03-01 {hour:02}:00"):
                client.get("orders")
        tokens = [form["refresh_token"] for form in forms(issuer)]
        assert tokens == ["first", "second", "second"]
        assert sent_headers(server, "Authorization") == ["Bearer one", "Bearer two", "Bearer three"]

    @pytest.mark.parametrize(
        ("expires_in", "second", "asked"),
        [(3600, 3500, 1), (3600, 3545, 2), (60, 53, 1), (60, 55, 2), (None, 10**6, 1), ("x", 9, 1)],
    )
    def test_a_token_is_renewed_before_it_ends(self, server, issuer, expires_in, second, asked):
        issuer.reply("token", grant("one", expires_in=expires_in))
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with freeze_time("2025-03-01 12:00") as clock:
            client.get("orders")
            clock.tick(second)
            client.get("orders")
        assert len(issuer.requests) == asked

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_refused_token_is_renewed_once(self, server, issuer, method):
        issuer.reply("token", grant("one"), grant("two"))
        server.reply("orders", Reply(401), OK)
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        assert client.request(method, "orders", json={"id": 7}).text == "ok"
        assert sent_headers(server, "Authorization") == ["Bearer one", "Bearer two"]

    def test_and_not_again_and_again(self, server, issuer):
        issuer.reply("token", grant("one"), grant("two"), grant("three"))
        server.reply("orders", Reply(401))
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with pytest.raises(rest_client.RequestRefused) as caught:
            client.get("orders")
        assert caught.value.status == 401
        assert (len(server.requests), len(issuer.requests)) == (2, 2)

    def test_one_that_is_given_again_is_used_from_then_on(self, server, issuer):
        server.reply("secret", Reply(401))
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        for refused in (1, 2):
            with pytest.raises(rest_client.RequestRefused):
                client.get("secret")
            for _each in range(5):
                client.get("orders")
            assert len(issuer.requests) == 1 + refused

    def test_a_401_without_a_token_to_renew_is_one(self, server):
        server.reply("orders", Reply(401))
        with pytest.raises(rest_client.RequestRefused):
            RestClient(server.url, auth=("me", SECRET)).get("orders")
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_refused_sign_in_leads_to_the_settings(self, server, issuer, status):
        issuer.reply("token", status=status, body=f'{{"error": "{SECRET}"}}'.encode())
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with pytest.raises(rest_client.RequestRefused, match="gives no token") as caught:
            client.get("orders")
        assert caught.value.blames_settings
        assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"
        # Nothing in these words is taken for a token.
        assert masking.mask(str(caught.value)) == str(caught.value)
        assert not server.requests

    def test_a_server_for_tokens_that_is_out_of_order_is_waited_for(self, server, issuer):
        issuer.reply("token", status=503)
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with pytest.raises(rest_client.ServerBusy):
            client.get("orders")

    @pytest.mark.parametrize("body", [b"{}", b"[]", b'{"access_token": 5}', b"null", b"<html>"])
    def test_an_answer_without_a_token(self, server, issuer, body):
        issuer.reply("token", body=body)
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with pytest.raises(rest_client.AnswerUnusable):
            client.get("orders")
        assert not server.requests

    def test_an_answer_without_end(self, server, issuer):
        issuer.reply("token", body=b"x" * 300_000)
        client = RestClient(server.url, auth=OAuth2(issuer.url + "token", "shop", SECRET))
        with pytest.raises(rest_client.AnswerTooLarge):
            client.get("orders")


AUTHS = {
    "key": lambda issuer: HeaderKey(SECRET),
    "signature": lambda issuer: BodySignature(SECRET),
    "token": lambda issuer: OAuth2(issuer.url + "token", "shop", SECRET),
    "digest": lambda issuer: requests.auth.HTTPDigestAuth("me", SECRET),
    "basic": lambda issuer: ("me", SECRET),
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("auth", AUTHS)
def test_no_server_that_is_referred_to_gets_anything(server, issuer, other, auth, status):
    server.reply("orders", status=status, headers={"Location": other.url + "landed"})
    client = RestClient(server.url, auth=AUTHS[auth](issuer))
    for method in ("GET", "POST"):
        with pytest.raises(rest_client.RedirectRefused):
            client.request(method, "orders")
    assert not other.connections


@pytest.mark.parametrize("auth", AUTHS)
def test_nor_does_it_get_who_signs_in_where_it_is_followed(server, issuer, other, auth):
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}
    server.reply("orders", status=302, headers={"Location": other.url + "landed"})
    other.reply("landed", Reply(401, headers=challenge), OK)
    client = RestClient(server.url, auth=AUTHS[auth](issuer), follow_elsewhere=True)
    with pytest.raises(rest_client.RequestRefused):
        client.get("orders")
    for request in other.requests:
        assert set(request.headers) <= {"Host", "User-Agent", "Accept", "Accept-Encoding"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nor_does_another_server_get_what_a_token_is_asked_for_with(server, issuer, other, status):
    issuer.reply("token", status=status, headers={"Location": other.url + "landed"})
    auth = OAuth2(issuer.url + "token", "shop", SECRET, refresh_token=SECRET)
    with pytest.raises(rest_client.RedirectRefused):
        RestClient(server.url, auth=auth).get("orders")
    assert not other.connections and not server.connections
