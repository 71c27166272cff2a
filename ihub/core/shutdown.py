"""The end of this process: how it is told from what code has raised.

Signals reach a thread of Odoo's schedulers in no case: Python calls their handlers in the main
thread, and Odoo's threads for scheduled actions are others, with workers as well. So whatever is
raised there, was raised by code, also if it is called ``KeyboardInterrupt`` or ``SystemExit``.
"""

import sys
import threading


def is_shutdown(error: BaseException) -> bool:
    """Return whether ``error`` is how this process is being ended, not what some code has raised.

    :param BaseException error: what was caught
    """
    if sys.is_finalizing():
        return True
    # As by Ctrl-C in a shell.
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and isinstance(error, KeyboardInterrupt)


def unless_shutdown(error: BaseException) -> None:
    """Let ``error`` pass if it is how this process is being ended: nothing may hold that up."""
    if is_shutdown(error):
        raise error
