"""An adapter for ``requests`` that keeps limits whatever the server does.

Time-outs of sockets are for one wait each, and ``requests`` unpacks without bound. Here the
seconds and the bytes of :func:`limited` hold for everything that happens inside of it: each address
that is tried, each byte of each head and body, each layer that is unpacked. Only the look-up
of a name, which is the operating system's, comes on top.
"""

import http.client
import io
import itertools
import socket
import time
import zlib
from contextlib import contextmanager
from contextvars import ContextVar

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

CHUNK = 16 * 1024
ENCODINGS = "gzip, deflate"
MAX_LAYERS = 3
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
# Heads, and the sizes of chunks, come on top of the body, which is counted by itself as well.
_HEADS = 256 * 1024
_FRAMING = 2


class TooLarge(Exception):
    """More arrives, or comes out when it is unpacked, than was allowed."""


class CutOff(Exception):
    """What is packed ends before its end."""


class NotUnpackable(Exception):
    """It is packed in a way that was not asked for, or damaged."""


_UNUSABLE = (TooLarge, CutOff, NotUnpackable)


class Limits:
    """What is left: seconds until the end, and bytes that may arrive."""

    def __init__(self, seconds, max_bytes):
        self.max_bytes = max_bytes
        self._until = time.monotonic() + seconds
        self._bytes = max_bytes * _FRAMING + _HEADS

    @property
    def are_over(self):
        """Whether the time is over."""
        return time.monotonic() >= self._until

    def seconds(self, at_most=None):
        """Return the seconds that are left, a number above 0.

        :param float at_most: seconds that the caller would wait anyway, if that is a number
        :raise TimeoutError: none are left
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time is over.")
        # http.client has an object of its own for "not set".
        return min(left, at_most) if isinstance(at_most, (int, float)) else left

    def count(self, received):
        """Count bytes that have arrived.

        :raise TooLarge: no more are allowed
        """
        self._bytes -= received
        if self._bytes < 0:
            raise TooLarge()


# A variable and no argument: urllib3 and http.client lie between the adapter and its sockets.
_limits = ContextVar("ihub_http_limits")


@contextmanager
def limited(seconds, max_bytes):
    """Let everything that is sent and received inside the ``with`` share these limits.

    :param float seconds: how long it may take in all
    :param int max_bytes: the largest body, packed and unpacked
    """
    limits = Limits(seconds, max_bytes)
    token = _limits.set(limits)
    try:
        yield limits
    finally:
        _limits.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Sends requests inside of :func:`limited`, and returns answers that are read and unpacked.

    The body of a redirect is not read; that of an error is empty where it cannot be used.

    :param tuple timeout: seconds to wait for a connection, and for the next piece of an answer
    """

    def __init__(self, timeout):
        self._timeout = timeout
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS
        return result

    def proxy_manager_for(self, proxy, **proxy_kwargs):
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        # SOCKS has connections of its own; it needs a library that Odoo does not bring.
        if type(manager) is urllib3.ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request, **kwargs):
        # Not in the request, because Odoo's tests cannot read a pair of time-outs there.
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        response = super().send(request, **kwargs)
        try:
            response._content = b"" if response.is_redirect else _body(response)
        except _UNUSABLE:
            # What an error says matters more than its page.
            if response.status_code < 400:
                raise
            response._content = b""
        finally:
            # What was not read to its end would be taken for the next answer.
            response.raw.close()
        response._content_consumed = True
        return response

    def build_response(self, req, resp):
        # requests raises for some of what servers write here.
        content_type = resp.headers.pop("Content-Type", None)
        response = super().build_response(req, resp)
        if content_type is not None:
            response.headers["Content-Type"] = content_type
        return response


# --- What arrives ---


class _Incoming(io.RawIOBase):
    """The bytes that a socket receives, one wait at a time."""

    def __init__(self, sock):
        self._sock = sock
        self._patience = sock.gettimeout()
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self):
        return True

    def readinto(self, buffer):
        limits = _limits.get()
        self._sock.settimeout(limits.seconds(self._patience))
        received = self._stream.readinto(buffer)
        limits.count(received or 0)
        return received

    def close(self):
        if not self.closed:
            self._stream.close()
        return super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock, *args, **kwargs):
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Incoming(sock))


class _Bounded:
    """A connection that sends and receives within the limits."""

    response_class = _Response

    def _new_conn(self):
        # The time-out of a socket is for one address, and a name may have many.
        name, error = self.host, None
        try:
            for address in _addresses(name, self.port):
                self.host, self.timeout = address, _limits.get().seconds(self.timeout)
                try:
                    return super()._new_conn()
                except urllib3.exceptions.HTTPError as exc:
                    error = exc
        finally:
            self.host = name
        raise error

    def send(self, data):
        if self.sock:
            self.sock.settimeout(_limits.get().seconds())
        return super().send(data)


class _Connection(_Bounded, HTTPConnection):
    pass


class _TlsConnection(_Bounded, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


def _addresses(name, port):
    """Return the addresses of a server; its name if there is one only, or none is found."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = ()
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    return addresses if len(addresses) > 1 else [name]


# --- What it holds ---


def _body(response):
    raw = response.raw
    # Before urllib3 2 an answer that breaks off was taken for a short one.
    raw.enforce_content_length = True
    pieces = _at_most(raw.stream(CHUNK, decode_content=False))
    for encoding in _layers(response.headers.get("Content-Encoding", "")):
        pieces = _at_most(_UNPACKERS[encoding](pieces))
    try:
        return b"".join(pieces)
    except zlib.error as exc:
        raise NotUnpackable(str(exc)) from None


def _layers(header):
    """Return how a body is packed, the outermost layer first."""
    named = (part.strip().lower() for part in header.split(","))
    layers = [name for name in named if name not in ("", "identity")]
    if len(layers) > MAX_LAYERS or not _UNPACKERS.keys() >= set(layers):
        raise NotUnpackable(header)
    return layers[::-1]


def _at_most(pieces):
    limits, size = _limits.get(), 0
    for piece in pieces:
        limits.seconds()
        size += len(piece)
        if size > limits.max_bytes:
            raise TooLarge()
        yield piece


def _unpack_gzip(pieces):
    return _inflate(pieces, _GZIP)


def _unpack_deflate(pieces):
    """The standard means zlib's format; some servers send what is inside of it."""
    pieces, head = iter(pieces), b""
    for piece in pieces:
        head += piece
        if len(head) > 1:
            break
    is_zlib = head[:1] and head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return _inflate(itertools.chain([head] if head else [], pieces), _ZLIB if is_zlib else _DEFLATE)


def _inflate(pieces, wbits):
    """Yield what is packed in ``pieces``, a chunk at most at a time, to its very end."""
    unpacker, is_empty = zlib.decompressobj(wbits), True
    for piece in pieces:
        is_empty = False
        while piece:
            if unpacker.eof and not (wbits == _GZIP and piece.startswith(b"\x1f")):
                return  # padding
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits)
            yield unpacker.decompress(piece, CHUNK)
            piece = unpacker.unconsumed_tail or unpacker.unused_data
    while rest := unpacker.decompress(b"", CHUNK):
        yield rest
    if not (unpacker.eof or is_empty):
        raise CutOff()


_UNPACKERS = {"gzip": _unpack_gzip, "x-gzip": _unpack_gzip, "deflate": _unpack_deflate}
