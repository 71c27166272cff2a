"""The addons as packages: what is in the wheels, and what pip is told of them."""

import ast
import subprocess
import zipfile
from email.parser import HeaderParser

import pytest

from lib import packages, paths

# What is for the building alone.
LEFT_OUT = {"pyproject.toml"}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of both addons, by the addon's name."""
    found = packages.build(tmp_path_factory.mktemp("dist"))
    return {path.name.split("-")[0].removeprefix("odoo_addon_"): path for path in found}


def manifest(addon):
    return ast.literal_eval((paths.ROOT / addon / "__manifest__.py").read_text())


def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def files(addon):
    """Return the files of an addon that git knows and that are there, below its folder."""
    command = ["git", "ls-files", addon]
    listed = subprocess.run(command, cwd=paths.ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.split() if (paths.ROOT / name).exists()}


@pytest.mark.parametrize("addon", paths.ADDONS)
def test_every_file_is_in_the_wheel(wheels, addon):
    with zipfile.ZipFile(wheels[addon]) as archive:
        packed = set(archive.namelist())
    wanted = {name for name in files(addon) if name.rpartition("/")[2] not in LEFT_OUT}
    assert {f"odoo/addons/{name}" for name in wanted} - packed == set()
    for kind in ("i18n/de.po", "static/description/icon.png", "tests/__init__.py"):
        assert f"odoo/addons/{addon}/{kind}" in packed


@pytest.mark.parametrize("addon", paths.ADDONS)
def test_pip_is_told_version_and_needs(wheels, addon):
    told = metadata(wheels[addon])
    needs = set(told.get_all("Requires-Dist"))
    assert told["Version"] == manifest(addon)["version"]
    assert "odoo==19.0.*" in needs
    assert needs >= set(manifest(addon)["external_dependencies"]["python"])
    assert "Development Status :: 4 - Beta" in told.get_all("Classifier")
    assert told["Home-page"] == manifest(addon)["website"]


def test_the_demo_needs_the_hub(wheels):
    told = metadata(wheels["ihub_integration_demo"])
    assert "odoo-addon-ihub==19.0.*" in told.get_all("Requires-Dist")


@pytest.mark.parametrize("addon", paths.ADDONS)
def test_the_readme_is_made_of_its_fragments(addon):
    folder = paths.ROOT / addon
    assert (folder / "README.rst").read_text() == packages.readme(folder), "Call dev/package."


@pytest.mark.parametrize("addon", paths.ADDONS)
def test_pictures_of_the_store_are_there(addon):
    folder = paths.ROOT / addon
    assert [
        name for name in manifest(addon).get("images", []) if not (folder / name).exists()
    ] == []
