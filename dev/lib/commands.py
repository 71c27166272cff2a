"""The commands: what dev/run, dev/test, dev/bootstrap and dev/env do."""

import argparse
import contextlib
import errno
import os
import shlex
import signal

from . import browser, checks, node, odoo, own_addons, paths, pooler, postgres, python, serve
from .console import Failure, report, say
from .database import DEMO, Databases
from .shell import Interrupted, explain, foreground


def main(command):
    """Run a command; return the exit code, and say in one sentence what went wrong."""
    # A closed terminal or a stopped job has to end what was started, too. A shell makes
    # its background jobs ignore Ctrl-C's signal.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return COMMANDS[command]()
    except Failure as failure:
        report(failure)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        report(explain("No space left on device", ""))
    except KeyboardInterrupt:
        report("interrupted. What is complete is kept; start again to go on.")
        return 130
    return 1


def _interrupt(number, frame):
    raise Interrupted(number)


def parser(command, description, epilog=None):
    """Return a parser with the options that all commands share."""
    made = argparse.ArgumentParser(
        prog=f"dev/{command}",
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    group = made.add_argument_group("what is already there")
    add_option(group, "odoo", "an Odoo 19.0 to use instead of the download: checkout or install")
    add_option(group, "db-host", "a PostgreSQL to use instead of the embedded one")
    add_option(group, "db-port", "its port")
    add_option(group, "db-user", "a user of it that may create databases")
    add_option(group, "db-password", "that user's password")
    return made


def add_option(made, name, text, default=None, **options):
    """Add an option whose default is in a variable of the environment."""
    variable = f"IHUB_{name.upper().replace('-', '_')}"
    default = os.environ.get(variable) or default
    made.add_argument(f"--{name}", default=default, help=f"{text} [{variable}]", **options)


def add_own(made, what):
    """Add the option for a developer's own addons.

    :param what: is done with them.
    """
    made.add_argument("--addons", metavar="DIR", action="append", default=[],
                      type=own_addons.folder,
                      help="a folder of addons of your own, to be given more than once if need be: "
                      f"those that depend on ihub are {what}")  # fmt: skip


def addons_path(options):
    """Return where Odoo finds the project's addons, and those of the developer's own."""
    return ",".join(map(str, [paths.ROOT, *options.addons]))


def external_postgres(options):
    """Return the client variables of the server asked for; empty for the embedded one."""
    given = {f"PG{name.upper()}": getattr(options, f"db_{name}") for name in postgres.CONNECTION}
    return {name: value for name, value in given.items() if value}


@contextlib.contextmanager
def prepared(options):
    """Have Python, Odoo and PostgreSQL ready; yield the environment's variables."""
    paths.check()
    with paths.locked("bootstrap"):
        python.ensure()
        odoo.ensure(options.odoo)
    external = external_postgres(options)
    server = postgres.External(external) if external else postgres.Embedded()
    with server.running():
        yield variables(server)


def variables(server):
    """Return the environment variables of the development environment."""
    cache = paths.CACHE
    for folder in (paths.HOME, paths.DATA, paths.LOG, cache):
        folder.mkdir(parents=True, exist_ok=True)
    path = [python.executable().parent, paths.BIN, postgres.binaries(), os.environ["PATH"]]
    return {
        **server.env(),
        "PATH": os.pathsep.join(map(str, path)),
        "VIRTUAL_ENV": paths.VENV,
        "HOME": paths.HOME,
        # Whatever the container says: without it each Odoo would compile all of its own code.
        "PYTHONDONTWRITEBYTECODE": None,
        "PYTHONPYCACHEPREFIX": paths.COMPILED,
        "PYTHONUNBUFFERED": "1",
        "ODOO_RC": paths.ROOT / "odoo.conf",
        "ODOO_ADDONS_PATH": paths.ROOT if paths.addons() else None,
        "ODOO_DATA_DIR": paths.DATA,
        "ODOO_HTTP_INTERFACE": "127.0.0.1",
        "PYLINTHOME": cache / "pylint",
    }


def bootstrap():
    """Prepare everything, so that the other commands need no network."""
    made = parser("bootstrap", "Fetch and prepare everything that the tests need.")
    options = made.parse_args()
    with prepared(options) as env:
        browser.ensure()
        pooler.ensure()
        node.ensure(env)
        Databases(env).template()
    say("Everything is ready.")
    return 0


def run():
    """Serve the demo database until it is interrupted."""
    made = parser("run", "Start Odoo 19 with the Integration Hub and its demo.", RUN_HELP)
    text = f"Odoo's port, {serve.DEFAULT_PORT} if not given"
    add_option(made, "port", text, serve.DEFAULT_PORT, type=int)
    made.add_argument("--fresh", action="store_true", help=f"make the database {DEMO} anew")
    add_own(made, "installed in a database for them")
    options = made.parse_args()
    serve.check_port(options.port)
    own = own_addons.find(options.addons)
    with prepared(options) as env:
        env["ODOO_ADDONS_PATH"] = addons_path(options)
        with paths.locked("demo"):
            database = Databases(env, own).demo(options.fresh)
        return serve.serve(database, options.port, env)


def test():
    """Run the linters and the tests, or only what the arguments name."""
    made = parser("test", "Run the linters and every test.", TEST_HELP)
    made.add_argument("--fast", action="store_true", help="only those that are done soon")
    made.add_argument("--no-lint", action="store_true", help="leave the linters out")
    made.add_argument("--lint", action="store_true", help="only the linters")
    made.add_argument("--fix", action="store_true", help="only the linters, and put right")
    add_own(made, "tested, and nothing else")
    options, arguments = made.parse_known_args()
    own = own_addons.find(options.addons)
    with prepared(options) as env:
        if own:
            env["ODOO_ADDONS_PATH"] = addons_path(options)
            return checks.run_own(Databases(env), own, arguments, env)
        if options.lint or options.fix:
            return checks.lint(env, options.fix)
        if options.fast:
            arguments = [*checks.FAST, *arguments]
        found = not arguments and not options.no_lint and checks.lint(env)
        return _test(arguments, env) or found


def _test(arguments, env):
    """Run pytest with what the tests named need; return its exit code."""
    if checks.is_plain(arguments):
        return checks.run_plain(arguments, env)
    browser.ensure()
    # Else it would be looked for in vain each time where there is no network.
    if checks.needs_pooler(arguments):
        pooler.ensure()
    return checks.run_tests(Databases(env), arguments, env)


def env():
    """Run a command in the environment, or a shell when there is none."""
    made = parser("env", "Run a command, or a shell, in the environment.", ENV_HELP)
    made.add_argument("command", nargs="...", help="the command with its arguments")
    options = made.parse_args()
    with prepared(options) as env:
        command = options.command or [os.environ.get("SHELL", "/bin/sh")]
        return foreground(command, env)


def new():
    """Make an addon with an integration, a form, items and tests."""
    made = parser("new", "Make an addon with an integration of your own.", NEW_HELP)
    made.add_argument("name", help="the addon's technical name, such as my_shop")
    made.add_argument("--addons", metavar="DIR", default=".", type=own_addons.folder,
                      help="the folder to make it in, the current one if not given")  # fmt: skip
    options = made.parse_args()
    addon = own_addons.place(options.addons, options.name)
    with prepared(options) as env:
        arguments = ["scaffold", "-t", paths.TEMPLATE, options.name, options.addons]
        odoo.call(arguments, "Odoo cannot make the addon.", env=env, log=paths.LOG / "new.log")
    say(NEW_SAYS.format(addon=addon, addons=shlex.quote(str(options.addons))))
    return 0


COMMANDS = {"run": run, "test": test, "bootstrap": bootstrap, "env": env, "new": new}

RUN_HELP = f"""\
Everything that is missing is fetched and prepared below .dev in the project. The first
start takes a minute or two, the next ones seconds: changed addons are upgraded. Ctrl-C
ends Odoo and the database server. Log in as admin with the password admin.

The data of the database {DEMO} is kept; --fresh throws it away.
"""
TEST_HELP = """\
Other arguments go to pytest, in which case the linters are left out:

  dev/test                        linters and all tests
  dev/test --fast                 those without servers and browsers, about 90 s
  dev/test tests/pure             the tests of a folder
  dev/test -k watermark -x        those of a name, until one fails
  dev/test tests --shuffle        all tests, the files in random order; the seed is printed
  dev/test tests --shuffle=SEED   the same order again

With --addons they go to Odoo:

  dev/test --addons DIR                                    the tests of your own addons
  dev/test --addons DIR --test-tags /my_shop:TestMyShop    those of a class

The tests run on copies of a template database, made anew when the addons changed. Files go
to several workers side by side, unless one is named; -n N sets how many (0: none).
"""
ENV_HELP = """\
examples:
  dev/env psql ihub_demo
  dev/env python -m odoo shell -d ihub_demo
  dev/env createdb -T ihub_demo mine
"""
NEW_HELP = """\
It imports orders of a shop over HTTP, each as an item, and its tests pass as they are: change
it from there. The same with an Odoo of your own:

  odoo scaffold -t dev/scaffold my_shop DIR
"""
NEW_SAYS = """\
{addon} is ready. See it, and run its tests:
  dev/run --addons {addons}
  dev/test --addons {addons}"""
