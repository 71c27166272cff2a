"""Nothing half made stays, and two starts do not collide."""

import subprocess
import sys
import time

import pytest

from lib import paths


def test_a_folder_gets_its_name_when_it_is_complete(tmp_path):
    folder = tmp_path / "odoo"
    with paths.building(folder) as scratch:
        (scratch / "file").touch()
        assert not folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["odoo"]
    assert (folder / "file").exists()


def test_a_failed_build_leaves_the_old_folder(tmp_path):
    folder = tmp_path / "odoo"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(RuntimeError), paths.building(folder):
        raise RuntimeError
    assert (folder / "old").exists()


def test_what_an_interrupted_build_left_is_removed(tmp_path):
    folder = tmp_path / "odoo"
    leftover = tmp_path / "odoo.part"
    leftover.mkdir()
    (leftover / "stale").touch()
    with paths.building(folder):
        pass
    assert not (folder / "stale").exists()


def test_a_second_start_waits_for_the_first(dev_folder):
    script = (
        "import sys, time; sys.path.insert(0, 'dev'); from pathlib import Path\n"
        "from lib import paths; paths.DEV = Path(sys.argv[1])\n"
        "with paths.locked('x'): print('held', flush=True); time.sleep(0.5)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, dev_folder], cwd=paths.ROOT, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"held\n"
    began = time.monotonic()
    with paths.locked("x"):
        assert time.monotonic() - began > 0.2
    other.wait()
    other.stdout.close()
