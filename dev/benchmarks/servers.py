"""Runs that do nothing, on one database that one, two and four servers share.

Each server has two threads for scheduled actions and no HTTP, as those that are added to execute
what is due. The processor is that of all servers and of PostgreSQL. What is found says more about
the machine than about the hub: with as many servers as cores, more of them cannot do more.
"""

import argparse
import os
import statistics
import sys
from contextlib import ExitStack

from _servers import MODES
from runs import Hub, measure

SERVERS = (1, 2, 4)
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname IN (current_database(), %s)"


def turn(hub, mode, number, runs):
    """Return runs a second and milliseconds of processor each, and how many connections."""
    with ExitStack() as stack:
        before = hub.hub.row(CONNECTIONS, "postgres")[0]
        hub.serve(stack, mode, number)
        # They are loading still.
        measure(hub, runs // 4)
        found = measure(hub, runs)
        # Odoo keeps for minutes what it has needed for a moment.
        return *found, hub.hub.row(CONNECTIONS, "postgres")[0] - before


def main():
    made = argparse.ArgumentParser(prog="dev/bench servers", description=__doc__)
    made.add_argument("--runs", type=int, default=1920, help="of one measurement")
    made.add_argument("--integrations", type=int, default=64, help="that are due all the time")
    made.add_argument("--turns", type=int, default=3, help="how often each is measured")
    made.add_argument("--mode", choices=MODES, default="threaded", help="of all servers")
    options = made.parse_args()
    with ExitStack() as stack:
        hub = Hub(stack, options.mode, options.integrations, servers=0)
        turns = [
            [turn(hub, options.mode, number, options.runs) for number in SERVERS]
            for _turn in range(options.turns)
        ]
    print(f"{os.cpu_count()} cores, a load of {os.getloadavg()[1]:.1f}")
    for number, found in zip(SERVERS, zip(*turns, strict=True), strict=True):
        rate, used, connections = map(statistics.median, zip(*found, strict=True))
        print(f"{number} {options.mode}: {rate:.1f} runs a second, {used:.1f} ms of processor "
              f"each, {connections:.0f} connections")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
