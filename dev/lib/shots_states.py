"""Pictures of integrations with every badge, and of what is said and asked about them.

The hub in which each of them has come about is that of the tests.
"""

import io
import tempfile
from pathlib import Path

import troubles
from PIL import Image
from playwright.sync_api import expect

from lib import database, web_client
from lib.console import say

# On the picture of all badges: cards beside each other, and pixels between them.
COLUMNS = 4
GAP = 8
DRAWN = "Object.values(window.Chart?.instances ?? {}).forEach(c => c.stop().update('none'))"
# Pages of integrations, by name of the picture.
PAGES = {"stuck": "Stuck", "retrying": "Remote down", "stopped": "Halted", "working": "At work"}
# Dialogs: the card and the button that is pressed.
DIALOGS = {"stop": ("On demand", "action_stop"), "start": ("Halted", "action_start")}


def take_all(images, themes):
    """Take all pictures.

    :param Path images: the folder
    :param dict themes: the colour scheme of the web client by ending of the pictures' names
    """
    staged = troubles.staged(database.Databases({}).template(), "shots")
    with staged as (name, copy), tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        album = Album(images, folder, themes)
        with web_client.chromium() as chromium:
            at_work = troubles.executing(name, *troubles.AT_WORK)
            with at_work, troubles.serving(name, folder, chromium) as site:
                album.visit(site, _of_troubles)
            with troubles.serving(copy, folder, chromium) as site:
                album.visit(site, _of_copy)
                site.empty()
                album.visit(site, _of_nothing)
        album.put_cards_together()


class Album:
    """Where the pictures go: whole screens, and cards, which are put together in the end."""

    def __init__(self, images, cards, themes):
        self.images = images
        self.cards = cards
        self.themes = themes
        self.suffix = ""
        # The worst first.
        self.badges = []

    def visit(self, site, act):
        """Let ``act(album, page, site)`` take its pictures in each theme."""
        with site.browser("ihub_manager") as page:
            for suffix, scheme in self.themes.items():
                self.suffix = suffix
                web_client.set_theme(page, site.url, scheme)
                act(self, page, site)

    def take(self, page, name):
        take(page, self.images / f"{name}{self.suffix}.png")

    def take_card(self, page, word):
        badge = page.locator(f"[data-state={word}]").first
        card = page.locator(".o_kanban_record", has=badge).first
        take(page, self.cards / f"{word}{self.suffix}.png", card)

    def put_cards_together(self):
        for suffix in self.themes:
            pictures = [self.cards / f"{word}{suffix}.png" for word in self.badges]
            cards = [Image.open(picture).convert("RGB") for picture in pictures]
            _save(_sheet(cards), self.images / f"states{suffix}.png")


def _sheet(cards):
    """Return one picture of many, in columns."""
    width = max(card.width for card in cards) + GAP
    columns = [cards[number::COLUMNS] for number in range(COLUMNS)]
    height = max(sum(card.height + GAP for card in column) for column in columns)
    # As the inside of a card: its corner is an edge in the colour of its state.
    sheet = Image.new("RGB", (width * COLUMNS, height), cards[0].getpixel((width // 2, 4)))
    for number, column in enumerate(columns):
        top = 0
        for card in column:
            sheet.paste(card, (number * width, top))
            top += card.height + GAP
    return sheet


def _save(image, path):
    # With few colours: half of the size, and nobody sees it.
    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    say(path.name)


def take(page, path, element=None):
    """Take a picture.

    :param element: Playwright's locator of a part of the page; None: all that is visible
    """
    for passing in (".o_notification", ".o_loading_indicator"):
        expect(page.locator(passing)).to_have_count(0)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    # Graphs are drawn step by step: here at once.
    page.evaluate(DRAWN)
    clip = None
    if element:
        # The element's own picture would wait until the board stands still, which it never does.
        element.evaluate("element => element.scrollIntoView({block: 'center'})")
        clip = element.bounding_box()
    _save(Image.open(io.BytesIO(page.screenshot(clip=clip))), path)


def _of_troubles(album, page, site):
    troubles.make_fresh(site.database)
    health = site.call("ihub.integration", "fields_get", ["health"])["health"]
    album.badges = [word for word, __label in health["selection"]]
    page.goto("/odoo/integrations")
    badges = page.locator(".o_ihub_health [data-state]")
    expect(badges.first).to_be_visible()
    for word in {badge.get_attribute("data-state") for badge in badges.all()}:
        album.take_card(page, word)
    for name, integration in PAGES.items():
        (id_,) = site.call("ihub.integration", "search", [["name", "=", integration]])
        page.goto(f"/odoo/integrations/{id_}")
        expect(page.locator(".o_ihub_integration .o_ihub_coverage_bars")).to_be_visible()
        album.take(page, f"integration-{name}")
    (event,) = site.call("ihub.event", "search", [["summary", "=like", "Order S2%"]])
    page.goto(f"/odoo/ihub-events/{event}")
    expect(page.locator(".o_form_view .o_ihub_event_details")).to_be_visible()
    album.take(page, "event")
    for name, (integration, button) in DIALOGS.items():
        page.goto("/odoo/integrations")
        web_client.card(page, integration).locator(f"[name={button}]").click()
        expect(page.locator(".modal .o_field_widget[name=preview]")).to_be_visible()
        album.take(page, name)


def _of_copy(album, page, _site):
    page.goto("/odoo/integrations")
    expect(page.locator(".o_ihub_health [data-state=copy]").first).to_be_visible()
    album.take_card(page, "copy")


def _of_nothing(album, page, _site):
    page.goto("/odoo/integrations")
    expect(page.locator(".o_view_nocontent")).to_be_visible()
    album.take(page, "empty")
