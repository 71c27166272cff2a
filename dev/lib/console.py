"""What the person at the terminal sees: steps and failures."""

import sys
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
