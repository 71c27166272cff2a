"""People whose system chooses the colours, as with Windows' contrast themes, or wants no motion."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from lib import web_client

# What says by its colours and patterns alone what has become of runs, or how far one is.
DRAWN = {
    "/odoo/integrations": (".o_ihub_strip", ".o_ihub_progress"),
    "/odoo/integrations?view_type=ihub_grid": (
        ".o_ihub_grid_lane:has([data-outcome=failed])",
        ".o_ihub_coverage_legend",
    ),
    "Halted": (".o_ihub_coverage_line", ".o_ihub_coverage_legend"),
}
# Between the lightest and the darkest of red, green and blue: the system's are black and white.
COLOURED = 50


@pytest.fixture
def page(troubled):
    with troubled.browser("ihub_operator") as page:
        page.emulate_media(forced_colors="active")
        yield page
        page.emulate_media(forced_colors="none")


def colours(page, element):
    """Return the colours of a part of the page, as red, green and blue."""
    element.scroll_into_view_if_needed()
    picture = page.screenshot(clip=element.bounding_box())
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    return {colour for _count, colour in image.getcolors(image.width * image.height)}


@pytest.mark.parametrize("screen", DRAWN)
def test_what_is_drawn_with_colours_keeps_them(page, troubled, screen):
    if not screen.startswith("/"):
        (found,) = troubled.call("ihub.integration", "search", [["name", "=", screen]])
    path = screen if screen.startswith("/") else f"/odoo/integrations/{found}"
    web_client.show(page, path)
    for selector in DRAWN[screen]:
        element = page.locator(selector).first
        expect(element).to_be_visible()
        seen = colours(page, element)
        assert any(max(each) - min(each) > COLOURED for each in seen), selector


def test_what_is_pressed_looks_so(page):
    web_client.show(page, "/odoo/integrations?view_type=ihub_grid")
    expect(page.locator(".o_ihub_chip").first).to_be_visible()
    page.click(".o_ihub_chip >> nth=0")
    expect(page.locator(".o_ihub_chip.active")).to_be_visible()
    for name in ("o_ihub_chip", "o_ihub_grid_controls .btn"):
        pressed, other = (
            page.locator(f".{name}[aria-pressed={is_pressed}]").first.evaluate(
                "button => getComputedStyle(button).backgroundColor"
            )
            for is_pressed in ("true", "false")
        )
        assert pressed != other, name


def test_nothing_turns_for_people_who_want_no_motion(troubled):
    with troubled.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        turning = page.locator(".o_ihub_activity .fa-spin").first
        expect(turning).to_be_visible()
        assert turning.evaluate("each => getComputedStyle(each).animationName") == "none"
