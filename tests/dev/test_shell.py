"""What people are told when a program fails."""

import errno
import inspect
import signal
import sys

import pytest

from lib import commands, shell
from lib.console import Failure
from lib.shell import Interrupted, explain, foreground, run, tail

# A program's wait for a file that this process makes.
UNTIL = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.01)\n"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("E: Failed to fetch x  Temporary failure resolving 'mirror'", "network cannot be reached"),
        ("Could not connect to proxy:3128", "network cannot be reached"),
        ("pip._vendor.urllib3.exceptions.NewConnectionError: x", "network cannot be reached"),
        ("npm error code ENOTFOUND", "network cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("E: You don't have enough free space: not enough free space", "disk is full"),
        ("W: GPG error: NO_PUBKEY 123", "signature"),
        ("E: The repository 'x' is not signed.", "signature"),
        ("Err: OpenPGP signature verification failed: Missing key", "signature"),
        # apt says both when a list cannot be verified: the cause is the signature.
        ("NO_PUBKEY 1\nE: Failed to fetch x", "signature"),
        ("something else", "otherwise"),
    ],
)
def test_the_output_is_explained(output, sentence):
    assert sentence in explain(output, "otherwise")


def test_an_unexplained_failure_shows_the_end_of_the_output(tmp_path):
    log = tmp_path / "log" / "x.log"
    script = "print('first'); print('2026-01-01 00:00:00,1 7 INFO db noise'); raise SystemExit(3)"
    with pytest.raises(Failure) as caught:
        run([sys.executable, "-c", script], "It failed.", log=log)
    assert "It failed.\nfirst" in str(caught.value)
    assert "noise" not in str(caught.value)
    assert "noise" in log.read_text()


def test_a_missing_program_is_a_failure():
    with pytest.raises(Failure, match="It failed."):
        run(["/no/such/program"], "It failed.")
    with pytest.raises(Failure, match="/no/such/program does not start: No such file"):
        foreground(["/no/such/program"])


def test_odoo_noise_is_left_out_but_errors_are_not():
    output = "2026-01-01 00:00:00,1 7 INFO a b\n2026-01-01 00:00:00,1 7 ERROR a boom"
    assert tail(output) == "2026-01-01 00:00:00,1 7 ERROR a boom"


def _run(monkeypatch, capsys, error):
    def command():
        raise error

    monkeypatch.setitem(commands.COMMANDS, "run", command)
    monkeypatch.setattr(commands.signal, "signal", lambda *arguments: None)
    return commands.main("run"), capsys.readouterr().err


def test_a_failure_is_one_sentence_and_a_non_zero_exit(monkeypatch, capsys):
    code, printed = _run(monkeypatch, capsys, Failure("Do this."))
    assert (code, printed) == (1, "\nerror: Do this.\n")


def test_a_full_disk_in_the_scripts_themselves_is_explained(monkeypatch, capsys):
    code, printed = _run(monkeypatch, capsys, OSError(errno.ENOSPC, "No space left on device"))
    assert code == 1
    assert "Free some space" in printed


def test_other_errors_are_not_hidden(monkeypatch, capsys):
    with pytest.raises(PermissionError):
        _run(monkeypatch, capsys, PermissionError(errno.EACCES, "x"))


def test_an_interruption_ends_with_the_usual_code(monkeypatch, capsys):
    code, printed = _run(monkeypatch, capsys, KeyboardInterrupt())
    assert code == 130
    assert "start again" in printed


def test_an_interrupted_program_may_clean_up(tmp_path):
    """The tests in the foreground end their servers before dev/test ends."""
    cleaned = tmp_path / "cleaned"
    # It asks for its own interruption, as soon as it is ready for that.
    script = (
        "import os, pathlib, signal, sys, time\n"
        "try: os.kill(os.getppid(), signal.SIGALRM); time.sleep(600)\n"
        f"except KeyboardInterrupt: time.sleep(0.3); pathlib.Path({str(cleaned)!r}).touch()"
    )

    def interrupt(number, frame):
        if not any(call.function == "wait" for call in inspect.getouterframes(frame)):
            # The caller is not yet where it waits for the end.
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            return
        raise Interrupted(number)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        assert foreground([sys.executable, "-c", script]) == 0
    finally:
        signal.signal(signal.SIGALRM, before)
    assert cleaned.exists()


def test_a_quiet_program_is_said_to_be_still_at_work(monkeypatch, capsys, tmp_path):
    done = tmp_path / "done"
    # Said while it runs: that is what lets it end.
    monkeypatch.setattr(shell, "say", lambda text: (print(text), done.touch()))
    monkeypatch.setattr(shell, "PATIENCE", 0.1)
    script = f"{UNTIL.format(str(done))}print(7)"
    assert run([sys.executable, "-c", script], "It failed.") == "7\n"
    assert "still at work" in capsys.readouterr().out


def test_a_program_reads_what_it_is_given(monkeypatch, tmp_path):
    # It reads when it has been waited for a second time.
    done = tmp_path / "done"
    monkeypatch.setattr(shell, "say", lambda text: done.touch())
    monkeypatch.setattr(shell, "PATIENCE", 0.1)
    script = f"{UNTIL.format(str(done))}import sys; print(sys.stdin.read() * 2)"
    assert run([sys.executable, "-c", script], "It failed.", input="ab") == "abab\n"
    assert (
        run([sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"], "It failed.")
        == "0\n"
    )
