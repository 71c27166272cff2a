"""A local HTTP server whose answers a test programs."""

import json as json_
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT = 30  # seconds after which even a hanging answer ends, should a test forget it


@dataclass
class Reply:
    """One answer.

    ``json``: what is sent as JSON, in place of ``body``.
    ``hang``: send nothing until the server is closed. ``drip``: seconds between single bytes.
    ``cut``: close the connection after that many bytes of the body, though more were announced.
    ``raw``: returns the pieces, without end if need be, that are sent in place of all the rest;
    ``drip`` is then the seconds between pieces.
    """

    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    hang: bool = False
    drip: float = 0
    cut: int | None = None
    raw: Callable | None = None
    json: Any = None

    def __post_init__(self):
        if self.json is not None:
            self.body = json_.dumps(self.json).encode()
            self.headers = {"Content-Type": "application/json", **self.headers}


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        """The body read as JSON."""
        return json_.loads(self.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """Say nothing of a client that has gone."""
        if isinstance(sys.exc_info()[1], OSError):
            return None
        return super().handle_error(request, client_address)


class LocalServer:
    """Answers on 127.0.0.1; what is not programmed is answered with 404."""

    def __init__(self, tls=None):
        self.requests = []
        self.connections = 0
        self._scheme = "https" if tls else "http"
        self._replies = {}
        self._trouble = None
        self._closing = threading.Event()
        self._httpd = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self._httpd.socket = tls.wrap_socket(self._httpd.socket, server_side=True)
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        """The server's address, with a slash at its end."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    @property
    def port(self):
        """The number of the server's port."""
        return self._httpd.server_port

    @property
    def paths(self):
        """The paths asked for so far, in order."""
        return [request.path for request in self.requests]

    def reply(self, path, *replies, **kwargs):
        """Answer requests for ``path``, whatever their parameters.

        A path with parameters, such as ``/orders?page=2``, is for requests with the very same ones.
        With several replies they are given one after the other, the last one from then on.

        :param kwargs: those of one :class:`Reply`, such as ``json``, ``status``, ``headers``
        """
        self._replies[path.lstrip("/")] = list(replies or [Reply(**kwargs)])

    @contextmanager
    def trouble(self, change):
        """Let every answer be ``change(reply)`` for the body of a ``with``."""
        self._trouble = change
        try:
            yield
        finally:
            self._trouble = None

    def close(self):
        """End everything, hanging answers included."""
        self._closing.set()
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join(5)

    def _next_reply(self, path):
        path = path.lstrip("/")
        whole, part = (self._replies.get(one) for one in (path, path.partition("?")[0]))
        replies = whole or part or [Reply(404)]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return self._trouble(reply) if self._trouble else reply

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                server.connections += 1
                return super().setup()

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                received = Received(self.command, self.path, dict(self.headers), body)
                server.requests.append(received)
                server._send(self, server._next_reply(self.path))

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def log_message(self, *args):
                """Stay quiet."""

        return Handler

    def _send(self, handler, reply):
        if reply.hang:
            self._closing.wait(LIMIT)
            handler.close_connection = True
            return
        if reply.raw:
            self._send_raw(handler, reply)
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "HEAD":
            return
        try:
            self._send_body(handler, reply)
        except OSError:
            handler.close_connection = True

    def _send_raw(self, handler, reply):
        handler.close_connection = True
        with suppress(OSError):
            for piece in reply.raw():
                handler.wfile.write(piece)
                if self._closing.wait(reply.drip):
                    break

    def _send_body(self, handler, reply):
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        for piece in [body[i : i + 1] for i in range(len(body))] if reply.drip else [body]:
            handler.wfile.write(piece)
            handler.wfile.flush()
            if reply.drip and self._closing.wait(reply.drip):
                break
        if len(body) < len(reply.body) or reply.drip:
            handler.close_connection = True


@contextmanager
def local_server(tls=None):
    """Run a :class:`LocalServer` for the body of a ``with``; ``tls``: an ``SSLContext``."""
    server = LocalServer(tls)
    try:
        yield server
    finally:
        server.close()


def closed_port_url():
    """Return an address on this machine where nobody listens."""
    with local_server() as server:
        return server.url
