"""The history in numbers: how long runs took, what they did, how they ended."""

from datetime import timedelta

from odoo import fields

from .format import reader_zone, start_of_day

# How many of the last runs the graph shows.
GRAPH_RUNS = 60
# Outcomes are counted for so many days at most,
GRAPH_DAYS = 30
# but only among so many of the last runs: a run per minute makes 43,200 of them in a month.
COUNTED_RUNS = 20000


def _domain(integration):
    return [
        ("integration_id", "=", integration.id),
        "|",
        ("state", "not in", ("pending", "running")),
        # It waits for its next attempt.
        ("outcome", "=", "attempt_failed"),
        ("skipped", "=", False),
    ]


def runs_of(integration):
    runs = integration.env["ihub.run"].search(_domain(integration), limit=GRAPH_RUNS)
    return [
        {
            "id": run.id,
            "state": run.outcome,
            "ended": fields.Datetime.to_string(run.ended_at),
            "duration": run.duration,
            "processed": run.processed,
        }
        for run in runs.sorted("id")
    ]


def days_of(integration):
    """Return the number of runs per outcome for each of the last days, also empty ones."""
    # Days are grouped by the zone of the context.
    integration = integration.with_context(tz=reader_zone(integration))
    since, oldest = _limits(integration)
    groups = integration.env["ihub.run"]._read_group(
        [*_domain(integration), ("ended_at", ">=", since), ("id", ">=", oldest)],
        ["ended_at:day", "outcome"],
        ["__count"],
    )
    counts = {}
    for day, state, count in groups:
        counts.setdefault(day.date(), {})[state] = count
    if not counts:
        return []
    today = fields.Date.context_today(integration)
    first = min(counts)
    return [
        {"day": fields.Date.to_string(day), **counts.get(day, {})}
        for day in (first + timedelta(days=n) for n in range((today - first).days + 1))
    ]


def _limits(integration):
    """Return since when runs are counted (naive UTC), and the id of the oldest of them."""
    since = start_of_day(integration, fields.Datetime.now(), later=1 - GRAPH_DAYS)
    domain = [("integration_id", "=", integration.id)]
    edge = integration.env["ihub.run"].search(domain, offset=COUNTED_RUNS, limit=1)
    if not edge:
        return since, 0
    # The day in which counting would begin in the middle is left out.
    return max(since, start_of_day(integration, edge.ended_at, later=1)), edge.id
