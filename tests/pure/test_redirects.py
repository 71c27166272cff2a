"""Where requests are sent on to, and what goes along."""

import datetime
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_server import Reply, local_server
from pure_ihub.lib.rest_client import RedirectRefused, RequestInvalid, RestClient

SECRET = "hunter2-hunter2"
REDIRECTS = [301, 302, 303, 307, 308]


@pytest.fixture
def server():
    with local_server() as server:
        yield server


@pytest.fixture
def other():
    with local_server() as server:
        server.reply("landed", body=b"ok")
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Return the file of a certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        built.public_bytes(encoding)
        + key.private_bytes(encoding, private, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def secure(certificate, monkeypatch):
    """Yield a server that is spoken to over https."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with local_server(context) as server:
        yield server


def lead(server, location, status=302, path="orders", **headers):
    server.reply(path, status=status, headers={"Location": location, **headers})


@pytest.mark.parametrize("status", REDIRECTS)
def test_another_server_gets_nothing(server, other, status):
    lead(server, other.url + "landed", status)
    with pytest.raises(RedirectRefused, match="another server, http://127.0.0.1:[0-9]+"):
        RestClient(server.url).post("orders", json={"key": SECRET}, headers={"X-Key": SECRET})
    assert not other.requests and not other.connections


@pytest.mark.parametrize("location", ["//{host}/landed", "http://{host}/landed", "HTTP://{host}"])
def test_nor_does_it_when_its_address_is_written_in_another_way(server, other, location):
    lead(server, location.format(host=other.url.split("/")[2]))
    with pytest.raises(RedirectRefused):
        RestClient(server.url).get("orders")
    assert not other.connections


def test_the_same_name_at_another_port_is_another_server(server, other):
    lead(server, other.url.replace("127.0.0.1", "localhost") + "landed")
    with pytest.raises(RedirectRefused):
        RestClient(server.url.replace("127.0.0.1", "localhost")).get("orders")


@pytest.mark.parametrize("status", REDIRECTS)
def test_nothing_that_is_secret_follows_elsewhere(server, other, status):
    lead(server, other.url + "landed", status, **{"Set-Cookie": f"session={SECRET}"})
    client = RestClient(
        server.url.replace("//", f"//user:{SECRET}@"),
        headers={"X-Key": SECRET},
        follow_elsewhere=True,
    )
    headers = {"X-Mine": SECRET, "Cookie": f"a={SECRET}", "Authorization": SECRET}
    assert client.get("orders", params={"token": SECRET}, headers=headers).text == "ok"
    (received,) = other.requests
    assert SECRET not in f"{received.path} {received.headers} {received.body}"
    assert set(received.headers) <= {"Host", "User-Agent", "Accept", "Accept-Encoding"}


def test_nor_on_the_way_from_there(server, other):
    """A second hop must not find again what the first has left behind."""
    lead(server, other.url + "one", **{"Set-Cookie": f"session={SECRET}"})
    lead(other, "/two", path="one")
    lead(other, server.url + "three", path="two")
    server.reply("three", body=b"home")
    client = RestClient(server.url, token=SECRET, follow_elsewhere=True)
    assert client.get("orders").text == "home"
    after_the_first = [*other.requests, server.requests[-1]]
    assert SECRET not in str([request.headers for request in after_the_first])


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_goes_nowhere_else(server, other, status):
    lead(server, other.url + "landed", status)
    client = RestClient(server.url, follow_elsewhere=True)
    with pytest.raises(RedirectRefused):
        client.post("orders", json={"key": SECRET})
    with pytest.raises(RedirectRefused):
        client.request("PUT", "orders", data=SECRET)
    with pytest.raises(RedirectRefused):
        client.request("DELETE", "orders")
    assert not other.connections


def test_a_body_turned_into_a_get_may_follow_elsewhere(server, other):
    lead(server, other.url + "landed", 303)
    client = RestClient(server.url, follow_elsewhere=True)
    assert client.post("orders", json={"key": SECRET}).text == "ok"
    (received,) = other.requests
    assert (received.method, received.body) == ("GET", b"")


@pytest.mark.parametrize("follow_elsewhere", [False, True])
def test_never_from_https_to_http(secure, other, follow_elsewhere):
    lead(secure, other.url + "landed")
    with pytest.raises(RedirectRefused, match="http://127.0.0.1"):
        RestClient(secure.url, follow_elsewhere=follow_elsewhere).get("orders")
    assert not other.connections


def test_nor_on_a_detour(secure, certificate, other):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with local_server(context) as detour:
        lead(secure, detour.url + "one")
        lead(detour, other.url + "landed", path="one")
        with pytest.raises(RedirectRefused):
            RestClient(secure.url, follow_elsewhere=True).get("orders")
        assert detour.requests and not other.connections


def test_from_http_to_https_is_another_server_too(server, secure):
    lead(server, secure.url + "landed")
    with pytest.raises(RedirectRefused, match="https://127.0.0.1:[0-9]+"):
        RestClient(server.url, token=SECRET).get("orders")
    assert not secure.requests


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("location", ["/landed", "landed", "{url}landed"])
def test_on_the_same_server_all_of_it_is_sent_again(server, status, location):
    lead(server, location.format(url=server.url), status)
    server.reply("landed", body=b"ok")
    client = RestClient(server.url, token=SECRET)
    assert client.post("orders", json={"a": 1}, headers={"X-Key": SECRET}).text == "ok"
    first, second = server.requests
    assert (second.method, second.body) == ("POST", b'{"a": 1}')
    assert first.headers == second.headers


def test_over_https_too(secure):
    lead(secure, "/landed", 307)
    secure.reply("landed", body=b"ok")
    assert RestClient(secure.url).post("orders", data=b"x").text == "ok"


def test_a_file_is_sent_again_from_its_beginning(server, tmp_path):
    lead(server, "/landed", 307)
    server.reply("landed", body=b"ok")
    path = tmp_path / "data"
    path.write_bytes(b"x" * 1000)
    with path.open("rb") as file:
        RestClient(server.url).post("orders", data=file)
    assert [request.body for request in server.requests] == [b"x" * 1000] * 2


def test_what_can_be_read_only_once_is_not_sent_half(server):
    server.reply("orders", Reply(raw=lambda: [b"HTTP/1.1 307 x\r\nLocation: /landed\r\n\r\n"]))
    with pytest.raises(RequestInvalid, match="only once"):
        RestClient(server.url).post("orders", data=iter([b"a", b"b"]))


def test_cookies_stay_on_their_server(server, other):
    lead(server, "/landed", **{"Set-Cookie": f"session={SECRET}"})
    server.reply("landed", body=b"ok")
    RestClient(server.url).get("orders")
    assert server.requests[1].headers["Cookie"] == f"session={SECRET}"


@pytest.mark.parametrize(
    "location", ["http://[1/", "http://", "\xff\xfe", "ftp://127.0.0.1/", "://"]
)
def test_whatever_it_leads_to_is_an_error_of_ours(server, location):
    lead(server, location)
    with pytest.raises(Exception) as caught:
        RestClient(server.url).get("orders")
    assert type(caught.value).__module__ == "pure_ihub.lib.rest_client"
