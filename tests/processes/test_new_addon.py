"""What dev/new makes can be installed as it is, as the examples can, and their tests pass."""

import os
import re
import shlex
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from test_documentation import RUN, odoo, samples

from lib import own_addons, paths, serve

INSTALL = """
env["ir.module.module"].update_list()
env["ir.module.module"].search([("name", "=", "my_shop")]).button_immediate_install()
"""
DEV = Path(__file__).resolve().parents[2] / "dev"


def own_tests(*folders):
    """Run dev/test on folders of addons, on the server of this test; return what it said."""
    names = ("host", "port", "user", "password")
    given = {name: os.environ.get(f"PG{name.upper()}") for name in names}
    server = [f"--db-{name}={value}" for name, value in given.items() if value]
    addons = [word for folder in folders for word in ("--addons", folder)]
    return _said(DEV / "test", *addons, *server)


def _said(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with what dev/new has made, and what it said."""
    folder = tmp_path_factory.mktemp("made") / "my addons"
    folder.mkdir()
    return folder, _said(DEV / "new", "my_shop", "--addons", folder)


def test_a_new_addon_and_the_examples_are_installed_and_conformant(made):
    folder, said = made
    (line,) = re.findall("dev/test --addons.*", said)
    assert shlex.split(line) == ["dev/test", "--addons", str(folder)]
    addons = own_addons.find([folder, paths.EXAMPLES])
    assert len(addons) > 3
    output = own_tests(folder, paths.EXAMPLES)
    begun = re.findall(r"odoo\.addons\.(\w+)\.tests\S* Starting ", output)
    assert set(begun) == {addon.name for addon in addons}, output
    assert begun.count("my_shop") == 17, output
    assert re.search(rf"0 failed, 0 error\(s\) of {len(begun)} tests", output), output
    assert len(re.findall(r" is conformant: (\d+)/\1", output)) >= len(addons), output
    assert "NOT conformant" not in output, output
    for name in ("my_shop.integration", "example.shop"):
        assert f"{name} is conformant: 15/15" in output, output


def test_it_imports_what_is_in_the_folder_of_the_guide(template_copy, made, tmp_path):
    with folder_of_the_guide(tmp_path) as address:
        run = f'run("my_shop.integration", server_address="{address}", server_key="any")\n'
        output = odoo("shell", template_copy, script=INSTALL + RUN + run, addons=made[0])
    assert "OUTCOME|my_shop.integration|done|2|" in output, output


@contextmanager
def folder_of_the_guide(place):
    """Do in ``place`` what the guide says, on a port that is free; yield the address."""
    (commands,) = samples("docs/developer-guide.md", "sh")
    port = serve.free_port()
    commands = commands.replace("8081", str(port)).replace("python3", "exec python3")
    server = subprocess.Popen(["sh", "-e", "-c", commands], cwd=place, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with suppress(ConnectionRefusedError), socket.create_connection((serve.HOST, port)):
                break
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()
