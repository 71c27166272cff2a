"""What dev/new makes can be installed as it is, and its tests pass."""

import os
import re
import subprocess
from pathlib import Path

DEV = Path(__file__).resolve().parents[2] / "dev"


def own_tests(folder):
    """Run dev/test on a folder of addons, on the server of this test; return what it said."""
    names = ("host", "port", "user", "password")
    given = {name: os.environ.get(f"PG{name.upper()}") for name in names}
    server = [f"--db-{name}={value}" for name, value in given.items() if value]
    return _said(DEV / "test", "--addons", folder, *server)


def _said(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_new_addon_is_installed_and_conformant(tmp_path):
    assert "dev/test --addons" in _said(DEV / "new", "my_shop", "--addons", tmp_path)
    output = own_tests(tmp_path)
    assert re.search(r"0 failed, 0 error\(s\) of 17 tests", output), output
    assert "my_shop.integration is conformant: 15/15" in output, output
