"""Start Odoo for a person, and end it with everything it started."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request

from . import odoo
from .console import Failure, say
from .shell import environment

HOST = "127.0.0.1"
DEFAULT_PORT = 8069
PATIENCE = 300


def check_port(port):
    """Fail when Odoo's port does not exist or something else listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            way_out = f"Choose another one with --port, such as {DEFAULT_PORT + 1}."
            raise Failure(f"Port {port} cannot be used: {error}. {way_out}") from error


def free_port():
    """Return the number of a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def serve(database, port, env):
    """Run Odoo on ``database`` until it ends or is interrupted; return the exit code."""
    command = odoo.command("-d", database, "--db-filter", f"^{database}$", "--http-port", str(port))
    server = subprocess.Popen(
        [str(part) for part in command],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches only this process, which then ends the server's whole group.
        start_new_session=True,
    )
    try:
        if _answers(server, port):
            _greet(port)
        return server.wait()
    except KeyboardInterrupt:
        print()
        say("Stopping ...")
        return 0
    finally:
        _end(server)


def _answers(server, port):
    """Wait until the login page is there; False when the server ended instead."""
    url = f"http://{HOST}:{port}/web/login"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _second in range(PATIENCE):
        if server.poll() is not None:
            return False
        with contextlib.suppress(OSError):
            opener.open(url, timeout=30).close()
            return True
        time.sleep(1)
    raise Failure(f"Odoo does not answer at {url}. The lines above say why.")


def _greet(port):
    print(
        "\n  Integration Hub is ready.\n\n"
        f"  Address    http://localhost:{port}\n"
        "  Login      admin\n"
        "  Password   admin\n\n"
        "  Ctrl-C ends it.\n",
        flush=True,
    )


def _end(server):
    """End the server and its children, gently first."""
    for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
            break
    # Workers of a master that died are still in its group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
