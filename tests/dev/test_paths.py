"""Nothing half made stays, and two starts do not collide."""

import subprocess
import sys
from pathlib import Path

import pytest

from lib import paths
from lib.console import Failure


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


def test_a_second_start_waits_for_the_first(dev_folder, monkeypatch):
    script = (
        "import sys; sys.path.insert(0, 'dev'); from pathlib import Path\n"
        "from lib import paths; paths.DEV = Path(sys.argv[1])\n"
        "with paths.locked('x'): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, dev_folder],
        cwd=paths.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout.readline() == b"held\n"
    said = []
    # The first one goes on only when the second one has said that it waits.
    monkeypatch.setattr(paths, "say", lambda text: (said.append(text), other.stdin.close()))
    with paths.locked("x"):
        assert said == ["Waiting for another start that holds x.lock ..."]
    other.wait()
    other.stdout.close()


@pytest.mark.parametrize(
    "name", ["short", "Ein Ordner mit Umläuten äöü", "d'Été & Söhne (2) #1", "日本"]
)
def test_a_usual_name_of_a_folder_is_accepted(monkeypatch, name):
    monkeypatch.setattr(paths, "ROOT", paths.ROOT / name)
    paths.check()


# Lists of folders, patterns of names, variables and quotes of a shell.
@pytest.mark.parametrize("strange", [*',:;*?[]{}$`"\\<>|\n\t', "\udcff"])
def test_a_name_that_programs_misread_is_refused_at_once(monkeypatch, strange):
    monkeypatch.setattr(paths, "ROOT", paths.ROOT / f"my{strange}folder")
    with pytest.raises(Failure, match="Move the project, or rename the folder"):
        paths.check()


def test_temporary_files_are_where_sockets_have_short_paths(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with paths.temporary() as folder:
        assert len(str(folder)) < 40
        assert Path(folder).is_dir()
    assert not Path(folder).exists()


def test_what_is_compiled_of_temporary_files_goes_with_them(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "COMPILED", tmp_path)
    with paths.temporary() as folder:
        Path(folder, "one.py").touch()
        subprocess.run(
            [sys.executable, "-c", "import one"],
            cwd=folder,
            env={"PYTHONPYCACHEPREFIX": str(tmp_path)},
            check=True,
        )
        assert list(tmp_path.rglob("one.*.pyc"))
    assert not list(tmp_path.rglob("one.*.pyc"))
