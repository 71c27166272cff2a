"""Write events to the database, many at a time and not through the caller's transaction.

The connection is taken from Odoo's pool, not from the registry: this must work while a registry
is loading, and must not keep one alive. It takes no lock that a caller could hold: the table has
no foreign keys, and rows are only added to it. The time-outs are for what nobody foresaw, such as
a module upgrade that has locked the table.
"""

import hashlib
import logging
from functools import lru_cache

from odoo.sql_db import db_connect
from psycopg2 import ProgrammingError
from psycopg2.extras import execute_values

from ..core.masking import mask
from ..core.text import clean
from .event import UNKNOWN
from .event_commit import NO_TRANSACTION
from .event_row import COLUMNS, DETAILS_LIMIT, is_json, rows_of, secrets_in, texts_of

_logger = logging.getLogger(__name__)
# The id of no company: what nobody can say whose it is is not for all.
NO_COMPANY = 0
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_PREPARE = """
    SET LOCAL lock_timeout = '2s';
    SET LOCAL statement_timeout = '60s';
    SELECT nextval('ihub_event_id_seq') FROM generate_series(1, %s)
"""
# What was created in a transaction that was rolled back has never existed for anyone else.
_UNDO = """
    UPDATE ihub_event e
       SET undone = true,
           open_run_id = NULL,
           open_key = NULL,
           integration_id = (SELECT id FROM ihub_integration WHERE id = e.integration_id),
           run_id = (SELECT id FROM ihub_run WHERE id = e.run_id)
     WHERE id = ANY(%s)
"""
_UNDO_BATCH = 20_000
# Rows that are made at a time: enough to keep PostgreSQL busy while the next ones are made.
_PART = 200
_COPY = f"COPY ihub_event ({', '.join(COLUMNS)}) FROM STDIN"
_NO_RELATED = "\\N\t\\N\t\\N"
_INSERT = f"INSERT INTO ihub_event ({', '.join(COLUMNS)}) VALUES %s ON CONFLICT (id) DO NOTHING"


def write(dbname, events, opened=NO_TRANSACTION):
    """Store ``events``, in a transaction of their own.

    :param str dbname: the database
    :param events: list of :class:`Event`, in the order in which they were reported
    :param OpenTransaction opened: the one in which the last of them may have been reported
    :return: their ids, ascending
    """
    with db_connect(dbname).cursor() as cr:
        # Errors here are reported once, by the buffer, and not as errors of Odoo's cursor.
        cr._obj.execute(_PREPARE, [len(events)])
        ids = [id_ for (id_,) in cr._obj.fetchall()]
        insert(cr._obj, events, ids, _copy, opened)
        undone = [id_ for id_, event in zip(ids, events, strict=True) if event.undone]
        if undone:
            cr._obj.execute(_UNDO, [undone])
    return ids


def undo(dbname, ids):
    """Mark the stored events ``ids`` as undone."""
    with db_connect(dbname).cursor() as cr:
        cr._obj.execute("SET LOCAL lock_timeout = '2s'")
        for start in range(0, len(ids), _UNDO_BATCH):
            cr._obj.execute(_UNDO, [list(ids[start : start + _UNDO_BATCH])])


def insert(cursor, events, ids, put, opened=NO_TRANSACTION):
    """Put ``events`` as rows ``ids`` into the table.

    :param cursor: psycopg2's cursor
    :param put: function of a cursor and of a function that returns rows, some at a time
    """
    for event in events:
        if event.company_id is UNKNOWN:
            event.company_id = _company_of(cursor, event)
    wholes = []

    def parts():
        wholes.clear()
        for start in range(0, len(events), _PART):
            part = slice(start, start + _PART)
            rows, more = rows_of(events[part], ids[part], opened)
            wholes.extend(more)
            yield rows

    put(cursor, parts)
    for id_, whole in wholes:
        _attach(cursor, id_, whole)


def put_values(cursor, parts):
    """Insert rows with plain SQL, where COPY is not possible."""
    rows = [row for part in parts() for row in part]
    execute_values(cursor, _INSERT, rows, page_size=500)


def is_up(dbname):
    """Return whether the database answers at all."""
    try:
        with db_connect(dbname).cursor() as cr:
            cr._obj.execute("SELECT 1")
    except Exception:
        return False
    return True


