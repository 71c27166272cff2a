"""The linters and the tests."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import node, odoo, paths, python, serve
from .console import Failure, say
from .shell import environment, foreground

# Tests that need neither Odoo nor a database.
PLAIN = ("tests/pure", "tests/dev")
# Those without servers and browsers, but those that try everything there is or work lanes often.
FAST = ("tests/pure", "tests/transactional", "-m", "not slow", f"-n{os.cpu_count()}")
# One worker more than there are processors: the tests that kill servers also wait for them.
MOST_WORKERS = 4
PYTHON_SOURCES = ("dev", "docs/examples", "tests", *paths.ADDONS)
PYLINT = (
    "--load-plugins=pylint_odoo", "-d", "all", "-e", "odoolint", "--valid-odoo-versions=19.0",
    "--score=n",
)  # fmt: skip


def linters(fix=False):
    """Return the linters as ``{name: command line}``.

    :param fix: let those that can do so put right what they find.
    """
    tools = python.executable().parent
    addons = [*paths.addons(), *paths.examples()]
    also_fix = ["--fix"] if fix else []
    config = f"--config={paths.NODE}"
    prettier = [node.program("prettier"), f"{config}/prettier.config.mjs", "--log-level=warn"]
    return {
        "ruff check": [tools / "ruff", "check", "--quiet", *also_fix, *PYTHON_SOURCES],
        "ruff format": [
            tools / "ruff", "format", "--quiet", *([] if fix else ["--diff"]), *PYTHON_SOURCES,
        ],
        "import-linter": [tools / "lint-imports", "--no-cache", "--config", "pyproject.toml"],
        "mypy": [tools / "mypy"],
        "pylint-odoo": [tools / "python", "-m", "pylint", *PYLINT, *addons],
        "oca-checks-odoo-module": [tools / "oca-checks-odoo-module", *also_fix, *addons],
        # It would clear what is the same in the other language; the format is dev/i18n's.
        "oca-checks-po": [
            tools / "oca-checks-po", "--disable=po-pretty-format", *also_fix, *_files("po", "pot"),
        ],
        # After the checks above, which leave lines behind that are too long.
        "prettier": [*prettier, "--write" if fix else "--check", *_files("js", "xml", "scss")],
        "eslint": [
            node.program("eslint"), f"{config}/eslint.config.mjs", *also_fix, *_files("js"),
        ],
    }  # fmt: skip


def _files(*suffixes):
    """Return the addons' files with these suffixes."""
    folders = [paths.ROOT / addon for addon in [*paths.addons(), *paths.examples()]]
    return [path for each in folders for end in suffixes for path in sorted(each.rglob(f"*.{end}"))]


def lint(env, fix=False):
    """Run every linter; print what they find; return whether there was anything."""
    node.ensure(env)
    every = linters(fix)
    # Those that put things right take turns.
    with ThreadPoolExecutor(1 if fix else os.cpu_count()) as pool:
        ended = pool.map(lambda command: _run(command, env), every.values())
        failed = {
            name: one.stdout for name, one in zip(every, ended, strict=True) if one.returncode
        }
    for name, found in failed.items():
        print(f"--- {name}\n{found}", flush=True)
    if failed:
        say(f"The linters found something: {', '.join(failed)}. dev/test --fix puts much right.")
    else:
        say("The linters found nothing.")
    return bool(failed)


def _run(command, env):
    return subprocess.run(
        command,
        cwd=paths.ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def is_plain(arguments):
    """Tell whether pytest's arguments name only tests without Odoo."""
    named = [arg.split("::")[0] for arg in arguments if (paths.ROOT / arg.split("::")[0]).exists()]
    return bool(named) and all(name.startswith(PLAIN) for name in named)


def needs_pooler(arguments):
    """Tell whether pytest's arguments may name tests behind a pooler, or name no tests at all."""
    named = [arg for arg in arguments if (paths.ROOT / arg.split("::")[0]).exists()]
    return not named or any("processes" in name for name in named)


def side_by_side(arguments):
    """Return pytest's options for several workers, unless only some files are to be run."""
    own = ("-n", "--numprocesses", "--pdb")
    if any(arg.split("::")[0].endswith(".py") or arg.startswith(own) for arg in arguments):
        return []
    workers = min(os.cpu_count() + 1, MOST_WORKERS)
    return [f"--numprocesses={workers}", "--dist=loadfile", "--no-loadscope-reorder"]


def run_plain(arguments, env):
    """Run pytest without Odoo; return its exit code."""
    return _pytest(
        ["-p", "no:odoo", *side_by_side(arguments), *arguments], {**env, "ODOO_RC": None}
    )


def run_tests(databases, arguments, env):
    """Run pytest on a copy of the template database; return its exit code."""
    template = databases.template()
    databases.forget_abandoned()
    options = ["--odoo-http", "--odoo-log-level=error", *side_by_side(arguments)]
    # Browsers, which inherit the limit, reserve far more addresses than they use.
    options.append("--odoo-extra=limit-memory-hard=0")
    # Each worker makes a copy of its own of this one.
    with databases.client.copied(template, "test") as database:
        options.append(f"--odoo-database={database}")
        return _pytest([*options, *arguments], {**env, "IHUB_TEMPLATE": template})


def run_own(databases, own, arguments, env):
    """Run the tests of a developer's own addons as Odoo does, in a database of their own.

    :param own: the folders of the addons
    :param arguments: options of Odoo
    :return: the exit code
    """
    for folder in own:
        if not any(folder.glob("tests/test_*.py")):
            raise Failure(
                f"{folder.name} has no tests. Put them into tests/test_*.py of the addon."
            )
    names = [folder.name for folder in own]
    shown = [f"odoo.addons.{name}.tests" for name in names]
    shown += ["odoo.addons.ihub.tests.conformance", "odoo.tests.result"]
    options = [
        *("-i", ",".join(names), "--test-tags", ",".join(f"/{name}" for name in names)),
        *("--stop-after-init", "--max-cron-threads=0", f"--http-port={serve.free_port()}"),
        *("--log-level=warn", *(f"--log-handler={name}:INFO" for name in shown)),
    ]
    databases.forget_abandoned()
    with databases.copied("own", bundles=False) as database:
        say(f"Installing and testing {' and '.join(names)} ...")
        # What they encrypt is gone with the database.
        env = {**env, "IHUB_SECRET_KEY": "a key for tests"}
        code = foreground(odoo.command("-d", database, *options, *arguments), env)
    say("All tests passed." if code == 0 else "Some tests failed: see above.")
    return code


def _pytest(arguments, env):
    command = [python.executable(), "-m", "pytest", "-rs", *arguments]
    with paths.temporary() as folder:
        places = {"TMPDIR": folder, "ODOO_SCREENSHOTS": paths.LOG / "browser"}
        return foreground(command, {**env, **places}, cwd=paths.ROOT)
