"""The pictures of the documentation and of the addon's page, made from the running product.

Started by dev/shots, within the development environment.
"""

import argparse
import contextlib
import shutil
from datetime import datetime, timedelta, timezone

from odoo_process import Server
from playwright.sync_api import expect

from lib import browser, database, odoo, paths, shell, shots_states, web_client

ROOT = paths.ROOT
IMAGES = ROOT / "docs" / "images"
ADDON = ROOT / "ihub" / "static" / "description"
# Pictures that the addon's own page shows, too.
ON_PAGE = {
    "board": "board",
    "board-phone": "board-phone",
    "run-failed": "run",
    "coverage": "coverage",
}
# The community edition has no dark theme: the tests bring one.
DARK = "ihub_test_dark"
ADDONS_PATH = f"--addons-path={ROOT},{ROOT / 'tests' / 'addons'}"

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
    "grid": ("/odoo/integrations?view_type=ihub_grid", ".o_ihub_grid_bars"),
    "integrations-graph": ("/odoo/integrations?view_type=graph", ".o_graph_renderer canvas"),
    "runs": ("/odoo/ihub-runs", ".o_data_row"),
    "calendar": ("/odoo/ihub-calendar", ".o_calendar_view .fc-event"),
    "graph": ("/odoo/ihub-runs?view_type=graph", ".o_graph_renderer canvas"),
    "pivot": ("/odoo/ihub-runs?view_type=pivot", ".o_pivot td"),
    "to-repair": ("/odoo/ihub-repair", ".o_data_row"),
    "events": ("/odoo/ihub-events", ".o_data_row"),
    "events-graph": ("/odoo/ihub-events?view_type=graph", ".o_graph_renderer canvas"),
}


