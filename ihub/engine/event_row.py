"""How an event becomes a row: masked, cleaned, cut to size."""

import json
import time
from functools import lru_cache

from ..core.masking import mask, screen
from ..core.text import clean, first_line
from .event_commit import NO_TRANSACTION

# Characters of a summary; what is longer goes on in the details.
SUMMARY_LIMIT = 300
# Bytes of details in the row; what is longer is whole in an attachment.
DETAILS_LIMIT = 64 * 1024
NAME_LIMIT = 200
# Characters of JSON that are parsed to know whether it is JSON.
PARSED = 2_000_000

COLUMNS = (
    "id",
    "create_date",
    "level",
    "summary",
    "details",
    "res_model",
    "res_id",
    "related_name",
    "integration_id",
    "run_id",
    "company_id",
    "user_id",
    "undone",
    "is_cut",
    "open_run_id",
    "open_key",
)


def rows_of(events, ids, opened=NO_TRANSACTION):
    """Return the rows of ``events``, and the details that do not fit into them.

    :param events: list of :class:`Event`
    :param ids: their ids
    :param OpenTransaction opened: the one in which the last of them may have been reported
    :return: list of tuples in the order of :data:`COLUMNS`; list of pairs of id and whole details
    """
    secrets = secrets_in(events)
    rows, wholes = [], []
    for event, id_ in zip(events, ids, strict=True):
        summary, details = texts_of(event, secrets)
        shown, whole = _cut(details)
        if whole is not None:
            wholes.append((id_, whole))
        rows.append(_row(event, id_, summary, shown, whole is not None, opened))
    return rows, wholes


def _row(event, id_, summary, details, is_cut, opened):
    return (
        id_,
        f"{_second(int(event.moment))}.{int(event.moment % 1 * 1_000_000):06}",
        event.level,
        summary,
        details,
        event.res_model,
        event.res_id,
        event.related_name and mask(clean(event.related_name))[:NAME_LIMIT],
        event.integration_id,
        event.run_id,
        event.company_id,
        event.user_id,
        event.undone,
        is_cut,
        *opened.of(event),
    )


@lru_cache(maxsize=16)
def _second(moment):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


def secrets_in(events):
    """Return what may have to be masked in ``events``."""
    texts = [event.summary for event in events if event.summary]
    texts += [event.details for event in events if event.details]
    return screen(texts)


def texts_of(event, secrets):
    """Return summary and details of ``event`` as they may be stored, shown and logged."""
    summary, details = event.summary or "", event.details or None
    if secrets:
        summary, details = mask(summary, secrets), details and mask(details, secrets)
    details = details and clean(details)
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
    """The last line of a traceback says what happened, of anything else it is the first."""
    if details.startswith("Traceback (most recent call last)"):
        return first_line(details.rstrip().rpartition("\n")[2], SUMMARY_LIMIT)
    return first_line(details, SUMMARY_LIMIT)


def _cut(details):
    # A character takes at most four bytes: nearly all details need no counting.
    if not details or len(details) * 4 <= DETAILS_LIMIT:
        return details, None
    encoded = details.encode()
    if len(encoded) <= DETAILS_LIMIT:
        return details, None
    return encoded[:DETAILS_LIMIT].decode(errors="ignore"), details


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
