"""The runs of many integrations beside each other: a bar for each, or for several that are near."""

from functools import partial
from operator import itemgetter
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL, groupby

from .coverage import not_done_sql
from .outcome import has_failed_sql, outcome_sql

# Where several are one bar, the worst counts.
WORST_FIRST = (
    "failed", "interrupted", "incomplete", "with_errors", "skipped", "cancelled", "running",
    "pending", "done",
)  # fmt: skip
DONE = ("incomplete", "with_errors", "done")
# More columns than this no screen has.
MAX_COLUMNS = 2000
STOP = SQL("COALESCE(i.stop_before_id, 0)")


class Bar(NamedTuple):
    """One run, or several; what the web client gets of each.

    :param float start: seconds after the start of the period; negative: before it
    :param float end: where the last of them ends
    :param str outcome: the worst
    :param int count: how many runs
    :param float duration: seconds, of the longest
    :param int run_id: the newest of those that are not done, or else the newest
    """

    start: float
    end: float
    outcome: str
    count: int
    duration: float
    run_id: int


def bars_of(integrations, start, end, columns):
    """Return ``{integration id: [Bar]}``, of the runs whose windows touch a period.

    By one query, whose answer grows with the columns and not with the runs. A window for which
    there was a later run has the outcome of that one.

    :param int columns: windows that are shorter than this part of the period become one bar
    """
    integrations.flush_model(["state", "stop_before_id"])
    integrations.env["ihub.run"].flush_model()
    unit = (end - start).total_seconds() / min(max(columns, 1), MAX_COLUMNS)
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT integration_id, min(left_), max(right_),
                   min(array_position(%(worst_first)s, outcome)), sum(runs)::int, max(duration),
                   COALESCE(max(id) FILTER (WHERE outcome <> 'done'), max(id))
              FROM (
                SELECT r.id, r.integration_id, %(outcome)s AS outcome,
                       GREATEST(r.merged_runs, 1) AS runs,
                       date_part('epoch', r.window_from - %(start)s) AS left_,
                       date_part('epoch', r.window_to - %(start)s) AS right_,
                       CASE WHEN r.state = 'running'
                           THEN date_part('epoch', %(now)s - r.started_at)
                           -- Of one of those that were merged, as long as they took on average.
                           ELSE COALESCE(r.duration / GREATEST(r.merged_runs, 1), 0)
                       END AS duration
                  FROM ihub_integration i
                 CROSS JOIN LATERAL (
                    -- Each by its index.
                    SELECT r.* FROM ihub_run r
                     WHERE r.integration_id = i.id AND r.state = 'done'
                       AND r.window_to > %(start)s AND r.window_from < %(end)s
                     UNION ALL
                    SELECT r.* FROM ihub_run r
                     WHERE r.integration_id = i.id AND %(not_done)s
                       -- What is off has a next window, but waits for Start.
                       AND NOT (i.state <> 'running' AND %(is_next)s)
                       AND r.window_to > %(start)s AND r.window_from < %(end)s
                       AND NOT EXISTS (%(better_done)s) AND NOT EXISTS (%(better_not_done)s)
                 ) r
                 WHERE i.id = ANY(%(ids)s)
              ) run
             GROUP BY integration_id, floor(left_ / %(unit)s),
                      CASE WHEN right_ - left_ >= %(unit)s THEN floor(right_ / %(unit)s) END
             ORDER BY integration_id, min(left_), max(right_)
            """,
            ids=integrations.ids,
            start=start,
            end=end,
            now=fields.Datetime.now(),
            unit=unit,
            worst_first=list(WORST_FIRST),
            # As in the coverage of the integration.
            outcome=SQL(
                "CASE WHEN r.state = 'pending' AND %s THEN 'failed' ELSE %s END",
                has_failed_sql(partial(SQL.identifier, "r")),
                outcome_sql(partial(SQL.identifier, "r")),
            ),
            not_done=not_done_sql(STOP),
            is_next=_is_next("r"),
            better_done=_better(SQL("b.state = 'done'")),
            better_not_done=_better(not_done_sql(STOP, "b")),
        )
    )
    return {
        id_: _shown([_bar(*values) for __, *values in mine], (end - start).total_seconds())
        for id_, mine in groupby(rows, itemgetter(0))
    }


def _better(condition):
    """Return a query of the runs of the very window of ``r`` which say more of it.

    The latest counts; what the schedule has next, only where nothing else is known; and what was
    done before it was skipped is done.
    """
    return SQL(
        """SELECT FROM ihub_run b
            WHERE b.integration_id = r.integration_id AND b.window_to = r.window_to
              AND b.window_from = r.window_from AND b.id <> r.id AND %(condition)s
              AND ((NOT %(b_is_next)s, b.id) > (NOT %(r_is_next)s, r.id)
                   OR r.skipped AND b.state = 'done')""",
        condition=condition,
        b_is_next=_is_next("b"),
        r_is_next=_is_next("r"),
    )


def _is_next(alias):
    return SQL(
        "(%(r)s.state = 'pending' AND %(r)s.trigger = 'schedule' AND NOT %(has_failed)s)",
        r=SQL.identifier(alias),
        has_failed=has_failed_sql(partial(SQL.identifier, alias)),
    )


def _bar(start, end, rank, *others):
    return Bar(start, end, WORST_FIRST[rank - 1], *others)


def _shown(bars, length):
    """Return ``bars`` without what a longer run has made up for, and what was skipped when done.

    :param float length: seconds, of the period
    """
    good = [bar for bar in bars if bar.outcome == "done"]
    done = [bar for bar in bars if bar.outcome in DONE]

    def is_made_up_for(bar):
        if bar.outcome == "skipped":
            return _are_all_of(done, max(bar.start, 0), min(bar.end, length))
        return bar.outcome in ("failed", "interrupted") and any(
            other.start <= bar.start and bar.end <= other.end and other.run_id > bar.run_id
            for other in good
        )

    return [bar for bar in bars if not is_made_up_for(bar)]


def _are_all_of(bars, start, end):
    """Return whether ``bars``, the earliest first, leave nothing out between two moments."""
    for bar in bars:
        if bar.start <= start:
            start = max(start, bar.end)
    return start >= end
