"""A year of minutes that is old: how many runs are left of it, and what its coverage costs then.

One integration that has run every minute of a year; two of a thousand runs failed or were skipped.
They are merged as the nightly clean-up does it; the coverage is read before and after.
"""

import argparse
import sys
import time

from _database import database
from _table import Table, seconds

MINUTES_OF_A_DAY = 24 * 60
LOOKS = 5
# Every minute of so many days that are old; in a thousand, a failed run and a skipped period.
RUNS = """
    INSERT INTO ihub_run (integration_id, company_id, state, skipped, trigger, window_from,
                          window_to, due, started_at, ended_at, last_seen, duration, attempt,
                          processed, total, message, message_code, create_uid, create_date)
    SELECT i.id, i.company_id,
           CASE n %% 1000 WHEN 0 THEN 'failed' WHEN 500 THEN 'cancelled' ELSE 'done' END,
           n %% 1000 = 500, 'schedule', at, at + interval '1 minute', at + interval '1 minute',
           at + interval '61 seconds', at + interval '63 seconds', at, 2, 1, 10, 10,
           'Done.', 'done', 1, at
      FROM generate_series(%(minutes)s, 1, -1) n
     CROSS JOIN ihub_integration i
     CROSS JOIN LATERAL (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') - interval '91 days'
                                - n * interval '1 minute' AS at) t
     WHERE i.id = %(id)s ORDER BY n DESC
"""


class Year:
    """One integration, and its runs."""

    def __init__(self, env, days):
        self.env, self.days = env, days
        self.integration = env["ihub.integration.demo"].create({"name": "Every minute"})
        self.integration = self.integration.integration_id
        self.integration.write({"interval_type": "minutes"})
        env.flush_all()
        env.cr.execute(RUNS, {"minutes": days * MINUTES_OF_A_DAY, "id": self.integration.id})
        self.settle()

    def settle(self):
        self.env.cr.commit()
        self.env.cr._cnx.autocommit = True
        self.env.cr.execute("VACUUM ANALYZE ihub_run")
        self.env.cr._cnx.autocommit = False
        self.env.invalidate_all()

    def rows(self):
        return self.env["ihub.run"].search_count([])

    def minutes_done(self):
        """Return how many minutes the spans that are done have altogether."""
        self.env.cr.execute(
            "SELECT sum(extract(epoch FROM window_to - window_from) / 60)::int FROM ihub_run"
            " WHERE state = 'done'"
        )
        return self.env.cr.fetchone()[0]

    def coverage(self):
        """Return the milliseconds that it takes to read the coverage of all of it."""
        self.env.cr.execute(
            "SELECT min(window_from)::text, max(window_to)::text FROM ihub_run"
            " WHERE state <> 'pending'"
        )
        period = self.env.cr.fetchone()
        return seconds(lambda: self.integration.coverage(*period), LOOKS) * 1000

    def merge(self):
        """Merge what is old, batch by batch; return the number of batches, and the seconds."""
        start, batches, more = time.perf_counter(), 0, True
        while more:
            __, more = self.env["ihub.run"]._gc_merge_done()
            self.env.cr.commit()
            batches += 1
        return batches, time.perf_counter() - start


def measure(env, days):
    """Return the table of a year before and after, and a sentence on the merging."""
    year, table = Year(env, days), Table()
    rows, done, before = year.rows(), year.minutes_done(), year.coverage()
    batches, took = year.merge()
    year.settle()
    if year.minutes_done() != done:
        raise SystemExit("What is covered has changed.")
    table.at_most("runs of a year of minutes", "each kept", 0.01, year.rows(), rows, "rows")
    table.at_most("coverage of that year", "each kept", 1.2, year.coverage(), before, "ms")
    return table, f"Merged in {took:.1f} s, in {batches} batches."


def main():
    made = argparse.ArgumentParser(prog="dev/bench retention", description=__doc__)
    made.add_argument("--days", type=int, default=365, help="how long it has run")
    options = made.parse_args()
    with database("retention") as registry, registry.cursor() as cr:
        from odoo import SUPERUSER_ID, api

        table, sentence = measure(api.Environment(cr, SUPERUSER_ID, {}), options.days)
        print(table.text(), sentence, sep="\n\n")
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
