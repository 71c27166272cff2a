"""Messages over HTTP: what is acknowledged is done once, whatever is killed; others are refused."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from sender import KEYS, Sender, post, signed

HERE = "127.0.0.1"
LIMIT = 5 * 1024 * 1024


def at_once(send, number):
    """Return the status of each answer to so many requests at the same moment."""
    with ThreadPoolExecutor(number) as threads:
        return [status for status, _body in threads.map(lambda _each: send(), range(number))]


@pytest.fixture
def web_server(odoo_server, database):
    from hub_driver import ADDONS_PATH

    def start(*arguments, crons=1, workers=0):
        return odoo_server(
            database, ADDONS_PATH, f"--max-cron-threads={crons}", f"--workers={workers}",
            "--log-level=info", *arguments, http=True,
        )  # fmt: skip

    return start


class TestKilled:
    @pytest.mark.parametrize("workers", [0, 2])
    def test_nothing_acknowledged_is_lost_or_done_twice(self, hub, web_server, workers):
        """Two servers, one of them killed again and again, under 200 messages a second."""
        integration, path, secret = hub.add_hook()
        servers = [web_server(workers=workers), web_server()]
        with Sender([one.port for one in servers], path, secret, rate=200) as sender:
            for _kill in range(3):
                hub.wait(self.more_acknowledged(sender), "More messages", wake=False)
                servers[0].kill()
                servers[0] = web_server(workers=workers)
                sender.ports[0] = servers[0].port
            hub.wait(self.more_acknowledged(sender), "More messages", wake=False)

        def is_done():
            hub.hasten()
            return sender.acknowledged <= set(hub.steps(integration))

        hub.wait(is_done, "The end of all messages")
        steps = hub.steps(integration)
        assert len(steps) == len(set(steps)), "Some were done twice."
        assert not hub.row("SELECT count(*) FROM ihub_message WHERE state = 'pending'")[0]
        for key in range(KEYS):
            assert sender.is_order_kept([step for step in steps if step % KEYS == key]), key
        runs = hub.runs(integration)
        assert {run["trigger"] for run in runs} == {"webhook"}
        assert len(runs) < len(steps) / 5, "A run for each message."

    @staticmethod
    def more_acknowledged(sender, number=150):
        """Return a condition: that so many more messages were acknowledged since now."""
        wanted = len(sender.acknowledged) + number
        return lambda: len(sender.acknowledged) >= wanted


@pytest.fixture(scope="class")
def site(shared_hub, tmp_path_factory):
    """One server that no test kills, and an integration that takes messages."""
    from hub_driver import ADDONS_PATH
    from odoo_process import Server

    shared_hub.empty()
    log = tmp_path_factory.mktemp("server") / "server.log"
    arguments = (ADDONS_PATH, "--max-cron-threads=0", "--log-level=info")
    server = Server(shared_hub.database, arguments, True, None, log)
    server.wait_until_it_answers()
    yield Site(shared_hub, server)
    server.kill()


class Site:
    def __init__(self, hub, server):
        self.hub, self.server, self.port = hub, server, server.port
        self.integration, self.path, self.secret = hub.add_hook()

    def send(self, body, headers, path=None, **options):
        return post(self.port, path or self.path, body, headers, **options)

    def stored(self):
        return self.hub.row("SELECT count(*) FROM ihub_message")[0]

    def raw(self, text, *more, seconds=30):
        """Send bytes as they are, with pauses between; return what is answered."""
        with socket.create_connection((HERE, self.port), timeout=seconds) as connection:
            connection.sendall(text)
            for pause, data in more:
                time.sleep(pause)
                connection.sendall(data)
            answer = b""
            while part := connection.recv(65536):
                answer += part
            return answer


class TestHostile:
    def good(self, site, name="msg_good", data=None):
        return signed(data or {"key": name, "step": 1}, site.secret, name)

    def test_a_good_one_is_accepted_whatever_its_content_type(self, site):
        before = site.stored()
        for number, kind in enumerate(
            ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "")
        ):
            body, headers = self.good(site, f"kind_{number}")
            status, answer = site.send(body, {**headers, "Content-Type": kind})
            assert (status, answer) == (202, b""), kind
        assert site.stored() == before + 4

    def test_no_session_and_no_cookie(self, site):
        body, headers = self.good(site, "cookie")
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"Content-Length: {len(body)}\r\n\r\n"
        text = f"POST {site.path} HTTP/1.0\r\nHost: {HERE}\r\n{head}{length}"
        answer = site.raw(text.encode() + body)
        assert b" 202 " in answer.splitlines()[0]
        assert b"set-cookie" not in answer.lower()

    def test_all_that_is_refused_looks_the_same(self, site):
        body, headers = self.good(site, "refused")
        long_ago = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(minutes=10)
        old_body, old = signed({"key": 1, "step": 1}, site.secret, "old", long_ago)
        tries = {
            "forged token": (body, headers, "/ihub/in/forged"),
            "no signature": (body, {"webhook-id": "refused"}, None),
            "wrong signature": (body, {**headers, "webhook-signature": "v1,AAAA"}, None),
            "changed": (body + b" ", headers, None),
            "under another id": (body, {**headers, "webhook-id": "other"}, None),
            "outdated": (old_body, old, None),
            "another database": (body, headers, f"{site.path}?db=postgres"),
            "no database": (body, headers, f"{site.path}?db=../../etc"),
            "NUL in the token": (body, headers, "/ihub/in/%00"),
            "a long token": (body, headers, "/ihub/in/" + "x" * 5000),
        }
        before = site.stored()
        answers = {name: site.send(*given) for name, given in tries.items()}
        assert set(answers.values()) == {answers["forged token"]}, answers
        assert answers["forged token"][0] == 404
        assert site.stored() == before

    def test_what_is_replayed_is_one(self, site):
        body, headers = self.good(site, "replayed")
        before = site.stored()
        assert [site.send(body, headers)[0] for _each in range(3)] == [202, 202, 202]
        assert site.stored() == before + 1

    def test_many_at_once_with_the_same_id_are_one(self, site):
        body, headers = self.good(site, "at_once")
        before = site.stored()
        assert at_once(lambda: site.send(body, headers), 8) == [202] * 8
        assert site.stored() == before + 1

    def test_the_largest_is_accepted_and_no_larger_one(self, site):
        for size, status in ((LIMIT, 202), (LIMIT + 1, 413)):
            body, headers = signed(b"x" * size, site.secret, f"size_{size}")
            assert site.send(body, headers)[0] == status, size

    def test_what_is_huge_is_not_read(self, site):
        head = f"POST {site.path} HTTP/1.1\r\nHost: {HERE}\r\n"
        begun = time.monotonic()
        answer = site.raw(f"{head}Content-Length: {10**12}\r\n\r\n".encode())
        assert b" 413 " in answer.splitlines()[0]
        assert time.monotonic() - begun < 5
        chunk = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
        text = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
        with pytest.raises(OSError), socket.create_connection((HERE, site.port)) as connection:
            connection.sendall(text)
            connection.settimeout(3)
            for _each in range(100 * LIMIT // 65536):
                connection.sendall(chunk)

    def test_what_is_cut_is_refused(self, site):
        body, headers = self.good(site, "cut")
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        text = f"POST {site.path} HTTP/1.0\r\nHost: {HERE}\r\n{head}Content-Length: 5000\r\n\r\n"
        before = site.stored()
        with socket.create_connection((HERE, site.port)) as connection:
            connection.sendall(text.encode() + body)
            connection.shutdown(socket.SHUT_WR)
            assert b" 202 " not in connection.recv(65536)
        assert site.stored() == before

    def test_a_chunk_that_is_cut_is_refused(self, site):
        """One that is larger than the buffer into which it is read: it cost the server its life."""
        head = f"POST {site.path} HTTP/1.1\r\nHost: {HERE}\r\nTransfer-Encoding: chunked\r\n\r\n"
        before = site.stored()
        for size in (64 * 1024, LIMIT, 2**64):
            with socket.create_connection((HERE, site.port)) as connection:
                connection.sendall(f"{head}{size:x}\r\nno more".encode())
                connection.shutdown(socket.SHUT_WR)
                assert b" 400 " in connection.recv(65536).partition(b"\r\n")[0], size
        assert site.stored() == before

    def test_a_body_in_chunks_is_taken(self, site):
        data = b"%x\r\n%b\r\n"
        for number, parts in enumerate(([b'{"key": ', b'"chunks"}'], [b"x" * (LIMIT - 1)])):
            __, headers = signed(b"".join(parts), site.secret, f"chunks_{number}")
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            text = f"POST {site.path} HTTP/1.1\r\nHost: {HERE}\r\nConnection: close\r\n{head}"
            body = b"".join(data % (len(part), part) for part in [*parts, b""])
            answer = site.raw(f"{text}Transfer-Encoding: chunked\r\n\r\n".encode() + body)
            assert b" 202 " in answer.splitlines()[0], number

    def test_what_is_slow_is_given_up(self, site):
        """Also one that sends a byte each second: the connection of the database is needed."""
        head = f"POST {site.path} HTTP/1.1\r\nHost: {HERE}\r\nContent-Length: 5000\r\n\r\n"
        begun = time.monotonic()
        with socket.create_connection((HERE, site.port), timeout=60) as connection:
            connection.sendall(head.encode())
            connection.settimeout(1)
            answer = None
            while answer is None and time.monotonic() - begun < 40:
                try:
                    answer = connection.recv(65536)
                except TimeoutError:
                    connection.sendall(b"x")
                except OSError:
                    answer = b""
        assert b" 202 " not in (answer or b"")
        assert 8 < time.monotonic() - begun < 25

    def test_headers_that_come_twice_are_refused(self, site):
        body, headers = self.good(site, "twice")
        before = site.stored()
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            head = "".join(f"{each}: {value}\r\n" for each, value in headers.items())
            text = (
                f"POST {site.path} HTTP/1.0\r\nHost: {HERE}\r\n{name}: {headers[name]}\r\n{head}"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            answer = site.raw(text.encode() + body)
            assert b" 404 " in answer.splitlines()[0], name
        assert site.stored() == before

    def test_other_methods_are_not_allowed(self, site):
        import http.client

        for method in ("GET", "PUT", "DELETE"):
            connection = http.client.HTTPConnection(HERE, site.port, timeout=30)
            connection.request(method, site.path)
            assert connection.getresponse().status == 405
            connection.close()

    @pytest.mark.parametrize("body", [b"", b"no json", b"\xff\x00", b"[" * 200_000, b"null"])
    def test_what_is_signed_is_stored_whatever_it_says(self, site, body):
        before = site.stored()
        body, headers = signed(body, site.secret, f"odd_{hash(body)}")
        assert site.send(body, headers)[0] == 202
        assert site.stored() == before + 1

    def test_what_was_refused_is_counted_without_a_row_for_each(self, site):
        integration, path, _secret = site.hub.add_hook()
        body, headers = self.good(site, "counted")
        for _each in range(30):
            site.send(body, headers, path)

        def is_counted():
            query = "SELECT cause, number FROM ihub_message_count WHERE integration_id = %s"
            return site.hub.execute(query, integration) == [("signature", 30)]

        site.hub.wait(is_counted, "The count of what was refused", wake=False)
        assert json.dumps(headers["webhook-signature"]) not in site.server.output
        assert site.secret not in site.server.output


class TestSeveralDatabases:
    def test_the_address_names_the_database(self, hub, odoo_server, database, template):
        """A server that shows several databases takes what names one, if it is server-wide."""
        from hub_driver import ADDONS_PATH

        _integration, path, secret = hub.add_hook()
        server = odoo_server(
            database, ADDONS_PATH, f"--db-filter=^({database}|{template})$",
            "--load=base,web,ihub", "--max-cron-threads=0", http=True,
        )  # fmt: skip
        body, headers = signed({"key": 1, "step": 1}, secret, "elsewhere")
        assert post(server.port, f"{path}?db={database}", body, headers)[0] == 202
        for other in ("", "?db=postgres", f"?db={template}", "?db=%00"):
            assert post(server.port, path + other, body, headers)[0] == 404, other
        body, headers = signed({"key": 2, "step": 1}, secret, "at once")
        send = partial(post, server.port, f"{path}?db={database}", body, headers)
        assert at_once(send, 8) == [202] * 8
