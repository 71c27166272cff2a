"""Events become rows: masked, cut to size, many at a time, beside the caller's transaction.

The connection is taken from Odoo's pool, not from the registry: this must work while a registry
is loading, and must not keep one alive. It takes no lock that a caller could hold: the table has
no foreign keys, and rows are only added to it. The time-outs are for what nobody foresaw, such as
a module upgrade that has locked the table.

Whether the work that an event describes was committed is known also when its process has died. An
event that is written while its transaction is open carries the run that executes and a key of that
transaction; the transaction notes its key as it is about to be committed (:func:`note_commit`), so
the note is there exactly if the work is. PostgreSQL's own transaction ids would not do: asking for
one fixes what the caller's transaction sees from then on; in a restored copy they say nothing,
where the notes still do; and to settle them when a transaction ends would write its rows twice.
"""

import hashlib
import json
import logging
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import psycopg2
from odoo.sql_db import db_connect
from psycopg2.extras import execute_values

from ..core.masking import mask, screen
from ..core.text import clean, first_line
from .odoo_internals import raw

_logger = logging.getLogger(__name__)

# Characters of a summary; what is longer goes on in the details.
SUMMARY_LIMIT = 300
# Bytes of details in the row; what is longer is whole in an attachment.
DETAILS_LIMIT = 64 * 1024
NAME_LIMIT = 200
# Characters of JSON that are parsed to know whether it is JSON.
PARSED = 2_000_000
# The company is looked up when the event is written.
UNKNOWN = object()
# The id of no company: what nobody can say whose it is is not for all.
NO_COMPANY = 0
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_NO_RELATED = "\\N\t\\N\t\\N"
# Rows that are made at a time: enough to keep PostgreSQL busy while the next ones are made.
_PART = 200
_UNDO_BATCH = 20_000


@dataclass(slots=True)
class Event:
    """One report. ``summary`` and ``details`` are still unmasked: never log or show them."""

    moment: float  # seconds since the epoch
    level: str
    summary: str | None
    details: str | None
    res_model: str | None
    res_id: int | None
    related_name: str | None
    integration_id: int | None
    run_id: int | None  # only if the event is about the integration that runs
    executing_run_id: int | None
    company_id: int | None
    user_id: int | None
    item_id: int | None = None  # what its code had in hand
    undone: bool = False
    position: int = 0  # among the events of its cursor

    @property
    def size(self):
        """Return the number of characters of its texts."""
        return len(self.summary or "") + len(self.details or "")


# --- Transactions that have not ended ---

# Position of the first event, and key, of the one in which events may have been reported: of none.
NO_TRANSACTION = (sys.maxsize, None)
# In a savepoint: what goes wrong here must not abort the caller's transaction.
_NOTE = """
    SAVEPOINT ihub_event_commit;
    INSERT INTO ihub_event_commit (run_id, key) VALUES (%s, %s);
    RELEASE SAVEPOINT ihub_event_commit
"""


def note_commit(cr, run_id, key):
    """Let the open transaction of ``cr`` say that it was committed, if it will be.

    :return: whether it will
    """
    cursor = raw(cr)
    try:
        cursor.execute(_NOTE, [run_id, key])
    except psycopg2.Error as error:
        _logger.warning("Whether work of run %s is done cannot be noted: %s", run_id, error)
        # Of a connection that is broken the caller hears from its own commit.
        with suppress(psycopg2.Error):
            cursor.execute("ROLLBACK TO SAVEPOINT ihub_event_commit")
        return False
    return True


# --- Writing ---

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
_NEXT_IDS = "SELECT nextval('ihub_event_id_seq') FROM generate_series(1, %s)"
_COLUMNS = (
    "id, create_date, level, summary, details, res_model, res_id, related_name, integration_id,"
    " run_id, company_id, user_id, item_id, undone, is_cut, open_run_id, open_key"
)


def write(dbname, events, opened=NO_TRANSACTION):
    """Store ``events``, in a transaction of their own.

    :param str dbname: the database
    :param events: list of :class:`Event`, in the order in which they were reported
    :param opened: position of the first event, and key, of the transaction that may still be open
    :return: their ids, ascending
    """
    with db_connect(dbname).cursor() as cr:
        # Errors here are reported once, by the buffer, and not as errors of Odoo's cursor.
        cursor = raw(cr)
        cursor.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'")
        ids = insert(cursor, events, opened)
        undone = [id_ for id_, event in zip(ids, events, strict=True) if event.undone]
        if undone:
            cursor.execute(_UNDO, [undone])
    return ids


def undo(dbname, ids):
    """Mark the stored events ``ids`` as undone."""
    with db_connect(dbname).cursor() as cr:
        cursor = raw(cr)
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        for start in range(0, len(ids), _UNDO_BATCH):
            cursor.execute(_UNDO, [list(ids[start : start + _UNDO_BATCH])])


def insert(cursor, events, opened=NO_TRANSACTION, ids=()):
    """Put ``events`` into the table.

    :param cursor: psycopg2's cursor
    :param ids: their ids; none: they get new ones
    :return: their ids
    """
    if not ids:
        cursor.execute(_NEXT_IDS, [len(events)])
        ids = [id_ for (id_,) in cursor.fetchall()]
    for event in events:
        if event.company_id is UNKNOWN:
            event.company_id = _company_of(cursor, event)
    wholes = []
    try:
        cursor.copy_expert(
            f"COPY ihub_event ({_COLUMNS}) FROM STDIN",
            _Lines(_parts(events, ids, opened, wholes)),
        )
    except psycopg2.ProgrammingError as error:
        # Odoo's gevent process, which serves the bus: psycopg2 has no COPY there.
        if error.pgcode:
            raise
        wholes.clear()
        rows = [row for part in _parts(events, ids, opened, wholes) for row in part]
        execute_values(cursor, f"INSERT INTO ihub_event ({_COLUMNS}) VALUES %s", rows)
    for id_, whole in wholes:
        _attach(cursor, id_, whole)
    return ids


