"""Run other programs, and turn their failures into sentences."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

from .console import Failure, say

# What the tools say, and what a person should be told. First match wins.
CAUSES = (
    (
        r"No space left on device|Disk quota exceeded|not enough free space",
        "The disk is full. Free some space (about 2 GB are needed) and start again.",
    ),
    (
        r"NO_PUBKEY|BADSIG|EXPKEYSIG|is not signed|signatures? (couldn't be|were) |"
        r"Hash Sum mismatch|Missing key|OpenPGP signature verification failed",
        "The signature of the downloaded package lists is not valid, so nothing was "
        "installed. Update the package debian-archive-keyring, or pass --odoo PATH to use "
        "an Odoo 19 that you already have.",
    ),
    (
        r"Temporary failure resolving|Could not resolve|Could not connect|Connection timed out|"
        r"Network is unreachable|No route to host|NewConnectionError|NameResolutionError|"
        r"ConnectTimeoutError|Failed to fetch|Connection refused|"
        r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT",
        "The network cannot be reached. Check the connection and the proxy settings, and "
        "start again: what is already there is kept.",
    ),
)
# Seconds after which a quiet program is said to be still at work.
PATIENCE = 30
NOISE = re.compile(r"^\S+ \S+ \d+ (INFO|DEBUG) ")


def explain(output, otherwise):
    """Return the sentence for what ``output`` shows, or ``otherwise``."""
    for pattern, sentence in CAUSES:
        if re.search(pattern, output):
            return sentence
    return otherwise


def run(args, otherwise, env=None, log=None, input=None, **options):
    """Run a program quietly and return what it printed.

    :param args: the program and its arguments.
    :param otherwise: the sentence to fail with when the output explains nothing.
    :param env: the variables to add to the environment, ``None`` removes one.
    :param log: a file that receives the output.
    :param str input: what the program reads.
    :raises Failure: when the program is missing or ends with an error.
    """
    options.setdefault("stdin", subprocess.DEVNULL if input is None else subprocess.PIPE)
    try:
        process = subprocess.Popen(
            [str(arg) for arg in args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(env),
            text=True,
            errors="replace",
            **options,
        )
    except OSError as error:
        raise Failure(explain(str(error), f"{otherwise} ({error})")) from error
    output = _output(process, input)
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output)
    if process.returncode:
        raise Failure(explain(output, f"{otherwise}\n{tail(output, log)}"))
    return output


def _output(process, given):
    """Return what a program prints until it ends; say now and then that it is still at work."""
    with process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.communicate(given, timeout=PATIENCE)[0]
                # It has it by now, or takes it as it reads.
                given = None
                say("... still at work")
        except BaseException:
            process.kill()
            raise


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end; ``number`` says which."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def reaches_children(self):
        """Tell whether the terminal sent it to the programs in the foreground, too."""
        return self.number == signal.SIGINT and sys.stdin.isatty()


def foreground(args, env=None, **options):
    """Run a program at the terminal, giving it the time to end by itself.

    :return: its exit code.
    :raises Failure: when there is no such program.
    """
    try:
        process = subprocess.Popen([str(arg) for arg in args], env=environment(env), **options)
    except OSError as error:
        raise Failure(f"{args[0]} does not start: {error.strerror}.") from error
    asked = False
    while True:
        try:
            return process.wait()
        except Interrupted as interruption:
            if interruption.reaches_children():
                continue
            process.send_signal(signal.SIGKILL if asked else signal.SIGINT)
            asked = True


def tail(output, log=None, lines=15):
    """Return the end of ``output``, without Odoo's INFO lines, and where all of it is."""
    where = f"\nAll of it: {log}" if log else ""
    telling = [line for line in output.strip().splitlines() if not NOISE.match(line)]
    return "\n".join(telling[-lines:]) + where


def environment(changes):
    """Return a copy of the environment with ``changes``; ``None`` removes."""
    merged = {**os.environ, **(changes or {})}
    return {name: str(value) for name, value in merged.items() if value is not None}
