"""What all tests share: no test may be skipped unseen, and servers for real processes."""

import os
import random
import shutil
import sys
import unittest
from contextlib import contextmanager
from pathlib import Path

import pytest
from freezegun import api as freezegun
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "dev"))

from kept import Kept  # noqa: E402
from odoo_process import Server  # noqa: E402

from lib import paths, postgres  # noqa: E402

# The same examples each time, wherever the tests run, and however slow the machine is.
settings.load_profile("ci")
# Each time that the clock is frozen, freezegun compares all names of all modules with those of last
# time. To count them takes a quarter of that, and tests freeze it thousands of times.
freezegun._get_module_attributes_hash = lambda module: f"{id(module)}-{len(module.__dict__)}"
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def pytest_addoption(parser):
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        nargs="?",
        type=int,
        const=random.randrange(100_000),
        help="take the files in random order, the same for the same seed",
    )


class Ending:
    """A plugin, since the tests in the addons do not know this file."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """End what is kept before a class of Odoo's own tests would."""
        if issubclass(getattr(item, "cls", None) or object, unittest.TestCase):
            Kept.end()


@contextmanager
def own_filestore(original, database):
    """Give a worker's copy of a database a filestore of its own.

    pytest-odoo lets all workers share one; there each removes at the end of a class, as Odoo does,
    what its own database does not know, and the others are just reading or writing.
    """
    if database == original:
        yield
        return
    postgres.copy_filestore(original, database)
    try:
        yield
    finally:
        paths.remove(postgres.filestore(database))


def pytest_configure(config):
    config.pluginmanager.register(Ending())
    if plugin := config.pluginmanager.getplugin("odoo"):
        plugin._shared_filestore = own_filestore


def pytest_report_header(config):
    seed = config.getoption("--shuffle")
    return None if seed is None else f"The files in random order: --shuffle={seed}"


def pytest_collection_modifyitems(config, items):
    """Shuffle the files if asked to; refuse to start when tests in a browser would be skipped."""
    seed = config.getoption("--shuffle")
    if seed is not None:
        files = sorted({item.path for item in items})
        random.Random(seed).shuffle(files)
        items.sort(key=lambda item: files.index(item.path))
    if not config.pluginmanager.hasplugin("odoo"):
        return
    from odoo.tests import HttpCase

    if not any(isinstance(item.instance, HttpCase) for item in items if hasattr(item, "instance")):
        return
    if not config.getoption("--odoo-http"):
        raise pytest.UsageError("HttpCase is skipped without --odoo-http. Start with dev/test.")
    if not any(map(shutil.which, BROWSERS)):
        raise pytest.UsageError("There is no Chromium on PATH. Start with dev/test.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out the files to workers side by side; those in random order just as they come."""
    from side_by_side import Scheduling

    return Scheduling(config, log) if config.getoption("--shuffle") is None else None


@pytest.fixture(scope="session")
def template():
    """The name of the database that tests which need one of their own copy."""
    name = os.environ.get("IHUB_TEMPLATE")
    if not name:
        pytest.fail("There is no template database. Start with dev/test.")
    return name


@pytest.fixture
def template_copy(template):
    """The name of a database of its own."""
    with postgres.Client({}).copied(template, "process") as name:
        yield name


@pytest.fixture
def odoo_server(tmp_path):
    """Return a function that starts an Odoo server on a database.

    ``odoo_server(database, *arguments, http=False, env=None, live=False)`` returns a ``Server``.
    With ``http`` it is one that answers already; without, it only runs scheduled actions. With
    ``live`` one with workers has a process for live messages.
    Whatever is still running at the end is killed.
    """
    started = []

    def start(database, *arguments, http=False, env=None, live=False):
        log = tmp_path / f"server-{len(started)}.log"
        started.append(Server(database, arguments, http, env, log, live))
        if http:
            started[-1].wait_until_it_answers()
        return started[-1]

    yield start
    for server in started:
        server.kill()
