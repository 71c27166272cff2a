"""A real server with real background runs, and browsers that look at it."""

import http.cookiejar
import json
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from lib import postgres, web_client

ROOT = Path(__file__).resolve().parents[2]
BOTH_SIZES = pytest.mark.parametrize("size", web_client.SIZES)
# Seconds after which a program hangs.
PATIENCE = 900
DEMO = "ihub.integration.demo"
USERS = {
    "ihub_operator": "ihub.group_user",
    "ihub_manager": "ihub.group_manager",
    "ihub_outsider": "base.group_user",
}
# Passwords are the logins. Nothing but the hub's own schedulers is to run.
SETUP = f"""
env["ir.cron"].with_context(active_test=False).search([]).active = False
for login, group in {USERS!r}.items():
    env["res.users"].create({{
        "name": login, "login": login, "password": login, "tz": "UTC", "tour_enabled": False,
        "group_ids": [(6, 0, [env.ref(group).id, env.ref("base.group_user").id])],
    }})
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
"""
# Until no process serves the lane of any of these: each holds a lock while it does.
WAIT = f"""
    SELECT pg_advisory_lock({0x69687562}, id), pg_advisory_unlock({0x69687562}, id)
      FROM unnest(ARRAY%s) id
"""

# The patience that Odoo has with each step is the tour's, in milliseconds.
START = """
([name, options, timeout]) => {
    const { registry } = odoo.loader.modules.get("@web/core/registry");
    registry.category("web_tour.tours").get(name).timeout = timeout;
    odoo.startTour(name, options);
}
"""


def hours_ago(hours):
    """Return a moment as Odoo takes it from a browser: in UTC."""
    moment = datetime.now(timezone.utc) - timedelta(hours=hours)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def prepare(database):
    """Put the users of the journeys into a database."""
    done = subprocess.run(
        [sys.executable, "-m", "odoo", "shell", "-d", database, "--no-http"],
        cwd=ROOT, input=SETUP, text=True, capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "Traceback" not in output, output[-6000:]


class Site:
    """A server of the hub, used through HTTP as its users do.

    :param chromium: Playwright's browser, in which its visitors look at it
    """

    def __init__(self, server, database, chromium):
        self.url = server.url
        self.database = database
        self.chromium = chromium
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        credentials = {"db": database, "login": "ihub_manager", "password": "ihub_manager"}
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

    def call(self, model, method, *args, **kwargs):
        """Call a method as the manager."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post("/web/dataset/call_kw", params)

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

    def browser(self, login, size="desktop"):
        """Return a context manager: a page on which ``login`` is logged in."""
        return web_client.visit(self.chromium, self.url, self.database, login, size)


def run_tour(page, name, path="/odoo/integrations"):
    """Run a tour to its end; where a step is not possible, it is an error of the page."""
    page.goto(f"{path}?debug=tests")
    page.wait_for_function("name => window.odoo?.isTourReady?.(name)", arg=name)
    options = {"stepDelay": 0, "keepWatchBrowser": False, "debug": False, "startUrl": path}
    with page.expect_console_message(_ends_a_tour):
        # Half of the patience: so it is the tour that says which step is not possible.
        page.evaluate(START, [name, options, web_client.PATIENCE // 2])


def _ends_a_tour(said):
    return said.type == "error" or said.text == "tour succeeded"
