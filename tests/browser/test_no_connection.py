"""What a page says that no longer hears from the server."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

from lib import web_client

# Whether all of it can be read without scrolling, and nothing of it lies below something else.
IS_IN_SIGHT = """shown => {
    const {left, right, top, bottom} = shown.getBoundingClientRect();
    const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight
        && (shown.contains(seen) || seen.contains(shown));
}"""


@pytest.fixture(params=web_client.SIZES)
def page(request, site):
    """The board of an operator; that a browser complains about the network is no error here."""
    site.add("Parcels", fail_run=True)
    for name in ("Orders", "Invoices"):
        site.call("ihub.integration", "start", site.add(name))
    page = web_client.enter(site.chromium, site.url, site.database, "ihub_operator", request.param)
    with contextlib.closing(page.context):
        page.goto("/odoo/integrations")
        yield page


def test_it_says_since_when_there_is_no_connection(page):
    fresh = page.locator(".o_ihub_fresh")
    expect(fresh).to_have_text("Live")
    assert fresh.evaluate(IS_IN_SIGHT)
    page.context.set_offline(True)
    expect(fresh).to_have_text(re.compile(r"^\s*No connection\. As of \d+:\d\d"))
    assert fresh.evaluate(IS_IN_SIGHT)
    # The chips can still be reached.
    chip = page.locator(".o_ihub_chip").last
    chip.scroll_into_view_if_needed()
    assert chip.evaluate(IS_IN_SIGHT)
    assert fresh.evaluate(IS_IN_SIGHT)
    page.context.set_offline(False)
    expect(fresh).to_have_text("Live")
