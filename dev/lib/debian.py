"""Fetch Debian packages into the project, verified, without touching the system.

A private apt configuration has its own sources, state and cache, so it works for
any user. The mirror is the one the machine itself uses, only the suite differs.
Debian's archive keyring decides what is accepted.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths
from .console import Failure, say
from .shell import explain, run

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
STATUS = Path("/var/lib/dpkg/status")
# The libraries that must be the system's own, beside its loader.
SYSTEM = ("libc6_", "libgcc-s1_", "gcc-")
# ``or pass --odoo`` is the way out on every system that is not Debian.
NOT_DEBIAN = (
    "Odoo 19 is downloaded as a Debian package, and {missing}. Pass --odoo PATH to use an "
    "Odoo 19 that you already have (a checkout or an unpacked archive)."
)


def own_suite():
    """Return the code name of the machine's own Debian release."""
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    return found.group(1) if found else "stable"


def mirror(uris, suite):
    """Return the address of the Debian mirror that this machine uses.

    :param uris: what ``apt-get update --print-uris`` prints; works without lists.
    :param suite: the machine's own suite.
    """
    found = re.search(rf"^'(\S+?)/dists/{suite}/InRelease'", uris, re.M)
    if not found:
        raise Failure(NOT_DEBIAN.format(missing="this machine has no Debian mirror configured"))
    return found.group(1)


def keyring():
    """Return the keyring that the packages must be signed with."""
    for path in KEYRINGS:
        if Path(path).exists():
            return path
    raise Failure(NOT_DEBIAN.format(missing="the package debian-archive-keyring is not installed"))


class Apt:
    """A private apt: ``update`` and ``download`` for the given suites."""

    def __init__(self, folder, suites, keys=None):
        for tool in ("apt-get", "dpkg-deb"):
            if not shutil.which(tool):
                raise Failure(NOT_DEBIAN.format(missing=f"{tool} is not installed here"))
        self.folder = folder
        self.suites = suites
        self.keys = keys or keyring()

    def download(self, packages):
        """Download exactly these packages; return the files.

        :param packages: names, optionally ``name/suite``.
        """
        return self._download(packages, "download")

    def download_missing(self, packages):
        """Download these packages and what they need that the machine lacks."""
        return self._download(
            packages, "install", "--download-only", "--no-install-recommends", "--yes",
            "-o", f"Dir::State::status={STATUS}", "-o", "Debug::NoLocking=true",
        )  # fmt: skip

    def _download(self, packages, *command):
        say(f"Downloading {packages[0]} and what it needs ...")
        self.update()
        self._apt(*command, *packages, cwd=self._archives())
        return sorted(self._archives().glob("*.deb"))

    def update(self):
        """Fetch and verify the package lists."""
        self._configure()
        # apt only warns about lists that it cannot fetch or trust.
        output = self._apt("update", "--error-on=any")
        if re.search(r"^W: .*(signature|GPG|OpenPGP)", output, re.M):
            raise Failure(explain("BADSIG", output))

    def _archives(self):
        folder = self.folder / "cache" / "archives"
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        return folder

    def _configure(self):
        """Write the sources and the configuration."""
        (self.folder / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        self._archives()
        uris = run(
            ["apt-get", "update", "--print-uris", "-o", "Debug::NoLocking=true"],
            NOT_DEBIAN.format(missing="apt does not say which mirror this machine uses"),
        )
        address = mirror(uris, own_suite())
        lines = [f"deb [signed-by={self.keys}] {address} {suite} main" for suite in self.suites]
        (self.folder / "sources.list").write_text("\n".join(lines) + "\n")
        (self.folder / "apt.conf").write_text(self._settings())

    def _settings(self):
        settings = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self.folder / "cache",
            "Dir::Cache::archives": self._archives(),
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::Languages": "none",
            # A mirror's copy of a suite may be older than its validity says.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Retries": "3",
            # The project's folder may be closed to apt's own system user.
            "APT::Sandbox::User": "root",
            "APT::Architecture": run(["dpkg", "--print-architecture"], "").strip(),
        }
        return "".join(f'{name} "{value}";\n' for name, value in settings.items())

    def _apt(self, command, *arguments, **options):
        return run(
            ["apt-get", "-q", command, *arguments],
            f"apt-get {command} failed.",
            env={"APT_CONFIG": self.folder / "apt.conf", "LC_ALL": "C"},
            log=paths.LOG / f"apt-{command}.log",
            **options,
        )


def unpack_missing(packages, prefix):
    """Put packages, with what they need that the machine lacks, below ``prefix``."""
    folder = paths.CACHE / f"apt-{prefix.name}"
    found = Apt(folder, (own_suite(),)).download_missing(packages)
    with paths.building(prefix) as scratch:
        say(f"Unpacking {packages[0]} ...")
        for package in found:
            if not package.name.startswith(SYSTEM):
                extract(package, scratch)
    paths.remove(folder)


def libraries(prefix):
    """Return where a program below ``prefix`` finds its libraries, for LD_LIBRARY_PATH."""
    inside = ("lib/*-gnu", "usr/lib/*-gnu", "usr/lib/*-gnu/nss", "usr/lib/*-gnu/pulseaudio")
    return os.pathsep.join(str(path) for folder in inside for path in prefix.glob(folder))


def extract(package, prefix, *options):
    """Unpack a package's files below ``prefix``."""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
    ) as source:
        run(
            ["tar", "-x", "--no-same-owner", "-C", prefix, "--exclude=./usr/share/doc", *options],
            f"{package.name} cannot be unpacked. Remove {paths.DEV} and start again.",
            stdin=source.stdout,
        )
