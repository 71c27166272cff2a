"""Options, help and the arguments that go to pytest."""

import subprocess
import sys

import pytest

from lib import checks, commands, paths, postgres, shell


@pytest.mark.parametrize("command", ["run", "test", "bootstrap", "env", "new"])
def test_the_help_names_every_option_with_its_variable(command):
    done = subprocess.run(
        [paths.ROOT / "dev" / command, "--help"], capture_output=True, text=True, check=True
    )
    options = ["odoo", "db-host", "db-port", "db-user", "db-password"]
    for option in [*options, "port"] if command == "run" else options:
        assert f"--{option}" in done.stdout
        assert f"[IHUB_{option.upper().replace('-', '_')}]" in done.stdout


def test_a_command_may_be_started_by_a_link_from_anywhere(tmp_path):
    link = tmp_path / "my test"
    link.symlink_to(paths.ROOT / "dev" / "test")
    done = subprocess.run([link, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert "--shuffle" in done.stdout


def test_variables_are_the_defaults_of_the_options(monkeypatch):
    monkeypatch.setenv("IHUB_DB_HOST", "db.test")
    options = commands.parser("run", "").parse_args(["--db-user", "me"])
    assert commands.external_postgres(options) == {"PGHOST": "db.test", "PGUSER": "me"}


def test_the_embedded_server_is_the_default():
    assert commands.external_postgres(commands.parser("run", "").parse_args([])) == {}


def test_what_python_compiles_is_kept_where_a_container_says_otherwise(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = shell.environment(commands.variables(postgres.External({})))
    script = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"
    said = subprocess.check_output([sys.executable, "-c", script], env=env, text=True)
    assert said.split() == ["False", str(paths.COMPILED)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tests/dev"], True),
        (["tests/dev/test_commands.py::x", "-x"], True),
        (["tests/dev", "tests"], False),
        (["-k", "name"], False),
        ([], False),
    ],
)
def test_plain_tests_need_no_database(arguments, expected):
    assert checks.is_plain(arguments) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["tests", "--shuffle=7"], True),
        (["-k", "name", "-x"], True),
        (["tests/pure/test_retry.py"], False),
        (["tests/pure/test_retry.py::test_x", "-x"], False),
        (["-n0"], False),
        (["tests", "--pdb"], False),
    ],
)
def test_many_files_go_to_workers_side_by_side(arguments, expected):
    assert bool(checks.side_by_side(arguments)) is expected
