"""Every limit holds for every byte, whatever the server does."""

import functools
import gzip
import itertools
import random
import socket
import time
import tracemalloc
import zlib

import pytest
from http_server import local_server
from hypothesis import given
from hypothesis import strategies as st
from pure_ihub.lib import bounded_http, rest_client
from pure_ihub.lib.exceptions import RetryableError
from pure_ihub.lib.rest_client import (
    AnswerTooLarge,
    AnswerUnusable,
    RestClient,
    ServerTimeout,
    ServerUnreachable,
)
from schedule_strategies import bounded

pytestmark = pytest.mark.slow

MEBIBYTE = 1024 * 1024
QUARTER = MEBIBYTE // 4
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NOISE = random.Random(1).randbytes(5000)


@pytest.fixture
def server():
    with local_server() as server:
        yield server


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


def packed(data, *encodings):
    for encoding in encodings:
        data = PACKERS[encoding](data)
    return data


def reply_packed(server, body, encodings="gzip", **kwargs):
    server.reply("orders", body=body, headers={"Content-Encoding": encodings}, **kwargs)


def endless(beginning, piece):
    """Return pieces for a reply that never ends."""
    return lambda: itertools.chain([beginning], itertools.repeat(piece))


def single_bytes(beginning, piece):
    """The same, byte by byte."""
    return lambda: (bytes([byte]) for byte in itertools.chain(beginning, itertools.cycle(piece)))


# --- Seconds ---


