"""From a call of ``ihub_info`` to an :class:`~.event_store.Event`: cheap, and whatever is passed.

What is looked up comes from the cache or with plain SQL, where a value is not in there: reading
with the ORM can flush pending changes, and an error in that flush, swallowed here, would lose them.
What is not yet flushed is in the cache by definition.
"""

import logging
import sys
import time
from contextlib import suppress

from odoo.models import BaseModel
from odoo.tools import SQL

from ..core.shutdown import unless_shutdown
from ..core.text import TEXT_LIMIT, describe, to_text
from . import event_store
from .context import current_item, current_run
from .event_buffer import buffer_of
from .event_store import UNKNOWN, Event
from .failure import log_masked
from .odoo_internals import cached, is_healthy

# Characters of a summary that are taken at all.
SUMMARY_LENGTH = 1_000_000

_logger = logging.getLogger(__name__)


def log(records, level, summary=None, details=None, related=None, integration=None, **unknown):
    """Report an event. Never raises, unless the process ends.

    :param records: the recordset on which ``ihub_*`` was called
    :param str level: info, warning or error
    :param summary: title of the event: anything
    :param details: anything; structures are stored as JSON
    :param related: a recordset that the event is about
    :param integration: an integration; None: ``records`` if it is one, else the one that runs
    :return: the event; None: it could not be made
    """
    event = None
    try:
        event = _event(records, level, summary, details, related, integration, unknown)
        buffer_of(records.env.cr).add(event)
    except BaseException as error:
        unless_shutdown(error)
        log_masked(_logger, error, "An event could not be recorded.")
        if event is not None:
            event_store.report([event])
    return event


def _event(records, level, summary, details, related, integration, unknown):
    env = records.env
    scope = current_run(env.cr.dbname)
    integration_id, company_id = _integration(records, integration, scope)
    if unknown:
        details = {"details": details, **unknown} if details is not None else unknown
    if summary.__class__ is not str or details.__class__ is not str:
        summary, details = _texts(env, level, summary, details)
    if len(summary or "") + len(details or "") > SUMMARY_LENGTH:
        summary, details = _cut(env, summary, details)
    model, id_, name = _related(related) if related is not None else (None, None, None)
    in_run = scope and scope.integration_id == integration_id
    return Event(
        time.time(),
        level,
        summary,
        details,
        model,
        id_,
        name,
        integration_id,
        scope.run_id if in_run else None,
        scope.run_id if scope else None,
        company_id,
        env.uid,
        current_item(),
    )


# --- What happened ---


def _texts(env, level, summary, details):
    """Fill in a summary that is missing, and the traceback that both leave out."""
    error = summary if isinstance(summary, BaseException) else None
    if error is not None:
        details = error if details is None else details
        summary = describe(error) or type(error).__name__
    elif level == "error" and details is None:
        details = sys.exc_info()[1]
    if summary is None and details is None:
        summary = _speaking(env)._("(no summary)")
    # One character more than is kept, so that it shows where there were more.
    return to_text(summary, SUMMARY_LENGTH + 1), to_text(details, TEXT_LIMIT + 1)


def _cut(env, summary, details):
    """Keep what one event may take up in memory and on its way to the database."""
    details = details or ""
    cut = len(details) > TEXT_LIMIT or len(summary or "") > SUMMARY_LENGTH
    summary, details = to_text(summary, SUMMARY_LENGTH), to_text(details, TEXT_LIMIT)
    if cut:
        note = _speaking(env)._("(Truncated: this was too long to be stored in full.)")
        details = f"{details}\n\n{note}"
    return summary, details or None


def _speaking(env):
    """Return the environment, in English where nobody knows the language of its context."""
    with suppress(Exception):
        return env(context={**env.context, "lang": env.lang})
    return env(context={**env.context, "lang": None})


# --- Which integration, which company ---


