"""The event log: what writing, reading and deleting cost, beside what else there is.

All ratios are of one run on one machine. ``--rows 200000`` makes a quick one.
"""

import argparse
import io
import sys
import time

from _database import database
from _table import Table, seconds

DETAILS = "x" * 200
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = 'ihub_event' AND indexname NOT LIKE '%%pkey' ORDER BY 1
"""
INTEGRATIONS = 40
EVENTS_OF_A_RUN = 2_500
RUNS = """
    INSERT INTO ihub_run (integration_id, company_id, state, trigger, window_from, window_to, due,
                          started_at, ended_at)
    SELECT %(integration)s + n %% %(integrations)s, 1, 'done', 'manual', at, at + interval '1 hour',
           at, at, at
      FROM generate_series(0, %(rows)s / %(events)s) n
     CROSS JOIN LATERAL (SELECT timestamp '2025-01-01' + n * interval '1 hour' AS at) t
    RETURNING id
"""
# Sixty days. What a page shows exists, however many rows there are: names are read for all.
FILL = """
    INSERT INTO ihub_event (create_date, level, summary, details, res_model, res_id, related_name,
                            integration_id, run_id, company_id, user_id, undone, is_cut)
    SELECT (now() AT TIME ZONE 'UTC') - interval '60 days' * (1 - n::float / %(total)s),
           CASE WHEN n %% 50 = 0 THEN 'error' WHEN n %% 12 = 0 THEN 'warning' ELSE 'info' END,
           'Imported order S' || n::bigint * 7919 || ' of customer ' || n %% 977,
           repeat('x', 200), 'res.partner', n %% 5000 + 1, 'Customer ' || n %% 977,
           %(integration)s + n %% %(integrations)s, %(run)s + n / %(events)s, 1, 1,
           false, false
      FROM generate_series(%(start)s, %(total)s) n
"""
LIST = {
    "create_date": {},
    "level": {},
    "summary": {},
    "about": {},
    "integration_id": {"fields": {"display_name": {}}},
    "run_id": {"fields": {"display_name": {}}},
    "undone": {},
}
# As in the list's view.
COUNT_LIMIT = 501


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
        from odoo.addons.ihub.engine import context

        company = self.integration.company_id.id
        scope = context.RunScope(self.cr.dbname, self.run.id, self.integration.id, company)
        info = self.record.ihub_info
        with context.executing(scope):
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
        self.empty()
        return count / seconds(lambda: function(*(args or (count,))))

    def writing(self):
        few, many = self.options.creates, self.options.writes
        self.log(many)
        lines, columns = self.copied()
        in_one, each, logged, copied = [], [], [], []
        # In turns, so that all of them meet the same machine; the best of each counts.
        for __ in range(self.options.turns):
            in_one.append(self.rate(self.create_in_one, few))
            each.append(self.rate(self.create_each, few // 4))
            copied.append(self.rate(self.copy, many, lines, columns))
            logged.append(self.rate(self.log, many))
        stored = self.execute("SELECT count(*) FROM ihub_event")[0][0]
        assert stored == many, f"{stored} of {many} events are there"
        what = "events per second"
        for against, factor, baseline in (
            ("ORM create, one transaction", 20, in_one),
            ("ORM create, own cursor and commit each", 50, each),
            ("bare COPY of the same rows", 0.5, copied),
        ):
            self.table.at_least(what, against, factor, max(logged), max(baseline))
        self.caller(max(in_one))
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
        for name, definition in self.execute(INDEXES):
            full, without = [], []
            for __ in range(3):
                full.append(1e6 / self.rate(self.copy, count, lines, columns))
                self.execute(f'DROP INDEX "{name}"')
                without.append(1e6 / self.rate(self.copy, count, lines, columns))
                self.empty()
                self.execute(definition)
                self.cr.commit()
            self.costs.append((name, min(full) - min(without)))
        self.costs.append(("all, with the row itself", min(full)))

    # --- Reading ---

    def refer(self):
        """Make the integrations and runs that events refer to."""
        numbers = range(INTEGRATIONS)
        made = self.env["ihub.integration.demo"].create([{"name": f"Shop {n}"} for n in numbers])
        ids = made.integration_id.ids
        assert ids == list(range(ids[0], ids[0] + INTEGRATIONS)), ids
        self.references = {
            "integration": ids[0],
            "integrations": INTEGRATIONS,
            "events": EVENTS_OF_A_RUN,
        }
        runs = self.execute(RUNS, {**self.references, "rows": self.options.rows})
        self.references["run"] = runs[0][0]

    def fill(self, total):
        self.execute(FILL, {**self.references, "start": 1, "total": total})
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
            "by integration": [("integration_id", "=", self.references["integration"])],
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
        self.refer()
        self.empty()
        self.fill(self.options.small)
        small = self.pages()
        self.empty()
        self.fill(self.options.rows)
        large = self.pages()
        sizes = f"{self.options.small:,} rows, now {self.options.rows:,}"
        for name in small:
            self.table.at_most(f"first page: {name}", sizes, 1.5, large[name], small[name], "ms")

    # --- Deleting ---

    def deleting(self):
        """In turns, so that both meet the same table; each turn is committed, as by the cron."""
        from odoo.addons.ihub.engine.retention import BATCH
        from odoo.addons.ihub.models.ihub_event import BATCHES

        Event = self.env["ihub.event"]
        hub, bare = [], []
        for __ in range(self.options.turns):
            hub.append(seconds(lambda: self.commit(Event._gc_expired())))
            bare.append(
                sum(seconds(lambda: self.commit(self.delete(BATCH))) for __ in range(BATCHES))
            )
        self.table.at_most(
            f"deleting {BATCHES} times {BATCH:,} expired", "bare DELETE", 1.3,
            sum(hub) / len(hub) * 1000, sum(bare) / len(bare) * 1000, "ms",
        )  # fmt: skip

    def delete(self, count):
        self.execute(
            """
            DELETE FROM ihub_event WHERE id IN (
                SELECT id FROM ihub_event WHERE level = 'info'
                   AND create_date < (now() AT TIME ZONE 'UTC') - interval '30 days'
                 ORDER BY id LIMIT %s)
            """,
            [count],
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
    made.add_argument(
        "--turns", type=int, default=8, help="how often writing and deleting are measured"
    )
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
