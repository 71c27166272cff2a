"""The options and environment variables of the commands."""

import argparse
import os

from . import python

VARIABLES = {
    "odoo": "IHUB_ODOO",
    "python": "IHUB_PYTHON",
    "port": "IHUB_PORT",
    "db_host": "IHUB_DB_HOST",
    "db_port": "IHUB_DB_PORT",
    "db_user": "IHUB_DB_USER",
    "db_password": "IHUB_DB_PASSWORD",
}
POSTGRES = {
    "PGHOST": "db_host",
    "PGPORT": "db_port",
    "PGUSER": "db_user",
    "PGPASSWORD": "db_password",
}
DEFAULT_PORT = 8069


def parser(command, description, epilog=None):
    """Return a parser with the options that all commands share."""
    made = argparse.ArgumentParser(
        prog=f"dev/{command}",
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _shared(made.add_argument_group("what is already there"))
    return made


def _shared(group):
    _add(group, "odoo", "PATH", "an Odoo 19.0 to use instead of the download: checkout or install")
    _add(group, "python", "PATH", f"the Python to use, from {python.RANGE}")
    _add(group, "db_host", "HOST", "a PostgreSQL to use instead of the embedded one")
    _add(group, "db_port", "PORT", "its port")
    _add(group, "db_user", "USER", "a user of it that may create databases")
    _add(group, "db_password", "PASSWORD", "that user's password")


def _add(group, name, metavar, text, **options):
    variable = VARIABLES[name]
    fallback = options.pop("default", None)
    group.add_argument(
        "--" + name.replace("_", "-"),
        metavar=metavar,
        default=os.environ.get(variable) or fallback,
        help=f"{text} [{variable}]",
        **options,
    )


def add_port(made):
    """Add the option for Odoo's port."""
    _add(made, "port", "PORT", f"Odoo's port, {DEFAULT_PORT} if not given", type=int,
         default=DEFAULT_PORT)  # fmt: skip


def external_postgres(options):
    """Return the client variables of the server asked for; empty for the embedded one."""
    given = {name: getattr(options, option) for name, option in POSTGRES.items()}
    return {name: value for name, value in given.items() if value}
