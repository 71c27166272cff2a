"""The last runs and events of any number of integrations, by one query each."""

import json
from functools import partial

from odoo.fields import Domain
from odoo.tools import SQL

from .outcome import has_failed_sql, outcome_sql
from .sentences import say

_column = partial(SQL.identifier, "r")
COLUMNS = SQL(
    """r.id, %s AS outcome, r.message, r.message_code, r.message_values,
       COALESCE(r.duration, 0) AS duration,
       COALESCE(r.ended_at, r.last_seen, r.started_at) AS ended_at""",
    outcome_sql(_column),
)
# The others stand for periods that were skipped.
ENDED = SQL("r.state NOT IN ('pending', 'running') AND r.skipped IS NOT TRUE")
# Its last attempt has failed, and it waits for the next one.
IS_OPEN = SQL("r.state = 'pending' AND %s", has_failed_sql(_column))
# How many of its last runs a card shows.
STRIP_LENGTH = 24


def last_run(which, columns=None, of="i"):
    """Return the query of the newest run of an integration: an index look-up.

    :param SQL which: the condition of the run, ``r``
    :param SQL columns: what is read of it; None: when it ended
    :param str of: what the query around it calls the integration
    """
    return SQL(
        "SELECT %s FROM ihub_run r WHERE r.integration_id = %s AND %s ORDER BY r.id DESC LIMIT 1",
        columns or SQL("r.ended_at"),
        SQL.identifier(of, "id"),
        which,
    )


def last_runs(integrations):
    """Return ``{integration id: (run id, outcome, ended_at)}``.

    Of the newest run that has ended, or whose last attempt has.
    """
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    # One index look-up per integration; a grouped maximum would read the whole history.
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT i.id, last.id, last.outcome, last.ended_at
              FROM unnest(%(ids)s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT * FROM (
                    (%(ended)s)
                     UNION ALL
                    (SELECT %(columns)s FROM ihub_run r
                      WHERE r.integration_id = i.id AND %(is_open)s)
                ) run ORDER BY run.ended_at DESC NULLS LAST LIMIT 1
             ) last
            """,
            ids=integrations.ids,
            ended=last_run(ENDED, COLUMNS),
            columns=COLUMNS,
            is_open=IS_OPEN,
        )
    )
    return {id_: values for id_, *values in rows}


def last_successes(integrations):
    """Return ``{integration id: when a run was last done}``, naive UTC."""
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    return dict(
        integrations.env.execute_query(
            SQL(
                """
                SELECT i.id, done.ended_at
                  FROM unnest(%s) AS i(id)
                 CROSS JOIN LATERAL (%s) done
                """,
                integrations.ids,
                last_run(SQL("r.state = 'done'")),
            )
        )
    )


def run_strips(integrations):
    """Return ``{integration id: JSON}`` of the last runs that ended, oldest first.

    A run whose last attempt has failed, and that waits for the next one, is the last of them.
    """
    if not integrations.ids:
        return {}
    integrations.env["ihub.run"].flush_model()
    # One index look-up per integration, whatever the length of its history.
    rows = integrations.env.execute_query(
        SQL(
            """
            SELECT i.id, run.strip, run.has_sentences
              FROM unnest(%(ids)s) AS i(id)
             CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(id, outcome, duration, ended_at,
                                                 CASE WHEN outcome = 'done' THEN NULL
                                                      WHEN message_code IS NULL
                                                      THEN to_json(left(message, 200))
                                                      ELSE json_build_array(
                                                          message_code, message_values) END)
                                ORDER BY is_open, id)::text AS strip,
                       bool_or(outcome <> 'done' AND message_code IS NOT NULL) AS has_sentences
                  FROM (
                    (SELECT %(columns)s, TRUE AS is_open FROM ihub_run r
                      WHERE r.integration_id = i.id AND %(is_open)s)
                     UNION ALL
                    (SELECT %(columns)s, FALSE FROM ihub_run r
                      WHERE r.integration_id = i.id AND r.state NOT IN ('pending', 'running')
                      ORDER BY r.id DESC LIMIT %(limit)s)
                     ORDER BY is_open DESC, id DESC LIMIT %(limit)s
                  ) last
             ) run
            """,
            ids=integrations.ids,
            columns=COLUMNS,
            is_open=IS_OPEN,
            limit=STRIP_LENGTH,
        )
    )
    return {id_: _translated(integrations, strip) if has else strip for id_, strip, has in rows}


def _translated(integrations, strip):
    """Return a strip with the hub's own sentences in the language of the reader."""
    runs = json.loads(strip)
    for run in runs:
        if isinstance(run[-1], list):
            code, values = run[-1]
            run[-1] = say(integrations, code, values or {})
    return json.dumps(runs)


def events_since(integrations, moment, levels=None):
    """Return tuples of integration id, level and number of events.

    :param datetime moment: since when, naive UTC
    :param levels: only of these; None: of all
    """
    if not integrations.ids:
        return []
    domain = Domain("integration_id", "in", integrations.ids) & Domain("create_date", ">=", moment)
    if levels:
        domain &= Domain("level", "in", levels)
    query = integrations.env["ihub.event"]._search(domain)
    # Not `_read_group`, which looks up each integration that it has found.
    query.order = None
    query.groupby = SQL("ihub_event.integration_id, ihub_event.level")
    return integrations.env.execute_query(query.select(query.groupby, SQL("count(*)")))
