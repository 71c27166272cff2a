"""On time: from the moment a run is due to the moment its code begins.

One integration on an idle server, then 1,000 that are due in the same second of each minute,
beside a scheduled action of Odoo that is due once a minute. ``--minutes 3`` says how long.
"""

import argparse
import statistics
import sys
from datetime import timedelta

from _servers import MODES, hub, hub_server, wait

# Seconds in which many that are due together must be done, and by which Odoo's own may be late.
DONE_WITHIN = 30
FOREIGN_LATE = 15
# What the ledger says: when the code began, to the microsecond.
LATENESS = """
    SELECT extract(epoch FROM l.create_date - r.due)::float
      FROM ihub_test_ledger l JOIN ihub_run r ON r.id = l.run WHERE l.integration = %s
"""
LAST = """
    SELECT r.due, count(*), extract(epoch FROM max(l.create_date) - r.due)::float
      FROM ihub_test_ledger l JOIN ihub_run r ON r.id = l.run
     WHERE r.due >= %s AND r.due < %s GROUP BY r.due ORDER BY r.due
"""
FOREIGN = "SELECT create_date FROM ihub_test_ledger WHERE note = 'foreign' ORDER BY id"
FOREIGN_CODE = """
env["ihub.test.ledger"].create({"integration": 0, "run": 0, "attempt": 0, "step": 0, "pid": 0,
                                "window_from": "2025-01-01", "window_to": "2025-01-02",
                                "note": "foreign"})
"""


def idle(hub, samples):
    """Return the seconds from due to started, of integrations one after the other."""
    return sorted(sample(hub) for _each in range(samples))


def sample(hub):
    """Return the seconds from due to started of one more integration."""
    integration = hub.add("write")
    soon(hub, integration, 3)
    wait(lambda: hub.runs(integration, state="done"), 150, pause=0.2)
    hub.stop(integration)
    return hub.row(LATENESS, integration)[0]


def soon(hub, integration, seconds):
    """Start an integration whose first window is due in some seconds."""
    with hub.env() as env:
        record = env["ihub.integration"].browse(integration)
        record.start()
        # One that says why it waits is not planned anew.
        record.sudo()._scheduled_run().write(
            {"due": env.cr.now().replace(microsecond=0) + timedelta(seconds=seconds),
             "message": "Put off."}
        )  # fmt: skip


def many(hub, count):
    """Make integrations that are due at each full minute; return the first for which all wait."""
    with hub.env("__system__") as env:
        now = env.cr.now().replace(second=0, microsecond=0)
        values = {"script": "write", "interval_type": "minutes", "interval_number": 1, "tz": "UTC",
                  "window_from": now - timedelta(minutes=1)}  # fmt: skip
        made = env["ihub.integration.ledger"].create(
            [{**values, "name": f"Ledger {number}"} for number in range(count)]
        )
        made.integration_id.start()
    # What is due by now is made up for meanwhile.
    with hub.env("__system__") as env:
        begin = env.cr.now().replace(second=0, microsecond=0) + timedelta(minutes=3)
        env["ir.cron"].create(
            {"name": "Foreign", "model_id": env["ir.model"]._get_id("ihub.test.ledger"),
             "state": "code", "code": FOREIGN_CODE, "interval_number": 1,
             "interval_type": "minutes", "nextcall": begin + timedelta(seconds=5)}
        )  # fmt: skip
        return begin


def minutes(hub, count, number):
    """Let minutes pass; print what has become of each."""
    begin = many(hub, count)
    end = begin + timedelta(minutes=number)
    clock = "SELECT now() AT TIME ZONE 'UTC' >= %s"
    wait(lambda: hub.row(clock, end - timedelta(seconds=1))[0], 60 * number + 300, pause=1)
    is_good = True
    for due, done, last in hub.execute(LAST, begin, end):
        print(f"{due:%H:%M} {done:6,} of {count:,} begun, the last {last:6.1f} s after it was due")
        is_good &= done == count and last <= DONE_WITHIN
    moments = [moment for (moment,) in hub.execute(FOREIGN)]
    lateness = list(foreign_lateness(moments, begin + timedelta(seconds=5), end))
    print(f"the scheduled action of Odoo: late by {', '.join(f'{s:.1f}' for s in lateness)} s")
    return is_good and max(lateness) <= FOREIGN_LATE


def foreign_lateness(moments, due, end):
    """Yield by how many seconds each minute's call was late; of one that never came, until now."""
    while due < end:
        called = next((moment for moment in moments if moment >= due), end)
        yield (called - due).total_seconds()
        due += timedelta(minutes=1)


def main():
    made = argparse.ArgumentParser(prog="dev/bench latency", description=__doc__)
    made.add_argument("--samples", type=int, default=40, help="of one integration, some 4 s each")
    made.add_argument("--integrations", type=int, default=1000, help="due in the same second")
    made.add_argument("--minutes", type=int, default=5, help="for how long")
    made.add_argument("--mode", choices=MODES, action="append", help="of the server; both")
    options = made.parse_args()
    is_good = True
    for mode in options.mode or MODES:
        with hub("latency") as one, hub_server(one, mode):
            # The server is still loading.
            sample(one)
            if options.samples:
                times = idle(one, options.samples)
                p95 = times[int(0.95 * (len(times) - 1))]
                print(f"{mode}, idle: from due to started {statistics.median(times):.2f} s in the "
                      f"median, p95 {p95:.2f} s, at most {times[-1]:.2f} s")  # fmt: skip
                is_good &= p95 < 1
            if options.minutes:
                print(f"{mode}, {options.integrations:,} in the same second:")
                is_good &= minutes(one, options.integrations, options.minutes)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
