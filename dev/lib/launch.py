"""Start a command with a Python that fits; this file has to parse on every Python 3."""

import os
import shutil
import sys

OLDEST, NEWEST = (3, 10), (3, 13)


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


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    other = fitting_python(sys.version_info)
    if other:
        os.execv(other, [other] + sys.argv)
    # In place of this folder, whose odoo.py is not Odoo.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    from lib import commands

    sys.exit(commands.main(sys.argv.pop(1)))
