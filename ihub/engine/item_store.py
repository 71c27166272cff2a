"""Items become rows: read and written many at a time, in the transaction of the work."""

import json
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from ..core.text import clean


class Row(NamedTuple):
    """What is known of an item.

    ``id`` is None as long as there is no row. ``data`` are there where they are to be used: when
    it is tried again, and where people have corrected them. ``fingerprint`` is that of the data as
    they came. ``source_run_id`` is the run in whose window they came. ``company_id`` is the
    company in which the type's method was called, None for that of the integration.
    """

    id: int | None
    key: str
    name: str | None = None
    state: str = "new"
    attempts: int = 0
    fingerprint: str | None = None
    version: str | None = None
    reference: str | None = None
    source_run_id: int | None = None
    is_corrected: bool = False
    company_id: int | None = None
    data: str | None = None


class Mark(NamedTuple):
    """What became of an item: its row, and what people see of it.

    ``run_id`` is the run that has dealt with it, ``handler`` the name of the type's method,
    ``columns`` what lists show of its data.
    """

    row: Row
    run_id: int | None
    handler: str | None
    columns: dict[str, str]
    message: str | None = None
    cause: str | None = None
    traceback: str | None = None
    failed_request: dict | None = None


_ROW = """id, key, name, state, attempts, fingerprint, version, record, source_run_id,
          is_corrected IS TRUE, handler_company"""


def new(key):
    """Return the :class:`Row` of an item that there is not yet."""
    return Row(None, key)


def next_ids(cr, count):
    """Return the ids of so many new rows."""
    cr.execute(SQL("SELECT nextval('ihub_item_id_seq') FROM generate_series(1, %s)", count))
    return [id_ for (id_,) in cr.fetchall()]


def load(cr, integration_id, kind, keys):
    """Return ``{key: Row}`` of the items that there are already."""
    cr.execute(
        SQL(
            f"""
            SELECT {_ROW}, CASE WHEN is_corrected AND state <> 'done' THEN data END
              FROM ihub_item WHERE integration_id = %s AND kind = %s AND key = ANY(%s)
            """,
            integration_id,
            kind,
            list(keys),
        )
    )
    return {row[1]: Row(*row) for row in cr.fetchall()}


def load_by_id(cr, id_):
    """Return the :class:`Row` of an item, with its data; None if it was deleted meanwhile."""
    cr.execute(SQL(f"SELECT {_ROW}, data FROM ihub_item WHERE id = %s", id_))
    row = cr.fetchone()
    return row and Row(*row)


def next_asked_for(cr, run_id, limit):
    """Return what items that wait for a run have in common, and their ids, or None.

    That is their kind, the name of the type's method, and the company in which it is called.
    """
    cr.execute(
        SQL(
            """
            SELECT kind, handler, handler_company, array_agg(id ORDER BY id)
              FROM (SELECT id, kind, handler, handler_company FROM ihub_item
                     WHERE retry_run_id = %s AND state = 'pending' ORDER BY id LIMIT %s) next
             GROUP BY kind, handler, handler_company ORDER BY min(id) LIMIT 1
            """,
            run_id,
            limit,
        )
    )
    return cr.fetchone()


_SAVE = """
    INSERT INTO ihub_item (
        id, integration_id, company_id, kind, key, name, state, attempts, fingerprint, version,
        record, source_run_id, is_corrected, data, columns, run_id, handler,
        handler_company, message, cause, traceback, failed_request, failed_since, last_attempt,
        create_uid, create_date, write_uid, write_date)
    VALUES %s
    ON CONFLICT (integration_id, kind, key) DO UPDATE SET
        name = COALESCE(EXCLUDED.name, ihub_item.name),
        state = EXCLUDED.state,
        attempts = EXCLUDED.attempts,
        fingerprint = EXCLUDED.fingerprint,
        version = EXCLUDED.version,
        record = EXCLUDED.record,
        source_run_id = EXCLUDED.source_run_id,
        is_corrected = EXCLUDED.is_corrected,
        data = EXCLUDED.data,
        columns = COALESCE(EXCLUDED.columns, ihub_item.columns),
        run_id = EXCLUDED.run_id,
        handler = COALESCE(EXCLUDED.handler, ihub_item.handler),
        handler_company = EXCLUDED.handler_company,
        message = EXCLUDED.message,
        cause = EXCLUDED.cause,
        traceback = EXCLUDED.traceback,
        failed_request = EXCLUDED.failed_request,
        failed_since = CASE WHEN EXCLUDED.state = 'failed'
            THEN COALESCE(ihub_item.failed_since, EXCLUDED.failed_since) END,
        is_told = ihub_item.is_told AND EXCLUDED.state = 'failed',
        last_attempt = EXCLUDED.last_attempt,
        retry_run_id = NULL,
        write_uid = EXCLUDED.write_uid,
        write_date = EXCLUDED.write_date
"""


