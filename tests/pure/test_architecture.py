"""docs/architecture.md is true: each file, function, model and room that it names is there."""

import re

import pytest

from lib import paths

ADDON = paths.ROOT / "ihub"
PAGE = (paths.ROOT / "docs" / "architecture.md").read_text()
NAMES = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))
SOURCES = {path: path.read_text() for path in ADDON.rglob("*.py")}


def files_named(name):
    """Return the files of the project that may be meant: by their path, or by their name alone."""
    places = [paths.ROOT / name, ADDON / name, ADDON / "models" / name]
    return [place for place in places if place.exists()]


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith((".py", ".xml", ".toml", ".js"))])
def test_each_file_is_there(name):
    assert files_named(name), name


@pytest.mark.parametrize("name", [n for n in NAMES if re.fullmatch(r"_?[a-z]+(_[a-z]+)+", n)])
def test_each_function_is_there(name):
    found = [path for path, source in SOURCES.items() if f"def {name}(" in source]
    assert found or files_named(name) or f'"{name}"' in "".join(SOURCES.values()), name


def test_the_mixins_are_those_of_the_integration():
    source = (ADDON / "models" / "ihub_integration.py").read_text()
    composed = re.findall(r'"(ihub\.\w+\.mixin)"', source[: source.index("_order")])
    assert re.findall(r"^\| `(ihub\.\w+\.mixin)`", PAGE, re.MULTILINE) == composed


def test_the_rooms_are_those_that_hold_code():
    named = set(re.findall(r"^  (\w+)/ ", PAGE, re.MULTILINE))
    rooms = {path.name for path in ADDON.iterdir() if (path / "__init__.py").exists()}
    assert named == rooms - {"tests"}
    settings = (paths.ROOT / "pyproject.toml").read_text()
    layers = re.search(r"layers = \[(.*?)\]", settings, re.DOTALL)[1]
    assert named == set(re.findall(r"ihub\.(\w+)", layers))