@pytest.mark.parametrize(
    "raw",
    [
        single_bytes(b"HTTP/1.1 200 ", b"O"),
        single_bytes(OK, b"X-Header: 1\r\n"),
        single_bytes(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        single_bytes(CHUNKED, b"1\r\nx\r\n"),
        single_bytes(CHUNKED + b"1;", b"extension"),
        single_bytes(CHUNKED + b"0\r\n", b"Trailer: 1\r\n"),
        single_bytes(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
        single_bytes(b"HTTP/1.1 503 Busy\r\n\r\n", b"x"),
    ],
    ids=["status", "headers", "continue", "chunks", "extension", "trailer", "packed", "error page"],
)
def test_what_drips_ends_at_the_deadline(server, raw):
    server.reply("orders", raw=raw, drip=0.02)
    begun = time.monotonic()
    with pytest.raises(ServerTimeout, match="too slowly"):
        RestClient(server.url, read_timeout=5, deadline=0.5).get("orders")
    assert 0.4 < time.monotonic() - begun < 3


def test_redirects_share_one_deadline(server):
    def slowly():
        yield from (b"HTTP/1.1 302 x\r\n", b"Location: /orders\r\n", b"\r\n")

    server.reply("orders", raw=slowly, drip=0.15)
    begun = time.monotonic()
    with pytest.raises(ServerTimeout):
        RestClient(server.url, read_timeout=5, deadline=0.8).get("orders")
    assert 0.7 < time.monotonic() - begun < 1.5


@pytest.fixture
def shop(monkeypatch):
    """Return a function that gives shop.example addresses on this machine."""
    find = socket.getaddrinfo

    def give(*addresses):
        def found(host, port, *args, **kwargs):
            if host != "shop.example":
                return find(host, port, *args, **kwargs)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return give


@pytest.fixture
def full_port():
    """Yield a port of this machine where whoever comes waits for ever."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(0)
        address = ("127.0.0.1", listener.getsockname()[1])
        waiting = []
        for _attempt in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        yield address[1]
        for each in waiting:
            each.close()


def test_a_server_with_many_addresses_has_one_deadline(full_port, shop):
    shop(*(f"127.0.0.{last}" for last in range(1, 9)))
    begun = time.monotonic()
    with pytest.raises(ServerTimeout):
        RestClient(f"http://shop.example:{full_port}", connect_timeout=0.4, deadline=1).get()
    assert 0.9 < time.monotonic() - begun < 1.6


def test_the_next_address_is_tried(server, shop):
    """And the name of the server is still the one that was asked for."""
    shop("127.0.0.9", "127.0.0.1")
    server.reply("orders", body=b"ok")
    port = server.url.rstrip("/").rpartition(":")[2]
    assert RestClient(f"http://shop.example:{port}").get("orders").text == "ok"
    assert server.requests[0].headers["Host"] == f"shop.example:{port}"


def test_a_server_that_does_not_take_the_data_hits_the_deadline():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        begun = time.monotonic()
        with pytest.raises(ServerTimeout):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            RestClient(url, deadline=0.5).post("orders", data=b"x" * 50_000_000)
        assert time.monotonic() - begun < 3


# --- Bytes ---


def grows(call):
    """Return by how many bytes the memory grew at most during ``call``."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "raw",
    [
        endless(OK + b"\r\n", NOISE),
        endless(CHUNKED, b"1388\r\n" + NOISE + b"\r\n"),
        endless(CHUNKED, b"1;" + b"x" * 5000 + b"\r\nx\r\n"),
        endless(CHUNKED + b"0\r\n", b"Trailer: 1\r\n" * 100),
        endless(CHUNKED + b"-1\r\n", NOISE),
        endless(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 100),
        endless(OK + b"Content-Encoding: gzip, gzip\r\n\r\n", gzip.compress(gzip.compress(b""))),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    ],
    ids=[
        "body", "chunks", "extensions", "trailer", "negative", "packed nothing",
        "twice packed nothing", "continue",
    ],
)  # fmt: skip
def test_what_does_not_end_is_too_large(server, raw):
    server.reply("orders", raw=raw)

    def get():
        with pytest.raises(AnswerTooLarge, match="too large"):
            RestClient(server.url, max_bytes=QUARTER, deadline=20).get("orders")

    assert grows(get) < 12 * QUARTER


def test_a_line_that_does_not_end_is_a_broken_answer(server):
    """The size of a chunk is on a line; urllib3 gives it up before it is too large for us."""
    server.reply("orders", raw=endless(CHUNKED + b"1;", b"x" * 5000))

    def get():
        with pytest.raises(ServerUnreachable):
            RestClient(server.url, max_bytes=QUARTER, deadline=20).get("orders")

    assert grows(get) < 12 * QUARTER


def test_the_body_of_a_redirect_is_not_read(server):
    head = b"HTTP/1.1 302 x\r\nLocation: /landed\r\nContent-Encoding: gzip\r\n\r\n"
    server.reply("orders", raw=endless(head, b"x" * 60_000))
    server.reply("landed", body=b"ok")
    client = RestClient(server.url, max_bytes=MEBIBYTE)
    assert grows(lambda: client.get("orders")) < 4 * MEBIBYTE


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_page_without_end_does_not_hide_the_error(server, status):
    head = b"HTTP/1.1 %d x\r\nRetry-After: 7\r\n\r\n" % status
    server.reply("orders", raw=endless(head, NOISE))
    with pytest.raises((rest_client.ServerBusy, rest_client.RequestRefused)) as caught:
        RestClient(server.url, max_bytes=MEBIBYTE).get("orders")
    assert caught.value.status == status


def test_an_error_page_that_cannot_be_unpacked_does_not_hide_the_error(server):
    reply_packed(server, b"Bad gateway", status=502)
    with pytest.raises(rest_client.ServerBusy, match="HTTP 502"):
        RestClient(server.url).get("orders")


@functools.cache
def bomb(*encodings):
    return packed(bytes(50 * MEBIBYTE), *encodings)


@pytest.mark.parametrize("encodings", [("gzip",), ("gzip", "gzip"), ("deflate", "gzip", "x-gzip")])
@pytest.mark.parametrize("status", [200, 500])
def test_bombs_do_not_go_off(server, encodings, status):
    reply_packed(server, bomb(*encodings), ", ".join(encodings), status=status)

    def get():
        with pytest.raises((AnswerTooLarge, rest_client.ServerBusy)):
            RestClient(server.url, max_bytes=MEBIBYTE).get("orders")

    assert grows(get) < 6 * MEBIBYTE


def test_what_is_small_but_was_large_in_between_is_refused(server):
    body = packed(b"".join([packed(b"", "gzip")] * 100_000), "gzip")
    reply_packed(server, body, "gzip, gzip")
    with pytest.raises(AnswerTooLarge):
        RestClient(server.url, max_bytes=500_000).get("orders")


@pytest.mark.parametrize(
    "encodings", ["br", "zstd", "compress", "br, gzip", ", ".join(["gzip"] * 4)]
)
def test_what_was_not_asked_for_is_not_unpacked(server, encodings):
    reply_packed(server, packed(b"x", "gzip"), encodings)
    with pytest.raises(AnswerUnusable, match="decompressed"):
        RestClient(server.url).get("orders")
    assert server.requests[0].headers["Accept-Encoding"] == "gzip, deflate"


# --- To the end ---


@pytest.mark.parametrize(
    "body", [packed(NOISE, "gzip"), packed(NOISE, "gzip") * 2], ids=["one part", "two parts"]
)
@pytest.mark.parametrize("missing", [1, 4, 8, 9, 2000])
def test_a_packed_stream_that_is_cut_off_is_no_answer(server, body, missing):
    reply_packed(server, body[:-missing])
    with pytest.raises(RetryableError, match="was interrupted"):
        RestClient(server.url).get("orders")


@pytest.mark.parametrize("pack", [zlib.compress, raw_deflate])
@pytest.mark.parametrize("missing", [1, 2000])
def test_nor_is_a_deflated_one(server, pack, missing):
    reply_packed(server, pack(NOISE)[:-missing], "deflate")
    with pytest.raises(RetryableError, match="was interrupted"):
        RestClient(server.url).get("orders")


def test_nor_is_one_that_is_cut_off_inside(server):
    reply_packed(server, packed(packed(NOISE, "gzip")[:-9], "gzip"), "gzip, gzip")
    with pytest.raises(RetryableError, match="was interrupted"):
        RestClient(server.url).get("orders")


@pytest.mark.parametrize("end", [b"", b"5\r\nab", b"5", b"2\r\nab\r\n"])
def test_chunks_that_are_cut_off_are_no_answer(server, end):
    server.reply("orders", raw=lambda: [CHUNKED + b"2\r\nab\r\n" + end])
    with pytest.raises(RetryableError, match="was interrupted"):
        RestClient(server.url).get("orders")


@pytest.mark.parametrize("size", [b"x", b"-5", b"\xff", b"1" * 5000])
def test_chunks_without_sense_are_an_error_of_ours(server, size):
    server.reply("orders", raw=lambda: [CHUNKED + size + b"\r\nab\r\n0\r\n\r\n"])
    with pytest.raises((RetryableError, AnswerUnusable)):
        RestClient(server.url).get("orders")


@pytest.mark.parametrize("status", [200, 204, 304])
def test_nothing_that_is_said_to_be_packed_is_nothing(server, status):
    reply_packed(server, b"", status=status)
    assert RestClient(server.url).get("orders").body == b""


def test_the_head_of_something_packed(server):
    reply_packed(server, packed(NOISE, "gzip"))
    answer = RestClient(server.url).request("HEAD", "orders")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("padding", [b"\0" * 512, b"\n"])
def test_padding_after_the_end_is_left_out(server, padding):
    reply_packed(server, packed(NOISE, "gzip") + padding)
    assert RestClient(server.url).get("orders").body == NOISE


@pytest.mark.parametrize(
    "body", [zlib.compress(NOISE), raw_deflate(NOISE), raw_deflate(b"ab" * 99)]
)
def test_both_kinds_of_deflate(server, body):
    reply_packed(server, body, " DEFLATE")
    assert RestClient(server.url).get("orders").body in (NOISE, b"ab" * 99)


@bounded()
@given(
    st.lists(st.binary(max_size=50).map(lambda part: part * 997), min_size=1, max_size=3),
    st.lists(st.sampled_from(sorted(PACKERS)), max_size=3),
    st.integers(1, 40_000),
)
def test_whatever_is_packed_comes_out(parts, encodings, size):
    body = b"".join(parts)
    if encodings:
        # What is joined are several streams, as some servers send it.
        joins = encodings[0] != "deflate"
        body = (
            b"".join(packed(part, encodings[0]) for part in parts)
            if joins
            else packed(body, "deflate")
        )
    body = packed(body, *encodings[1:])
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    with bounded_http.Limits(60, 10 * MEBIBYTE):
        unpacked = list(bounded_http.unpacked(pieces, ", ".join(encodings)))
    assert b"".join(unpacked) == b"".join(parts)
    assert not encodings or max(map(len, unpacked), default=0) <= bounded_http.CHUNK
