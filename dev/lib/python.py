"""The Python environment: the right interpreter, a venv, the requirements."""

import hashlib
import json
import shutil
import subprocess
import sys

from . import paths
from .console import Failure, say, task
from .shell import run

OLDEST, NEWEST = (3, 10), (3, 13)
RANGE = "3.10 to 3.13"
REQUIREMENTS = paths.ROOT / "requirements.txt"
PROBE = "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.base_prefix]))"


def supported(version):
    """Tell whether Odoo 19 and the requirements run on this Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def probe(executable):
    """Return ``(version, prefix)`` of a Python, or None when it does not run."""
    try:
        done = subprocess.run([executable, "-c", PROBE], capture_output=True, text=True)
        version, prefix = json.loads(done.stdout)
    except (OSError, ValueError):
        return None
    return tuple(version), prefix


def choose(wanted=None):
    """Return the interpreter to use.

    :param wanted: the one asked for with ``--python``; must fit.
    :raises Failure: when none fits.
    """
    if wanted:
        return _asked_for(wanted)
    if supported(sys.version_info):
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and probe(found):
            return found
    raise Failure(
        f"Python {sys.version.split()[0]} cannot run Odoo 19. Install a Python from {RANGE}, "
        "or name one with --python PATH."
    )


def _asked_for(wanted):
    """Return ``wanted`` as a full path when it is a Python that fits."""
    executable = shutil.which(wanted)
    found = executable and probe(executable)
    if not found:
        raise Failure(f"{wanted} is not a Python that runs. Name one from {RANGE} with --python.")
    if not supported(found[0]):
        version = ".".join(map(str, found[0]))
        raise Failure(f"{wanted} is Python {version}. Name one from {RANGE} with --python.")
    return executable


def executable():
    """Return the environment's Python."""
    return paths.VENV / "bin" / "python"


def site_packages():
    """Return the folder that the environment imports from."""
    return next((paths.VENV / "lib").glob("python3.*/site-packages"))


def fingerprint(interpreter):
    """Return what the environment depends on: if it changes, install again."""
    version, prefix = probe(interpreter)
    parts = [str(version), prefix, str(paths.VENV), REQUIREMENTS.read_text()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ensure(wanted=None):
    """Make or update the environment unless it is as it should be."""
    marker = paths.VENV / "complete"
    if marker.exists() and not wanted and not _outdated(marker):
        return
    interpreter = choose(wanted)
    mark = fingerprint(interpreter)
    if marker.exists() and marker.read_text().split("\n")[0] == mark:
        return
    with task("Installing the Python packages", _installed):
        _create(interpreter)
        _install()
    marker.write_text(f"{mark}\n{interpreter}\n")
    say(f"Python environment ready: {executable()}")


def _outdated(marker):
    """Tell whether the environment's own Python would now be made differently."""
    mark, interpreter = marker.read_text().split("\n")[:2]
    return not probe(interpreter) or fingerprint(interpreter) != mark


def _create(interpreter):
    """Make the virtual environment anew."""
    paths.remove(paths.VENV)
    run(
        [interpreter, "-m", "venv", paths.VENV],
        "The Python environment cannot be made. On Debian install python3-venv, or name "
        "another Python with --python PATH.",
    )


def _install():
    """Install the pinned requirements."""
    run(
        [
            executable(), "-m", "pip", "install", "--quiet", "--prefer-binary",
            "--no-warn-script-location", "-r", REQUIREMENTS,
        ],
        "The Python packages of requirements.txt cannot be installed.",
        env={"PIP_CACHE_DIR": paths.CACHE / "pip", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        log=paths.LOG / "pip.log",
    )  # fmt: skip


def _installed():
    """Say how many packages are there."""
    return f"{len(list(paths.VENV.glob('lib/*/site-packages/*.dist-info')))} packages"
