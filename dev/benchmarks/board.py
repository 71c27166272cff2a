"""The board: server time and queries to open it, beside Odoo's own contacts.

1,000 integrations, 1 million runs and 5 million events against 1,200 contacts, in one run on one
machine. What the web client asks for is taken from the views as they are. ``--runs 50`` and
``--events 200000`` make a quick one.
"""

import argparse
import base64
import io
import sys
import time
from datetime import datetime, timedelta

from _database import database
from _table import Table, seconds_in_turns
from lxml import etree

INTEGRATIONS = 1_000
CONTACTS = 1_200
# Integrations in the states: running, failed, stopped, new.
SHARES = {"failed": 0.05, "stopped": 0.15, "created": 0.10}
# Every hour; one of 40 has failed, one of 400 was interrupted.
RUNS = """
    INSERT INTO ihub_run (integration_id, company_id, state, trigger, window_from, window_to, due,
                          started_at, ended_at, last_seen, duration, attempt, processed, total,
                          message, create_uid, create_date, write_uid, write_date)
    SELECT i.id, i.company_id,
           CASE WHEN (n + i.id) %% 400 = 0 THEN 'interrupted'
                WHEN (n + i.id) %% 40 = 0 THEN 'failed' ELSE 'done' END,
           'schedule', at, at + interval '1 hour', at + interval '1 hour',
           at + interval '61 minutes', at + interval '61 minutes' + took, at,
           extract(epoch FROM took), 0, 1000, 1000,
           CASE WHEN (n + i.id) %% 40 = 0 THEN 'The remote system did not answer in time.' END,
           1, at, 1, at
      FROM generate_series(%(runs)s, 1, -1) n
     CROSS JOIN ihub_integration i
     CROSS JOIN LATERAL (
        SELECT date_trunc('hour', now() AT TIME ZONE 'UTC') - (n + 1) * interval '1 hour' AS at,
               (20 + (n * 7 + i.id) %% 300) * interval '1 second' AS took) t
     ORDER BY n DESC, i.id
"""
# The pointer follows what has been done.
POINTERS = """
    UPDATE ihub_run r
       SET window_from = date_trunc('hour', now() AT TIME ZONE 'UTC'),
           window_to = date_trunc('hour', now() AT TIME ZONE 'UTC') + interval '1 hour',
           due = date_trunc('hour', now() AT TIME ZONE 'UTC') + interval '1 hour'
     WHERE state = 'pending'
"""
# Sixty days; one of 50 is an error, one of 12 a warning.
EVENTS = """
    INSERT INTO ihub_event (create_date, level, summary, details, integration_id, run_id,
                            company_id, user_id, undone, is_cut)
    SELECT (now() AT TIME ZONE 'UTC') - interval '60 days' * (1 - n::float / %(events)s),
           CASE WHEN n %% 50 = 0 THEN 'error' WHEN n %% 12 = 0 THEN 'warning' ELSE 'info' END,
           'Imported order S' || n::bigint * 7919 || ' of customer ' || n %% 977,
           repeat('x', 200), ids[n %% array_length(ids, 1) + 1], n / 5 + 1,
           %(company)s, 1, false, false
      FROM generate_series(1, %(events)s) n,
           (SELECT array_agg(id ORDER BY md5(id::text)) AS ids FROM ihub_integration) i
"""
# What the grid shows: rows that are drawn on a large screen, bars beside each other, days.
GRID_ROWS = 40
GRID_COLUMNS = 280
GRID_DAYS = (1, 31)
TABLES = (
    "ihub_integration",
    "ihub_run",
    "ihub_event",
    "res_partner",
    "ir_cron",
    "ir_act_server",
)
# As where a scheduler is at work; filling takes longer than one may be missing.
SERVED = "UPDATE ir_cron SET nextcall = (now() AT TIME ZONE 'UTC') + interval '1 day'"


