"""The scripts in ``dev`` are tested without a network and without Odoo."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dev"))

from lib import paths


@pytest.fixture
def dev_folder(tmp_path, monkeypatch):
    """A folder of its own in place of the project's ``.dev``."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(paths, "DEV", folder)
    monkeypatch.setattr(paths, "LOG", folder / "log")
    monkeypatch.setattr(paths, "CACHE", folder / "cache")
    return folder