def _integration(records, integration, scope):
    """Return id and company id of the integration, each possibly None."""
    try:
        for candidate in (integration, records):
            id_ = _integration_id(candidate) if isinstance(candidate, BaseModel) else None
            if id_:
                return id_, _company(candidate, id_, scope)
        if scope:
            return scope.integration_id, _company(records, scope.integration_id, scope)
        return None, _context_company(records.env) or UNKNOWN
    except BaseException as error:
        unless_shutdown(error)
        # Something that only looks like a record, or cannot be read.
        return scope.integration_id if scope else None, UNKNOWN


def _integration_id(candidate):
    if not candidate._ids:
        return None
    if candidate._name == "ihub.integration":
        return candidate._ids[0] or getattr(candidate._ids[0], "origin", None)
    link = candidate._inherits.get("ihub.integration")
    if not link:
        return None
    id_ = cached(candidate._fields[link], candidate.env, candidate._ids[0])
    if id_ is None and is_healthy(candidate.env.cr):
        id_ = candidate[:1].sudo()[link].id
    return id_ if isinstance(id_, int) else None


def _company(candidate, integration_id, scope):
    """The integration's company; for one that serves several, the one it works for now."""
    env = candidate.env
    if scope and scope.integration_id == integration_id:
        return scope.company_id or _context_company(env)
    field = env.registry["ihub.integration"]._fields["company_id"]
    company_id = cached(field, env, integration_id, UNKNOWN)
    if company_id is UNKNOWN:
        if not is_healthy(env.cr):
            return UNKNOWN
        # Any user of any module may report, also one who may not read integrations.
        company_id = env["ihub.integration"].browse(integration_id).sudo().company_id.id
    # The writer knows the others: those that serve all companies, and those that have lost theirs.
    return company_id or _context_company(env) or UNKNOWN


def _context_company(env):
    companies = env.context.get("allowed_company_ids")
    if not companies or not isinstance(companies[0], int):
        return None
    # Whoever calls over RPC says what is in the context. Runs, and other code that the hub trusts,
    # say what is true, and may not be able to look it up any more.
    if env.su or current_run(env.cr.dbname):
        return companies[0]
    return companies[0] if companies[0] in env.user._get_company_ids() else None


# --- What it is about ---


def _related(related):
    """Return model name, id and remembered name of ``related``, a recordset or anything."""
    try:
        if isinstance(related, BaseModel):
            return _of_records(related)
    except BaseException as error:
        unless_shutdown(error)
        _logger.debug("Not a record: %s", type(related))
    return None, None, to_text(related, 1000)


def _of_records(related):
    if not related._ids:
        return related._name, None, None
    first = related._ids[0]
    id_ = first if isinstance(first, int) else getattr(first, "origin", None)
    name = _name(related[:1], id_) or f"{related._name},{id_ or 'new'}"
    if len(related._ids) > 1:
        name = f"{name} (+{len(related._ids) - 1})"
    return related._name, id_, name


def _name(record, id_):
    try:
        return _cached_name(record) or (_stored_name(record, id_) if id_ else None)
    except Exception:
        # The event has model and id all the same.
        return None


def _cached_name(record):
    for name in ("display_name", record._rec_name):
        field = record._fields.get(name)
        if field is not None and field.type in ("char", "text", "many2one", "selection"):
            value = _in_language(cached(field, record.env, record._ids[0]), record.env)
            if value and isinstance(value, str):
                return value
    return None


def _stored_name(record, id_):
    field = record._fields.get(record._rec_name)
    is_text = field is not None and field.column_type and field.type in ("char", "text")
    if not is_text or not field.store or not is_healthy(record.env.cr):
        return None
    table, column = SQL.identifier(record._table), SQL.identifier(record._rec_name)
    cr = record.env.cr
    cr.execute(SQL("SELECT %s FROM %s WHERE id = %s", column, table, id_), log_exceptions=False)
    row = cr.fetchone()
    return _in_language(row and row[0], record.env)


def _in_language(value, env):
    """Return the text of a field, which is translated where it is a dictionary."""
    if isinstance(value, dict):
        return value.get(env.lang) or value.get("en_US")
    return value
