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

FOLLOW = """path => {
    const link = document.createElement("a");
    link.href = path;
    document.body.append(link);
    link.click();
    link.remove();
}"""
# What the client shows, if anything.
SHOWN = ".o_action_manager > *"
IS_THERE = "Boolean(window.odoo?.__WOWL_DEBUG__)"
# What is on screen goes without a last word: a form would save what was entered. Where a dialog
# or a menu is open, nothing is done.
CLEAR = """async shown => {
    const open = ".o-overlay-item, .modal, .o_burger_menu";
    if (!window.odoo?.__WOWL_DEBUG__ || document.querySelector(open)) { return false; }
    odoo.__WOWL_DEBUG__.root.env.bus.trigger("ACTION_MANAGER:UPDATE", {});
    odoo.loader.modules.get("@web/core/network/rpc").rpcBus.trigger("CLEAR-CACHES");
    localStorage.clear();
    sessionStorage.clear();
    for (let frame = 0; frame < 2; frame++) { await new Promise(requestAnimationFrame); }
    return !document.querySelector(`${shown}, ${open}`);
}"""
LEAVE = """
addEventListener("beforeunload", event => event.stopImmediatePropagation(), true);
try { sessionStorage.clear(); } catch { /* Nothing has been loaded. */ }
"""
# What a site may keep in a browser, but for cookies and for what is loaded anyway.
REMEMBERED = "local_storage,indexeddb,cache_storage,service_workers,file_systems"
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

    :param str url: the server's address
    :param str size: one of ``SIZES``
    :raise AssertionError: when the page had an error
    """
    page = enter(browser, url, database, login, size)
    with contextlib.closing(page.context), watched(page):
        yield page


def enter(browser, url, database, login, size):
    """Return a page of a visitor of its own, as ``visit`` does; ``page.goto`` takes paths."""
    context = browser.new_context(base_url=url, **SIZES[size], **CALM)
    context.set_default_timeout(PATIENCE)
    log_in(context, database, login)
    return context.new_page()


@contextlib.contextmanager
def watched(page):
    """Close what comes to lie over what is clicked; if something fails, keep and tell what is seen.

    :raise AssertionError: when the page had an error
    """
    # As people do.
    notes = page.locator(".o_notification_close").first
    page.add_locator_handler(notes, lambda _note: page.evaluate(CLOSE), no_wait_after=True)
    try:
        with watch(page) as errors:
            yield
        assert not errors, "\n".join(errors)
        page.remove_locator_handler(notes)
    except BaseException:
        _keep(page, errors)
        raise


def _keep(page, errors):
    """Keep a picture, and print what can be read: elsewhere a report is all that is left."""
    test = re.sub(r"\W+", "-", os.environ.get("PYTEST_CURRENT_TEST", "pictures"))
    with contextlib.suppress(Error):
        page.screenshot(path=paths.LOG / "browser" / f"{test[-100:]}.png")
        print(page.url, *errors, page.inner_text("body"), sep="\n")


def log_in(context, database, login):
    """Begin a session of Odoo for all pages of a context."""
    credentials = {"db": database, "login": login, "password": login}
    answer = context.request.post("/web/session/authenticate", data={"params": credentials}).json()
    assert "error" not in answer, answer["error"]


@contextlib.contextmanager
def watch(page):
    """Yield a list to which the errors of a page are added as they occur."""
    errors = []
    hear = {
        "pageerror": lambda error: errors.append(error.stack or str(error)),
        "console": lambda said: said.type == "error" and errors.append(said.text),
    }
    for event, listener in hear.items():
        page.on(event, listener)
    try:
        yield errors
    finally:
        for event, listener in hear.items():
            page.remove_listener(event, listener)


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
    show(page, "/odoo/integrations?view_type=ihub_grid")
    if page.viewport_size["width"] < 500:
        # A phone begins with cards.
        page.click(".o_cp_switch_buttons button")
        page.click(".o-dropdown-item:has-text('Time Grid')")
    expect(page.locator(".o_ihub_grid_row").first).to_be_visible()


def show(page, path):
    """Go to a path: as by a link where the client is there already; else it is loaded."""
    if not page.evaluate(IS_THERE):
        page.goto(path)
    elif page.locator(SHOWN).count():
        go(page, path)
    else:
        page.evaluate(FOLLOW, path)


def go(page, path):
    """Go to a path as by a link: the client, which must be there already, is not loaded again."""
    before = page.wait_for_selector(SHOWN, state="attached")
    page.evaluate(FOLLOW, path)
    page.wait_for_function("before => !before.isConnected", arg=before)


def forget(page, size):
    """Leave a page as if nothing but the log-in had happened in its browser.

    :param str size: one of ``SIZES``
    """
    context = page.context
    for other in context.pages:
        if other != page:
            other.close()
    page.evaluate(LEAVE)
    origin = page.evaluate("origin")
    page.goto("about:blank")
    session = context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": REMEMBERED})
    session.detach()
    context.clear_cookies(name=re.compile("^(?!session_id$)"))
    page.set_viewport_size(SIZES[size]["viewport"])


def leave(page, size):
    """Leave a page as ``forget`` does; if it can be, with the client there, which shows nothing.

    :param str size: one of ``SIZES``
    """
    context = page.context
    is_dark = any(each["name"] == "color_scheme" for each in context.cookies())
    if context.pages != [page] or is_dark or not page.evaluate(CLEAR, SHOWN):
        forget(page, size)
        return
    page.evaluate(CLOSE)
    page.set_viewport_size(SIZES[size]["viewport"])


def set_theme(page, url, scheme):
    """Let the web client be ``light`` or ``dark`` from the next page on."""
    page.context.add_cookies([{"name": "color_scheme", "value": scheme, "url": url}])