def fields_of(arch, model):
    """Return the specification with which the web client reads the fields of a kanban's arch."""
    names = dict.fromkeys(node.get("name") for node in etree.fromstring(arch).iter("field"))
    name_of = {"fields": {"display_name": {}}}
    return {name: name_of if model._fields[name].type == "many2one" else {} for name in names}


class Filled:
    """The data, made once."""

    def __init__(self, registry, options):
        from odoo import SUPERUSER_ID, api

        self.registry = registry
        self.options = options
        self.cr = registry.cursor()
        self.env = api.Environment(self.cr, SUPERUSER_ID, {})

    def fill(self):
        self.user = self.env["res.users"].create(
            {
                "name": "Olga Operator",
                "login": "bench_operator",
                "group_ids": [(4, self.env.ref("ihub.group_user").id)],
            }
        )
        integrations = self.integrations()
        self.start(integrations)
        self.contacts()
        self.cr.commit()
        self.cr.execute(RUNS, {"runs": self.options.runs})
        self.cr.execute(POINTERS)
        self.cr.execute(SERVED)
        company = self.env.company.id
        self.cr.execute(EVENTS, {"events": self.options.events, "company": company})
        self.cr.commit()
        self.cr._cnx.autocommit = True
        for table in TABLES:
            self.cr.execute(f"VACUUM ANALYZE {table}")
        self.cr._cnx.autocommit = False

    def types(self):
        """Return the models of the types that the demo addon brings."""
        models = [self.env[name] for name in self.env["ihub.integration"]._type_names()]
        demo = [m for m in models if m._original_module == "ihub_integration_demo"]
        return [model for model in demo if not model.is_singleton]

    def integrations(self):
        types = self.types()
        for position, model in enumerate(types):
            numbers = range(position, INTEGRATIONS, len(types))
            model.create(
                [
                    {"name": f"{model._description} {n:04}", "interval_type": "hours"}
                    for n in numbers
                ]
            )
        return self.env["ihub.integration"].search([], order="id")

    def start(self, integrations):
        """Bring them into their states; those on schedule have a scheduled action each."""
        scheduled = integrations.filtered("runs_on_schedule")
        scheduled.start()
        self.env.flush_all()
        others = scheduled.ids
        for state, share in SHARES.items():
            count = int(len(integrations) * share)
            ids, others = others[:count], others[count:]
            reason = "The remote system did not answer in time." if state == "failed" else None
            self.cr.execute(
                "UPDATE ihub_integration SET state = %s, state_reason = %s WHERE id = ANY(%s)",
                [state, reason, ids],
            )
        self.env.invalidate_all()

    def contacts(self):
        """Companies with people, as in Odoo's demo data; a third of all has a picture."""
        country = self.env.ref("base.be").id
        image = picture()
        Partner = self.env["res.partner"]
        each = 6
        companies = Partner.create(
            [self.contact(n, country, image, is_company=True) for n in range(0, CONTACTS, each)]
        )
        people = [n for n in range(CONTACTS) if n % each]
        Partner.create(
            [self.contact(n, country, image, parent_id=companies[n // each].id) for n in people]
        )

    def contact(self, number, country, image, **values):
        return {
            "name": f"Contact {number:04}",
            "email": f"contact{number}@example.com",
            "phone": f"+32 2 290 {number:04}",
            "street": f"Main Street {number}",
            "city": "Brussels",
            "country_id": country,
            "image_1920": image if number % 3 == 0 else False,
            **values,
        }


def picture():
    """Return a small PNG."""
    from PIL import Image

    output = io.BytesIO()
    Image.new("RGB", (256, 256), (90, 120, 160)).save(output, "PNG")
    return base64.b64encode(output.getvalue())


class Bench:
    def __init__(self, registry, user, options):
        self.registry = registry
        self.user_id = user.id
        self.options = options
        self.table = Table()
        self.columns = []
        with self.env() as env:
            self.board, self.board_view = self.spec(
                env, "ihub.integration", "ihub_integration_view_kanban"
            )
            self.contact, __ = self.spec(env, "res.partner", None)
            self.row, __ = self.spec(
                env, "ihub.integration", "ihub_integration_view_grid", "ihub_grid"
            )
        self.order = self.board_view.get("default_order")
        self.group_by = self.board_view.get("default_group_by")

    def env(self):
        return _Request(self.registry, self.user_id)

    def spec(self, env, name, view, kind="kanban"):
        model = env[name]
        view = env.ref(f"ihub.{view}" if view else "base.res_partner_kanban_view")
        arch = model.get_views([(view.id, kind)])["views"][kind]["arch"]
        return fields_of(arch, model), etree.fromstring(arch)

    # --- What the web client calls ---

    def open_contacts(self, env, cards):
        found = env["res.partner"].web_search_read([], self.contact, limit=cards, count_limit=10001)
        return len(found["records"])

    def open_board(self, env, cards):
        """As the menu does: in columns by state, so many cards each that ``cards`` are shown."""
        return self.read_columns(env, cards // len(self.columns))

    def read_columns(self, env, limit):
        found = env["ihub.integration"].with_context(read_group_expand=True).web_read_group(
            [], [self.group_by], [], order=self.order, auto_unfold=True,
            unfold_read_specification=self.board, unfold_read_default_limit=limit,
        )  # fmt: skip
        return sum(len(group.get("__records", ())) for group in found["groups"])

    def open_list(self, env, cards):
        """When somebody has removed the grouping."""
        found = env["ihub.integration"].web_search_read(
            [], self.board, limit=cards, order=self.order, count_limit=10001
        )
        return len(found["records"])

    def open_grid(self, env, days):
        """Open it with all rows, and read the bars of those that are seen; return their number."""
        integrations = env["ihub.integration"]
        found = integrations.web_search_read([], self.row, limit=1000, order=self.order)
        seen = integrations.browse(record["id"] for record in found["records"][:GRID_ROWS])
        return self.read_bars(seen, days)

    def read_bars(self, seen, days):
        end = datetime.now()
        answer = seen.grid(str(end - timedelta(days=days)), str(end), GRID_COLUMNS)
        return sum(map(len, answer["lanes"].values()))

    # --- Measuring ---

    def measure(self, *functions):
        """Return milliseconds, queries and result of each function, called in turns.

        Each call is a request of its own.
        """
        calls = [_Call(self, function) for function in functions]
        for call in calls:
            call()
            call.queries.clear()
        times = seconds_in_turns(calls, self.options.repeat)
        return [
            (time * 1000, max(call.queries), call.result)
            for time, call in zip(times, calls, strict=True)
        ]

    def run(self):
        self.columns = self.find_columns()
        # So many as a column shows at first, too.
        for cards in (40, 80, 40 * len(self.columns)):
            self.compare("board", self.open_board, cards)
            self.compare("ungrouped", self.open_list, cards)

        self.compare_grid()

    def compare_grid(self):
        """All that opening it takes; and what is asked for when other rows come into sight."""
        with self.env() as env:
            ids = env["ihub.integration"].search([], limit=GRID_ROWS, order=self.order).ids
        day, month = GRID_DAYS
        bars, of_day, of_month, some, all_ = self.measure(
            lambda env: self.read_bars(env["ihub.integration"].browse(ids), day),
            lambda env: self.open_grid(env, day),
            lambda env: self.open_grid(env, month),
            lambda env: self.open_contacts(env, GRID_ROWS),
            lambda env: self.open_contacts(env, 1000),
        )
        assert min(bars[2], of_day[2], of_month[2]) > GRID_ROWS, "Hardly any bars."
        for what, ours, against, theirs in (
            (f"grid, bars of {GRID_ROWS} rows of a day", bars, GRID_ROWS, some),
            ("grid, 1,000 rows, a day", of_day, 1000, all_),
            ("grid, 1,000 rows, a month", of_month, 1000, all_),
        ):
            against = f"contacts, {against} cards"
            self.table.at_most(what, against, 2, ours[0], theirs[0], "ms")
            self.table.at_most(what, against, 2, ours[1], theirs[1], "queries")

    def find_columns(self):
        with self.env() as env:
            groups = env["ihub.integration"]._read_group([], [self.group_by])
        return [group for (group,) in groups]

    def compare(self, what, function, cards):
        ours, theirs = self.measure(
            lambda env: function(env, cards), lambda env: self.open_contacts(env, cards)
        )
        assert ours[2] == theirs[2] == cards, f"{ours[2]} and {theirs[2]} cards, not {cards}"
        what, against = f"{what}, {cards} cards", f"contacts, {cards} cards"
        self.table.at_most(what, against, 2, ours[0], theirs[0], "ms")
        self.table.at_most(what, against, 2, ours[1], theirs[1], "queries")

    def parts(self):
        """Return rows of what each part of the board costs, the dearest first."""
        with self.env() as env:
            ids = env["ihub.integration"].search([], limit=80, order=self.order).ids

        def cost(*names):
            spec = {name: self.board[name] for name in names}
            found = self.measure(lambda env: env["ihub.integration"].browse(ids).web_read(spec))
            return found[0]

        base = cost()
        rows = [("to begin with, reading 80 records", base[0], base[1])]
        for name in self.board:
            time_, queries, __ = cost(name)
            rows.append((name, time_ - base[0], queries - base[1]))
        time_, queries, __ = cost(*self.board)
        rows.append(("all fields of 80 cards", time_, queries))
        ((time_, queries, __),) = self.measure(self.find)
        rows.append((f"finding 80, by {self.order}", time_, queries))
        ((time_, queries, __),) = self.measure(lambda env: self.read_columns(env, 1))
        rows.append(("the columns with one card each", time_, queries))
        return sorted(rows, key=lambda row: -row[1])

    def find(self, env):
        env["ihub.integration"].search([], limit=80, order=self.order)

    def show(self):
        print(self.table.text())
        print("\nWhat the parts cost; what one computes is shared by those that need it:\n")
        print("| part | ms | queries |\n| --- | --- | --- |")
        for name, time_, queries in self.parts():
            print(f"| {name} | {time_:.2f} | {queries} |")


class _Call:
    """A function of an environment, as a request of its own."""

    def __init__(self, bench, function):
        self.bench = bench
        self.function = function
        self.queries = set()
        self.result = None

    def __call__(self):
        with self.bench.env() as env:
            before = env.cr.sql_log_count
            self.result = self.function(env)
            self.queries.add(env.cr.sql_log_count - before)


class _Request:
    """An environment with nothing in its cache, as each request has."""

    def __init__(self, registry, user_id):
        self.registry = registry
        self.user_id = user_id

    def __enter__(self):
        from odoo import api

        self.cr = self.registry.cursor()
        context = {"lang": "en_US", "tz": "Europe/Brussels", "bin_size": True}
        return api.Environment(self.cr, self.user_id, context)

    def __exit__(self, *__):
        self.cr.close()


def main():
    made = argparse.ArgumentParser(prog="dev/bench board", description=__doc__)
    made.add_argument("--runs", type=int, default=1_000, help="runs of each")
    made.add_argument("--events", type=int, default=5_000_000, help="events of all of them")
    made.add_argument("--repeat", type=int, default=15, help="how often each is measured")
    options = made.parse_args()
    with database("board") as registry:
        filled = Filled(registry, options)
        start = time.perf_counter()
        try:
            filled.fill()
            sys.stderr.write(f"Filled in {time.perf_counter() - start:.0f} s\n")
            bench = Bench(registry, filled.user, options)
            bench.run()
            bench.show()
        finally:
            filled.cr.close()
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
