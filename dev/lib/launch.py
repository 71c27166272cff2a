"""Start a command with a Python that fits; this file has to parse on every Python 3."""

import os
import shutil
import subprocess
import sys
import sysconfig

OLDEST, NEWEST = (3, 10), (3, 13)
SYSTEM = "/usr/bin/python3"


def fitting_python(version, which=shutil.which):
    """Return the Python to start again with, or None when ``version`` fits.

    :raises SystemExit: when this machine has none that fits.
    """
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = which("python3." + str(minor))
        if found:
            return found
    sys.exit(
        "error: Python {}.{} cannot run Odoo 19. Install a Python from 3.10 to 3.13, "
        "and start again.".format(*version[:2])
    )


def faster_python(prefix, built_with, system=SYSTEM):
    """Return the system's Python if it fits, and this one was built without optimizations.

    Such a one, as pyenv builds it unless told otherwise, takes a quarter longer for everything. A
    distribution's is optimized, though the options it was built with do not say so.

    :param prefix: where this Python lives
    :param built_with: the options that it was built with
    """
    if prefix == "/usr" or "--enable-optimizations" in built_with:
        return None
    # Debian's makes no environments unless python3-venv is installed. And one that lives elsewhere,
    # too, would look for a faster one without end.
    look = "import ensurepip, sys; assert sys.prefix == '/usr'; print(*sys.version_info[:2])"
    try:
        said = subprocess.check_output([system, "-c", look], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return system if OLDEST <= tuple(map(int, said.split())) <= NEWEST else None


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    built_with = sysconfig.get_config_var("CONFIG_ARGS") or ""
    other = fitting_python(sys.version_info) or faster_python(sys.base_prefix, built_with)
    if other:
        os.execv(other, [other] + sys.argv)
    # In place of this folder, whose odoo.py is not Odoo.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    from lib import commands

    sys.exit(commands.main(sys.argv.pop(1)))
