"""Where the server's socket is, and which servers are refused."""

import os
import re
import stat
import tempfile

import pytest

from lib import paths, postgres
from lib.console import Failure

# What the kernel takes as the path of a socket, in bytes and without the zero at its end.
LONGEST_SOCKET = 107
PLACES = ["short", "deep" * 60, "ü" * 120, "with blanks and 'quotes' (of 2) & more #1 + 100%"]


@pytest.fixture(params=PLACES)
def server(request, monkeypatch, tmp_path):
    """A server of a project in some place."""
    dev = tmp_path / request.param
    monkeypatch.setattr(paths, "DEV", dev)
    monkeypatch.setattr(paths, "LOG", dev / "log")
    monkeypatch.setattr(paths, "POSTGRES", dev / "postgres")
    monkeypatch.setattr(postgres, "DATA", dev / "postgres" / "data")
    return postgres.Embedded()


def test_the_socket_can_be_bound_wherever_the_project_is(server):
    path = server.socket_folder() / postgres.SOCKET_NAME
    assert len(os.fsencode(path)) <= LONGEST_SOCKET
    # PGHOST and unix_socket_directories are lists.
    assert re.fullmatch(r"[\w/.-]+", str(path), re.ASCII)


def test_the_socket_is_found_whatever_the_temporary_folder_is(server, monkeypatch, tmp_path):
    before = server.socket_folder()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert server.socket_folder() == before


def test_the_folder_of_the_socket_is_closed_to_others(server, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "TEMPORARY", tmp_path)
    server._prepare_socket_folder()
    assert stat.S_IMODE(server.socket_folder().stat().st_mode) == 0o700


def test_a_server_answers_wherever_the_project_is(server):
    with server.running():
        assert postgres.Client(server.env()).query("SELECT 1") == "1"
    assert not server.socket_folder().exists()


def test_a_server_whose_socket_is_gone_is_started_again(server):
    with server.running():
        (server.socket_folder() / postgres.SOCKET_NAME).unlink()
        with server.running():
            assert postgres.Client(server.env()).query("SELECT 1") == "1"


def test_two_projects_do_not_share_a_socket(monkeypatch, tmp_path):
    folders = set()
    for name in "ab":
        monkeypatch.setattr(paths, "POSTGRES", tmp_path / name)
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
