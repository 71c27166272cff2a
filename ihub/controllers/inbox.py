"""The address to which other systems send messages."""

import socket
from contextlib import contextmanager, suppress

from odoo import SUPERUSER_ID, api, http
from odoo.http import HttpDispatcher, Response, request
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from ..core.webhook import MAX_BYTES
from ..engine.odoo_internals import refuse_cut_chunks, socket_of
from ..engine.receiver import REFUSED, TOO_MANY, receive
from ..engine.timer import Timed, TimerThread

# Seconds in which the whole of a message must have come.
DEADLINE = 10.0

_readings = TimerThread("ihub.readings")


class InboxDispatcher(HttpDispatcher):
    """Hands over the body as it came: a signature is of bytes, whatever a form makes of them."""

    routing_type = "ihub_inbox"

    def dispatch(self, endpoint, args):
        """Call the endpoint, without reading parameters out of the body."""
        self.request.params = dict(args)
        return endpoint(**args)

    def handle_error(self, exc):
        """Answer without a word on what is wrong."""
        return exc if isinstance(exc, HTTPException) else _answer(500)


class InboxController(http.Controller):
    """Messages from other systems: see ``engine/receiver.py``."""

    @http.route(
        "/ihub/in/<string:token>",
        type="ihub_inbox",
        auth="none",
        methods=["POST"],
        csrf=False,
        readonly=False,
        save_session=False,
        max_content_length=MAX_BYTES,
    )
    def receive(self, token):
        """Store a message that is signed; 202 is answered when it is committed."""
        body = self._body()
        headers = request.httprequest.headers
        wanted = request.httprequest.args.get("db")
        if request.db and wanted in (None, request.db):
            env = api.Environment(request.env.cr, SUPERUSER_ID, {})
            return _answer(receive(env, token, headers, body))
        return _answer(self._receive_elsewhere(wanted, token, headers, body))

    def _body(self):
        """Read the body, once: after a conflict in the database it is asked for again."""
        refuse_cut_chunks(request.httprequest)
        with _limited(socket_of(request.httprequest)):
            body = request.httprequest.get_data(cache=True)
            # Of what does not say how much it is, so much is read, and the rest is not known.
            if request.httprequest.content_length is None and len(body) == MAX_BYTES:
                raise RequestEntityTooLarge
            return body

    def _receive_elsewhere(self, dbname, token, headers, body):
        """Receive in the database that the address names, where the server shows several."""
        if request.db or not dbname or dbname not in http.db_filter([dbname]):
            return REFUSED
        if dbname not in http.db_list(force=True):
            return REFUSED
        registry = Registry(dbname).check_signaling()
        if "ihub.message" not in registry:
            return REFUSED
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            # As Odoo does where it has found the database itself.
            return retrying(lambda: receive(env, token, headers, body), env)


def _answer(status):
    """Return the answer; of what is refused always the same."""
    if status == REFUSED:
        return Response(NotFound.description, status, content_type="text/plain")
    headers = {"Retry-After": "10"} if status == TOO_MANY else None
    return Response("", status, headers=headers, content_type="text/plain")


class _Reading(Timed):
    """A socket that is being read, to be shut when its time is over."""

    def __init__(self, connection):
        self.connection = connection

    def on_time(self):
        self.shut(socket.SHUT_RD)

    def shut(self, how):
        """End it, unless all has come meanwhile."""
        # Whoever reads it may be through just now.
        connection = self.connection
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(how)


@contextmanager
def _limited(connection):
    """Give up a body that has not come in time, in the body of a ``with``.

    Odoo's server has no such limit where it is threaded, and one for each pause in prefork: who
    sends byte by byte would keep a connection of the database.
    """
    reading = _Reading(connection)
    if connection is not None:
        _readings.call_in(reading, DEADLINE)
    try:
        yield
    except RequestEntityTooLarge:
        # Odoo's server goes on reading, to throw it away. Of what has no end nobody waits for the
        # answer; whoever has said how much it is gets one.
        if request.httprequest.content_length is None:
            reading.shut(socket.SHUT_RDWR)
        raise
    finally:
        reading.connection = None
        # Else the thread would look through all of the last ten seconds whenever one comes.
        _readings.cancel(reading)
