"""Runs and events as cards show them: those of any number of integrations by one query each."""

from functools import partial

from odoo.tools import SQL

from .outcome import outcome_sql

OUTCOME = outcome_sql(partial(SQL.identifier, "r"))
# How many of its last runs a card shows.
STRIP_LENGTH = 24


def last_runs(integrations):
    """Return ``{integration id: (run id, outcome, message, ended_at)}`` of the newest run."""
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    # One index look-up per integration; a grouped maximum would read the whole history.
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT i.id, last.*
              FROM unnest(%(ids)s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id, %(outcome)s, r.message, r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
             ) last
            """,
            ids=integrations.ids,
            outcome=OUTCOME,
        )
    )
    return {id_: values for id_, *values in rows}


def run_strips(integrations):
    """Return ``{integration id: JSON}`` of the last runs that ended, oldest first."""
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    # One index look-up per integration, whatever the length of its history.
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT i.id, run.strip
              FROM unnest(%(ids)s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(id, outcome, duration, ended_at,
                                                 CASE WHEN outcome <> 'done' THEN message END)
                                ORDER BY id)::text AS strip
                  FROM (
                    SELECT r.id, %(outcome)s AS outcome, COALESCE(r.duration, 0) AS duration,
                           r.ended_at, left(r.message, 200) AS message
                      FROM ihub_run r
                     WHERE r.integration_id = i.id AND r.state NOT IN ('pending', 'running')
                     ORDER BY r.id DESC LIMIT %(limit)s
                  ) last
             ) run
            """,
            ids=integrations.ids,
            outcome=OUTCOME,
            limit=STRIP_LENGTH,
        )
    )
    return dict(rows)


def events_since(integrations, moment):
    """Return tuples of integration id, level and number of warnings and errors.

    :param datetime moment: since when, naive UTC
    """
    if not integrations.ids:
        return []
    query = integrations.env["ihub.event"]._search(
        [
            ("integration_id", "in", integrations.ids),
            ("level", "in", ("warning", "error")),
            ("create_date", ">=", moment),
        ]
    )
    # Not `_read_group`, which looks up each integration that it has found.
    query.order = None
    query.groupby = SQL("ihub_event.integration_id, ihub_event.level")
    return integrations.env.execute_query(query.select(query.groupby, SQL("count(*)")))
