"""The pictures of the README and of the addon's page, made from the running product.

Started by dev/shots, within the development environment.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import browser, database, odoo, paths, postgres, serve
from lib.console import say
from lib.devtools import Browser, Timeout

IMAGES = paths.ROOT / "docs" / "images"
ADDON = paths.ROOT / "ihub" / "static" / "description"
# Pictures that the addon's own page shows, too.
ON_PAGE = {"board.png": "board.png", "run-failed.png": "run.png", "coverage.png": "coverage.png"}
# The community edition has no dark theme: the tests bring one.
DARK = "ihub_test_dark"
ADDONS_PATH = f"--addons-path={paths.ROOT},{paths.ROOT / 'tests' / 'addons'}"
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844, "phone": True}

BOARD = "/odoo/integrations"
WORKING = "Web shop orders"
FAILING = "Parcel tracking"
LONG = "Product catalogue"
STEADY = "Customers"


def main():
    parser = argparse.ArgumentParser(prog="dev/shots", description=__doc__.splitlines()[0])
    parser.parse_args()
    browser.ensure()
    name = f"ihub_shots_{os.getpid()}"
    client = postgres.Client({})
    client.copy(database.Databases({}).template(), name)
    try:
        _install(name, DARK)
        with Server(name) as url, Browser(**DESKTOP) as desktop, Browser(**PHONE) as phone:
            for visitor in (desktop, phone):
                visitor.log_in(url, name, "admin", "admin")
            stage = Stage(url, desktop, phone)
            try:
                stage.play()
            except Timeout:
                desktop.picture(paths.LOG / "shots-failed.png")
                raise
    finally:
        client.drop(name)


def _install(name, addon):
    command = odoo.command(
        ADDONS_PATH, "-d", name, "-i", addon, "--no-http", "--stop-after-init", "--log-level=error"
    )
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)


class Server:
    """Odoo on a database, with its schedulers; a context manager that yields the address."""

    def __init__(self, name):
        self.name = name
        self.port, self.gevent = _free_ports(2)

    def __enter__(self):
        command = odoo.command(
            ADDONS_PATH, "-d", self.name, "--db-filter", f"^{self.name}$", "--log-level=warn",
            "--http-port", str(self.port), "--gevent-port", str(self.gevent),
        )  # fmt: skip
        with open(paths.LOG / "shots.log", "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=log, start_new_session=True
            )
        serve._answers(self.process, self.port)
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_error):
        serve._end(self.process)


def _free_ports(count):
    probes = [socket.socket() for _number in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Stage:
    """What happens, and when a picture is taken of it."""

    def __init__(self, url, desktop, phone):
        self.url = url
        self.desktop = desktop
        self.phone = phone

    def play(self):
        self.see_board(self.desktop)
        self.make_history()
        self.dialogs()
        self.board()
        self.pages()
        self.lists()
        self.on_a_phone()
        self.in_the_dark()

    # --- Acts ---

    def make_history(self):
        """Let the working one run many windows, and the failing one fail."""
        self.wait_for_card(FAILING, ".o_ihub_reason", self.desktop)
        integration = self.call("ihub.integration", "search", [["name", "ilike", WORKING]])[0]
        values = {"integration_id": integration, "split": True, **self.period()}
        wizard = self.call("ihub.run.manually", "create", [values])
        self.call("ihub.run.manually", "action_run", wizard)
        strip = "document.querySelectorAll('.o_ihub_strip')"
        self.desktop.wait_for(
            f"[...{strip}].some(s => s.querySelectorAll('.o_ihub_bar_done').length >= 18)", 120
        )

    def period(self):
        script = (
            "(n => ({date_from: n.minus({minutes: 40}), date_to: n.minus({minutes: 20})}))"
            "(luxon.DateTime.utc().startOf('minute'))"
        )
        moments = self.desktop.evaluate(f"JSON.parse(JSON.stringify({script}))")
        return {name: moment[:19].replace("T", " ") for name, moment in moments.items()}

    def dialogs(self):
        page = self.desktop
        page.click(".o-kanban-button-new")
        page.click(".modal .o_field_widget[name=integration_type] input")
        page.click(".o_select_menu_item")
        page.wait(".modal .alert-info")
        self.take(page, "add.png")
        page.click(".modal button[special=cancel]")
        page.wait_for("!document.querySelector('.modal')")
        self.press_on_card(FAILING, "action_run_manually")
        page.click(".modal .o_field_widget[name=split] input")
        page.wait_for("document.querySelector('.modal .alert-info').innerText.includes('runs')")
        self.take(page, "run-manually.png")
        page.click(".modal button[special=cancel]")
        page.wait_for("!document.querySelector('.modal')")
        self.press_on_card(LONG, "action_run_manually")
        page.click(".modal button[name=action_run]")
        page.wait_for("!document.querySelector('.modal')")

    def board(self):
        progress = ".progress-bar:not([style*=' 0%']):not([style*=' 1%'])"
        self.wait_for_card(LONG, progress, self.desktop)
        self.desktop.wait_for("!document.querySelector('.o_notification')")
        self.take(self.desktop, "board.png")
        self.see_board(self.phone)
        self.take(self.phone, "board-phone.png")

    def pages(self):
        page = self.desktop
        page.evaluate(f"{self.card(FAILING)}.querySelector('.o_ihub_reason').click()")
        page.wait(".o_ihub_run .alert-danger")
        page.wait(".o_ihub_run .o_ihub_line")
        self.take(page, "run-failed.png")
        page.click("button[name=action_open_integration]")
        page.wait(".o_ihub_integration .alert-danger")
        self.take(page, "integration.png")

    def lists(self):
        """What else shows runs and events."""
        page = self.desktop
        for name, path, ready in (
            ("list.png", "/odoo/integrations?view_type=list", ".o_data_row"),
            ("calendar.png", "/odoo/ihub-calendar", ".o_calendar_view .fc-event"),
            ("graph.png", "/odoo/ihub-runs?view_type=graph", ".o_graph_renderer canvas"),
            ("events.png", "/odoo/ihub-events", ".o_data_row"),
        ):
            page.open(self.url + path)
            page.wait(ready)
            self.rest(page)
            self.take(page, name)
        page.open(f"{self.url}/odoo/integrations/{self.id_of(STEADY)}")
        page.wait(".o_ihub_coverage_bars [data-status=done]")
        page.evaluate("document.querySelector('.o_notebook').scrollIntoView()")
        self.rest(page)
        self.take(page, "coverage.png")
        page.click(".nav-link[name=history]")
        page.wait(".o_ihub_history canvas")
        self.rest(page)
        self.take(page, "history.png")

    def on_a_phone(self):
        page = self.phone
        page.open(f"{self.url}/odoo/integrations/{self.id_of(FAILING)}")
        page.wait(".o_ihub_integration .alert-danger")
        self.rest(page)
        self.take(page, "integration-phone.png")

    def in_the_dark(self):
        page = self.desktop
        page.send("Network.setCookie", name="color_scheme", value="dark", url=self.url)
        self.see_board(page)
        self.rest(page)
        self.take(page, "board-dark.png")
        page.evaluate(f"{self.card(FAILING)}.querySelector('.o_ihub_reason').click()")
        page.wait(".o_ihub_run .o_ihub_line")
        self.rest(page)
        self.take(page, "run-failed-dark.png")
        page.open(f"{self.url}/odoo/integrations/{self.id_of(STEADY)}")
        page.wait(".o_ihub_coverage_bars [data-status=done]")
        page.evaluate("document.querySelector('.o_notebook').scrollIntoView()")
        self.rest(page)
        self.take(page, "coverage-dark.png")

    # --- Props ---

    def rest(self, page):
        """Wait until what is drawn step by step is drawn."""
        page.evaluate("new Promise(resolve => setTimeout(resolve, 1500))")

    def id_of(self, name):
        return self.call("ihub.integration", "search", [["name", "ilike", name]])[0]

    def see_board(self, page):
        page.open(self.url + BOARD)
        page.wait(".o_kanban_record .o_ihub_facts")

    @staticmethod
    def card(name):
        cards = "[...document.querySelectorAll('.o_kanban_record')]"
        return f"{cards}.find(c => c.innerText.includes({json.dumps(name)}))"

    def wait_for_card(self, name, selector, page):
        selector = json.dumps(selector)
        page.wait_for(f"{self.card(name)}.querySelector({selector})", 120)

    def press_on_card(self, name, button):
        self.wait_for_card(name, f"button[name={button}]", self.desktop)
        self.desktop.evaluate(f"{self.card(name)}.querySelector('button[name={button}]').click()")

    def call(self, model, method, *args):
        params = {"model": model, "method": method, "args": args, "kwargs": {}}
        body = json.dumps(json.dumps({"jsonrpc": "2.0", "params": params}))
        answer = self.desktop.evaluate(
            "fetch('/web/dataset/call_kw', {method: 'POST', "
            f"headers: {{'Content-Type': 'application/json'}}, body: {body}}}).then(r => r.json())"
        )
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["debug"])
        return answer["result"]

    def take(self, page, name):
        page.picture(IMAGES / name)
        if name in ON_PAGE:
            shutil.copy(IMAGES / name, ADDON / ON_PAGE[name])
        say(f"docs/images/{name}")


if __name__ == "__main__":
    main()
