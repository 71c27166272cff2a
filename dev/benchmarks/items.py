"""Items: what dealing with each element on its own costs, and how lists grow.

All ratios are of one run on one machine. ``--rows 200000`` makes a quick one.
"""

import argparse
import sys

from _database import database
from _table import Table, seconds, seconds_in_turns

COMMIT_EACH = 100
# How often each page is opened.
LOOKS = 51
# A text search follows the length of the trigrams' lists, a page does not.
GROWTH = {"search box: one order": 3}
INTEGRATIONS = 5
# One of 97 is to be repaired, for one of a dozen causes.
FILL = """
    INSERT INTO ihub_item (integration_id, company_id, kind, key, name, state, attempts, message,
                           cause, failed_since, last_attempt, fingerprint, record, data)
    SELECT %(integration)s + n %% %(integrations)s, 1, 'order', n::text, 'SO-' || n,
           CASE WHEN failed THEN 'failed' ELSE 'done' END, 1,
           CASE WHEN failed THEN 'SKU ''A-' || n || ''' is unknown.' END,
           CASE WHEN failed THEN 'SKU … is unknown (' || n / 97 %% 12 || ').' END,
           CASE WHEN failed THEN now() END, now(), md5(n::text),
           CASE WHEN NOT failed THEN 'res.partner,' || n %% 5000 + 1 END,
           CASE WHEN failed THEN '{"id": ' || n || '}' END
      FROM generate_series(1, %(rows)s) n
     CROSS JOIN LATERAL (SELECT n %% 97 = 0 AS failed) f
"""
NAME = {"fields": {"display_name": {}}}
LIST = {
    "key": {},
    "name": {},
    "kind": {},
    "integration_id": NAME,
    "state": {},
    "message": {},
    "failed_since": {},
    "attempts": {},
    "user_id": NAME,
}
# As in the list's view.
COUNT_LIMIT = 501
TO_REPAIR = [("state", "=", "failed")]


