"""What ends a process, and what code has raised."""

import asyncio
import threading

import pytest
from pure_ihub.core import shutdown


def test_what_a_shell_is_interrupted_with_passes():
    assert shutdown.is_shutdown(KeyboardInterrupt())


@pytest.mark.parametrize(
    "error", [SystemExit(), asyncio.CancelledError(), GeneratorExit(), BaseException(), OSError()]
)
def test_what_code_has_raised_does_not(error):
    assert not shutdown.is_shutdown(error)


def test_no_signal_reaches_a_thread():
    found = []
    thread = threading.Thread(
        target=lambda: found.append(shutdown.is_shutdown(KeyboardInterrupt()))
    )
    thread.start()
    thread.join()
    assert found == [False]
