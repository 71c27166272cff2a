"""Odoo as a process, for tests that start, stop and kill some."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from kept import Kept

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = str(ROOT / "tests" / "fork_server.py")
# Seconds after which something hangs: a busy machine is waited for.
PATIENCE = 300


class ForkServer:
    """The process of which others are forks; see ``fork_server``."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self.process = subprocess.Popen([sys.executable, PROGRAM], cwd=ROOT, stdin=other)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.orders.close()
        self.process.wait()

    def ask(self, order, files=()):
        """Return the answer to an order."""
        with self.lock:
            socket.send_fds(self.orders, [json.dumps(order).encode()], files)
            answer = self.orders.recv(1 << 16)
        return json.loads(answer or pytest.fail("Odoo's code does not load."))


_fork_server = Kept(ForkServer)


def begin(argv, env=None, stdin=subprocess.DEVNULL, output=subprocess.DEVNULL, **traits):
    """Begin an Odoo process in a session of its own; return it, as a ``subprocess.Popen``.

    :param argv: what is said after ``odoo`` on the command line
    :param dict env: variables beside those of this process
    :param stdin: a file
    :param output: a file for all that it says
    :param traits: of a fork; see ``fork_server``
    """
    argv, env = list(map(str, argv)), {**os.environ, **(env or {})}
    paths = [each.partition("=")[2] for each in argv if each.startswith("--addons-path=")]
    if all(path.split(",")[0] == str(ROOT) for path in paths):
        return Fork(argv, env, stdin, output, **traits)
    # Other code than what is there to be forked.
    return subprocess.Popen(
        [sys.executable, PROGRAM, *argv], cwd=ROOT, env=env, stdin=stdin, stdout=output,
        stderr=output, start_new_session=True,
    )  # fmt: skip


class Fork:
    """A fork of Odoo's code, as ``subprocess.Popen`` is the process of a program."""

    def __init__(self, argv, env, stdin, output, database=None, live=True):
        order = {"argv": argv, "env": env, "cwd": str(ROOT), "database": database, "live": live}
        with open(os.devnull, "r+b") as nothing:
            files = [nothing if file == subprocess.DEVNULL else file for file in (stdin, output)]
            numbers = [file.fileno() for file in (*files, files[1])]
            self.pid = _fork_server.get().ask(order, numbers)
        self.returncode = None

    def poll(self):
        """Return the exit code, or None while it runs."""
        if self.returncode is None:
            self.returncode = _fork_server.get().ask({"pid": self.pid})
        return self.returncode

    def wait(self, timeout=PATIENCE):
        """Return the exit code once it has ended.

        :param float timeout: seconds
        :raise subprocess.TimeoutExpired: when it has not ended by then
        """
        if self.poll() is None:
            # It is there until its exit code has been asked for.
            with open(os.pidfd_open(self.pid)) as ended:
                select.select([ended], [], [], timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("odoo", timeout)
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)


def run(*argv, script="", env=None, **traits):
    """Run Odoo to its end; return a ``subprocess.CompletedProcess`` with what it printed."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(script.encode())
        given.seek(0)
        process = begin(argv, env, given, said, **traits)
        try:
            process.wait()
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise
        said.seek(0)
        return subprocess.CompletedProcess(argv, process.returncode, said.read().decode())


def run_without_error(*argv, script="", env=None):
    """Run Odoo to its end, which is a good one; return what it printed."""
    done = run(*argv, script=script, env=env)
    assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout[-6000:]
    return done.stdout


class Server:
    """An Odoo server in a process group of its own."""

    def __init__(self, database, arguments, http, env, log, live=True):
        self.database = database
        self.log = log
        self.port = free_port() if http else None
        argv = ["-d", database, f"--db-filter=^{database}$"]
        if http:
            self.live_port = free_port()
            argv += [f"--http-port={self.port}", f"--gevent-port={self.live_port}"]
        else:
            argv.append("--no-http")
        argv += arguments
        # Another PostgreSQL server is not where the registry was loaded.
        is_elsewhere = env or any("--db_" in each for each in argv)
        with open(log, "wb") as output:
            known = None if is_elsewhere else database
            self.process = begin(argv, env, output=output, database=known, live=live)

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

    def wait_until_it_answers(self, seconds=PATIENCE):
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
