"""Where the server's socket is, and which servers are refused."""

import pytest

from lib import paths, postgres
from lib.console import Failure


def test_the_socket_is_in_the_project(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "POSTGRES", tmp_path / "pg")
    assert postgres.Embedded().socket_folder() == tmp_path / "pg"


def test_a_deep_project_gets_a_short_socket(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "POSTGRES", tmp_path / ("deep" * 30))
    folder = postgres.Embedded().socket_folder()
    assert len(str(folder / postgres.SOCKET_NAME)) <= postgres.SOCKET_LIMIT


def test_two_projects_do_not_share_a_short_socket(monkeypatch, tmp_path):
    folders = set()
    for name in "ab":
        monkeypatch.setattr(paths, "POSTGRES", tmp_path / (name * 120))
        folders.add(postgres.Embedded().socket_folder())
    assert len(folders) == 2


def test_the_machine_s_own_settings_do_not_leak_in():
    variables = postgres.Embedded().env()
    assert variables["PGPORT"] is None
    assert variables["PGPASSWORD"] is None
    assert variables["PGUSER"] == "odoo"


def test_the_user_that_odoo_refuses_is_refused_early():
    server = postgres.External({"PGHOST": "somewhere", "PGUSER": "postgres"})
    with pytest.raises(Failure, match="Create another one"), server.running():
        pass


def test_closed_folders_are_noticed(tmp_path):
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    assert not postgres._open_to_others(closed / "inside")
