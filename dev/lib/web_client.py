"""Odoo's web client in Chromium, driven by Playwright: for the tests and for the pictures."""

import contextlib
import os
import re

from playwright.sync_api import Error, expect, sync_playwright

from . import paths

# Milliseconds. Only what hangs is given up: a busy machine takes the time that it takes.
PATIENCE = 180_000
SIZES = {
    "desktop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
# The same wherever the machine is; and nothing fades in: what is there can be seen.
CALM = {"locale": "en-US", "timezone_id": "UTC", "reduced_motion": "reduce"}

CLOSE = "document.querySelectorAll('.o_notification_close').forEach(button => button.click())"


@contextlib.contextmanager
def chromium():
    """Yield Playwright's browser, without a window."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=paths.BIN / "chromium", chromium_sandbox=False, timeout=PATIENCE
        )
        with contextlib.closing(browser):
            yield browser


@contextlib.contextmanager
def visit(browser, url, database, login, size="desktop"):
    """Yield a page on which somebody is logged in, whose password is the login.

    ``page.goto`` takes paths. If the visit fails, what the page shows is kept as a picture.

    :param str url: the server's address
    :param str size: one of ``SIZES``
    :raise AssertionError: when the page had an error
    """
    with contextlib.closing(browser.new_context(base_url=url, **SIZES[size], **CALM)) as context:
        context.set_default_timeout(PATIENCE)
        log_in(context, database, login)
        page = context.new_page()
        # What lies over a thing that is to be clicked is closed, as people do.
        notes = page.locator(".o_notification_close")
        page.add_locator_handler(
            notes.first, lambda _note: page.evaluate(CLOSE), no_wait_after=True
        )
        errors = watch(page)
        try:
            yield page
            assert not errors, "\n".join(errors)
        except BaseException:
            _keep_picture(page)
            raise


def _keep_picture(page):
    test = re.sub(r"\W+", "-", os.environ.get("PYTEST_CURRENT_TEST", "pictures"))
    with contextlib.suppress(Error):
        page.screenshot(path=paths.LOG / "browser" / f"{test[-100:]}.png")


def log_in(context, database, login):
    """Begin a session of Odoo for all pages of a context."""
    credentials = {"db": database, "login": login, "password": login}
    answer = context.request.post("/web/session/authenticate", data={"params": credentials}).json()
    assert "error" not in answer, answer["error"]


def watch(page):
    """Return a list to which the errors of a page are added as they occur."""
    errors = []
    page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    return errors


def call(page, model, method, *args, **kwargs):
    """Call a method as the user of the page."""
    params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
    answer = page.request.post("/web/dataset/call_kw", data={"params": params}).json()
    assert "error" not in answer, answer["error"]["data"]["debug"]
    return answer["result"]


def card(page, name):
    """Return the card of an integration on the board, the first that has the name on it."""
    cards = page.locator(".o_kanban_record:not(.o_kanban_ghost)")
    return cards.filter(has_text=re.compile(re.escape(name))).first


def open_grid(page):
    """Show the grid of integrations, with its bars."""
    page.goto("/odoo/integrations?view_type=ihub_grid")
    if page.viewport_size["width"] < 500:
        # A phone begins with cards.
        page.click(".o_cp_switch_buttons button")
        page.click(".o-dropdown-item:has-text('Time Grid')")
    expect(page.locator(".o_ihub_grid_row").first).to_be_visible()


def set_theme(page, url, scheme):
    """Let the web client be ``light`` or ``dark`` from the next page on."""
    page.context.add_cookies([{"name": "color_scheme", "value": scheme, "url": url}])
