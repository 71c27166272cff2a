"""What ends a process, and what code has raised."""

import asyncio
import threading
from types import SimpleNamespace

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


@pytest.mark.parametrize("received, expected", [(0, False), (1, True)])
def test_a_server_that_was_asked_to_end_is_ending(monkeypatch, received, expected):
    server = SimpleNamespace(quit_signals_received=received)
    service = SimpleNamespace(server=server)
    monkeypatch.setitem(shutdown.sys.modules, "odoo.service.server", service)
    assert shutdown.is_ending() is expected


@pytest.mark.parametrize("server", [None, SimpleNamespace()])
def test_other_processes_are_not(monkeypatch, server):
    monkeypatch.setitem(shutdown.sys.modules, "odoo.service.server", SimpleNamespace(server=server))
    assert not shutdown.is_ending()
