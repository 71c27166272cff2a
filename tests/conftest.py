"""What all tests share: no test may be skipped unseen, and servers for real processes."""

import itertools
import os
import shutil
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
sys.path.insert(0, str(ROOT / "dev"))

from lib import postgres  # noqa: E402

COUNTER = itertools.count(1)
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def pytest_collection_modifyitems(config, items):
    """Refuse to start when tests in a browser would be skipped."""
    if not config.pluginmanager.hasplugin("odoo"):
        return
    from odoo.tests import HttpCase

    if not any(isinstance(item.instance, HttpCase) for item in items if hasattr(item, "instance")):
        return
    if not config.getoption("--odoo-http"):
        raise pytest.UsageError("HttpCase is skipped without --odoo-http. Start with dev/test.")
    if not any(map(shutil.which, BROWSERS)):
        raise pytest.UsageError("There is no Chromium on PATH. Start with dev/test.")


@pytest.fixture
def template_copy():
    """Return the name of a database of its own, a copy of the template."""
    template = os.environ.get("IHUB_TEMPLATE")
    if not template:
        pytest.fail("There is no template database. Start with dev/test.")
    name = f"ihub_process_{os.getpid()}_{next(COUNTER)}"
    client = postgres.Client({})
    client.copy(template, name)
    yield name
    client.drop(name)


@pytest.fixture
def odoo_server(tmp_path):
    """Return a function that starts an Odoo server on a database.

    ``odoo_server(database, *arguments, http=False, env=None)`` returns a ``Server``. With
    ``http`` it is one that answers already; without, it only runs scheduled actions.
    Whatever is still running at the end is killed.
    """
    started = []

    def start(database, *arguments, http=False, env=None):
        log = tmp_path / f"server-{len(started)}.log"
        started.append(Server(database, arguments, http, env, log))
        if http:
            started[-1].wait_until_it_answers()
        return started[-1]

    yield start
    for server in started:
        server.kill()


class Server:
    """An Odoo server in a process group of its own."""

    def __init__(self, database, arguments, http, env, log):
        self.log = log
        self.port = _free_port() if http else None
        command = [sys.executable, "-m", "odoo", "-d", database, f"--db-filter=^{database}$"]
        if http:
            command += [f"--http-port={self.port}", f"--gevent-port={_free_port()}"]
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

    def wait_until_it_answers(self, seconds=60):
        """Wait for the first answer on the server's port."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError):
                opener.open(f"{self.url}/web/health", timeout=seconds).close()
                return
            time.sleep(0.1)
        pytest.fail(f"The server does not answer:\n{self.output[-4000:]}")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
