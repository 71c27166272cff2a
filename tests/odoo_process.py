"""An Odoo server as a process, for tests that start and kill some."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Server:
    """An Odoo server in a process group of its own."""

    def __init__(self, database, arguments, http, env, log):
        self.database = database
        self.log = log
        self.port = free_port() if http else None
        command = [sys.executable, "-m", "odoo", "-d", database, f"--db-filter=^{database}$"]
        if http:
            command += [f"--http-port={self.port}", f"--gevent-port={free_port()}"]
        else:
            command.append("--no-http")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*command, *map(str, arguments)],
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def url(self):
        """The address of a server that was started with ``http``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self):
        """What the server has logged so far."""
        return self.log.read_text(errors="replace")

    def kill(self, number=signal.SIGKILL):
        """Send a signal to the server and all its workers, and wait for its end."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(30)

    def wait_until_it_answers(self, seconds=300):
        """Wait for the first answer on the server's port."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError):
                opener.open(f"{self.url}/web/health", timeout=seconds).close()
                return
            time.sleep(0.1)
        pytest.fail(f"The server does not respond:\n{self.output[-4000:]}")


def free_port():
    """Return a port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
