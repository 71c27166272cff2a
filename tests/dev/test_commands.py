"""Options, help and the arguments that go to pytest."""

import subprocess
import sys

import pytest

from lib import checks, paths, settings


@pytest.mark.parametrize("command", ["run", "test", "bootstrap", "soak", "env"])
def test_the_help_names_every_option_with_its_variable(command):
    done = subprocess.run(
        [sys.executable, paths.ROOT / "dev" / command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    for option, variable in settings.VARIABLES.items():
        if option != "port" or command == "run":
            assert "--" + option.replace("_", "-") in done.stdout
            assert variable in done.stdout


def test_variables_are_the_defaults_of_the_options(monkeypatch):
    monkeypatch.setenv("IHUB_DB_HOST", "db.test")
    monkeypatch.setenv("IHUB_PORT", "8100")
    made = settings.parser("run", "")
    settings.add_port(made)
    options = made.parse_args(["--db-user", "me"])
    assert options.port == 8100
    assert settings.external_postgres(options) == {"PGHOST": "db.test", "PGUSER": "me"}


def test_the_embedded_server_is_the_default():
    assert settings.external_postgres(settings.parser("run", "").parse_args([])) == {}


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
