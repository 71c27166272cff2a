"""PgBouncer is had where it can be, and nobody has to have it."""

import pytest

from lib import checks, debian, pooler
from lib.console import Failure


@pytest.fixture
def missing(monkeypatch, tmp_path):
    """A machine without it; return where the project's would be."""
    monkeypatch.setattr(pooler.shutil, "which", lambda name, path: None)
    monkeypatch.setattr(pooler, "PROGRAM", tmp_path / "pgbouncer")
    return pooler.PROGRAM


def test_the_machine_s_own_is_taken(monkeypatch):
    monkeypatch.setattr(pooler.shutil, "which", lambda name, path: f"/usr/sbin/{name}")
    monkeypatch.setattr(debian, "unpack_missing", lambda *given: pytest.fail("downloaded"))
    pooler.ensure()
    assert pooler.command() == ["/usr/sbin/pgbouncer"]


def test_else_it_is_fetched_once(monkeypatch, missing, dev_folder):
    fetched = []

    def fetch(packages, prefix):
        fetched.append(packages)
        missing.touch()

    monkeypatch.setattr(debian, "unpack_missing", fetch)
    assert pooler.command() is None
    pooler.ensure()
    pooler.ensure()
    assert fetched == [("pgbouncer",)]
    assert pooler.command()[-1] == missing


def test_where_it_cannot_be_had_the_tests_go_on_without(monkeypatch, missing, dev_folder):
    def refuse(packages, prefix):
        raise Failure("The network cannot be reached.")

    monkeypatch.setattr(debian, "unpack_missing", refuse)
    pooler.ensure()
    assert pooler.command() is None


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ([], True),
        (["-k", "pooler"], True),
        (["tests/processes/test_pooler.py::test_x"], True),
        (checks.FAST, False),
        (["tests/transactional/test_stop.py"], False),
    ],
)
def test_it_is_looked_for_only_where_its_tests_may_run(arguments, needed):
    assert checks.needs_pooler(arguments) is needed


def test_what_must_be_the_system_s_own_is_left_out(monkeypatch, tmp_path, dev_folder):
    names = ("pgbouncer_1.deb", "libc6_2.deb", "libevent_2.deb")
    taken = []
    monkeypatch.setattr(debian, "own_suite", lambda: "sid")
    monkeypatch.setattr(debian, "keyring", lambda: "keys")
    monkeypatch.setattr(
        debian.Apt, "download_missing", lambda self, packages: [tmp_path / one for one in names]
    )
    monkeypatch.setattr(debian, "extract", lambda package, prefix: taken.append(package.name))
    debian.unpack_missing(("pgbouncer",), tmp_path / "there")
    assert taken == ["pgbouncer_1.deb", "libevent_2.deb"]
    assert (tmp_path / "there").is_dir()
