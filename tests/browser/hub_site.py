"""A real server with real background runs, and browsers that look at it."""

import http.cookiejar
import json
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from odoo_process import Server

from lib import postgres, web_client

ROOT = Path(__file__).resolve().parents[2]
BOTH_SIZES = pytest.mark.parametrize("size", web_client.SIZES)
# What a user may do and how wide a screen is do not depend on each other.
BOTH_USERS = pytest.mark.parametrize(
    ("login", "size"), [("ihub_operator", "phone"), ("ihub_manager", "desktop")]
)
# Seconds after which a program hangs.
PATIENCE = 900
DEMO = "ihub.integration.demo"
SHOP = "ihub.integration.demo.shop"
USERS = {
    "ihub_operator": "ihub.group_user",
    "ihub_manager": "ihub.group_manager",
    "ihub_outsider": "base.group_user",
}
# Until no process serves the lane of any of these: each holds a lock while it does.
WAIT = f"""
    SELECT pg_advisory_lock({0x69687562}, id), pg_advisory_unlock({0x69687562}, id)
      FROM unnest(ARRAY%s) id
"""

# What is put off for five seconds, as it is on every page, comes soon.
HASTEN = """
const later = window.setTimeout;
window.setTimeout = (call, wait, ...args) => later(call, wait === 5000 ? 500 : wait, ...args);
"""
# The patience that Odoo has with each step is the tour's, in milliseconds.
START = """
async ([name, options, timeout]) => {
    const modules = odoo.loader.modules;
    await modules.get("@web/core/assets").loadBundle("web.assets_tests");
    await odoo.isTourReady(name);
    const { registry } = modules.get("@web/core/registry");
    registry.category("web_tour.tours").get(name).timeout = timeout;
    odoo.startTour(name, options);
}
"""


def hours_ago(hours):
    """Return a moment as Odoo takes it from a browser: in UTC."""
    moment = datetime.now(timezone.utc) - timedelta(hours=hours)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def serving(chromium, database, folder, *arguments):
    """Serve a database, with the users of the journeys, for visitors with Playwright's browser."""
    log = folder / "server.log"
    server = Server(database, [*arguments, "--log-level=warn"], True, None, log)
    try:
        server.wait_until_it_answers()
        add_users(server)
        yield Site(server, database, chromium)
    finally:
        server.kill()


class Visitor:
    """Somebody who uses a server through HTTP, whose password is the login."""

    def __init__(self, url, database, login):
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        credentials = {"db": database, "login": login, "password": login}
        self._post("/web/session/authenticate", credentials)

    def _post(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "params": params}).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=PATIENCE) as answer:
            result = json.load(answer)
        assert "error" not in result, result["error"]["data"]["debug"]
        return result["result"]

    def ref(self, name):
        """Return the id of the record with an external identifier."""
        module, _dot, name = name.partition(".")
        found = [["module", "=", module], ["name", "=", name]]
        return self.call("ir.model.data", "search_read", found, ["res_id"])[0]["res_id"]

    def call(self, model, method, *args, **kwargs):
        """Call a method as this user."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post("/web/dataset/call_kw", params)


def add_users(server):
    """Add the users of the journeys, unless they are there already."""
    admin = Visitor(server.url, server.database, "admin")
    known = admin.call("res.users", "search_read", [["login", "in", [*USERS]]], ["login"])
    for login in USERS.keys() - {user["login"] for user in known}:
        groups = [admin.ref(USERS[login]), admin.ref("base.group_user")]
        values = {"name": login, "login": login, "password": login, "group_ids": [[6, 0, groups]]}
        # Nothing opens by itself: OdooBot would greet them in a chat, which covers a phone.
        values |= {"tz": "UTC", "tour_enabled": False, "odoobot_state": "disabled"}
        admin.call("res.users", "create", [values])


class Site(Visitor):
    """A server of the hub, used by a manager; others look at it in a browser.

    :param chromium: Playwright's browser, in which its visitors look at it
    """

    def __init__(self, server, database, chromium):
        super().__init__(server.url, database, "ihub_manager")
        self.database = database
        self.chromium = chromium
        # Pages that nobody uses, by login and size: to log in and to begin anew takes long.
        self.pages = {}

    def add(self, name, model=DEMO, **values):
        """Add a demo integration; return the id of the integration."""
        (record,) = self.call(model, "create", [{"name": name, **values}])
        return self.call(model, "read", [record], ["integration_id"])[0]["integration_id"][0]

    def empty(self):
        """Delete all integrations, and what would still be told to those who come in next."""
        found = self.call("ihub.integration", "search", [])
        self.call("ihub.integration", "stop", found)
        # What is at work is not deleted: not only while a run executes.
        if found:
            postgres.Client({}).query(WAIT % found, database=self.database)
        self.call("ihub.integration", "unlink", found)
        postgres.Client({}).query("DELETE FROM bus_bus", database=self.database)

    @contextmanager
    def browser(self, login, size="desktop"):
        """Yield a page on which ``login`` is logged in, as ``web_client.visit`` does.

        It may have been used before: then the client is there, and shows nothing. It remembers no
        more of what was done than who is logged in.
        """
        idle = self.pages.setdefault((login, size), [])
        page = idle.pop() if idle else self._enter(login, size)
        try:
            with web_client.watched(page):
                yield page
            web_client.leave(page, size)
        except BaseException:
            page.context.close()
            raise
        idle.append(page)

    def _enter(self, login, size):
        page = web_client.enter(self.chromium, self.url, self.database, login, size)
        page.add_init_script(HASTEN)
        return page


def run_tour(page, name, path="/odoo/integrations"):
    """Run a tour to its end; where a step is not possible, it is an error of the page."""
    web_client.show(page, path)
    page.wait_for_selector(web_client.SHOWN)
    options = {"stepDelay": 0, "keepWatchBrowser": False, "debug": False, "startUrl": path}
    with page.expect_console_message(_ends_a_tour):
        # Half of the patience: so it is the tour that says which step is not possible.
        page.evaluate(START, [name, options, web_client.PATIENCE // 2])


def _ends_a_tour(said):
    return said.type == "error" or said.text == "tour succeeded"
