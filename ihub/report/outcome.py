"""The outcome of a run in one word: its state, or what that state does not say by itself."""

from odoo.tools import SQL

# Besides the states: word and label.
MORE = (
    ("attempt_failed", "Attempt Failed"),
    ("incomplete", "Incomplete"),
    ("with_errors", "With Errors"),
    ("skipped", "Skipped"),
)
# What it is made of.
COLUMNS = ("skipped", "state", "attempt", "ended_at", "failed_items", "with_errors")


def has_failed(run):
    """Return whether the last attempt of an ``ihub.run`` that is pending has failed.

    One that only waits to go on, as after a crash, has not ended.
    """
    return bool(run.attempt and run.ended_at)


def has_failed_sql(column):
    """Return the same as an SQL condition; see :func:`outcome_sql`."""
    return SQL("(%s > 0 AND %s IS NOT NULL)", column("attempt"), column("ended_at"))


def outcome_of(run):
    """Return the outcome of an ``ihub.run``; as :func:`outcome_sql` does."""
    if run.skipped:
        return "skipped"
    if run.state == "pending" and has_failed(run):
        return "attempt_failed"
    if run.state == "done" and run.failed_items:
        return "incomplete"
    return "with_errors" if run.state == "done" and run.with_errors else run.state


def outcome_sql(column):
    """Return the outcome of runs as an SQL expression; as :func:`outcome_of` does.

    :param column: called with the name of a field; returns its column
    """
    return SQL(
        """CASE WHEN %(skipped)s THEN 'skipped'
                WHEN %(state)s = 'pending' AND %(has_failed)s THEN 'attempt_failed'
                WHEN %(state)s = 'done' AND %(failed_items)s > 0 THEN 'incomplete'
                WHEN %(state)s = 'done' AND %(with_errors)s THEN 'with_errors'
                ELSE %(state)s END""",
        has_failed=has_failed_sql(column),
        **{name: column(name) for name in COLUMNS},
    )