def save(env, integration, kind, marks):
    """Write what became of items of one kind.

    :param integration: the ``ihub.integration``
    :param marks: list of :class:`Mark`, at most one of each item
    """
    now = fields.Datetime.now()
    uid = env.uid
    company_id = integration.company_id.id or None
    rows = [
        (
            mark.row.id, integration.id, company_id, kind, mark.row.key, mark.row.name or None,
            mark.row.state, mark.row.attempts, mark.row.fingerprint, mark.row.version,
            mark.row.reference, mark.row.source_run_id, mark.row.is_corrected, mark.row.data,
            json.dumps(mark.columns) if mark.columns else None, mark.run_id, mark.handler,
            mark.row.company_id, mark.message and clean(mark.message), mark.cause, mark.traceback,
            json.dumps(mark.failed_request) if mark.failed_request else None,
            now if mark.row.state == "failed" else None, now, uid, now, uid, now,
        )
        for mark in marks
    ]  # fmt: skip
    env.cr.execute_values(_SAVE, rows)
    env["ihub.item"].invalidate_model()


# Whoever marks an item as done forgets why it had failed.
_WAS_DONE = (
    "failed_since IS NULL AND message IS NULL AND cause IS NULL AND last_attempt IS NOT NULL"
)


def release(env, run_ids):
    """Give back to people the items that runs which have ended were to try again."""
    env.cr.execute(
        SQL(
            # One that was done before, and was to be done once more, is done still.
            f"UPDATE ihub_item SET state = CASE WHEN {_WAS_DONE} THEN 'done' ELSE 'failed' END,"
            f" failed_since = CASE WHEN NOT ({_WAS_DONE})"
            " THEN COALESCE(failed_since, now() AT TIME ZONE 'UTC') END"
            " WHERE retry_run_id = ANY(%s) AND state = 'pending'",
            list(run_ids),
        )
    )
    env["ihub.item"].invalidate_model()


def hand_over(env, old_id, new_id):
    """Let the run ``new_id`` try the items again that the run ``old_id`` has left undone."""
    env.cr.execute(
        SQL(
            "UPDATE ihub_item SET state = 'pending', retry_run_id = %s"
            f" WHERE retry_run_id = %s AND (state = 'failed' OR state = 'done' AND {_WAS_DONE})",
            new_id,
            old_id,
        )
    )
    env["ihub.item"].invalidate_model()


def count_failed(env, run_ids):
    """Return how many items that came with these runs are failed."""
    env.cr.execute(
        SQL(
            "SELECT count(*) FROM ihub_item WHERE state = 'failed' AND source_run_id = ANY(%s)",
            list(run_ids),
        )
    )
    return env.cr.fetchone()[0]


def bind(env, integration, kind, row):
    """Write what an item has become, and nothing else of it."""
    now = fields.Datetime.now()
    env.cr.execute(
        SQL(
            """
            INSERT INTO ihub_item (id, integration_id, company_id, kind, key, state, attempts,
                                   record, create_uid, create_date, write_uid, write_date)
            VALUES (%(id)s, %(integration)s, %(company)s, %(kind)s, %(key)s, %(state)s, 0,
                    %(record)s, %(user)s, %(now)s, %(user)s, %(now)s)
            ON CONFLICT (integration_id, kind, key) DO UPDATE SET record = EXCLUDED.record
            """,
            id=row.id,
            integration=integration.id,
            company=integration.company_id.id or None,
            kind=kind,
            key=row.key,
            state=row.state,
            record=row.reference,
            user=env.uid,
            now=now,
        )
    )
    env["ihub.item"].invalidate_model()


def key_of(cr, integration_id, reference, kind):
    """Return the first key under which an integration knows a record, or None."""
    cr.execute(
        SQL(
            """
            SELECT key FROM ihub_item
             WHERE record = %s AND integration_id = %s AND (%s IS NULL OR kind = %s)
             ORDER BY id LIMIT 1
            """,
            reference,
            integration_id,
            kind,
            kind,
        )
    )
    row = cr.fetchone()
    return row and row[0]
