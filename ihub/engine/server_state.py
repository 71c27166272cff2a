"""What all processes that work on a database know together of a server that they talk to.

One small row per server, each time one short transaction of its own: nobody waits longer for the
row than for one statement, however long their work takes.
"""

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL
from psycopg2.extras import Json

from ..core.sentences import Said, Sentence, kept
from ..core.traffic import DOWN_AFTER, ROW, next_probe
from . import transaction
from .context import executing_run

# Seconds for which what is known of a server is taken for true.
_FRESH_LOOK = 1.0
# Seconds after which a server is tried again, however long it asks to wait.
_LONGEST_DELAY = 86400.0

# The clock of the database is the one that all of them share. That of the transaction would be
# older than the row where somebody had to wait for it.
_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")


def take_turn(dbname, origin, interval, patience):
    """Take the next free moment for a request to a server.

    :param str dbname: the database
    :param str origin: scheme, host and port of the server
    :param float interval: seconds between two requests
    :param float patience: seconds to wait at most
    :return: the seconds to wait; and whether the turn was taken, which it is not if they are more
    """
    values = {
        "origin": origin,
        "interval": SQL("%s * interval '1 second'", interval),
        "patience": SQL("%s * interval '1 second'", patience),
        "now": _NOW,
    }
    with transaction.own_transaction(dbname) as env:
        taken = env.execute_query(SQL(_TAKE, **values))
        rows = taken or env.execute_query(SQL(_ASK, **values))
    ((seconds,),) = rows
    return max(float(seconds), 0.0), bool(taken)


_TAKE = """
    INSERT INTO ihub_server AS s (origin, free_at) VALUES (%(origin)s, %(now)s + %(interval)s)
    ON CONFLICT (origin) DO UPDATE SET free_at = GREATEST(s.free_at, %(now)s) + %(interval)s
     WHERE s.free_at IS NULL OR s.free_at <= %(now)s + %(patience)s
    RETURNING EXTRACT(EPOCH FROM s.free_at - %(interval)s - %(now)s)
"""
_ASK = "SELECT EXTRACT(EPOCH FROM free_at - %(now)s) FROM ihub_server WHERE origin = %(origin)s"


# --- A server that is down ---


class Outage(NamedTuple):
    """A server that is down: since when, naive UTC; the seconds until its next probe; and why."""

    since: datetime
    delay: float
    reason: str


class Breaker:
    """Keeps requests from a server that is down, except for one at a time that tries it.

    :param str dbname: the database; None: nothing is known of any server
    :param str origin: scheme, host and port of the server
    :param str name: as people read it
    """

    def __init__(self, dbname, origin, name):
        self._dbname, self._origin, self._name = dbname, origin, name
        self._failures = 0
        self._looked_at = None

    def outage(self):
        """Return the :class:`Outage` for which the next request has to wait, or None.

        None for the request that is to try it, and for those for whose answer somebody waits.
        """
        now = time.monotonic()
        if not self._dbname or (self._looked_at and now < self._looked_at + _FRESH_LOOK):
            return None
        with transaction.own_transaction(self._dbname) as env:
            server = _row(env, self._origin)
            self._failures = server.failures
            is_held = server.failures >= DOWN_AFTER and not _is_awaited()
            if is_held and not self._take_probe(env, server):
                return _outage(server)
        self._looked_at = now
        return None

    def note_failure(self, reason, asked=None):
        """Count a failure of the server.

        :param str reason: what happened, for people
        :param asked: the seconds that the server asks to wait, if it does
        :return: the :class:`Outage` if the server is down now, and nobody waits for the answer
        """
        if not self._dbname:
            return None
        now = fields.Datetime.now()
        with transaction.own_transaction(self._dbname) as env:
            env.cr.execute(
                SQL(
                    _FAILED,
                    origin=self._origin,
                    name=self._name,
                    now=now,
                    row=now - timedelta(seconds=ROW),
                    down=DOWN_AFTER,
                    reason=str(reason),
                    sentence=Json(kept(reason)),
                )
            )
            server = _row(env, self._origin)
            self._failures = server.failures
            if server.failures < DOWN_AFTER:
                return None
            asked_for = now + timedelta(seconds=min(asked or 0.0, _LONGEST_DELAY))
            server.probe_at = max(next_probe(server.failed_since, now), asked_for)
            return None if _is_awaited() else _outage(server)

    def note_answer(self):
        """The server has answered: what waits for it goes on."""
        if not self._failures:
            return
        self._failures = 0
        with transaction.own_transaction(self._dbname) as env:
            rows = env.execute_query(SQL(_ANSWERED, origin=self._origin))
            if rows and rows[0][0] >= DOWN_AFTER:
                env["ihub.server"]._let_go_on(self._name)

    def _take_probe(self, env, server):
        """Return whether it is this request that tries the server."""
        now = fields.Datetime.now()
        env.cr.execute(
            SQL(
                "UPDATE ihub_server SET probe_at = %s WHERE id = %s AND probe_at <= %s",
                next_probe(server.failed_since, now),
                server.id,
                now,
            )
        )
        return bool(env.cr.rowcount)


def _row(env, origin):
    server = env["ihub.server"].search([("origin", "=", origin)], limit=1)
    # Written past the ORM.
    server.invalidate_recordset()
    return server


def _outage(server):
    delay = (server.probe_at - fields.Datetime.now()).total_seconds()
    reason = server.reason or ""
    if server.reason_sentence:
        reason = Said(reason, Sentence(**server.reason_sentence))
    return Outage(server.failed_since, max(delay, 1.0), reason)


def _is_awaited():
    """Return whether people wait for the answer: they may always try."""
    scope = executing_run()
    return scope is None or scope.is_manual


_FAILED = """
    INSERT INTO ihub_server AS s
           (origin, name, failures, failed_since, failed_at, reason, reason_sentence)
    VALUES (%(origin)s, %(name)s, 1, %(now)s, %(now)s, %(reason)s, %(sentence)s)
    ON CONFLICT (origin) DO UPDATE
       SET name = EXCLUDED.name, failed_at = EXCLUDED.failed_at, reason = EXCLUDED.reason,
           reason_sentence = EXCLUDED.reason_sentence,
           failures = CASE WHEN s.failures >= %(down)s OR s.failed_at > %(row)s
                      THEN s.failures + 1 ELSE 1 END,
           failed_since = CASE WHEN s.failures >= %(down)s OR s.failed_at > %(row)s
                          THEN s.failed_since ELSE EXCLUDED.failed_since END
"""
_ANSWERED = """
    UPDATE ihub_server s SET failures = 0, failed_at = NULL, probe_at = NULL
      FROM (SELECT id, failures FROM ihub_server WHERE origin = %(origin)s FOR UPDATE) known
     WHERE s.id = known.id AND known.failures > 0
    RETURNING known.failures
"""
