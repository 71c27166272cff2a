"""Messages that other systems have sent: stored once, and taken by the lane of the integration.

Whoever receives only inserts, or changes what the lane is done with, so it waits for nobody. A
message is new as long as nobody has read it: its key is known when the lane has. ``due`` is when it
may be taken; none: it waits behind another one of its key.
"""

from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL


class Message(NamedTuple):
    """A message that waits to be taken."""

    id: int
    key: str | None
    body: bytes


# Bytes of messages that are read at once: what is made of them takes many times as much memory.
MAX_BYTES = 20 * 1024 * 1024


class Outcome(NamedTuple):
    """What has become of a message: ``due`` is when it is taken again, if it waits."""

    id: int
    state: str
    key: str | None
    due: object = None


def insert(cr, integration_id, message_id, body):
    """Store a message; one that comes again, and could not be read before, is pending anew.

    :return: whether it is to be taken: whether it was either of these
    """
    values = {
        "integration": integration_id,
        "message": message_id,
        "now": fields.Datetime.now(),
        "body": memoryview(body),
    }
    cr.execute(
        SQL(
            """
            INSERT INTO ihub_message (integration_id, message_id, state, due, received_at, body)
            VALUES (%(integration)s, %(message)s, 'pending', %(now)s, %(now)s, %(body)s)
            ON CONFLICT (integration_id, message_id) DO NOTHING
            """,
            **values,
        )
    )
    if not cr.rowcount:
        # Who has it sent again has made it readable, or taught the type to read it.
        cr.execute(
            SQL(
                """
                UPDATE ihub_message
                   SET state = 'pending', due = %(now)s, body = %(body)s, key = NULL
                 WHERE integration_id = %(integration)s AND message_id = %(message)s
                   AND state = 'done' AND (key = '?' || id OR key LIKE '?%%-' || id)
                """,
                **values,
            )
        )
    return bool(cr.rowcount)


# What may not be taken before another one of its key: one that waits for its next attempt, or an
# item that is to be repaired, or is about to be tried again because somebody has asked for it.
_WAITS = """
    SELECT FROM ihub_message e
     WHERE e.integration_id = m.integration_id AND e.key = m.key AND e.state = 'pending'
       AND e.due > %(now)s
"""
_IS_HELD = """
    SELECT FROM ihub_item i
     WHERE i.integration_id = m.integration_id AND i.kind = %(kind)s AND i.key = m.key
       AND (i.state = 'failed' AND NOT %(is_whole)s
            OR i.state = 'pending' AND i.retry_run_id IS NOT NULL)
"""
_READY = f"""
      FROM ihub_message m
     WHERE m.integration_id = %(integration)s AND m.state = 'pending'
       AND (m.due IS NULL OR m.due <= %(now)s)
       AND (m.key IS NULL OR NOT EXISTS ({_WAITS}) AND NOT EXISTS ({_IS_HELD}))
"""


def _facts(integration, webhook):
    return {
        "integration": integration.id,
        "kind": webhook.kind,
        "is_whole": webhook.version is not None,
        "now": fields.Datetime.now(),
    }


def ready(cr, integration, webhook, limit):
    """Return the messages that can be taken, as a list of :class:`Message`, in their order.

    Not more than :data:`MAX_BYTES`, and the one that passes them.

    :param integration: the ``ihub.integration``
    :param Webhook webhook: of its type
    """
    query = f"""
        SELECT id, key, body
          FROM (SELECT m.id, m.key, m.body,
                       sum(octet_length(m.body)) OVER (
                           ORDER BY m.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                {_READY} ORDER BY m.id LIMIT %(limit)s) AS next_ones
         WHERE before IS NULL OR before < %(bytes)s ORDER BY id
    """
    cr.execute(SQL(query, limit=limit, bytes=MAX_BYTES, **_facts(integration, webhook)))
    return [Message(id_, key, bytes(body or b"")) for id_, key, body in cr.fetchall()]


def is_any_ready(cr, integration, webhook):
    """Return whether there is a message that can be taken."""
    cr.execute(SQL(f"SELECT 1 {_READY} LIMIT 1", **_facts(integration, webhook)))
    return cr.fetchone() is not None


def waiting_keys(cr, integration, keys):
    """Return those of ``keys`` of which a message waits for its next attempt."""
    cr.execute(
        SQL(
            """
            SELECT key FROM ihub_message
             WHERE integration_id = %s AND key = ANY(%s) AND state = 'pending' AND due > %s
            """,
            integration.id,
            list(keys),
            fields.Datetime.now(),
        )
    )
    return {key for (key,) in cr.fetchall()}


def next_due(cr, integration_id):
    """Return when the next message can be taken that cannot be yet, or None."""
    cr.execute(
        SQL(
            """
            SELECT min(due) FROM ihub_message
             WHERE integration_id = %s AND state = 'pending' AND due > %s
            """,
            integration_id,
            fields.Datetime.now(),
        )
    )
    return cr.fetchone()[0]


def save(cr, outcomes):
    """Write what has become of messages; the body of one that is done is in its item.

    :param outcomes: list of :class:`Outcome`
    """
    cr.execute_values(
        """
        UPDATE ihub_message m SET state = o.state, key = o.key, due = o.due,
               body = CASE WHEN o.state = 'pending' THEN m.body END
          FROM (VALUES %s) AS o(id, state, key, due) WHERE m.id = o.id
        """,
        list(outcomes),
        template="(%s, %s, %s, %s::timestamp)",
    )


def count_waiting(cr, integration_id, limit):
    """Return how many messages wait, at most ``limit``."""
    cr.execute(
        SQL(
            """
            SELECT count(*) FROM (SELECT FROM ihub_message
                                   WHERE integration_id = %s AND state = 'pending' LIMIT %s) m
            """,
            integration_id,
            limit,
        )
    )
    return cr.fetchone()[0]


# --- What the schedule makes up for ---


def had_begun(cr, integration_id, moment):
    """Return whether messages came before ``moment`` already."""
    cr.execute(
        SQL(
            "SELECT 1 FROM ihub_message WHERE integration_id = %s AND received_at < %s LIMIT 1",
            integration_id,
            moment,
        )
    )
    return cr.fetchone() is not None


def keys_heard_of(cr, integration_id, keys):
    """Return those of ``keys`` of which messages have come."""
    cr.execute(
        SQL(
            "SELECT DISTINCT key FROM ihub_message WHERE integration_id = %s AND key = ANY(%s)",
            integration_id,
            list(keys),
        )
    )
    return {key for (key,) in cr.fetchall()}


# --- What is counted ---


def count(cr, integration_id, cause, number):
    """Count messages that were refused, or did not come: one row per cause and day."""
    cr.execute(
        SQL(
            """
            INSERT INTO ihub_message_count (integration_id, day, cause, number)
            VALUES (%(integration)s, %(day)s, %(cause)s, %(number)s)
            ON CONFLICT (integration_id, day, cause)
            DO UPDATE SET number = ihub_message_count.number + EXCLUDED.number
            """,
            integration=integration_id,
            day=fields.Date.today(),
            cause=cause,
            number=number,
        )
    )


def forget_old(cr, days, limit):
    """Delete what was done so many days ago.

    :return: how many
    """
    cr.execute(
        SQL(
            """
            DELETE FROM ihub_message WHERE id IN (
                SELECT id FROM ihub_message
                 WHERE state = 'done' AND received_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
            """,
            fields.Datetime.now() - timedelta(days=days),
            limit,
        )
    )
    return cr.rowcount
