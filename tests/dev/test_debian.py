"""Where packages come from, and that only signed ones are accepted."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

from lib import debian, odoo, paths
from lib.console import Failure

URIS = """\
'http://mirror.test/debian-security/dists/bookworm-security/InRelease' a 0
'http://mirror.test/debian/dists/bookworm/InRelease' b 0
'http://mirror.test/debian/dists/bookworm/main/binary-amd64/Packages.xz' c 0
"""
needs_apt = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="not a Debian system"
)


def test_the_mirror_is_the_one_the_machine_uses():
    assert debian.mirror(URIS, "bookworm") == "http://mirror.test/debian"


def test_a_system_without_a_debian_mirror_is_sent_to_the_option():
    with pytest.raises(Failure, match="--odoo PATH"):
        debian.mirror(URIS, "noble")


@pytest.mark.parametrize("tool", ["apt-get", "dpkg-deb"])
def test_a_system_without_debian_tools_is_sent_to_the_option(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(debian.shutil, "which", lambda name: None if name == tool else name)
    with pytest.raises(Failure, match=rf"{tool} is not installed here\. Pass --odoo PATH"):
        debian.Apt(tmp_path, ["sid"], "keys")


def test_a_missing_keyring_is_not_worked_around(monkeypatch):
    monkeypatch.setattr(debian, "KEYRINGS", ("/no/such/keyring",))
    with pytest.raises(Failure, match="debian-archive-keyring is not installed"):
        debian.keyring()


def test_no_source_is_ever_trusted_without_a_signature():
    sources = [path.read_text() for path in (paths.ROOT / "dev" / "lib").glob("*.py")]
    for word in ("trusted=yes", "allow-unauthenticated", "AllowInsecureRepositories"):
        assert not any(word in source for source in sources)


def test_no_address_of_a_server_is_in_the_scripts():
    """Mirrors and registries are those that the machine is set up with."""
    allowed = re.compile(r"localhost|127\.0\.0\.1|shop\.example\.com$|\{|%")
    found = [
        f"{path}: {host}"
        for folder in ("dev", ".ci")
        for path in (paths.ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        for host in re.findall(r"(?:https?|wss?)://([^/\s\"']+)", path.read_text("utf8", "replace"))
        if not allowed.match(host)
    ]
    assert found == []


@pytest.fixture
def repository(tmp_path):
    """A repository on this disk with one empty, unsigned package list."""
    lists = tmp_path / "mirror" / "dists" / "sid"
    (lists / "main" / "binary-all").mkdir(parents=True)
    (lists / "main" / "binary-all" / "Packages").touch()
    return tmp_path / "mirror"


def _apt(monkeypatch, folder, repository, keys):
    monkeypatch.setattr(debian, "mirror", lambda uris, suite: f"file:{repository}")
    return debian.Apt(folder, ["sid"], keys)


@needs_apt
def test_unsigned_lists_are_refused(monkeypatch, tmp_path, dev_folder, repository):
    (repository / "dists" / "sid" / "Release").write_text("Suite: sid\nComponents: main\n")
    with pytest.raises(Failure, match="signature of the downloaded package lists is not valid"):
        _apt(monkeypatch, tmp_path / "apt", repository, debian.keyring()).update()


@needs_apt
@pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")
def test_lists_signed_by_somebody_else_are_refused(monkeypatch, tmp_path, dev_folder, repository):
    release = repository / "dists" / "sid"
    (release / "Release").write_text("Suite: sid\nComponents: main\nArchitectures: amd64\n")
    _sign(release)
    with pytest.raises(Failure, match="signature of the downloaded package lists is not valid"):
        _apt(monkeypatch, tmp_path / "apt", repository, debian.keyring()).update()


def _sign(release):
    """Sign the release file with a new key."""
    # Not below tmp_path: the path of the agent's socket would be too long.
    home = tempfile.mkdtemp()
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "somebody@example.test", "ed25519"], check=True)
    subprocess.run(
        [*gpg, "--clearsign", "-o", release / "InRelease", release / "Release"], check=True
    )
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


@needs_apt
def test_an_unreachable_mirror_is_said(monkeypatch, tmp_path, dev_folder):
    monkeypatch.setattr(debian, "mirror", lambda uris, suite: "http://127.0.0.1:9/debian")
    monkeypatch.setitem(os.environ, "no_proxy", "127.0.0.1")
    apt = debian.Apt(tmp_path / "apt", ["sid"])
    with pytest.raises(Failure, match="network cannot be reached"):
        apt.update()


def test_an_interrupted_download_goes_on_where_it_was(monkeypatch, dev_folder):
    """What was fetched stays in the cache until Odoo is unpacked completely."""
    target = dev_folder / "odoo"
    cache = dev_folder / "cache" / "apt-odoo"
    monkeypatch.setattr(paths, "ODOO", target)
    monkeypatch.setattr(odoo, "_download", lambda folder: folder.mkdir(parents=True, exist_ok=True))

    def interrupted(packages, prefix):
        (prefix / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(odoo, "_unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        odoo._downloaded()
    assert cache.exists()
    assert not target.exists()

    monkeypatch.setattr(odoo, "_unpack", lambda packages, prefix: None)
    odoo._downloaded()
    assert target.exists()
    assert not (target / "half").exists()
    assert not cache.exists()


def test_a_complete_odoo_is_not_downloaded_again(monkeypatch, dev_folder):
    target = dev_folder / "odoo"
    target.mkdir()
    monkeypatch.setattr(paths, "ODOO", target)
    monkeypatch.setattr(odoo, "_download", lambda folder: pytest.fail("downloaded"))
    assert odoo._downloaded() == target / odoo.INSIDE
