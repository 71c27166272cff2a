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
COLUMNS = ("skipped", "state", "attempt", "message", "failed_items", "with_errors")


def outcome_of(run):
    """Return the outcome of an ``ihub.run``; as :func:`outcome_sql` does."""
    if run.skipped:
        return "skipped"
    if run.state == "pending" and run.attempt and run.message:
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
                WHEN %(state)s = 'pending' AND %(attempt)s > 0 AND %(message)s IS NOT NULL
                THEN 'attempt_failed'
                WHEN %(state)s = 'done' AND %(failed_items)s > 0 THEN 'incomplete'
                WHEN %(state)s = 'done' AND %(with_errors)s THEN 'with_errors'
                ELSE %(state)s END""",
        **{name: column(name) for name in COLUMNS},
    )
