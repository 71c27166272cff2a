"""What comes from npm: prettier and eslint for the linters, axe-core for the tests."""

import shutil

from . import paths
from .console import say
from .shell import run

SOURCE = paths.ROOT / "dev" / "node"
FILES = ("package.json", "package-lock.json", "eslint.config.mjs", "prettier.config.mjs")


def ensure(env):
    """Install the pinned packages below ``.dev`` unless they are there."""
    # Written last, so an interrupted installation is done again.
    marker = paths.NODE / "complete"
    wanted = "".join((SOURCE / name).read_text() for name in FILES)
    if marker.exists() and marker.read_text() == wanted:
        return
    with paths.locked("bootstrap"), paths.building(paths.NODE) as folder:
        say("Installing prettier, eslint and axe-core ...")
        for name in FILES:
            shutil.copy(SOURCE / name, folder)
        run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            "prettier, eslint and axe-core cannot be installed.",
            env={**env, "npm_config_cache": paths.CACHE / "npm"},
            log=paths.LOG / "npm.log",
            cwd=folder,
        )
        (folder / "complete").write_text(wanted)


def program(name):
    """Return the path of one of the installed programs."""
    return paths.NODE / "node_modules" / ".bin" / name
