"""Chromium for the tests in a browser: the machine's own, or one for the project."""

import os
import shlex
import shutil
from xml.sax.saxutils import escape

from . import debian, paths
from .console import Failure, say
from .shell import run

# In the order in which Odoo looks for them.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
# Without what only a window needs: smaller, and it takes less of the processor.
PACKAGES = ("chromium-headless-shell", "fontconfig-config", "fonts-dejavu-core")
PROGRAM = paths.BROWSER / "usr" / "lib" / "chromium" / "chromium-headless-shell"
# Nothing here may wait for the network, which the tests do not have.
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
WRAPPER = paths.BIN / "chromium"
FONTS = """\
<?xml version="1.0"?>
<fontconfig>
    <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
    <include ignore_missing="yes">{prefix}/etc/fonts/conf.d</include>
    <dir>{prefix}/usr/share/fonts</dir>
    <cachedir>{cache}</cachedir>
</fontconfig>
"""


def ensure():
    """Have ``.dev/bin/chromium``, which starts a browser without a window too."""
    with paths.locked("bootstrap"):
        own = _system_browser()
        if not own and not PROGRAM.exists():
            debian.unpack_missing(PACKAGES, paths.BROWSER)
        _wrap(own) if own else _wrap_downloaded()


def _system_browser():
    """Return a browser of the machine's, leaving the project's wrapper out."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if folder != str(paths.BIN))
    found = (shutil.which(name, path=path) for name in NAMES)
    return next(filter(None, found), None)


def _wrap_downloaded():
    prefix = paths.BROWSER
    fonts = prefix / "fonts.conf"
    fonts.write_text(
        FONTS.format(prefix=escape(str(prefix)), cache=escape(str(paths.CACHE / "fonts")))
    )
    _wrap(PROGRAM, LD_LIBRARY_PATH=debian.libraries(prefix), FONTCONFIG_FILE=fonts)


def _wrap(program, **variables):
    """Write the wrapper, and try it when it is new."""
    exports = "".join(
        f"export {name}={shlex.quote(str(value))}\n" for name, value in variables.items()
    )
    text = f'#!/bin/sh\n{exports}exec {shlex.quote(str(program))} {" ".join(FLAGS)} "$@"\n'
    if WRAPPER.exists() and WRAPPER.read_text() == text:
        return
    paths.BIN.mkdir(parents=True, exist_ok=True)
    scratch = WRAPPER.with_suffix(".part")
    scratch.write_text(text)
    scratch.chmod(0o755)
    _try(scratch)
    scratch.rename(WRAPPER)
    say(f"Chromium ready: {WRAPPER}")


def _try(program):
    """Fail unless the browser shows a page."""
    profile = paths.CACHE / "chromium-try"
    sentence = f"Chromium does not start. Install Chromium, or remove {paths.DEV} and start again."
    page = run(
        [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", "--dump-dom", "data:text/html,<p>it works</p>",
        ],
        sentence,
        env={"HOME": paths.HOME},
        log=paths.LOG / "chromium.log",
    )  # fmt: skip
    paths.remove(profile)
    if "it works" not in page:
        raise Failure(sentence)