def is_up(dbname):
    """Return whether the database answers at all."""
    try:
        with db_connect(dbname).cursor() as cr:
            raw(cr).execute("SELECT 1")
    except Exception:
        # Whatever it is: nothing can be written.
        return False
    return True


class _Lines:
    """The file that COPY reads: made while PostgreSQL is at work on what it has read before."""

    def __init__(self, parts):
        self._parts = parts

    def read(self, __):  # pylint: disable=method-required-super
        """Return the next lines; an empty text after the last."""
        return "".join([_line(row) for row in next(self._parts, ())])


# The csv module, for CSV in place of PostgreSQL's own format, takes six times as long.


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
    content = whole.encode()
    extension, mimetype = ("json", "application/json") if is_json(whole) else ("txt", "text/plain")
    values = {
        "name": f"event-{id_}.{extension}",
        "type": "binary",
        "res_model": "ihub.event",
        "res_id": id_,
        "mimetype": mimetype,
        "file_size": len(content),
        "checksum": hashlib.sha1(content).hexdigest(),  # as Odoo does
        "db_datas": content,
    }
    columns = ", ".join([*values, "create_date", "write_date"])
    holes = ", ".join(["%s"] * len(values))
    now = "now() AT TIME ZONE 'UTC'"
    cursor.execute(
        f"INSERT INTO ir_attachment ({columns}) VALUES ({holes}, {now}, {now})",
        list(values.values()),
    )


def is_json(text):
    """Return whether ``text`` is a JSON object or array; a very long one by its ends."""
    ends = text[:100].lstrip()[:1] + text[-100:].rstrip()[-1:]
    if ends not in ("{}", "[]") or len(text) > PARSED:
        return ends in ("{}", "[]")
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# --- Rows ---


def _parts(events, ids, opened, wholes):
    """Yield rows, some at a time; add what does not fit into them to ``wholes``, with its id."""
    for start in range(0, len(events), _PART):
        part = events[start : start + _PART]
        found = _secrets_in(part)
        rows = []
        for event, id_ in zip(part, ids[start : start + _PART], strict=True):
            summary, details = _texts_of(event, found)
            shown = _cut(details)
            is_cut = shown is not details
            if is_cut:
                wholes.append((id_, details))
            rows.append(_row(event, id_, summary, shown, is_cut, opened))
        yield rows


def _row(event, id_, summary, details, is_cut, opened):
    begin, key = opened
    is_open = event.executing_run_id is not None and event.position >= begin
    name = event.related_name and mask(clean(event.related_name))[:NAME_LIMIT]
    return (
        id_,
        f"{_second(int(event.moment))}.{int(event.moment % 1 * 1_000_000):06}",
        event.level,
        summary,
        details,
        event.res_model,
        event.res_id,
        name,
        event.integration_id,
        event.run_id,
        event.company_id,
        event.user_id,
        event.item_id,
        event.undone,
        is_cut,
        event.executing_run_id if is_open else None,
        key if is_open else None,
    )


@lru_cache(maxsize=16)
def _second(moment):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


def _secrets_in(events):
    """Return what may have to be masked in ``events``."""
    return screen([text for event in events for text in (event.summary, event.details) if text])


def _texts_of(event, found):
    """Return summary and details of ``event`` as they may be stored, shown and logged."""
    summary, details = event.summary or "", event.details or None
    if found:
        summary, details = mask(summary, found), details and mask(details, found)
    details = (details and clean(details)) or None
    if len(summary) > SUMMARY_LIMIT or not summary.isprintable():
        summary, details = _shortened(clean(summary), details)
    if not summary and details:
        summary = _summary_from(details)
    return summary or "…", details


def _shortened(summary, details):
    """What the first line of the summary cannot hold goes on in the details."""
    line = first_line(summary, SUMMARY_LIMIT)
    if line != summary.strip():
        details = f"{summary}\n\n{details}" if details else summary
    return line, details


def _summary_from(details):
    """The last line of a traceback says what happened, of anything else it is the first.

    That of a structure would be a bracket alone.
    """
    if details.startswith("Traceback (most recent call last)"):
        return first_line(details.rstrip().rpartition("\n")[2], SUMMARY_LIMIT)
    if details.startswith(("{\n", "[\n")):
        details = " ".join(details[: SUMMARY_LIMIT * 4].split())
    return first_line(details, SUMMARY_LIMIT)


def _cut(details):
    # A character takes at most four bytes: nearly all details need no counting.
    if not details or len(details) * 4 <= DETAILS_LIMIT:
        return details
    encoded = details.encode()
    if len(encoded) <= DETAILS_LIMIT:
        return details
    return encoded[:DETAILS_LIMIT].decode(errors="ignore")


# --- The last resort ---


def report(events):
    """Put ``events`` into the server's log."""
    for event in events:
        try:
            _report(event)
        except Exception:
            # One that cannot even be said must not take the others with it.
            _logger.exception("An event of integration %s was lost", event.integration_id)


def _report(event):
    summary, details = _texts_of(event, _secrets_in([event]))
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
