"""The inbox: how long another system waits for its answer, at 200 messages a second.

All of it is one run on one machine, with a real server with two workers, as in production. In
turns, the same number of requests go to ``/web/health``, a controller of Odoo that does nothing.
``--seconds 3`` makes a quick one.
"""

import argparse
import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from _database import database
from _table import Table

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
# Odoo, as a file that a server with workers can call once more.
PROGRAM = ROOT / "tests" / "fork_server.py"
ADDON = "ihub_example_webhooks"
# Milliseconds that another system waits at most, of 99 in a hundred.
LONGEST = 50
TURNS = 3
THREADS = 16


class Bench:
    def __init__(self, registry, options):
        self.registry, self.options = registry, options
        self.table = Table()
        # One by one also from several threads.
        self.numbers = itertools.count(1)
        self.path, self.secret = self.prepare()
        from odoo.addons.ihub.core.webhook import StandardWebhooks

        self.verify = StandardWebhooks()

    def prepare(self):
        """Add an integration that is on; return its path and its secret."""
        from odoo import SUPERUSER_ID, api

        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            # The demo's have long runs to do, in the process that is measured.
            env["ihub.integration"].search([]).stop()
            integration = env["example.payments"].create({"name": "Benchmark"}).integration_id
            secret = integration._webhook().verify.new_secret()
            integration._set_webhook_secret(secret)
            integration.start()
            self.integration = integration.id
            return f"/ihub/in/{integration.webhook_token}", secret

    # --- The server ---

    def serve(self):
        with socket.socket() as one, socket.socket() as other:
            for probe in (one, other):
                probe.bind(("127.0.0.1", 0))
            self.port, live_port = (probe.getsockname()[1] for probe in (one, other))
        name = self.registry.db_name
        command = [
            sys.executable, PROGRAM, "-d", name,
            f"--addons-path={ROOT},{EXAMPLES}", f"--http-port={self.port}",
            f"--gevent-port={live_port}",
            "--max-cron-threads=1", f"--workers={self.options.workers}", "--log-level=error",
        ]  # fmt: skip
        self.server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        while True:
            try:
                self.ask("GET", "/web/health")
                if self.options.workers:
                    # Until the process for live messages is loaded, too.
                    socket.create_connection(("127.0.0.1", live_port)).close()
                return
            except OSError:
                time.sleep(0.1)

    def end(self):
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    # --- Requests ---

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def sign(self):
        """Make a message about a payment that nobody has heard of."""
        from datetime import datetime, timezone

        number = next(self.numbers)
        values = {"payment": f"P-{number}", "email": "a@example.com", "amount": 9.5}
        body = json.dumps({"type": "payment.succeeded", "data": values}).encode()
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        return body, self.verify.sign(body, self.secret, now, f"msg_{number}")

    def message(self):
        """Send the next one of those that were signed before the clock was started."""
        return self.ask("POST", self.path, *self.signed.popleft()) == 202

    def bare(self):
        """Ask a controller that does nothing."""
        return self.ask("GET", "/web/health") == 200

    def at_rate(self, function):
        """Call ``function`` at the rate, from several threads; return the times it took, in ms."""
        rate, times, lock = self.options.rate, [], threading.Lock()
        total, asked = int(rate * self.options.seconds), [0]
        self.signed = deque(
            self.sign() for _each in range(total if function == self.message else 0)
        )
        begun = time.monotonic()

        def work():
            while True:
                with lock:
                    number = asked[0]
                    asked[0] += 1
                if number >= total:
                    return
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
                start = time.perf_counter()
                assert function()
                times.append(1000 * (time.perf_counter() - start))

        threads = [threading.Thread(target=work) for _each in range(THREADS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.reached.append(len(times) / (time.monotonic() - begun))
        return times

    def measure(self):
        self.reached, ours, bare = [], [], []
        self.signed = deque(self.sign() for _each in range(50))
        for _each in range(50):
            self.message()
            self.bare()
        for _turn in range(TURNS):
            ours += self.at_rate(self.message)
            bare += self.at_rate(self.bare)
        self.table.at_least(
            "messages a second", "asked for", 0.98, min(self.reached), self.options.rate
        )
        for name, place in (("median", 50), ("p99", 99)):
            times = [statistics.quantiles(each, n=100)[place - 1] for each in (ours, bare)]
            self.table.beside(f"{name} of the answer", "a bare controller", *times, "ms")
        self.table.at_most("p99 of the answer", "the limit", 1, times[0], LONGEST, "ms")
        self.check(begun=time.monotonic())

    def check(self, begun):
        """All that was acknowledged is done, once."""
        while waiting := self.count("ihub_message WHERE state = 'pending'"):
            assert time.monotonic() - begun < 300, waiting
            time.sleep(0.2)
        print(f"All done {time.monotonic() - begun:.1f} s after the last answer, in", end=" ")
        print(self.count("ihub_run WHERE trigger = 'webhook'"), "runs.")
        assert self.count("example_payment") == next(self.numbers) - 1

    def count(self, table):
        with self.registry.cursor() as cr:
            cr.execute(f"SELECT count(*) FROM {table}")
            return cr.fetchone()[0]


def main():
    made = argparse.ArgumentParser(prog="dev/bench inbox", description=__doc__)
    made.add_argument("--rate", type=int, default=200, help="messages a second")
    made.add_argument("--seconds", type=float, default=10, help="of each turn")
    made.add_argument("--workers", type=int, default=2, help="of the server; 0: threaded")
    options = made.parse_args()
    with database("inbox") as registry:
        import odoo.addons
        from odoo.modules.registry import Registry

        odoo.addons.__path__.append(str(EXAMPLES))
        bench = Bench(Registry.new(registry.db_name, install_modules=[ADDON]), options)
        bench.serve()
        try:
            bench.measure()
        finally:
            bench.end()
            print(bench.table.text())
    return 1 if bench.table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
