"""Odoo 19 itself: the download, or one that is already there."""

import re
from pathlib import Path

from . import debian, paths, python
from .console import Failure, say
from .shell import run

SUITE = "sid"
# Fonts and libraries that the package links to, by relative links.
LINKED = (
    "libjs-jquery", "libjs-jquery-form", "libjs-underscore", "fonts-roboto-unhinted",
    "fonts-montserrat", "fonts-inconsolata", "fonts-ocr-b", "fonts-glyphicons-halflings",
)  # fmt: skip
# Version 7 in the newer suites has other file names; the links would dangle.
OLD_SUITE = "bookworm"
OLD_LINKED = f"fonts-font-awesome/{OLD_SUITE}"
# Missing in Debian's build; a missing file is a console error, which fails tours.
STUB = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
# All translations are two thirds of Odoo's size: those of what every database has.
TRANSLATED = (
    "auth_signup", "base", "base_import", "base_setup", "bus", "html_editor", "mail",
    "resource", "web", "web_tour",
)  # fmt: skip
INSIDE = "usr/lib/python3/dist-packages"


def ensure(existing=None):
    """Have Odoo 19 importable in the environment.

    :param existing: a checkout, prefix or ``site-packages`` to use instead.
    """
    home = locate(existing) if existing else _downloaded()
    link = python.site_packages() / "odoo_19.pth"
    if not link.exists() or link.read_text().strip() != str(home):
        link.write_text(f"{home}\n")
        say(f"Odoo 19 ready: {home}")


def home():
    """Return the folder that contains the package ``odoo`` in use."""
    return Path((python.site_packages() / "odoo_19.pth").read_text().strip())


def release():
    """Return the text that says which release of Odoo this is."""
    return (home() / "odoo" / "release.py").read_text()


def locate(existing):
    """Return the folder below ``existing`` that contains Odoo 19's package ``odoo``.

    :raises Failure: when there is none.
    """
    path = Path(existing).expanduser().resolve()
    candidates = [path, path / INSIDE, path.parent, *path.glob("lib/python3*/site-packages")]
    for candidate in candidates:
        release = candidate / "odoo" / "release.py"
        if release.exists():
            _check(release)
            return candidate
    raise Failure(f"There is no Odoo in {path}. Pass the folder of an Odoo 19 checkout to --odoo.")


def _check(release):
    """Fail unless this ``release.py`` is one of Odoo 19.0."""
    found = re.search(r"^version_info = \((?:'saas~)?(\d+)'?, ?(\d+)", release.read_text(), re.M)
    if not found or found.groups() != ("19", "0"):
        raise Failure(
            f"{release.parent} is not Odoo 19.0. Pass an Odoo 19.0 to --odoo, or leave the "
            "option out to have it downloaded."
        )


def _downloaded():
    """Return the project's own Odoo, downloading it if it is not there."""
    if not paths.ODOO.exists():
        # What an earlier try fetched is kept there.
        folder = paths.CACHE / "apt-odoo"
        packages = _download(folder)
        with paths.building(paths.ODOO) as prefix:
            say("Unpacking Odoo 19 ...")
            _unpack(packages, prefix)
        paths.remove(folder)
    return paths.ODOO / INSIDE


def _download(folder):
    return debian.Apt(folder, (SUITE, OLD_SUITE)).download(["odoo-19", *LINKED, OLD_LINKED])


def _unpack(packages, prefix):
    """Unpack the packages, and put right what Debian's build lacks."""
    for package in packages:
        # The second folder ``addons`` holds the same modules without their data.
        debian.extract(package, prefix, f"--exclude=./{INSIDE}/addons")
    addons = prefix / INSIDE / "odoo" / "addons"
    for path in addons.glob("*/i18n/*.po"):
        if path.parts[-3] not in TRANSLATED:
            path.unlink()
    stub = addons / STUB
    stub.parent.mkdir(parents=True, exist_ok=True)
    if not stub.exists():
        stub.write_text("// Not part of Debian's build.\n")


def command(*arguments):
    """Return the command line that calls Odoo with these arguments."""
    return [python.executable(), "-m", "odoo", *arguments]


def call(arguments, otherwise, env, log, **options):
    """Run an Odoo command that ends by itself; its output goes to ``log``."""
    return run(command(*arguments), otherwise, env=env, log=log, **options)
