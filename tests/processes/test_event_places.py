"""Where one can report from: each has a defined outcome."""

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from hub_driver import ADDONS_PATH, OPERATOR
from odoo_process import run

ROWS = "SELECT summary, undone FROM ihub_event ORDER BY id"
WHO = """
    SELECT u.login, c.name FROM ihub_event e
      JOIN res_users u ON u.id = e.user_id JOIN res_company c ON c.id = e.company_id
     ORDER BY e.id
"""
# Not the company of Odoo's own user, so that the two cannot be mistaken for each other.
COMPANY = "Company of the operator"
HOOK = "ihub_test_hook"


def install(hub, module):
    return run(
        "-d", hub.database, "-i", module, ADDONS_PATH, "--no-http", "--max-cron-threads=0",
        "--stop-after-init",
    )  # fmt: skip


@pytest.fixture
def hook(hub):
    """The addon whose hook reports, not installed, before and after."""
    set_failing(hub, False)
    yield
    set_failing(hub, False)
    with hub.env("__system__") as env:
        env["ir.module.module"].search([("name", "=", HOOK)]).state = "uninstalled"


def set_failing(hub, fails):
    with hub.env("__system__") as env:
        env["ir.config_parameter"].set_param("ihub_test_hook.fail", fails)


def state(hub, module):
    return hub.row("SELECT state FROM ir_module_module WHERE name = %s", module)[0]


def system_company(hub):
    return hub.row(
        "SELECT c.name FROM res_users u JOIN res_company c ON c.id = u.company_id"
        " WHERE u.login = '__system__'"
    )[0]


def test_a_hook_that_installs(hub, hook):
    done = install(hub, HOOK)
    assert done.returncode == 0, done.stdout[-3000:]
    assert state(hub, HOOK) == "installed"
    assert hub.execute(ROWS) == [("from the hook", False)]
    assert hub.execute(WHO) == [("__system__", system_company(hub))]


def test_a_hook_that_fails(hub, hook):
    """The installation is undone; what it had reported stays, and says so."""
    set_failing(hub, "1")
    done = install(hub, HOOK)
    assert "The hook was told to fail." in done.stdout
    assert state(hub, HOOK) != "installed"
    assert hub.execute(ROWS) == [("from the hook", True)]


@pytest.fixture(scope="module")
def visitor(shared_hub, tmp_path_factory):
    """Return a function that asks a server, as an operator, and returns the status."""
    from odoo.fields import Command
    from odoo_process import Server

    log = tmp_path_factory.mktemp("server") / "server.log"
    arguments = [ADDONS_PATH, "--max-cron-threads=0", "--log-level=critical"]
    server = Server(shared_hub.database, arguments, True, None, log)
    server.wait_until_it_answers()
    with shared_hub.env("__system__") as env:
        operator = env["res.users"].search([("login", "=", OPERATOR)])
        operator.password = OPERATOR
        before = operator.company_id
        company = env["res.company"].create({"name": COMPANY})
        operator.write({"company_ids": [Command.link(company.id)], "company_id": company.id})
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
    )
    params = {"db": shared_hub.database, "login": OPERATOR, "password": OPERATOR}
    login = urllib.request.Request(
        f"{server.url}/web/session/authenticate",
        json.dumps({"jsonrpc": "2.0", "params": params}).encode(),
        {"Content-Type": "application/json"},
    )
    assert b"error" not in opener.open(login, timeout=60).read()

    def get(end):
        address = f"{server.url}/ihub_test/report?{urllib.parse.urlencode({'end': end})}"
        try:
            with opener.open(address, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    yield get
    server.kill()
    with shared_hub.env("__system__") as env:
        operator = env["res.users"].search([("login", "=", OPERATOR)])
        operator.company_id = before.id
        operator.company_ids = [Command.set(before.ids)]


def test_a_request(hub, visitor):
    assert visitor("well") == 200
    assert hub.execute(ROWS) == [("from a request that ends well", False)]
    assert hub.execute(WHO) == [(OPERATOR, COMPANY)]


def test_a_request_that_fails(hub, visitor):
    assert visitor("badly") == 500
    assert hub.execute(ROWS) == [("from a request that ends badly", True)]
    assert hub.execute(WHO) == [(OPERATOR, COMPANY)]


def test_a_request_that_odoo_repeats(hub, visitor):
    """Each attempt has reported: that of the first was undone."""
    assert visitor("at the second attempt") == 200
    summary = "from a request that ends at the second attempt"
    assert hub.execute(ROWS) == [(summary, True), (summary, False)]
    assert hub.execute(WHO) == [(OPERATOR, COMPANY)] * 2


def cron(hub, code):
    """Make a scheduled action of another module that is due, and nothing else."""
    with hub.env("__system__") as env:
        action = env["ir.cron"].create(
            {
                "name": "Of another module",
                "model_id": env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": code,
                "interval_type": "days",
            }
        )
        action._trigger()
        return action.id


@pytest.mark.parametrize(
    ("code", "undone"),
    [
        ("env.user.partner_id.ihub_info('from a cron')", False),
        ("env.user.partner_id.ihub_info('from a cron')\n1 / 0", True),
    ],
)
def test_the_cron_of_another_module(hub, server, code, undone):
    action = cron(hub, code)
    try:
        server()
        hub.wait(lambda: hub.execute(ROWS) == [("from a cron", undone)], "The event")
        assert hub.execute(WHO) == [("__system__", system_company(hub))]
    finally:
        hub.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", action)
        hub.execute("UPDATE ir_cron SET active = false WHERE id = %s", action)


def test_a_run_that_is_killed(hub, server):
    """The lane that finds it dead marks what the dead transaction had reported."""
    integration = hub.add("tell before\ncheckpoint 1\n@1 tell after\n@1 kill")
    hub.start(integration)
    first = server()
    hub.wait(lambda: first.process.poll() is not None, "The death")
    server()
    hub.wait_for(integration, state="done")
    dead = hub.run(integration, state="interrupted")
    rows = hub.execute(
        "SELECT summary, undone FROM ihub_event WHERE run_id = %s ORDER BY id", dead["id"]
    )
    assert rows == [("before", False), ("after", True)]


def test_a_thread_of_a_run(hub, server):
    """It works for itself: what it reports is not the run's, and is not undone with the run."""
    integration = hub.add("tell of the run\nthread of its thread\nraise value broken")
    hub.start(integration)
    server()
    run = hub.wait_for(integration, state="failed")
    events = "SELECT summary, undone, integration_id, run_id FROM ihub_event WHERE level = 'info'"
    assert hub.execute(f"{events} ORDER BY id") == [
        ("of the run", True, integration, run["id"]),
        ("of its thread", False, integration, None),
    ]
