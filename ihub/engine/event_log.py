"""From a call of ``ihub_info`` to an :class:`Event`: cheap, and whatever is passed."""

import logging
import sys
import time

from odoo.models import BaseModel

from ..core.shutdown import unless_shutdown
from ..core.text import TEXT_LIMIT, describe, to_text
from .context import current_run
from .event import UNKNOWN, Event
from .event_buffer import buffer_of
from .event_cursor import install
from .event_related import related_of
from .event_writer import report
from .failure import log_masked
from .odoo_internals import is_healthy

# Characters of a summary that are taken at all.
SUMMARY_LENGTH = 1_000_000

_logger = logging.getLogger(__name__)

install()


def log(records, level, summary=None, details=None, related=None, integration=None, **unknown):
    """Report an event. Never raises, unless the process ends.

    :param records: the recordset on which ``ihub_*`` was called
    :param str level: info, warning or error
    :param summary: title of the event: anything
    :param details: anything; structures are stored as JSON
    :param related: a recordset that the event is about
    :param integration: an integration; None: ``records`` if it is one, else the one that runs
    """
    event = None
    try:
        event = _event(records, level, summary, details, related, integration, unknown)
        buffer = buffer_of(records.env.cr)
        event.position = buffer.logged
        buffer.add(event)
    except BaseException as error:
        unless_shutdown(error)
        log_masked(_logger, error, "An event could not be recorded.")
        if event is not None:
            report([event])


def _event(records, level, summary, details, related, integration, unknown):
    env = records.env
    scope = current_run(env.cr.dbname)
    integration_id, company_id = _safe_integration(records, integration, scope)
    if unknown:
        details = {"details": details, **unknown} if details is not None else unknown
    if summary.__class__ is not str or details.__class__ is not str:
        summary, details = _texts(env, level, summary, details)
    if len(summary or "") + len(details or "") > SUMMARY_LENGTH:
        summary, details = _cut(env, summary, details)
    model, id_, name = related_of(related) if related is not None else (None, None, None)
    in_run = scope and scope.integration_id == integration_id
    return Event(
        0,
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
    )


def _texts(env, level, summary, details):
    """Fill in a summary that is missing, and the traceback that both leave out."""
    error = summary if isinstance(summary, BaseException) else None
    if error is not None:
        details = error if details is None else details
        summary = describe(error) or type(error).__name__
    elif level == "error" and details is None:
        details = sys.exc_info()[1]
    if summary is None and details is None:
        summary = _placeholder(env)
    return to_text(summary, SUMMARY_LENGTH), to_text(details)


def _cut(env, summary, details):
    """Keep what one event may take up in memory and on its way to the database."""
    details = details or ""
    cut = len(details) > TEXT_LIMIT or len(summary or "") > SUMMARY_LENGTH
    summary, details = to_text(summary, SUMMARY_LENGTH), to_text(details, TEXT_LIMIT)
    if cut:
        note = env._("(The end is missing: this was too long to be kept as a whole.)")
        details = f"{details}\n\n{note}"
    return summary, details or None


def _placeholder(env):
    return env._("(no summary)")


# --- Which integration, which company ---


def _safe_integration(records, integration, scope):
    try:
        return _integration(records, integration, scope)
    except BaseException as error:
        unless_shutdown(error)
        # Something that only looks like a record, or cannot be read.
        return scope.integration_id if scope else None, UNKNOWN


def _integration(records, integration, scope):
    """Return id and company id of the integration, each possibly None."""
    if isinstance(integration, BaseModel):
        id_ = _integration_id(integration)
        if id_:
            return id_, _company(integration, id_, scope)
    id_ = _integration_id(records)
    if id_:
        return id_, _company(records, id_, scope)
    if scope:
        return scope.integration_id, _company(records, scope.integration_id, scope)
    return None, _context_company(records.env) or UNKNOWN


def _integration_id(candidate):
    if not candidate._ids:
        return None
    first = candidate._ids[0]
    if candidate._name == "ihub.integration":
        return first or getattr(first, "origin", None)
    link = candidate._inherits.get("ihub.integration")
    if not link:
        return None
    id_ = _peek(candidate, link)
    if id_ is None and is_healthy(candidate.env.cr):
        id_ = candidate[:1].sudo()[link].id
    return id_ if isinstance(id_, int) else None


def _company(candidate, integration_id, scope):
    """The integration's company; for one that serves several, the one it works for now."""
    env = candidate.env
    if scope and scope.integration_id == integration_id:
        return scope.company_id or _context_company(env)
    field = env.registry["ihub.integration"]._fields["company_id"]
    company_id = field._get_cache(env).get(integration_id, UNKNOWN)
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


def _peek(record, name):
    """Return the value in the cache: nothing is computed, read or flushed."""
    return record._fields[name]._get_cache(record.env).get(record._ids[0])
