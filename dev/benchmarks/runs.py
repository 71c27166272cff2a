"""Runs that do nothing: how many a second, and what each uses of the processor.

One integration and sixteen, on a threaded server and on one with workers, in turns with OCA's
queue_job, each with a server of its own that is idle meanwhile. The processor is that of the server
and of PostgreSQL. Read the ratios.
"""

import argparse
import statistics
import sys
import time
from contextlib import ExitStack

import _queue_job
from _servers import MODES, cpu, hub, hub_server, wait
from _table import Table

# Windows are worked off one after the other in a lane, jobs beside each other in a channel.
PARALLEL = {1: 1, 16: 4}
FASTER, CHEAPER = 1.5, 0.7
# Of all, so many are done before the clock is started.
WARM = 0.1
PATIENCE = 600


AT_REST = """
    SELECT bool_and(due > now() AT TIME ZONE 'UTC' + interval '5 s') FROM ihub_run
     WHERE state IN ('pending', 'running')
"""
BACK = """
    UPDATE ihub_run SET window_from = ended - %s * interval '1 minute',
                        window_to = ended - (%s - 1) * interval '1 minute', due = ended
      FROM (SELECT date_trunc('minute', now() AT TIME ZONE 'UTC') AS ended) t
     WHERE state = 'pending'
"""


class Hub:
    """Windows of a minute, of so many integrations."""

    def __init__(self, stack, mode, integrations, servers=1):
        self.hub = stack.enter_context(hub("runs"))
        self.serve(stack, mode, servers)
        self.integrations = integrations

        self.made = [
            self.hub.add(None, name=f"Idle {each}", interval_type="minutes")
            for each in range(integrations)
        ]
        self.hub.press(self.made, "start")

    def serve(self, stack, mode, number):
        """Work with so many servers until the end of ``stack``."""
        servers = (hub_server(self.hub, mode) for _each in range(number))
        self.servers = [stack.enter_context(server) for server in servers]

    def queue(self, number):
        """Let so many minutes be due that are not done, all in all."""
        each = number // self.integrations
        with self.hub.env("__system__") as env:
            wait(lambda: self.hub.row(AT_REST)[0], PATIENCE)
            env.cr.execute("DELETE FROM ihub_run WHERE state = 'done'")
            env.cr.execute(BACK, [each, each])
            env["ihub.integration"].browse(self.made)._wake()
        return each * self.integrations

    def done(self):
        return self.hub.row("SELECT count(*) FROM ihub_run WHERE state = 'done'")[0]


class QueueJob:
    """Jobs in one channel."""

    def __init__(self, stack, mode, integrations):
        _queue_job.fetch()
        self.registry = stack.enter_context(_queue_job.database())
        server = _queue_job.queue_server(self.registry, mode, PARALLEL[integrations])
        self.servers = [stack.enter_context(server)]

    def queue(self, number):
        _queue_job.enqueue(self.registry, number)
        return number

    def done(self):
        return _queue_job.done(self.registry)


def measure(system, number):
    """Return how many a second were done, and the milliseconds of processor of each."""
    number = system.queue(number)
    before = wait(lambda: (found := system.done()) >= WARM * number and found, PATIENCE, 0.02)
    start, used = time.monotonic(), cpu(system.servers)
    wait(lambda: system.done() >= number, PATIENCE, 0.02)
    seconds, used = time.monotonic() - start, cpu(system.servers) - used
    return (number - before) / seconds, 1000 * used / (number - before)


def compare(table, mode, integrations, options):
    """Measure both in turns, and add what was found to the table."""
    with ExitStack() as stack:
        kinds = [Hub] if options.alone else [Hub, QueueJob]
        systems = [kind(stack, mode, integrations) for kind in kinds]
        for system in systems:
            measure(system, options.runs)
        turns = [[measure(one, options.runs) for one in systems] for _turn in range(options.turns)]
    found = [
        tuple(map(statistics.median, zip(*one, strict=True))) for one in zip(*turns, strict=True)
    ]
    what = f"{integrations} integration{'s' if integrations > 1 else ''}, {mode}"
    if options.alone:
        print(f"{what}: {found[0][0]:.1f} runs a second, {found[0][1]:.1f} ms each")
        return
    (rate, used), (their_rate, their_used) = found
    against = f"queue_job, root:{PARALLEL[integrations]}"
    table.at_least(f"{what}: runs", against, FASTER, rate, their_rate)
    table.at_most(f"{what}: processor", against, CHEAPER, used, their_used, "ms")


def main():
    made = argparse.ArgumentParser(prog="dev/bench runs", description=__doc__)
    made.add_argument("--runs", type=int, default=480, help="of one measurement")
    made.add_argument("--turns", type=int, default=5, help="how often each is measured")
    made.add_argument("--alone", action="store_true", help="without queue_job")
    made.add_argument("--mode", choices=MODES, action="append", help="of the servers; both")
    made.add_argument("--integrations", choices=PARALLEL, type=int, action="append", help="both")
    options = made.parse_args()
    table = Table()
    for mode in options.mode or MODES:
        for integrations in options.integrations or PARALLEL:
            compare(table, mode, integrations, options)
    if table.rows:
        print(table.text())
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
