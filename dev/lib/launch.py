"""Start a command, also on a Python that is too old for the rest of this folder.

This file has to parse on every Python 3.
"""

import os
import subprocess
import sys

ENOUGH = (3, 10)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.10")


def launch(command):
    """Run the command of this name and end with its exit code."""
    sys.dont_write_bytecode = True
    if sys.version_info < ENOUGH:
        _start_again()
    from . import commands

    sys.exit(commands.main(command))


def _start_again():
    """Replace this process by one of a newer Python, if the machine has one."""
    for candidate in CANDIDATES:
        try:
            subprocess.check_output([candidate, "-c", ""], stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            continue
        os.execvp(candidate, [candidate] + sys.argv)
    version = ".".join(map(str, sys.version_info[:3]))
    sentence = "error: Python {} is too old. Install a Python from 3.10 to 3.13 and start again.\n"
    sys.stderr.write(sentence.format(version))
    sys.exit(1)
