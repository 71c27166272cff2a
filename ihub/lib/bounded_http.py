"""An adapter for ``requests`` that keeps limits whatever the server does.

Time-outs of sockets are for one wait each, and ``requests`` unpacks without bound. Here the
seconds and the bytes of :class:`Limits` hold for everything that happens inside of it: each address
that is tried, each byte of each head and body, each layer that is unpacked. Only the look-up
of a name, which is the operating system's, comes on top.
"""

import http.client
import io
import itertools
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import requests
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


class NoCertificates(Exception):
    """The certificates by which servers are known are not where they should be on this machine."""


class Limits:
    """Everything that is sent and received inside a ``with`` of these shares them.

    :param float seconds: how long it may take in all
    :param int max_bytes: the largest body, packed and unpacked
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._until = time.monotonic() + seconds
        self._bytes = max_bytes * _FRAMING + _HEADS

    def __enter__(self) -> "Limits":
        self._token = _limits.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _limits.reset(self._token)

    @property
    def are_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._until

    def seconds(self, at_most: Any = None) -> float:
        """Return the seconds that are left, a number above 0.

        :param float at_most: seconds that the caller would wait anyway, if that is a number
        :raise TimeoutError: none are left
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time is over.")
        # http.client has an object of its own for "not set".
        return min(left, at_most) if isinstance(at_most, (int, float)) else left

    def count(self, received: int) -> None:
        """Count bytes that have arrived; raise :class:`TooLarge` where no more are allowed."""
        self._bytes -= received
        if self._bytes < 0:
            raise TooLarge()


# A variable and no argument: urllib3 and http.client lie between the adapter and its sockets.
_limits: ContextVar[Limits] = ContextVar("ihub_http_limits")


class BoundedAdapter(HTTPAdapter):
    """Sends requests inside of :class:`Limits`, and returns answers that are read and unpacked.

    The body of a redirect is not read; that of an error is empty where it cannot be used. Beside
    what ``requests`` raises, this raises :class:`TooLarge`, ``EOFError`` where what is packed ends
    before its end, ``zlib.error`` where it is damaged or packed in a way not asked for, and
    :class:`NoCertificates`.

    :param tuple timeout: seconds to wait for a connection, and for the next piece of an answer
    """

    def __init__(self, timeout: tuple[float, float]) -> None:
        self._timeout = timeout
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS
        return result

    def proxy_manager_for(self, proxy: Any, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        # SOCKS has connections of its own; it needs a library that Odoo does not bring.
        if type(manager) is urllib3.ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        try:
            return super().cert_verify(*args, **kwargs)
        except OSError as error:
            # Else it would pass for one of the network.
            raise NoCertificates() from error

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        # Not in the request, because Odoo's tests cannot read a pair of time-outs there.
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        response: Any = None
        request.sent_at, begun = time.time(), time.monotonic()
        try:
            response = super().send(request, *args, **kwargs)
            self._read(response)
        except Exception as error:
            # As requests' own errors say it.
            error.request, error.response = request, response  # type: ignore[attr-defined]
            raise
        finally:
            request.seconds = time.monotonic() - begun
        return response

    def _read(self, response: Any) -> None:
        try:
            response._content = b"" if response.is_redirect else _body(response)
        except (TooLarge, EOFError, zlib.error):
            # What an error says matters more than its page.
            if response.status_code < 400:
                raise
            response._content = b""
        finally:
            # What was not read to its end would be taken for the next answer.
            response.raw.close()
        response._content_consumed = True

    def build_response(self, req: Any, resp: Any) -> Any:
        # requests raises for some of what servers write here.
        content_type = resp.headers.pop("Content-Type", None)
        response = super().build_response(req, resp)
        if content_type is not None:
            response.headers["Content-Type"] = content_type
        return response


# --- What arrives ---


class _Incoming(io.RawIOBase):
    """The bytes that a socket receives, one wait at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._patience = sock.gettimeout()
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        limits = _limits.get()
        self._sock.settimeout(limits.seconds(self._patience))
        received = self._stream.readinto(buffer)
        limits.count(received or 0)
        return received

    def close(self) -> Any:
        self._stream.close()
        return super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Incoming(sock))


class _Connection(HTTPConnection):
    """Sends and receives within the limits."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        # The time-out of a socket is for one address, and a name may have many.
        name = self.host
        error: Exception = OSError()
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

    def send(self, data: Any) -> Any:
        if self.sock:
            self.sock.settimeout(_limits.get().seconds())
        return super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


def _addresses(name: str, port: int) -> list[str]:
    """Return the addresses of a server; its name if there is one only, or none is found."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [name]
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return addresses if len(addresses) > 1 else [name]


# --- What it holds ---


def _body(response: requests.Response) -> bytes:
    # Before urllib3 2 an answer that breaks off was taken for a short one.
    response.raw.enforce_content_length = True
    pieces = response.raw.stream(CHUNK, decode_content=False)
    return b"".join(unpacked(pieces, response.headers.get("Content-Encoding", "")))


def unpacked(pieces: Iterable[bytes], encodings: str) -> Iterator[bytes]:
    """Return the pieces of a body as it was before it was packed.

    :param pieces: those that arrive
    :param str encodings: how it is packed, as the header ``Content-Encoding`` names it
    """
    names = (name.strip() for name in encodings.lower().split(","))
    layers = [name for name in names if name not in ("", "identity")]
    if len(layers) > MAX_LAYERS or set(layers) - {"gzip", "x-gzip", "deflate"}:
        raise zlib.error(f"Packed by {encodings}.")
    result = _at_most(pieces)
    for layer in reversed(layers):
        result = _at_most(_inflate(result, is_gzip=layer != "deflate"))
    return result


def _at_most(pieces: Iterable[bytes]) -> Iterator[bytes]:
    limits, size = _limits.get(), 0
    for piece in pieces:
        limits.seconds()
        size += len(piece)
        if size > limits.max_bytes:
            raise TooLarge()
        yield piece


def _inflate(pieces: Iterable[bytes], is_gzip: bool) -> Iterator[bytes]:
    """Yield what is packed in ``pieces``, a chunk at most at a time, to its very end."""
    pieces, head = iter(pieces), b""
    while len(head) < 2 and (piece := next(pieces, None)) is not None:
        head += piece
    if not head:
        return
    # The standard means zlib's format by "deflate"; some servers send what is inside of it.
    is_zlib = head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    wbits = _GZIP if is_gzip else _ZLIB if is_zlib else _DEFLATE
    unpacker = zlib.decompressobj(wbits)
    for piece in itertools.chain([head], pieces):
        while piece:
            if unpacker.eof:
                if not (is_gzip and piece.startswith(b"\x1f")):
                    return  # padding
                unpacker = zlib.decompressobj(wbits)
            yield unpacker.decompress(piece, CHUNK)
            piece = unpacker.unconsumed_tail or unpacker.unused_data
    while rest := unpacker.decompress(b"", CHUNK):
        yield rest
    if not unpacker.eof:
        raise EOFError()
