"""PgBouncer for the tests behind a pooler: the machine's own, or one for the project."""

import contextlib
import os
import shutil

from . import debian, paths
from .console import Failure

NAME = "pgbouncer"
PROGRAM = paths.POOLER / "usr" / "sbin" / NAME


def ensure():
    """Have PgBouncer, where Debian's can be had; without it its tests say that it is missing."""
    with paths.locked("bootstrap"):
        if not command():
            with contextlib.suppress(Failure):
                debian.unpack_missing((NAME,), paths.POOLER)


def command():
    """Return what starts it, or None where there is none."""
    if own := shutil.which(NAME, path=f"{os.environ['PATH']}:/usr/sbin"):
        return [own]
    if PROGRAM.exists():
        return ["env", f"LD_LIBRARY_PATH={debian.libraries(paths.POOLER)}", PROGRAM]
    return None
