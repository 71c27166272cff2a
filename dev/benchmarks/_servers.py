"""Real servers on a hub of their own, and what they and PostgreSQL use of the processor."""

import itertools
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from lib import paths, postgres
from lib.database import Databases

TESTS = paths.ROOT / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "processes")]
TICKS = os.sysconf("SC_CLK_TCK")
# Of /proc/PID/stat behind the name: the parent, and the times of a process and its ended children.
_PARENT, _TIMES = 1, slice(11, 15)
MODES = {"threaded": 0, "prefork": 2}
_numbers = itertools.count(1)


@contextmanager
def hub(purpose):
    """Yield a :class:`Hub` without integrations, whose foreign scheduled actions are off."""
    import hub_database

    with hub_database.copied(Databases({}).template(), f"bench_{purpose}") as made:
        made.empty()
        yield made


@contextmanager
def server(database, *arguments, http=False, **env):
    """Run a server for the body of a ``with``."""
    from odoo_process import Server

    log = paths.LOG / f"{database}-{next(_numbers)}.log"
    made = Server(database, ["--log-level=warn", *arguments], http, env, log)
    try:
        if http:
            made.wait_until_it_answers()
        yield made
    finally:
        made.kill()


def hub_server(hub, mode, crons=2):
    """Return a context manager: a server that works on a hub."""
    from hub_driver import ADDONS_PATH

    threads = f"--max-cron-threads={crons}"
    # Without HTTP there are no HTTP workers: with workers, each cron worker is a process.
    return server(hub.database, ADDONS_PATH, f"--workers={MODES[mode]}", threads)


def cpu(servers):
    """Return the seconds of processor that servers and the embedded PostgreSQL have used."""
    postmaster = int((postgres.DATA / "postmaster.pid").read_text().split()[0])
    processes = _processes()
    used = (_ticks(processes, pid) for pid in (postmaster, *(one.process.pid for one in servers)))
    return sum(used) / TICKS


def _ticks(processes, pid):
    children = (child for child, (parent, _own) in processes.items() if parent == pid)
    return processes[pid][1] + sum(_ticks(processes, child) for child in children)


def _processes():
    """Return the parent of each process, and the ticks of it and of its children that ended."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(folder.name)] = int(words[_PARENT]), sum(map(int, words[_TIMES]))
    return found


def wait(condition, seconds, pause=0.1):
    """Wait until ``condition()`` is true, and return that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(pause)
    raise TimeoutError(f"Not within {seconds} s. Look at the server's log in {paths.LOG}.")
