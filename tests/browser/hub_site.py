"""A real server with real background runs, and browsers that look at it."""

import http.cookiejar
import json
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lib.devtools import Browser

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"desktop": (1366, 768, False), "phone": (390, 844, True)}
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


def hours_ago(hours):
    """Return a moment as Odoo takes it from a browser: in UTC."""
    moment = datetime.now(timezone.utc) - timedelta(hours=hours)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def prepare(database):
    """Put the users of the journeys into a database."""
    done = subprocess.run(
        [sys.executable, "-m", "odoo", "shell", "-d", database, "--no-http"],
        cwd=ROOT, input=SETUP, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "Traceback" not in output, output[-6000:]


class Site:
    """A server of the hub, used through HTTP as its users do."""

    def __init__(self, server, database):
        self.server = server
        self.url = server.url
        self.database = database
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
        with self.opener.open(request, timeout=60) as answer:
            result = json.load(answer)
        assert "error" not in result, result["error"]["data"]["debug"]
        return result["result"]

    def call(self, model, method, *args, **kwargs):
        """Call a method as the manager."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post("/web/dataset/call_kw", params)

    def add(self, name, **values):
        """Add a demo integration; return the id of the integration."""
        (record,) = self.call(DEMO, "create", [{"name": name, **values}])
        return self.call(DEMO, "read", [record], ["integration_id"])[0]["integration_id"][0]

    def empty(self):
        """Delete all integrations."""
        found = self.call("ihub.integration", "search", [])
        self.call("ihub.integration", "stop", found)
        self.call("ihub.integration", "unlink", found)

    def browser(self, login, size="desktop"):
        """Return a context manager: a browser in which ``login`` is logged in."""
        return Visit(self, login, *SIZES[size])


class Visit(Browser):
    """A browser with a session."""

    def __init__(self, site, login, *size):
        super().__init__(*size)
        self.site = site
        self.login = login

    def __enter__(self):
        super().__enter__()
        self.log_in(self.site.url, self.site.database, self.login, self.login)
        return self

    def go(self, path):
        """Open a page of the web client."""
        self.open(self.site.url + path)
        self.wait(".o_action_manager > *")

    def run_tour(self, name, path="/odoo/integrations"):
        """Run a tour to its end.

        :raise AssertionError: when a step is not possible, or the console has an error
        """
        self.go(f"{path}?debug=tests")
        self.wait_for(f"window.odoo.isTourReady?.({name!r})")
        options = {"stepDelay": 0, "keepWatchBrowser": False, "debug": False, "startUrl": path}
        self.evaluate(f"void odoo.startTour({name!r}, {json.dumps(options)})")
        self.listen(lambda: self.errors or "tour succeeded" in self.console, 120)
        assert not self.errors, "\n".join([*self.errors, *self.console[-5:]])
