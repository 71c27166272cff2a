"""The tests of what needs neither Odoo nor a database: ``pytest tests/pure``."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).parents[2]


def _make_importable(name, folder):
    """Let ``folder`` be imported as package ``name``, without what its ``__init__.py`` imports.

    The addon's own package imports Odoo, and pytest-odoo would give it yet another name.
    """
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules.setdefault(name, importlib.util.module_from_spec(spec))


_make_importable("pure_ihub", ROOT / "ihub")
set_hypothesis_home_dir(ROOT / ".dev" / "cache" / "hypothesis")


@pytest.fixture(scope="session", autouse=True)
def load_registry():
    """Keep pytest-odoo from opening a database for these tests."""


@pytest.fixture(scope="session", autouse=True)
def load_http():
    """Keep pytest-odoo from starting a server for these tests."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Let what is waited for between two requests take no time."""
    from pure_ihub.engine import waiting

    monkeypatch.setattr(waiting, "sleep", lambda seconds: None)
