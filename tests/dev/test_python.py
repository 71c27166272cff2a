"""Which Python is used, and what is said when none fits."""

import subprocess
import sys

import pytest

from lib import python
from lib.console import Failure


@pytest.mark.parametrize(
    ("version", "expected"),
    [((3, 9, 18), False), ((3, 10, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)],
)
def test_the_supported_versions(version, expected):
    assert python.supported(version) is expected


def _fake_python(folder, version):
    """Make a program that answers the probe like a Python of this version."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\necho '[[{version}], \"/nowhere\"]'\n")
    program.chmod(0o755)
    return str(program)


def test_a_python_that_was_asked_for_is_taken(tmp_path):
    program = _fake_python(tmp_path, "3, 12, 1")
    assert python.choose(program) == program


def test_a_wrong_python_is_named_with_the_range(tmp_path):
    program = _fake_python(tmp_path, "3, 9, 2")
    with pytest.raises(Failure, match=r"is Python 3\.9\.2\. Name one from 3\.10 to 3\.13"):
        python.choose(program)


def test_something_that_is_no_python_is_refused():
    with pytest.raises(Failure, match="is not a Python that runs"):
        python.choose("/bin/ls")
    with pytest.raises(Failure, match="is not a Python that runs"):
        python.choose("no-such-python")


def test_without_a_fitting_python_the_way_out_is_said(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(python.shutil, "which", lambda name: None)
    with pytest.raises(Failure, match="Install a Python from 3.10 to 3.13, or name one"):
        python.choose()


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
    monkeypatch.setattr(python, "_create", lambda interpreter: _recreate(venv))
    python.ensure()
    assert not (venv / "bin" / "half-made").exists()
    assert (venv / "complete").exists()


def _recreate(venv):
    python.paths.remove(venv)
    venv.mkdir()


def test_a_failed_installation_leaves_no_marker(dev_folder, monkeypatch):
    venv = dev_folder / "venv"
    monkeypatch.setattr(python.paths, "VENV", venv)
    monkeypatch.setattr(python, "_create", lambda interpreter: _recreate(venv))

    def fail():
        raise Failure("no network")

    monkeypatch.setattr(python, "_install", fail)
    with pytest.raises(Failure):
        python.ensure()
    assert not (venv / "complete").exists()


def test_an_old_python_is_told_what_to_install(tmp_path):
    """The launcher itself, as an old Python would run it."""
    script = (
        "import sys; sys.path.insert(0, 'dev'); sys.version_info = (3, 9, 0)\n"
        "from lib import launch; launch.CANDIDATES = (); launch.launch('run')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=python.paths.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Install a Python from 3.10 to 3.13" in done.stderr
