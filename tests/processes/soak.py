"""Kill servers at random points, for rounds, and count what should never happen.

Five integrations are due all the time: an hour of windows of a minute each, worked off one by one.
Run it with ``dev/soak``; ``dev/test`` runs a handful of rounds.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

import hub_database
import odoo_process
from hub_driver import ADDONS_PATH, LOCKS_HERE

from lib import database, paths

WINDOWS = 60
# What the integrations do: with and without checkpoints, with commits of their own, with items.
SCRIPTS = (
    "write 3",
    "work 6 2",
    "write\nsavepoint\nwrite",
    "work 4 1\nwrite",
    "each 5 3 raise value Bad.",
)
STEPS = (range(3), range(6), range(3), range(5), (0, 1, 2, 4))
# Of the last one: what becomes of the items of a window.
ITEMS = {0: "done", 1: "done", 2: "done", 3: "failed", 4: "done"}
# A killed process is followed by a new one; a broken connection is not.
WAYS = ("kill", "kill", "kill", "term", "connection", "cron", "worker")
LONGEST = 600


@dataclass
class Report:
    """What is printed. All but the first five have to be zero."""

    rounds: int = 0
    kills: int = 0
    interrupted: int = 0
    given_up: int = 0
    windows: int = 0
    missing: int = 0
    gaps: int = 0
    overlaps: int = 0
    doubled: int = 0
    lost: int = 0
    unnamed: int = 0

    def problems(self):
        """Return the sum of what should be zero."""
        good = ("rounds", "kills", "interrupted", "given_up", "windows")
        return sum(getattr(self, each.name) for each in fields(self) if each.name not in good)

    def __str__(self):
        return " ".join(f"{each.name}={getattr(self, each.name)}" for each in fields(self))


@dataclass
class Soak:
    """Rounds of killing on one database.

    :param hub: the :class:`Hub`
    :param workers: of each server that shares the database; 0 is a threaded server
    :param rng: a ``random.Random``
    :param windows: of each integration in a round
    """

    hub: object
    log: Path
    workers: tuple = (0, 0)
    rng: random.Random = field(default_factory=random.Random)
    windows: int = WINDOWS
    report: Report = field(default_factory=Report)
    running: dict = field(default_factory=dict)

    def run(self, rounds, kills):
        """Work off the windows ``rounds`` times with so many ``kills`` in each."""
        try:
            for _each in range(rounds):
                self.round(kills)
        finally:
            for server in self.running.values():
                self.end(server)
        return self.report

    def round(self, kills):
        """Five integrations with their windows, and so many kills."""
        self.hub.empty()
        self.keep_servers()
        integrations = [
            self.hub.add(script, self.windows, name="Soak", interval_type="minutes",
                         check_alone=True)
            for script in SCRIPTS
        ]  # fmt: skip
        until = [self.hub.read(each, "window_from")["window_from"] for each in integrations]
        until = [start + timedelta(minutes=self.windows) for start in until]
        for each in integrations:
            self.hub.start(each)
        self.break_things(integrations, kills)
        self.wait_until_done(integrations)
        self.report.rounds += 1
        for each in integrations:
            self.hub.stop(each)
        self.hub.wait(lambda: not any(self.hub.count(i, state="running") for i in integrations))
        for each, steps, end in zip(integrations, STEPS, until, strict=True):
            self.count(each, steps, end)
        self.count_items(integrations[-1])

    # --- Servers ---

    def start(self, number):
        argv = (
            "-d", self.hub.database, ADDONS_PATH, "--no-http", "--max-cron-threads=2",
            f"--workers={self.workers[number]}", "--log-level=info",
        )  # fmt: skip
        with open(self.log / f"soak-{os.getpid()}.log", "ab") as output:
            self.running[number] = odoo_process.begin(
                argv, output=output, database=self.hub.database
            )

    def end(self, server, number=signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(15)
            return
        self.end(server)

    def keep_servers(self):
        for number in range(len(self.workers)):
            if number not in self.running or self.running[number].poll() is not None:
                self.start(number)

    def any_server(self):
        return self.rng.choice(list(self.running.values()))

    # --- Breaking ---

    def break_things(self, integrations, kills):
        """Strike at random moments while there is work that runs."""
        for _each in range(kills):
            # A killed server may have been there still when it was looked for.
            self.hub.wait(
                lambda: (
                    self.keep_servers() or self.at_work(integrations) or self.is_done(integrations)
                )
            )
            time.sleep(self.rng.random() * 0.5)
            if self.is_done(integrations):
                return
            getattr(self, f"_by_{self.rng.choice(WAYS)}")(integrations)
            self.report.kills += 1
            self.hub.hasten()
            self.keep_servers()

    def _by_kill(self, integrations):
        self.end(self.any_server())

    def _by_term(self, integrations):
        self.end(self.any_server(), signal.SIGTERM)

    def _by_worker(self, integrations):
        """One process of a prefork server: the master, or a worker."""
        master = self.any_server()
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        with suppress(ProcessLookupError):
            os.kill(self.rng.choice([master.pid, *map(int, children)]), signal.SIGKILL)

    def _by_connection(self, integrations):
        holders = list(filter(None, map(self.hub.holder, integrations)))
        if holders:
            self.hub.execute("SELECT pg_terminate_backend(%s)", self.rng.choice(holders))

    def _by_cron(self, integrations):
        """The connection on which Odoo locks the row of the cron."""
        rows = self.hub.execute(
            f"SELECT pid FROM {LOCKS_HERE} l WHERE relation = 'ir_cron'::regclass"
            " AND mode = 'RowShareLock' AND pid != pg_backend_pid()"
        )
        if rows:
            self.hub.execute("SELECT pg_terminate_backend(%s)", self.rng.choice(rows)[0])

    # --- Waiting and counting ---

    def at_work(self, integrations):
        return any(map(self.hub.holder, integrations))

    def is_done(self, integrations):
        return all(
            self.hub.count(each, state="done", trigger="schedule") >= self.windows
            for each in integrations
        )

    def wait_until_done(self, integrations):
        def done():
            self.keep_servers()
            self.hub.hasten()
            self.mend(integrations)
            return self.is_done(integrations)

        self.hub.wait(done, "The end of a round", patience=LONGEST)

    def mend(self, integrations):
        """Press Start where one window has met so many crashes in a row that it was given up."""
        for each in integrations:
            if self.hub.state(each) == "failed":
                assert self.hub.count(each, crash_count=2, state="interrupted"), self.hub.picture()
                self.report.given_up += 1
                self.hub.start(each)

    def count(self, integration, steps, end):
        """Compare what was done with what should have been."""
        report = self.report
        runs = self.hub.runs(integration, state="done", trigger="schedule")
        runs.sort(key=lambda run: run["window_from"])
        report.windows += len(runs)
        report.interrupted += self.hub.count(integration, state="interrupted")
        start = end - timedelta(minutes=self.windows)
        report.missing += sum(run["window_to"] <= end for run in runs) != self.windows
        report.missing += not runs or runs[0]["window_from"] != start
        for before, after in zip(runs, runs[1:], strict=False):
            report.gaps += before["window_to"] < after["window_from"]
            report.overlaps += before["window_to"] > after["window_from"]
        report.overlaps += len(self.hub.steps(integration, note="overlap"))
        written = self.hub.execute(
            "SELECT window_from, step, count(*) FROM ihub_test_ledger"
            " WHERE integration = %s AND step >= 0 GROUP BY 1, 2",
            integration,
        )
        twice = [row for row in written if row[2] > 1]
        report.doubled += len(twice)
        found = {(window, step) for window, step, _count in written}
        wanted = {(run["window_from"], step) for run in runs for step in steps}
        report.lost += len(wanted - found)
        # What was left behind by work that should have been undone.
        left = found - wanted - self._kept(integration)
        report.doubled += len(left)
        for what, rows in (("twice", twice), ("left", left), ("lost", wanted - found)):
            if rows:
                print(f"{what} by {integration}:", *map(str, sorted(rows)), self.hub.picture())

    def count_items(self, integration):
        """Compare what became of the items of the windows that are done, and what the runs say."""
        runs = self.hub.runs(integration, state="done", trigger="schedule")
        bad = list(ITEMS.values()).count("failed")
        wrong = [run["id"] for run in runs if run["failed_items"] != bad]
        wanted = {
            (f"{run['window_from']:%d %H:%M} {number}", state)
            for run in runs
            for number, state in ITEMS.items()
        }
        found = self.hub.execute(
            "SELECT key, state FROM ihub_item WHERE integration_id = %s", integration
        )
        # A key is there once, whatever happens: the database sees to that.
        wrong += sorted(wanted - set(found))
        self.report.unnamed += len(wrong)
        if wrong:
            print("items:", *map(str, wrong), self.hub.picture())

    def _kept(self, integration):
        """Return what a checkpoint has kept of a window that is not done yet."""
        rows = self.hub.execute(
            "SELECT window_from, processed FROM ihub_run"
            " WHERE integration_id = %s AND state = 'pending'",
            integration,
        )
        return {(window, step) for window, processed in rows for step in range(processed or 0)}


def main():
    """Run as many rounds as asked for; return 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(
        prog="dev/soak", description=__doc__.splitlines()[0], epilog=Report.__doc__
    )
    parser.add_argument("--rounds", type=int, default=20, help="of five integrations each")
    parser.add_argument("--kills", type=int, default=6, help="in each round")
    parser.add_argument("--servers", type=int, default=2, help="that share the database")
    parser.add_argument("--workers", type=int, default=[0], nargs="+",
                        help="of the servers, one after the other: 0 is a threaded one, 0 2 is one "
                        "beside another with two workers")  # fmt: skip
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="to repeat it")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with hub_database.copied(database.Databases({}).template(), "soak") as hub:
        workers = tuple(islice(cycle(options.workers), options.servers))
        soak = Soak(hub, paths.LOG, workers, random.Random(options.seed))
        for _each in range(options.rounds):
            soak.run(1, options.kills)
            print(soak.report, flush=True)
    return 1 if soak.report.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