def report(events):
    """Put ``events`` into the server's log: the last resort."""
    for event in events:
        try:
            _report(event)
        except Exception:
            # One that cannot even be said must not take the others with it.
            _logger.exception("An event of integration %s was lost", event.integration_id)


def _report(event):
    summary, details = texts_of(event, secrets_in([event]))
    name = event.related_name and mask(clean(event.related_name))
    _logger.log(
        _LEVELS.get(event.level, logging.WARNING),
        "Event that could not be stored: %s (integration %s, run %s, %s, %s)\n%s",
        summary,
        event.integration_id,
        event.run_id,
        name or event.res_model,
        "undone" if event.undone else "not undone",
        (details or "")[:DETAILS_LIMIT],
    )


class _Lines:
    """What COPY reads: made while PostgreSQL is at work on what it has read before."""

    def __init__(self, parts):
        self._parts = parts

    def read(self, __):  # pylint: disable=method-required-super
        """Return the next lines; an empty text after the last."""
        return "".join([_line(row) for row in next(self._parts, ())])


def _copy(cursor, parts):
    try:
        cursor.copy_expert(_COPY, _Lines(parts()))
    except ProgrammingError as error:
        # Odoo's gevent process, which serves the bus: psycopg2 has no COPY there.
        if error.pgcode:
            raise
        put_values(cursor, parts)


def _line(row):
    id_, moment, level, summary, details = row[:5]
    start = f"{id_}\t{moment}\t{level}\t{_text(summary)}\t{_text(details)}\t"
    related = _NO_RELATED if row[7] is None else "\t".join(map(_field, row[5:8]))
    return f"{start}{related}\t{_tail(row[8:])}\n"


@lru_cache(maxsize=64)
def _tail(values):
    """The same for all events of a run: integration, run, company, user, and the flags."""
    return "\t".join(map(_field, values))


def _field(value):
    if value is None or type(value) is str:
        return _text(value)
    return {True: "t", False: "f"}[value] if type(value) is bool else str(value)


def _text(value):
    if value is None:
        return "\\N"
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\n" in value:
        value = value.replace("\n", "\\n")
    if "\t" in value or "\r" in value:
        value = value.replace("\t", "\\t").replace("\r", "\\r")
    return value


# Without a company is for all only where an integration serves all. The column may not be there
# yet, while the addon is upgraded.
_COMPANY_OF_INTEGRATION = """
    SELECT CASE WHEN (to_jsonb(i) ->> 'serves_all_companies')::boolean IS TRUE
           THEN company_id ELSE COALESCE(company_id, %s) END
      FROM ihub_integration i WHERE id = %s
"""
_COMPANY_OF_USER = "SELECT COALESCE(company_id, %s) FROM res_users WHERE id = %s"


def _company_of(cursor, event):
    """Return the id of the company whose event this is; None: it is for all."""
    for query, id_ in (
        (_COMPANY_OF_INTEGRATION, event.integration_id),
        # An integration that another transaction has just added is not there for this one.
        (_COMPANY_OF_USER, event.user_id),
    ):
        cursor.execute(query, [NO_COMPANY, id_])
        if row := cursor.fetchone():
            return row[0]
    return NO_COMPANY


def _attach(cursor, id_, whole):
    """Keep the whole details in the database: a file would outlive a rollback.

    With plain SQL and without a user: a foreign key would wait for a caller that has locked it.
    """
    raw = whole.encode()
    extension, mimetype = ("json", "application/json") if is_json(whole) else ("txt", "text/plain")
    values = {
        "name": f"event-{id_}.{extension}",
        "type": "binary",
        "res_model": "ihub.event",
        "res_id": id_,
        "mimetype": mimetype,
        "file_size": len(raw),
        "checksum": hashlib.sha1(raw).hexdigest(),  # as Odoo does
        "db_datas": raw,
    }
    columns = ", ".join([*values, "create_date", "write_date"])
    holes = ", ".join(["%s"] * len(values))
    now = "now() AT TIME ZONE 'UTC'"
    cursor.execute(
        f"INSERT INTO ir_attachment ({columns}) VALUES ({holes}, {now}, {now})",
        list(values.values()),
    )
