"""The event log: what writing, reading and deleting cost, beside what else there is.

All ratios are of one run on one machine. ``--rows 200000`` makes a quick one.
"""

import argparse
import io
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _database import database
from _table import Table, seconds

DETAILS = "x" * 200
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = 'ihub_event' AND indexname NOT LIKE '%%pkey' ORDER BY 1
"""
# Sixty days of forty integrations, a minute's worth of levels.
FILL = """
    INSERT INTO ihub_event (create_date, level, summary, details, res_model, res_id, related_name,
                            integration_id, run_id, company_id, user_id, undone, is_cut, unsettled)
    SELECT (now() AT TIME ZONE 'UTC') - interval '60 days' * (1 - n::float / %(total)s),
           CASE WHEN n %% 50 = 0 THEN 'error' WHEN n %% 12 = 0 THEN 'warning' ELSE 'info' END,
           'Imported order S' || n::bigint * 7919 || ' of customer ' || n %% 977,
           repeat('x', 200), 'res.partner', n %% 5000 + 1, 'Customer ' || n %% 977,
           n %% 40 + 1, n / 2500 + 1, 1, 1, false, false, false
      FROM generate_series(%(start)s, %(total)s) n
"""
LIST = {
    "create_date": {},
    "level": {},
    "summary": {},
    "related_name": {},
    "integration_id": {"fields": {"display_name": {}}},
    "run_id": {"fields": {"display_name": {}}},
    "undone": {},
}
# As in the list's view.
COUNT_LIMIT = 501
BATCH = 5_000


class Bench:
    def __init__(self, registry, options):
        from odoo import SUPERUSER_ID, api

        self.registry = registry
        self.options = options
        self.table = Table()
        self.costs = []
        self.cr = registry.cursor()
        self.env = api.Environment(self.cr, SUPERUSER_ID, {})
        self.record = self.env["ihub.integration.demo"].create({"name": "Benchmark"})
        self.integration = self.record.integration_id
        self.run = self.integration.run_manually()
        self.cr.commit()

    def execute(self, query, args=None):
        self.cr.execute(query, args)
        return self.cr.fetchall() if self.cr.description else []

    # --- Writing ---

    def values(self, number):
        return {
            "summary": f"number {number}",
            "details": DETAILS,
            "level": "info",
            "integration_id": self.integration.id,
            "run_id": self.run.id,
            "company_id": self.integration.company_id.id,
            "user_id": self.env.uid,
        }

    def create_in_one(self, count):
        for number in range(count):
            self.env["ihub.event"].create(self.values(number))
        self.cr.commit()

    def create_each(self, count):
        for number in range(count):
            with self.registry.cursor() as cr:
                self.env(cr=cr)["ihub.event"].create(self.values(number))

    def log(self, count):
        from odoo.addons.ihub.lib import run_scope

        company = self.integration.company_id.id
        scope = run_scope.RunScope(self.cr.dbname, self.run.id, self.integration.id, company)
        info = self.record.ihub_info
        with run_scope.executing(scope):
            for number in range(count):
                info(f"number {number}", DETAILS)
        self.cr.commit()

    def copy(self, lines, columns):
        with self.registry.cursor() as cr:
            cr.copy_expert(f"COPY ihub_event ({columns}) FROM STDIN", io.StringIO(lines))

    def copied(self):
        """Return the rows that logging has left, as COPY takes them."""
        columns = [
            name
            for (name,) in self.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'ihub_event' AND column_name <> 'id'"
            )
        ]
        output = io.StringIO()
        names = ", ".join(columns)
        self.cr.copy_expert(f"COPY (SELECT {names} FROM ihub_event ORDER BY id) TO STDOUT", output)
        return output.getvalue(), names

    def empty(self):
        self.execute("TRUNCATE ihub_event")
        self.cr.commit()

    def rate(self, function, count, *args):
        """Return how many per second, from an empty table."""
        best = 0
        for __ in range(3):
            self.empty()
            best = max(best, count / seconds(lambda: function(*(args or (count,)))))
        return best

    def writing(self):
        few, many = self.options.creates, self.options.writes
        in_one = self.rate(self.create_in_one, few)
        each = self.rate(self.create_each, few // 4)
        logged = self.rate(self.log, many)
        stored = self.execute("SELECT count(*) FROM ihub_event")[0][0]
        assert stored == many, f"{stored} of {many} events are there"
        lines, columns = self.copied()
        copied = self.rate(self.copy, many, lines, columns)
        what = "events per second"
        self.table.at_least(what, "ORM create, one transaction", 20, logged, in_one)
        self.table.at_least(what, "ORM create, own cursor and commit each", 50, logged, each)
        self.table.at_least(what, "bare COPY of the same rows", 0.5, logged, copied)
        self.caller(in_one)
        self.index_costs(lines, columns, many)

    def caller(self, in_one):
        """Bursts that the flusher does not get to see, so that only the caller's time counts."""
        times = []
        for __ in range(50):
            start = time.perf_counter()
            for number in range(300):
                self.record.ihub_info(f"number {number}", DETAILS)
            times.append((time.perf_counter() - start) / 300)
            self.cr.commit()
        cost = sorted(times)[len(times) // 2] * 1e6
        self.table.at_most("one ihub_info", "one ORM create", 1 / 30, cost, 1e6 / in_one, "µs")

    def index_costs(self, lines, columns, count):
        """What each index adds to a row that is copied."""
        definitions = self.execute(INDEXES)
        full = 1e6 / self.rate(self.copy, count, lines, columns)
        for name, definition in definitions:
            self.execute(f'DROP INDEX "{name}"')
            without = 1e6 / self.rate(self.copy, count, lines, columns)
            self.execute(definition)
            self.cr.commit()
            self.costs.append((name, full - without))
        self.costs.append(("all, with the row itself", full))

    # --- Reading ---

    def fill(self, start, total):
        self.execute(FILL, {"start": start, "total": total})
        self.cr.commit()
        with self.registry.cursor() as cr:
            cr._cnx.autocommit = True
            cr.execute("VACUUM ANALYZE ihub_event")
            cr._cnx.autocommit = False

    def pages(self):
        """Return the time of the first page of each list, in milliseconds."""
        newest = self.execute("SELECT run_id, summary FROM ihub_event ORDER BY id DESC LIMIT 1")[0]
        domains = {
            "all": [],
            "by integration": [("integration_id", "=", 7)],
            "errors": [("level", "=", "error")],
            "warnings": [("level", "=", "warning")],
            "by run": [("run_id", "=", newest[0] - 1)],
            "search: one order": [("summary", "ilike", newest[1].split()[2])],
            "search: every row": [("summary", "ilike", "imported order")],
        }
        return {name: self.page(domain) for name, domain in domains.items()}

    def page(self, domain):
        from odoo import api

        def read():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, self.env.ref("base.user_admin").id, {})
                env["ihub.event"].web_search_read(domain, LIST, limit=80, count_limit=COUNT_LIMIT)

        read()
        return seconds(read, 11) * 1000

    def reading(self):
        self.empty()
        self.fill(1, self.options.small)
        small = self.pages()
        self.empty()
        self.fill(1, self.options.rows)
        large = self.pages()
        sizes = f"{self.options.small:,} rows, now {self.options.rows:,}"
        for name in small:
            self.table.at_most(f"first page: {name}", sizes, 1.5, large[name], small[name], "ms")

    # --- Deleting ---

    def deleting(self):
        """Batch by batch in turns, so that both meet the same table."""
        Event = self.env["ihub.event"]
        hub, bare = [], []
        for __ in range(self.options.batches):
            hub.append(seconds(lambda: self.commit(Event._delete_expired(BATCH))))
            bare.append(seconds(lambda: self.commit(self.delete())))
        self.table.at_most(
            f"deleting {BATCH:,} expired", "bare DELETE", 1.3,
            sum(hub) / len(hub) * 1000, sum(bare) / len(bare) * 1000, "ms",
        )  # fmt: skip

    def delete(self):
        self.execute(
            """
            DELETE FROM ihub_event WHERE id IN (
                SELECT id FROM ihub_event WHERE level = 'info'
                   AND create_date < (now() AT TIME ZONE 'UTC') - interval '30 days'
                 ORDER BY id LIMIT %s)
            """,
            [BATCH],
        )

    def commit(self, __):
        self.cr.commit()

    def show(self):
        print(self.table.text())
        print("\nWhat each index adds to a row, in microseconds:\n")
        for name, cost in self.costs:
            print(f"| {name} | {cost:.2f} |")


def main():
    made = argparse.ArgumentParser(prog="dev/bench events", description=__doc__)
    made.add_argument("--rows", type=int, default=5_000_000, help="size of the large table")
    made.add_argument("--small", type=int, default=50_000, help="size of the small table")
    made.add_argument("--writes", type=int, default=100_000, help="events that are logged")
    made.add_argument("--creates", type=int, default=2_000, help="events made by the ORM")
    made.add_argument("--batches", type=int, default=20, help="batches that are deleted")
    options = made.parse_args()
    with database("events") as registry:
        bench = Bench(registry, options)
        try:
            bench.writing()
            bench.reading()
            bench.deleting()
        finally:
            bench.cr.close()
            bench.show()
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
