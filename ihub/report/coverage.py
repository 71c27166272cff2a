"""Coverage: which spans were done, failed, were skipped, and are still to come."""

from functools import partial

from odoo import fields
from odoo.tools import SQL

from ..core.coverage import (
    Attempt,
    Expected,
    Flaw,
    claim_of,
    coarsen,
    counted,
    covered,
    segments,
)
from .outcome import has_failed_sql

# Up to so many runs are shown one by one; more become one bar where they follow each other.
MAX_SINGLE = 380
# So many of the runs that did not end well are looked at, the newest.
MAX_TROUBLES = 1000
# More bars than this nobody can tell apart.
MAX_SEGMENTS = 400
# Gaps that are closer to each other than this part of the range become one.
BLUR = 800
COMPLETE = ("done", "incomplete")
COLUMNS = SQL(
    """r.id, r.window_from, r.window_to, r.state, r.trigger, coalesce(r.skipped, FALSE),
       coalesce(r.ended_at, r.started_at), %s""",
    has_failed_sql(partial(SQL.identifier, "r")),
)


def expected_of(integration):
    """Return the :class:`Expected` of this integration, as of now."""
    now = fields.Datetime.now()
    if not integration.runs_on_schedule:
        # Nobody has said what is to be covered: what is between two periods, at most.
        first, last = _end_of_done(integration, "asc"), _end_of_done(integration, "desc")
        return Expected(first.window_from or None, last.window_to or now, now, False)
    until = integration.window_from or now
    first = _end_of_done(integration, "asc", [("trigger", "=", "schedule")])
    return Expected(min(first.window_from or until, until), until, now)


def _end_of_done(integration, order, domain=()):
    """Return the first or last run that is done.

    Not of those that failed or were skipped: they are kept for longer than those around them.
    """
    return (
        integration.env["ihub.run"]
        .sudo()
        .search(
            [
                ("integration_id", "=", integration.id),
                ("state", "=", "done"),
                ("window_to", "!=", False),
                *domain,
            ],
            order=f"window_to {order}",
            limit=1,
        )
    )


def segments_of(integration, start, end, expected):
    """Return the segments that tile the period ``[start, end)`` of this integration."""
    integration.env["ihub.run"].flush_model()
    troubles = _troubles(integration, start, end)
    single = _done(integration, start, end)
    is_few = len(single) <= MAX_SINGLE
    claims = []
    if not is_few:
        claims = _done_as_claims(integration, start, end, single[0].window_to)
        single = _done_since(integration, troubles, start, end) if troubles else []
    known = [_as_it_is(attempt, integration) for attempt in troubles + single]
    claims += filter(None, map(claim_of, known))
    flaws = _flaws(integration, start, end)
    pieces = segments(claims, start, end, expected, merge=not is_few, flaws=flaws)
    return counted(coarsen(pieces, MAX_SEGMENTS), flaws)


def complete_spans(integration, start, end):
    """Return ``[(start, end)]``: which parts of a period are done, apart from items to repair."""
    spans = []
    for piece in segments_of(integration, start, end, expected_of(integration)):
        if piece.status not in COMPLETE:
            continue
        if spans and spans[-1][1] == piece.start:
            spans[-1] = (spans[-1][0], piece.end)
        else:
            spans.append((piece.start, piece.end))
    return spans


def _as_it_is(attempt, integration):
    """Return an attempt as interrupted where it is marked as running, but its process is dead."""
    if attempt.state == "running" and not integration.is_executing:
        return attempt._replace(state="interrupted")
    return attempt


def _flaws(integration, start, end):
    """Return the spans of a period of which items are still to be repaired.

    Read from the items, which few runs have left open: those that are done are half a million.
    """
    integration.env["ihub.item"].flush_model(["state", "source_run_id"])
    rows = integration.env.execute_query(
        SQL(
            """
            SELECT r.window_from, r.window_to, sum(open.count)::int
              FROM (
                SELECT source_run_id, count(*) FROM ihub_item
                 WHERE integration_id = %s AND state IN ('failed', 'pending')
                 GROUP BY source_run_id
              ) open
              JOIN ihub_run r ON r.id = open.source_run_id
             WHERE r.window_to > %s AND r.window_from < %s
             GROUP BY r.window_from, r.window_to
            """,
            integration.id,
            start,
            end,
        )
    )
    return [Flaw(*row) for row in rows]


def _troubles(integration, start, end):
    """Return the newest runs of a period that are not done, as :class:`Attempt` list."""
    wanted = not_done_sql(SQL("%s", integration.stop_before_id))
    return _attempts(integration, start, end, wanted, SQL("r.id"), MAX_TROUBLES)


