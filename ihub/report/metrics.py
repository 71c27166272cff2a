"""Figures of integrations for those who watch from outside: see :mod:`ihub.core.metrics`."""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..core.health import BADGES, HEALTH, Facts
from ..core.metrics import Metric, Sample
from . import recent
from .outcome import outcome_sql

SCHEDULER_UP = Metric("ihub_scheduler_up", "1 while some cron worker takes up what is due, else 0")
INTEGRATIONS = Metric("ihub_integrations", "Integrations that are not archived, by health")
HEALTH_NOW = Metric("ihub_health", "1 for the health that an integration has")
WATERMARK_AGE = Metric(
    "ihub_watermark_age_seconds", "How far the data of an integration are complete, as an age"
)
DUE_AGE = Metric(
    "ihub_due_age_seconds", "For how long the next run has been due without having begun"
)
RUNNING = Metric("ihub_running_seconds", "For how long the current run has been executed")
TO_REPAIR = Metric("ihub_items_to_repair", "Items that wait for somebody to repair them")
SUCCESS_AGE = Metric("ihub_last_success_age_seconds", "How long ago a run was last done")
RUNS = Metric("ihub_recent_runs", "Runs that ended within the last hour, by outcome")
RUN_SECONDS = Metric("ihub_recent_runs_seconds", "What those runs took together, by outcome")
EVENTS = Metric("ihub_recent_events", "Events reported within the last hour, by level")
EVENTS_WAITING = Metric(
    "ihub_events_waiting", "Events that the process that answers has yet to write"
)
RECENTLY = timedelta(hours=1)


def samples_of(integrations, known):
    """Return :class:`ihub.core.metrics.Sample` of integrations.

    :param integrations: those that are not archived, with the rights of the reader
    :param known: the ``Snapshot`` of them
    """
    now = fields.Datetime.now()
    samples = [Sample(SCHEDULER_UP, int(known.is_served)), *_of_badges(integrations, known)]
    labels = {one.id: _labels(one) for one in integrations}
    successes = recent.last_successes(integrations)
    for integration in integrations:
        facts, word = known.get(integration.id, (Facts(integration.state), integration.state))
        samples += [
            Sample(metric, value, {**labels[integration.id], **more})
            for metric, value, more in _of_one(
                facts, word, integration.watermark, successes.get(integration.id), now
            )
        ]
    since = now - RECENTLY
    for id_, outcome, count, seconds in _recent_runs(integrations, since):
        of_outcome = {**labels[id_], "outcome": outcome}
        samples += [Sample(RUNS, count, of_outcome), Sample(RUN_SECONDS, seconds, of_outcome)]
    samples += [
        Sample(EVENTS, count, {**labels[id_], "level": level})
        for id_, level, count in recent.events_since(integrations, since)
    ]
    return samples


def _labels(integration):
    return {
        "id": str(integration.id),
        "integration": integration.name,
        # As superuser: the name of the company of what one sees.
        "company": integration.sudo().company_id.name or "",
    }


def _of_badges(integrations, known):
    counts = dict.fromkeys((badge.word for badge in BADGES), 0)
    for integration in integrations:
        counts[known[integration.id][1] if integration.id in known else integration.state] += 1
    return [Sample(INTEGRATIONS, count, {"health": word}) for word, count in counts.items()]


def _of_one(facts, word, watermark, success, now):
    """Yield metric, value and further labels of one integration; what is unknown is left out."""
    yield HEALTH_NOW, 1, {"health": word, "severity": HEALTH[word].severity}
    yield TO_REPAIR, facts.to_repair, {}
    yield DUE_AGE, max(0, _age(facts.due, now) or 0), {}
    for metric, moment in (
        (WATERMARK_AGE, watermark),
        (SUCCESS_AGE, success),
        (RUNNING, facts.executing_since),
    ):
        if (age := _age(moment, now)) is not None:
            yield metric, age, {}


def _age(moment, now):
    return (now - moment).total_seconds() if moment else None


def _recent_runs(integrations, since):
    """Return tuples of integration id, outcome, number and seconds of runs ended since."""
    if not integrations.ids:
        return []
    integrations.env["ihub.run"].flush_model()
    return integrations.env.execute_query(
        SQL(
            """
            SELECT r.integration_id, %(outcome)s AS outcome, count(*),
                   COALESCE(sum(r.duration), 0)
              FROM ihub_run r
             WHERE r.ended_at >= %(since)s AND r.integration_id = ANY(%(ids)s)
             GROUP BY r.integration_id, outcome ORDER BY r.integration_id, outcome
            """,
            outcome=outcome_sql(lambda name: SQL.identifier("r", name)),
            ids=integrations.ids,
            since=since,
        )
    )
