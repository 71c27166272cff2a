"""The pictures and pages that the documentation names are there, and no picture is left over."""

import re

import pytest

from lib import paths

IMAGES = paths.ROOT / "docs" / "images"
PAGES = [
    *sorted(paths.ROOT.glob("*.md")),
    *sorted((paths.ROOT / "docs").rglob("*.md")),
    *sorted((paths.ROOT / "dev").rglob("*.md")),
]
ADDON = paths.ROOT / "ihub" / "static" / "description"


def pictures(page):
    found = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    return [(page.parent / path).resolve() for path in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_are_there(page):
    assert [path.name for path in pictures(page) if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    found = re.findall(r"[^!]\[[^\]]+\]\((?!https?:|mailto:)([^)#]+)(#[^)]*)?\)", page.read_text())
    assert [path for path, _part in found if not (page.parent / path).exists()] == []


def test_none_is_left_over():
    named = {path for page in PAGES for path in pictures(page)}
    assert {path.name for path in IMAGES.iterdir() if path.resolve() not in named} == set()


def test_pictures_of_the_addon_are_there():
    page = (paths.ROOT / "ihub" / "README.rst").read_text()
    named = set(re.findall(r"^.. image:: /ihub/static/description/(.+)$", page, re.MULTILINE))
    assert {name for name in named if not (ADDON / name).exists()} == set()
    assert {path.name for path in ADDON.glob("*.png")} - {"icon.png"} == named
