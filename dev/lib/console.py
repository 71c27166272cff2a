"""What the person at the terminal sees: steps, progress and failures."""

import contextlib
import shutil
import sys
import threading
import time

START = time.monotonic()


class Failure(Exception):
    """Something a person can put right: one sentence on what, one on how."""


def say(text):
    """Print one line with the seconds since the start."""
    print(f"[{time.monotonic() - START:4.0f}s] {text}", flush=True)


def report(failure):
    """Print a failure so that it stands out from the log above it."""
    print(f"\nerror: {failure}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def task(text, progress=None):
    """Say what is being done, and on a terminal keep saying how far it is.

    :param text: what is being done.
    :param progress: called now and then, returns a short text such as ``45 MB``.
    """
    say(f"{text} ...")
    if not sys.stdout.isatty():
        yield
        return
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(text, progress, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


def _tick(text, progress, done):
    """Rewrite the current line every second until ``done`` is set."""
    began = time.monotonic()
    while not done.wait(1):
        detail = f", {progress()}" if progress else ""
        line = f"       {text} ({time.monotonic() - began:.0f} s{detail})"
        print("\r" + line[: shutil.get_terminal_size().columns - 1], end="\x1b[K", flush=True)
    print("\r\x1b[K", end="", flush=True)


def folder_size(folder):
    """Return a function that says how many megabytes ``folder`` holds now."""

    def measure():
        total = 0
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return f"{total / 1e6:.0f} MB"

    return measure