def main():
    parser = argparse.ArgumentParser(prog="dev/shots", description=__doc__.splitlines()[0])
    parser.parse_args()
    browser.ensure()
    databases = database.Databases({})
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(databases.copied("shots"))
        command = odoo.command(ADDONS_PATH, "-d", name, "-i", DARK, "--no-http")
        shell.run([*command, "--stop-after-init"], f"{DARK} cannot be installed.")
        server = Server(
            name, [ADDONS_PATH, "--log-level=warn"], True, None, paths.LOG / "shots.log"
        )
        stack.callback(server.kill)
        server.wait_until_it_answers()
        chromium = stack.enter_context(web_client.chromium())
        visitors = [
            stack.enter_context(web_client.visit(chromium, server.url, name, "admin", size))
            for size in web_client.SIZES
        ]
        Stage(server.url, *visitors).play()
    shots_states.take_all(IMAGES, THEMES)
    shutil.copy(IMAGES / "states.png", ADDON / "states.png")


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
                web_client.set_theme(page, self.url, scheme)
            self.board()
            self.pages()
            self.dialogs()
            self.screens()
            self.coverage()
            self.item()
            self.on_a_phone()

    # --- Acts ---

    def make_history(self):
        """Let the working one run many windows, and the failing one fail."""
        expect(self.card(FAILING).locator(".o_ihub_reason")).to_be_visible()
        minute = datetime.now(timezone.utc).replace(second=0, tzinfo=None)
        period = {
            name: (minute - timedelta(minutes=ago)).isoformat(" ", "seconds")
            for name, ago in {"date_from": 40, "date_to": 20}.items()
        }
        values = {"integration_id": self.id_of(WORKING), "split": True, **period}
        wizard = self.call("ihub.run.manually", "create", [values])
        self.call("ihub.run.manually", "action_run", wizard)
        expect(self.card(WORKING).locator(".o_ihub_bar_success").nth(17)).to_be_attached()

    def begin_long_run(self):
        self.card(LONG).locator("[name=action_run_manually]").click()
        self.desktop.click(".modal button[name=action_run]")
        expect(self.desktop.locator(".modal")).to_have_count(0)

    def board(self):
        self.see_board(self.desktop)
        if not self.suffix:
            progress = ".progress-bar:not([style*=' 0%']):not([style*=' 1%'])"
            expect(self.card(LONG).locator(progress)).to_be_attached()
        self.take(self.desktop, "board")
        self.see_board(self.phone)
        self.take(self.phone, "board-phone")

    def pages(self):
        page = self.desktop
        self.card(FAILING).locator(".o_ihub_reason").click()
        expect(page.locator(".o_ihub_run .o_ihub_alert")).to_be_visible()
        expect(page.locator(".o_ihub_run .o_ihub_line").first).to_be_visible()
        self.take(page, "run-failed")
        page.click("button[name=action_open_integration]")
        expect(page.locator(".o_ihub_integration .o_ihub_alert")).to_be_visible()
        self.take(page, "integration")
        page.click(".o_ihub_alert button[name=action_next_step]")
        expect(page.locator(".o_ihub_integration")).to_have_count(0)
        expect(page.locator(".o_form_view .o_form_sheet")).to_be_visible()
        self.take(page, "settings")

    def dialogs(self):
        page = self.desktop
        self.see_board(page)
        page.click(".o-kanban-button-new")
        page.click(".modal .o_field_widget[name=integration_type] input")
        page.click(".o_select_menu_item")
        expect(page.locator(".modal .alert-info")).to_be_visible()
        self.take(page, "add")
        self.see_board(page)
        self.card(FAILING).locator("[name=action_run_manually]").click()
        page.check(".modal .o_field_widget[name=split] input")
        expect(page.locator(".modal .alert-info")).to_contain_text("runs")
        self.take(page, "run-manually")

    def screens(self):
        for name, (path, ready) in SCREENS.items():
            self.desktop.goto(path)
            expect(self.desktop.locator(ready).first).to_be_visible()
            self.take(self.desktop, name)

    def coverage(self):
        page = self.desktop
        page.goto(f"/odoo/integrations/{self.id_of(STEADY)}")
        expect(page.locator(".o_ihub_coverage_bars [data-status=done]").first).to_be_visible()
        page.locator(".o_notebook").evaluate("notebook => notebook.scrollIntoView()")
        self.take(page, "coverage")
        page.click(".nav-link[name=history]")
        expect(page.locator(".o_ihub_history canvas").first).to_be_visible()
        self.take(page, "history")

    def item(self):
        """The page of the order that is to be repaired, and the dialog that does it."""
        (item,) = self.call("ihub.item", "search", [["state", "=", "failed"]])
        for page, name in ((self.phone, "item-phone"), (self.desktop, "item")):
            page.goto(f"/odoo/ihub-items/{item}")
            expect(page.locator(".o_ihub_item .alert-warning")).to_be_visible()
            self.take(page, name)
        self.desktop.click("button[name=action_change]")
        expect(self.desktop.locator(".modal .o_data_row")).to_have_count(2)
        self.take(self.desktop, "repair")

    def on_a_phone(self):
        page = self.phone
        page.goto(f"/odoo/integrations/{self.id_of(FAILING)}")
        expect(page.locator(".o_ihub_integration .o_ihub_alert")).to_be_visible()
        self.take(page, "integration-phone")
        page.goto("/odoo/ihub-events")
        expect(page.locator(".o_kanban_record").first).to_be_visible()
        self.take(page, "events-phone")

    # --- Props ---

    def card(self, name):
        return web_client.card(self.desktop, name)

    def id_of(self, name):
        return self.call("ihub.integration", "search", [["name", "ilike", name]])[0]

    def see_board(self, page):
        page.goto(BOARD)
        expect(page.locator(".o_kanban_record .o_ihub_sentence").first).to_be_visible()

    def call(self, model, method, *args):
        return web_client.call(self.desktop, model, method, *args)

    def take(self, page, name):
        name += self.suffix
        shots_states.take(page, IMAGES / f"{name}.png")
        if name in ON_PAGE:
            shutil.copy(IMAGES / f"{name}.png", ADDON / f"{ON_PAGE[name]}.png")


if __name__ == "__main__":
    main()