class Bench:
    def __init__(self, registry, options):
        from odoo import SUPERUSER_ID, api

        self.registry = registry
        self.options = options
        self.table = Table()
        self.cr = registry.cursor()
        self.env = api.Environment(self.cr, SUPERUSER_ID, {})
        self.record = self.env["ihub.integration.demo"].create({"name": "Benchmark"})
        self.integration = self.record.integration_id
        self.run = self.integration.run_manually()
        self.cr.commit()
        self.made = 0
        # Retry would find it by its name.
        registry["ihub.integration.demo"].make = lambda record, data, item: self.make(data, item)
        registry["ihub.integration.demo"].make.__name__ = "make"

    # --- Dealing with each ---

    def orders(self):
        """Yield orders that nobody has seen before."""
        for __ in range(self.options.orders):
            self.made += 1
            yield {
                "id": self.made,
                "number": f"SO-{self.made}",
                "customer": {"name": f"Customer {self.made}", "email": f"c{self.made}@example.com"},
                "lines": [{"sku": f"A-{n}", "quantity": n, "price": 9.5} for n in range(3)],
            }

    def create(self, data):
        customer = data["customer"]
        return self.env["res.partner"].create(
            {"name": customer["name"], "email": customer["email"], "ref": data["number"]}
        )

    def make(self, data, item):
        item.bind(self.create(data))

    def bare(self):
        """What a developer writes by hand: it knows nothing of any order afterwards."""
        for position, data in enumerate(self.orders(), 1):
            with self.cr.savepoint():
                self.create(data)
            if not position % COMMIT_EACH:
                self.cr.commit()
        self.cr.commit()

    def each(self, records=None):
        from odoo.addons.ihub.engine import context

        company = self.integration.company_id.id
        scope = context.RunScope(self.cr.dbname, self.run.id, self.integration.id, company)
        with context.executing(scope):
            scope.watch = context.TransactionWatch(self.cr, scope)
            scope.watch.begin_anew()
            self.record.process_each(
                self.orders() if records is None else records,
                self.record.make,
                key="id",
                name="number",
                kind="order",
                total=self.options.orders,
            )
            scope.watch.end()
        self.cr.commit()

    def dealing(self):
        """In many short turns: what else the machine does meets both."""
        ways = [lambda: self.each(list(self.orders())), self.each, self.bare]
        seconds_in_turns(ways)
        times = seconds_in_turns(ways, self.options.turns)
        found = self.env["ihub.item"].search_count([("state", "=", "done")])
        assert found == 2 * self.options.orders * (self.options.turns + 1), found
        ahead, one_by_one, bare = (1000 * time / self.options.orders for time in times)
        what, against = "process_each, to make a contact", "a bare savepoint each"
        self.table.at_most(f"{what}: of a list", against, 1.15, ahead, bare, "ms")
        self.table.at_most(f"{what}: of a generator", against, 1.15, one_by_one, bare, "ms")

    # --- Growth ---

    def fill(self, rows):
        self.cr.execute("TRUNCATE ihub_item CASCADE")
        ids = {"integration": self.first, "integrations": INTEGRATIONS}
        self.cr.execute(FILL, {**ids, "rows": rows})
        self.cr.commit()
        with self.registry.cursor() as cr:
            cr._cnx.autocommit = True
            cr.execute("VACUUM ANALYZE ihub_item")
            cr._cnx.autocommit = False

    def refer(self):
        """Make the integrations that items belong to."""
        numbers = range(INTEGRATIONS)
        made = self.env["ihub.integration.demo"].create([{"name": f"Shop {n}"} for n in numbers])
        ids = made.integration_id.ids
        assert ids == list(range(ids[0], ids[0] + INTEGRATIONS)), ids
        self.first = ids[0]
        self.cr.commit()

    def looks(self, rows):
        """Return the time of each look at ``rows`` items, in milliseconds."""
        self.fill(rows)
        key = str(rows // INTEGRATIONS // 2 * INTEGRATIONS + INTEGRATIONS)
        return {
            "first page of To Repair": self.look(lambda env: self.page(env, TO_REPAIR)),
            "the same of one integration": self.look(
                lambda env: self.page(env, [*TO_REPAIR, ("integration_id", "=", self.first)])
            ),
            "search box: one order": self.look(
                lambda env: self.page(env, [("display_name", "ilike", f"SO-{rows - 3}")])
            ),
            "first page of all": self.look(lambda env: self.page(env, [])),
            "look-up of one key": self.look(lambda env: self.bound(env, key)),
        }

    def page(self, env, domain):
        found = env["ihub.item"].web_search_read(domain, LIST, limit=80, count_limit=COUNT_LIMIT)
        assert len(found["records"]) == min(80, found["length"]) > 0

    def bound(self, env, key):
        integration = env["ihub.integration"].browse(self.first)
        assert integration._type_record().bound("order", key)

    def look(self, function):
        from odoo import api

        user = self.env.ref("base.user_admin").id

        def request():
            with self.registry.cursor() as cr:
                function(api.Environment(cr, user, {}))

        request()
        return seconds(request, LOOKS) * 1000

    def growing(self):
        self.refer()
        small, large = (self.looks(rows) for rows in (self.options.small, self.options.rows))
        sizes = f"{self.options.small:,} items, now {self.options.rows:,}"
        for name in small:
            self.table.at_most(name, sizes, GROWTH.get(name, 1.5), large[name], small[name], "ms")


def main():
    made = argparse.ArgumentParser(prog="dev/bench items", description=__doc__)
    made.add_argument("--rows", type=int, default=5_000_000, help="size of the large table")
    made.add_argument("--small", type=int, default=50_000, help="size of the small table")
    made.add_argument("--orders", type=int, default=100, help="that are dealt with at a time")
    made.add_argument("--turns", type=int, default=60, help="how often that is done")
    options = made.parse_args()
    with database("items") as registry:
        bench = Bench(registry, options)
        try:
            bench.dealing()
            bench.growing()
        finally:
            bench.cr.close()
            print(bench.table.text())
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
