"""The port of Odoo, and the end of what was started."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib import serve
from lib.console import Failure


def test_a_taken_port_is_said_with_another_one():
    with socket.socket() as other:
        other.bind((serve.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Failure, match=rf"Port {port} cannot be used.*in use.*--port"):
            serve.check_port(port)


def test_a_free_port_is_accepted():
    with socket.socket() as other:
        other.bind((serve.HOST, 0))
        port = other.getsockname()[1]
    serve.check_port(port)


def test_a_number_that_is_no_port_is_refused():
    with pytest.raises(Failure, match="Port 70000 cannot be used"):
        serve.check_port(70000)


def test_the_end_takes_the_children_along():
    """A worker that outlives its master is ended, too."""
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, flush=True); child.wait()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    child = int(server.stdout.readline())
    serve._end(server)
    server.stdout.close()
    assert server.returncode is not None
    assert _ends(child)


def _ends(pid):
    """Wait for the end of a process; a zombie has ended."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
