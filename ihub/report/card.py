"""Runs and events as cards show them: those of any number of integrations by one query each."""

from odoo.tools import SQL

# How many of its last runs a card shows.
STRIP_LENGTH = 24


def last_runs(integrations):
    """Return ``{integration id: (run id, state, message, ended_at)}`` of the newest run."""
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    # One index look-up per integration; a grouped maximum would read the whole history.
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT i.id, last.*
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT r.id, r.state, r.message, r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id
                   AND r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE
                 ORDER BY r.id DESC LIMIT 1
             ) last
            """,
            integrations.ids,
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
              FROM unnest(%s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(r.id, r.state, r.duration, r.ended_at, r.message)
                                ORDER BY r.id)::text AS strip
                  FROM (
                    SELECT id, CASE WHEN skipped THEN 'skipped' ELSE state END AS state,
                           COALESCE(duration, 0) AS duration, ended_at,
                           CASE WHEN state <> 'done' THEN left(message, 200) END AS message
                      FROM ihub_run
                     WHERE integration_id = i.id AND state NOT IN ('pending', 'running')
                     ORDER BY id DESC LIMIT %s
                  ) r
             ) run
            """,
            integrations.ids,
            STRIP_LENGTH,
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