def not_done_sql(stop_before_id, alias="r"):
    """Return the condition on a run that it is not done, and says something of its window.

    :param SQL stop_before_id: of its integration: what was asked for before that is cancelled
    """
    return SQL(
        """%(r)s.state <> 'done' AND (%(r)s.state <> 'cancelled' OR %(r)s.skipped)
           AND (%(r)s.state <> 'pending' OR %(r)s.trigger = 'schedule' OR %(r)s.id > %(stop)s)""",
        r=SQL.identifier(alias),
        stop=stop_before_id,
    )


def _done(integration, start, end):
    """Return the runs of a period that are done, as :class:`Attempt` list, or too many of them."""
    return _attempts(
        integration, start, end, SQL("r.state = 'done'"), SQL("r.window_to"), MAX_SINGLE + 1
    )


def _attempts(integration, start, end, wanted, order, limit):
    query = SQL(
        """SELECT %(columns)s FROM ihub_run r
            WHERE r.integration_id = %(id)s AND %(wanted)s
              AND r.window_to > %(start)s AND r.window_from < %(end)s
            ORDER BY %(order)s DESC LIMIT %(limit)s""",
        columns=COLUMNS, id=integration.id, wanted=wanted, start=start, end=end,
        order=order, limit=limit,
    )  # fmt: skip
    return [Attempt(*row) for row in integration.env.execute_query(query)]


def _done_as_claims(integration, start, end, last):
    """Return claims for all that is done in a period, without reading each run into Python.

    One pass over an index alone, from the end: a gap is where a window ends before all that
    come later begin. A year of minutes is half a million rows, and almost no gaps.

    :param datetime last: where the last window ends
    """
    rows = integration.env.execute_query(
        SQL(
            """
            SELECT min(window_to) FILTER (WHERE window_to < reach),
                   max(reach) FILTER (WHERE window_to < reach),
                   count(*) FILTER (WHERE window_to < reach) = 1,
                   min(least(reach, window_from)) FILTER (WHERE is_last)
              FROM (
                SELECT window_from, window_to,
                       lead(window_to) OVER later IS NULL AS is_last,
                       min(window_from) OVER (
                           later ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                       ) AS reach
                  FROM ihub_run
                 WHERE integration_id = %(id)s AND state = 'done'
                   AND window_to > %(start)s AND window_from < %(end)s
                WINDOW later AS (ORDER BY window_to DESC, window_from DESC)
              ) passed
             WHERE window_to < reach OR is_last
             GROUP BY floor(extract(epoch FROM window_to - %(start)s) / %(unit)s)
             ORDER BY 1
            """,
            id=integration.id,
            start=start,
            end=end,
            unit=(end - start).total_seconds() / BLUR,
        )
    )
    first = min(row[3] for row in rows if row[3])
    return covered(first, last, [row[:3] for row in rows if row[0]])


def _done_since(integration, troubles, start, end):
    """Return the done runs that share a span with one of ``troubles``.

    Short windows are found near the span. Of the long ones there are few.
    """
    span = (end - start) / BLUR
    ended = [run for run in troubles if run.state not in ("pending", "running")]
    query = SQL(
        """
        WITH trouble AS (
            SELECT * FROM unnest(%(starts)s::timestamp[], %(ends)s::timestamp[])
                AS t(window_from, window_to)
        )
        SELECT %(columns)s
          FROM trouble t
          JOIN ihub_run r
            ON r.window_to > t.window_from AND r.window_to < t.window_to + %(span)s
           AND r.window_from < t.window_to
         WHERE r.integration_id = %(id)s AND r.state = 'done'
         UNION
        SELECT %(columns)s FROM ihub_run r
         WHERE r.integration_id = %(id)s AND r.state = 'done'
           AND r.window_to > %(start)s AND r.window_from < %(end)s
           AND r.window_to - r.window_from >= %(span)s
        """,
        starts=[run.window_from for run in ended],
        ends=[run.window_to for run in ended],
        columns=COLUMNS, id=integration.id, start=start, end=end, span=span,
    )  # fmt: skip
    return [Attempt(*row) for row in integration.env.execute_query(query)]


def as_json(piece):
    return {
        "from": fields.Datetime.to_string(piece.start),
        "to": fields.Datetime.to_string(piece.end),
        "status": piece.status,
        "run_ids": list(piece.run_ids),
        "exact": piece.exact,
        "to_repair": piece.to_repair,
    }
