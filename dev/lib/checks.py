"""The linters and the tests."""

import os
import subprocess

from . import node, paths, python
from .console import say
from .shell import environment, foreground

# Tests that need neither Odoo nor a database.
PLAIN = ("tests/pure", "tests/dev")
PYTHON_SOURCES = ("dev", "tests", *paths.ADDONS)
PYLINT = (
    "--load-plugins=pylint_odoo", "-d", "all", "-e", "odoolint", "--valid-odoo-versions=19.0",
    "--score=n",
)  # fmt: skip
# The commands have no suffix by which a linter would find them.
SCRIPTS = ("dev/run", "dev/test", "dev/bootstrap", "dev/soak", "dev/env")


def linters(fix=False):
    """Return the linters as ``{name: command line}``, those that have something to read.

    :param fix: let those that can do so put right what they find.
    """
    tools = python.executable().parent
    addons = paths.addons()
    every = {
        "ruff check": ([tools / "ruff", "check", "--quiet", *_if(fix, "--fix")], _python_files()),
        "ruff format": (
            [tools / "ruff", "format", "--quiet", *_if(not fix, "--diff")],
            _python_files(),
        ),
        "import-linter": ([tools / "lint-imports", "--no-cache", "--config"], ["pyproject.toml"]),
        "mypy": ([tools / "mypy"], ["ihub/core"]),
        "pylint-odoo": ([tools / "python", "-m", "pylint", *PYLINT], addons),
        "oca-checks-odoo-module": (
            [tools / "oca-checks-odoo-module", *_if(fix, "--fix")],
            addons,
        ),
        "oca-checks-po": (
            # It would clear what is the same in the other language; the format is dev/i18n's.
            [tools / "oca-checks-po", "--disable=po-pretty-format", *_if(fix, "--fix")],
            _po_files(),
        ),
        # After the checks above, which leave lines behind that are too long.
        "prettier": (
            [
                *node.program("prettier"),
                f"--config={paths.NODE / 'prettier.config.mjs'}",
                "--log-level=warn",
                "--write" if fix else "--check",
            ],
            _web_files("js", "xml", "scss"),
        ),
        "eslint": (
            [
                *node.program("eslint"),
                f"--config={paths.NODE / 'eslint.config.mjs'}",
                *_if(fix, "--fix"),
            ],
            _web_files("js"),
        ),
    }
    return {name: [*command, *files] for name, (command, files) in every.items() if files}


def _if(condition, option):
    return [option] if condition else []


def _python_files():
    return [name for name in (*PYTHON_SOURCES, *SCRIPTS) if (paths.ROOT / name).exists()]


def _web_files(*suffixes):
    """Return the addons' files with these suffixes."""
    return [
        path
        for addon in paths.addons()
        for suffix in suffixes
        for path in sorted((paths.ROOT / addon).rglob(f"*.{suffix}"))
    ]


def _po_files():
    return [path for name in paths.addons() for path in (paths.ROOT / name / "i18n").glob("*.po*")]


def lint(env, fix=False):
    """Run every linter; print what they find; return whether there was anything."""
    node.ensure(env)
    failed = [name for name, command in linters(fix).items() if not _passes(name, command, env)]
    if failed:
        say(f"The linters found something: {', '.join(failed)}. dev/test --fix puts much right.")
    else:
        say("The linters found nothing.")
    return bool(failed)


def _passes(name, command, env):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=paths.ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(f"--- {name}\n{done.stdout}", flush=True)
    return not done.returncode


def is_plain(arguments):
    """Tell whether pytest's arguments name only tests without Odoo."""
    named = [arg.split("::")[0] for arg in arguments if (paths.ROOT / arg.split("::")[0]).exists()]
    return bool(named) and all(name.startswith(PLAIN) for name in named)


def run_plain(arguments, env):
    """Run pytest without Odoo; return its exit code."""
    return _pytest(["-p", "no:odoo", *arguments], {**env, "ODOO_RC": None})


def run_tests(databases, arguments, env):
    """Run pytest on a copy of the template database; return its exit code."""
    template = databases.template()
    databases.forget_abandoned()
    database = f"ihub_test_{os.getpid()}"
    databases.client.copy(template, database)
    options = [f"--odoo-database={database}", "--odoo-http", "--odoo-log-level=error"]
    # Browsers, which inherit the limit, reserve far more addresses than they use.
    options.append("--odoo-extra=limit-memory-hard=0")
    try:
        return _pytest([*options, *arguments], {**env, "IHUB_TEMPLATE": template})
    finally:
        databases.client.drop(database)


def run_soak(databases, arguments, env):
    """Run the soak on a copy of the template database; return its exit code."""
    command = [python.executable(), paths.ROOT / "tests" / "processes" / "soak.py", *arguments]
    places = {"IHUB_TEMPLATE": databases.template(), "IHUB_LOG": paths.LOG}
    return foreground(command, {**env, **places}, cwd=paths.ROOT)


def _pytest(arguments, env):
    command = [python.executable(), "-m", "pytest", "-rs", *arguments]
    with paths.temporary() as folder:
        places = {"TMPDIR": folder, "ODOO_SCREENSHOTS": paths.LOG / "browser"}
        return foreground(command, {**env, **places}, cwd=paths.ROOT)
