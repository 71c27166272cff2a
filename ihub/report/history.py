"""The history in numbers: how long runs took, what they did, how they ended."""

from datetime import timedelta

from odoo import fields

from .format import start_of_today

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
    since = start_of_today(integration) - timedelta(days=GRAPH_DAYS - 1)
    domain = [("integration_id", "=", integration.id)]
    edge = integration.env["ihub.run"].search(domain, offset=COUNTED_RUNS, limit=1)
    if not edge:
        return since, 0
    # The day in which counting would begin in the middle is left out.
    local = fields.Datetime.context_timestamp(integration, edge.ended_at)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    next_day = edge.ended_at - (local - midnight) + timedelta(days=1)
    return max(since, next_day), edge.id
