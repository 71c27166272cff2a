"""Which Python is used, and what is said when none fits."""

import pytest

from lib import launch, python
from lib.console import Failure


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 13, 9)])
def test_a_python_that_fits_is_taken(version):
    assert launch.fitting_python(version) is None


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 18), (3, 14, 0)])
def test_in_place_of_another_the_newest_that_fits_is_taken(version):
    there = {"python3.11": "/usr/bin/python3.11", "python3.12": "/opt/python3.12"}
    assert launch.fitting_python(version, there.get) == "/opt/python3.12"


def test_without_a_fitting_python_the_way_out_is_said():
    with pytest.raises(SystemExit, match=r"Python 3\.14 .* Install a Python from 3\.10 to 3\.13"):
        launch.fitting_python((3, 14, 0), {}.get)


def test_the_launcher_parses_on_the_oldest_python_3():
    source = (python.paths.ROOT / "dev" / "lib" / "launch.py").read_text()
    import ast

    ast.parse(source, feature_version=(3, 4))


def test_every_requirement_is_pinned():
    lines = python.REQUIREMENTS.read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if "==" not in line] == []


def test_an_interrupted_installation_is_done_again(dev_folder, monkeypatch):
    """Without the marker the environment is made anew, whatever is there."""
    venv = dev_folder / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "half-made").touch()
    monkeypatch.setattr(python.paths, "VENV", venv)
    monkeypatch.setattr(python, "_install", lambda: None)
    monkeypatch.setattr(python, "_create", lambda: _recreate(venv))
    python.ensure()
    assert not (venv / "bin" / "half-made").exists()
    assert (venv / "complete").exists()


def _recreate(venv):
    python.paths.remove(venv)
    venv.mkdir()


def test_a_failed_installation_leaves_no_marker(dev_folder, monkeypatch):
    venv = dev_folder / "venv"
    monkeypatch.setattr(python.paths, "VENV", venv)
    monkeypatch.setattr(python, "_create", lambda: _recreate(venv))

    def fail():
        raise Failure("no network")

    monkeypatch.setattr(python, "_install", fail)
    with pytest.raises(Failure):
        python.ensure()
    assert not (venv / "complete").exists()
