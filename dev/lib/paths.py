"""Where everything lives: all of it below ``.dev`` in the project."""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path

from .console import Failure, say

ROOT = Path(__file__).resolve().parents[2]
DEV = Path(os.environ.get("IHUB_DEV_FOLDER") or ROOT / ".dev")
ADDONS = ("ihub", "ihub_integration_demo")

# Of the addons that dev/new makes.
TEMPLATE = ROOT / "dev" / "scaffold"
# Addons to learn from.
EXAMPLES = ROOT / "docs" / "examples"

VENV = DEV / "venv"
ODOO = DEV / "odoo"
BROWSER = DEV / "chromium"
POOLER = DEV / "pgbouncer"
BIN = DEV / "bin"
POSTGRES = DEV / "postgres"
DATA = DEV / "data"
CACHE = DEV / "cache"
COMPILED = CACHE / "pycache"
LOG = DEV / "log"
HOME = DEV / "home"
NODE = DEV / "node"
# Of the system, whatever TMPDIR says to one command or another.
TEMPORARY = Path("/tmp")
# Letters of all languages, digits, and what nobody reads as a list, a pattern or a variable.
ORDINARY = r"[\w /.+@()&'#%=!~-]"


def addons():
    """Return the project's addons that exist, in order of dependency."""
    return [name for name in ADDONS if (ROOT / name / "__manifest__.py").exists()]


def examples():
    """Return the folders of the addons to learn from, below the project's."""
    return sorted(path.parent.relative_to(ROOT) for path in EXAMPLES.glob("*/__manifest__.py"))


def remove(path):
    """Remove a file or a folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


@contextlib.contextmanager
def building(folder):
    """Yield a temporary folder that takes the place of ``folder`` on success.

    What an interrupted attempt left is removed first.
    """
    scratch = folder.with_name(folder.name + ".part")
    remove(scratch)
    scratch.mkdir(parents=True)
    yield scratch
    remove(folder)
    scratch.rename(folder)


@contextlib.contextmanager
def temporary():
    """Yield a folder for temporary files, removed at the end with what Python compiled of them.

    It is where the system has them: in the project the paths of sockets could be too long.
    """
    with tempfile.TemporaryDirectory(
        prefix="ihub-", dir=TEMPORARY, ignore_cleanup_errors=True
    ) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(COMPILED / Path(folder).relative_to("/"), ignore_errors=True)


def check(*folders):
    """Fail where a path means something else to a program that is handed it.

    :param folders: those of the project unless given.
    """
    for folder in folders or (ROOT, DEV):
        if strange := sorted(set(re.sub(ORDINARY, "", str(folder)))):
            raise Failure(
                f"The path {folder} has {' '.join(map(repr, strange))} in it, which PostgreSQL, "
                "Odoo or a shell take for something else. Move the project, or rename the folder."
            )


@contextlib.contextmanager
def locked(name):
    """Hold the lock ``name`` of this project, waiting for whoever has it."""
    DEV.mkdir(parents=True, exist_ok=True)
    with open(DEV / f"{name}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another start that holds {name}.lock ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
