"""When databases are made again."""

import contextlib
import fcntl
import re
from types import SimpleNamespace

import pytest

from lib import database, paths


@pytest.fixture
def addon(tmp_path):
    folder = tmp_path / "addon"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    return folder


def test_the_hash_is_stable(addon):
    assert database.content_hash([addon]) == database.content_hash([addon])


@pytest.mark.parametrize("change", ["edit", "add", "rename"])
def test_every_change_of_an_addon_changes_the_hash(addon, change):
    before = database.content_hash([addon])
    if change == "edit":
        (addon / "a.py").write_text("2")
    elif change == "add":
        (addon / "b.xml").touch()
    else:
        (addon / "a.py").rename(addon / "c.py")
    assert database.content_hash([addon]) != before


def test_compiled_files_do_not_count(addon):
    before = database.content_hash([addon])
    (addon / "__pycache__").mkdir()
    (addon / "__pycache__" / "a.pyc").touch()
    assert database.content_hash([addon]) == before


class Recorder(database.Databases):
    """Databases whose server only remembers what was asked."""

    def __init__(self, note):
        super().__init__({})
        self.calls = []
        self.notes = {database.DEMO: note}
        self.client = self

    def release(self):
        return "odoo2"

    def addons_version(self):
        return "addons2"

    def note(self, name):
        return self.notes.get(name)

    def set_note(self, name, text):
        self.notes[name] = text

    def base(self):
        return "base"

    def copy(self, source, target):
        self.calls.append("create")

    def _install(self, name):
        self.calls.append("install")

    def _odoo(self, name, *arguments):
        self.calls.append(" ".join(arguments))


@pytest.fixture(autouse=True)
def both_addons(monkeypatch):
    monkeypatch.setattr(database.paths, "addons", lambda: ["ihub", "ihub_integration_demo"])


@pytest.mark.parametrize(
    ("note", "fresh", "expected"),
    [
        # There is none, or one whose installation was interrupted.
        (None, False, ["create", "install"]),
        ("", False, ["create", "install"]),
        # Of another Odoo, or not wanted any more.
        ("odoo1 addons2 ihub ihub_integration_demo", False, ["create", "install"]),
        ("odoo2 addons2 ihub ihub_integration_demo", True, ["create", "install"]),
        # As it should be.
        ("odoo2 addons2 ihub ihub_integration_demo", False, []),
        # The addons changed; one is new.
        ("odoo2 addons1 ihub ihub_integration_demo", False, ["-u ihub,ihub_integration_demo"]),
        ("odoo2 addons1 ihub", False, ["-u ihub -i ihub_integration_demo"]),
    ],
)
def test_the_demo_database_is_made_upgraded_or_kept(note, fresh, expected):
    databases = Recorder(note)
    databases.demo(fresh)
    assert databases.calls == expected
    assert databases.notes[database.DEMO] == "odoo2 addons2 ihub ihub_integration_demo"


def test_a_failed_upgrade_is_tried_again():
    databases = Recorder("odoo2 addons1 ihub ihub_integration_demo")
    databases._odoo = lambda *arguments: (_ for _ in ()).throw(RuntimeError)
    with pytest.raises(RuntimeError):
        databases.demo()
    assert databases.notes[database.DEMO].split()[1] == "addons1"


def test_bundles_are_built_once_and_only_where_they_are_asked_for():
    databases = Recorder(None)
    databases._forget = lambda *kept: None
    databases._shell = lambda name, code: databases.calls.append("bundles")
    for bundles in (False, False, True, False, True):
        databases.template(bundles)
    assert databases.calls == ["create", "install", "bundles"]


def test_nobody_works_on_the_template_while_it_is_copied(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "DEV", tmp_path)
    databases = Recorder(None)
    databases.template = lambda bundles: "template"

    @contextlib.contextmanager
    def copied(template, purpose):
        databases.calls.append(f"copy {template}, locked: {is_locked(tmp_path)}")
        yield f"{purpose}_1"
        databases.calls.append("drop")

    databases.client = SimpleNamespace(copied=copied)
    with databases.copied("own", bundles=False) as name:
        databases.calls.append(f"{name}, locked: {is_locked(tmp_path)}")
    assert databases.calls == ["copy template, locked: True", "own_1, locked: False", "drop"]


def is_locked(folder):
    with open(folder / "template.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Server:
    """A database server with some databases, which remembers what is dropped."""

    def __init__(self, names):
        self.names = names
        self.dropped = []

    def query(self, sql):
        patterns = re.findall(r"datname (!?~) '([^']+)'", sql)
        return "\n".join(
            name
            for name in self.names
            if all(bool(re.search(p, name)) is (sign == "~") for sign, p in patterns)
        )

    def drop(self, name):
        self.dropped.append(name)


def test_what_killed_runs_left_is_dropped_and_nothing_else(monkeypatch):
    left = ["ihub_test_11", "ihub_process_11_3", "ihub_browser_11", "ihub_troubles_11_copy"]
    left += ["ihub_shots_states_11", "ihub_processes_11", "ihub_test_11_1-gw0"]
    kept = ["ihub_demo", "ihub_base_1234567890", "ihub_template_1234567890", "ihub_browser_22"]
    monkeypatch.setattr(database, "_is_alive", lambda pid: pid == 22)
    databases = database.Databases({})
    databases.client = Server([*left, *kept])
    databases.forget_abandoned()
    assert databases.client.dropped == left
