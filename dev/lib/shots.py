"""The pictures of the documentation and of the addon's page, made from the running product.

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

from lib import browser, database, odoo, paths, postgres, serve, shots_states
from lib.devtools import Browser, Timeout

IMAGES = paths.ROOT / "docs" / "images"
ADDON = paths.ROOT / "ihub" / "static" / "description"
# Pictures that the addon's own page shows, too.
ON_PAGE = {
    "board": "board",
    "board-dark": "board-dark",
    "board-phone": "board-phone",
    "run-failed": "run",
    "coverage": "coverage",
}
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
# The colour scheme of the web client, by what the names of pictures end with.
THEMES = {"": "light", "-dark": "dark"}
# Screens that are there by themselves: the address, and what shows that they are.
SCREENS = {
    "list": ("/odoo/integrations?view_type=list", ".o_data_row"),
    "integrations-graph": ("/odoo/integrations?view_type=graph", ".o_graph_renderer canvas"),
    "runs": ("/odoo/ihub-runs", ".o_data_row"),
    "calendar": ("/odoo/ihub-calendar", ".o_calendar_view .fc-event"),
    "graph": ("/odoo/ihub-runs?view_type=graph", ".o_graph_renderer canvas"),
    "pivot": ("/odoo/ihub-runs?view_type=pivot", ".o_pivot td"),
    "events": ("/odoo/ihub-events", ".o_data_row"),
    "events-graph": ("/odoo/ihub-events?view_type=graph", ".o_graph_renderer canvas"),
}


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
    shots_states.take_all(IMAGES, THEMES)
    shutil.copy(IMAGES / "states.png", ADDON / "states.png")


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
        self.suffix = ""

    def play(self):
        self.see_board(self.desktop)
        self.make_history()
        self.begin_long_run()
        for suffix, scheme in THEMES.items():
            self.suffix = suffix
            for page in (self.desktop, self.phone):
                page.send("Network.setCookie", name="color_scheme", value=scheme, url=self.url)
            self.board()
            self.pages()
            self.dialogs()
            self.screens()
            self.coverage()
            self.on_a_phone()

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

    def begin_long_run(self):
        self.press_on_card(LONG, "action_run_manually")
        self.desktop.click(".modal button[name=action_run]")
        self.desktop.wait_for("!document.querySelector('.modal')")

    def board(self):
        self.see_board(self.desktop)
        if not self.suffix:
            progress = ".progress-bar:not([style*=' 0%']):not([style*=' 1%'])"
            self.wait_for_card(LONG, progress, self.desktop)
        self.desktop.wait_for("!document.querySelector('.o_notification')")
        self.take(self.desktop, "board")
        self.see_board(self.phone)
        self.take(self.phone, "board-phone")

    def pages(self):
        page = self.desktop
        page.evaluate(f"{self.card(FAILING)}.querySelector('.o_ihub_reason').click()")
        page.wait(".o_ihub_run .alert-danger")
        page.wait(".o_ihub_run .o_ihub_line")
        self.take(page, "run-failed")
        page.click("button[name=action_open_integration]")
        page.wait(".o_ihub_integration .alert-danger")
        self.take(page, "integration")
        page.click("button[name=open_settings]")
        page.wait_for("!document.querySelector('.o_ihub_integration')")
        page.wait(".o_form_view .o_form_sheet")
        self.take(page, "settings")

    def dialogs(self):
        page = self.desktop
        self.see_board(page)
        page.click(".o-kanban-button-new")
        page.click(".modal .o_field_widget[name=integration_type] input")
        page.click(".o_select_menu_item")
        page.wait(".modal .alert-info")
        self.take(page, "add")
        self.see_board(page)
        self.press_on_card(FAILING, "action_run_manually")
        page.click(".modal .o_field_widget[name=split] input")
        page.wait_for("document.querySelector('.modal .alert-info').innerText.includes('runs')")
        self.take(page, "run-manually")

    def screens(self):
        page = self.desktop
        for name, (path, ready) in SCREENS.items():
            page.open(self.url + path)
            page.wait(ready)
            self.take(page, name)

    def coverage(self):
        page = self.desktop
        page.open(f"{self.url}/odoo/integrations/{self.id_of(STEADY)}")
        page.wait(".o_ihub_coverage_bars [data-status=done]")
        page.evaluate("document.querySelector('.o_notebook').scrollIntoView()")
        self.take(page, "coverage")
        page.click(".nav-link[name=history]")
        page.wait(".o_ihub_history canvas")
        self.take(page, "history")

    def on_a_phone(self):
        page = self.phone
        page.open(f"{self.url}/odoo/integrations/{self.id_of(FAILING)}")
        page.wait(".o_ihub_integration .alert-danger")
        self.take(page, "integration-phone")
        page.open(f"{self.url}/odoo/ihub-events")
        page.wait(".o_kanban_record")
        self.take(page, "events-phone")

    # --- Props ---

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
        name += self.suffix
        page.wait_for("!document.querySelector('.o_notification')")
        shots_states.take(page, IMAGES / f"{name}.png")
        if name in ON_PAGE:
            shutil.copy(IMAGES / f"{name}.png", ADDON / f"{ON_PAGE[name]}.png")


if __name__ == "__main__":
    main()
