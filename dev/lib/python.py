"""The Python environment: a venv with the requirements."""

import hashlib
import sys

from . import paths
from .console import say
from .shell import run

# What runs the addons, and what develops them, which includes the first.
RUNNING = paths.ROOT / "requirements.txt"
REQUIREMENTS = paths.ROOT / "requirements-dev.txt"


def executable():
    """Return the environment's Python."""
    return paths.VENV / "bin" / "python"


def site_packages():
    """Return the folder that the environment imports from."""
    return next((paths.VENV / "lib").glob("python3.*/site-packages"))


def ensure():
    """Make the environment anew unless it is as it should be."""
    pins = [RUNNING.read_text(), REQUIREMENTS.read_text()]
    parts = [sys.version, sys.base_prefix, str(paths.VENV), *pins]
    wanted = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    # Written last, so an interrupted installation is done again.
    marker = paths.VENV / "complete"
    if marker.exists() and marker.read_text() == wanted:
        return
    say("Installing the Python packages (some minutes the first time) ...")
    paths.remove(paths.VENV)
    _create()
    _install()
    marker.write_text(wanted)


def _create():
    run(
        # The environment's own Python, if this is it, has just been removed.
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", paths.VENV],
        "The Python environment cannot be made. On Debian install python3-venv.",
    )


def _install():
    run(
        [
            executable(), "-m", "pip", "install", "--quiet", "--prefer-binary",
            "--no-warn-script-location", "-r", REQUIREMENTS,
        ],
        "The Python packages of requirements-dev.txt cannot be installed.",
        env={"PIP_CACHE_DIR": paths.CACHE / "pip", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        log=paths.LOG / "pip.log",
    )  # fmt: skip
