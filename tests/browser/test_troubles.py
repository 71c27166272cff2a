"""Twelve troubles: one headline, one coloured button, at most three clicks until it is repaired.

Whoever has only the screen finds out what is wrong, and what to do.
"""

import re
from typing import NamedTuple

import pytest
import troubles
from playwright.sync_api import expect

from lib import web_client

# The badges of what troubles nobody.
FINE = {"ok", "created", "stopped", "copy", "working", "queued", "catching_up", "stopping"}


class Trouble(NamedTuple):
    """What a card says, which button is coloured, and what its first click opens.

    :param str badge: the headline
    :param tuple says: parts of the sentence below it
    :param str button: empty where nobody who uses the board can repair it
    :param str opens: a selector
    :param tuple then: what else is clicked there until it can be repaired: selectors
    """

    badge: str
    says: tuple
    button: str = ""
    opens: str = ""
    then: tuple = ()

    @property
    def buttons(self):
        return [self.button] if self.button else []


TROUBLES = {
    "Wrong password": Trouble(
        "Failed",
        ("refuses access: check the user name, password or key",),
        "Open Settings",
        ".o_form_view [name=address]",
    ),
    "Remote down": Trouble(
        "Trying Again",
        ("does not accept connections", "Next attempt at", "up to 2 more"),
        "Try Now",
    ),
    "Bad record": Trouble(
        "Done with Errors",
        ("is done, but reported errors. Check them, then press Dismiss",),
        "View Errors",
        ".o_ihub_run .o_ihub_alert",
        ("[name=action_next_step]",),
    ),
    "Program fault": Trouble(
        "Failed",
        ("Unexpected data, or a fault in the integration's code",),
        "Send to Developer",
        ".modal [name=body]:has-text('KeyError')",
    ),
    "Web shop": Trouble(
        "To Repair",
        ("except one item",),
        "Repair",
        ".o_form_view:has-text('email address')",
        ("[name=action_change]",),
    ),
    "Killed server": Trouble(
        "Interrupted", ("The server stopped during a run. It will be resumed",)
    ),
    "Archived user": Trouble(
        "Cannot Run",
        (
            "runs as Anna Former, but this user is archived",
            "Choose another user in the field 'Runs as'",
        ),
        "Choose User",
        ".modal [name=run_as_id]",
    ),
    "Late": Trouble(
        "Late",
        ("Due since", "A run has been in progress since", "Wait for it, or press Stop"),
        "View Run",
        ".o_ihub_run .alert-info",
        ("[name=action_stop]:visible",),
    ),
    "Stuck": Trouble(
        "Stuck",
        (
            "Running since",
            "longer than its limit of 30 min",
            "Press Stop; if it does not stop, ask your administrator to restart the server",
        ),
        "Stop",
    ),
    # A time zone is changed only while it is stopped.
    "Wrong time zone": Trouble("Cannot Run", ("Mars/Phobos",), "Stop"),
    "No scheduler": Trouble(
        "No Worker",
        (
            "but no scheduler has picked it up",
            "Ask your administrator whether the server's cron workers are running",
        ),
    ),
}
# All that a part of the page says, in the pieces in which it stands there.
PIECES = """root => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), pieces = [];
    while (walker.nextNode()) {
        const {parentElement: at, textContent} = walker.currentNode;
        const is_shown = at.checkVisibility({checkVisibilityCSS: true})
            && !at.closest(".visually-hidden, select, .o_notebook");
        const text = textContent.trim().replace(/\\s+/g, " ");
        if (is_shown && text) { pieces.push(text); }
    }
    return pieces;
}"""


MOMENT = r"^\w{3} \d+, [\d:]+ [AP]M$|ago$|^in \d|^just now$"


@pytest.fixture(scope="module", params=web_client.SIZES)
def page(request, troubled):
    """A page of a manager."""
    with troubled.browser("ihub_manager", request.param) as page:
        page.goto("/odoo/integrations")
        yield page


@pytest.fixture
def board(page, troubled):
    """The board, however long the tests before took."""
    troubles.make_fresh(troubled.database)
    web_client.go(page, "/odoo/integrations")
    return page


def says(shown, *texts):
    """Wait until a part of the page can be read and says all this."""
    for text in texts:
        expect(shown).to_contain_text(text, use_inner_text=True)


def open_page(board, name):
    web_client.card(board, name).locator(".o_ihub_name").first.click()
    # Beside the chatter, whose button is always coloured.
    form = board.locator(".o_form_sheet_bg")
    expect(form.locator(".o_form_sheet [name=name]").first).to_be_visible()
    return form


def integrations(page):
    """Return the id and name of each integration."""
    return web_client.call(page, "ihub.integration", "search_read", [], ["name"])


def said_twice(pieces, name):
    """Return what stands in a text more than once, also as a part of a sentence.

    That two things were at the same moment is no repetition.

    :param list pieces: the texts of a card or page
    :param str name: of the integration, which some sentences name
    """
    pieces = [piece for piece in pieces if piece != name and not re.search(MOMENT, piece)]
    words = [re.sub(r"[^\w% ]", "", piece).strip().lower() for piece in pieces]
    telling = [each for each in words if re.search("[a-z]{2}", each)]
    twice = {each for each in telling if telling.count(each) > 1}
    longer = {each for each in telling if each.count(" ") >= 3}
    return twice | {each for each in longer if sum(each in other for other in telling) > 1}


def test_each_card_has_one_headline_and_one_coloured_button(board):
    for name, trouble in TROUBLES.items():
        shown = web_client.card(board, name)
        expect(shown.locator(".o_ihub_health"), name).to_have_text(trouble.badge)
        says(shown, *trouble.says)
        expect(shown.locator(".btn-primary"), name).to_have_text(trouble.buttons)


def test_the_coloured_button_of_each_card_is_its_next_step(board):
    selection = web_client.call(board, "ihub.integration", "fields_get", ["next_step"])
    labels = dict(selection["next_step"]["selection"])
    rows = web_client.call(board, "ihub.integration", "search_read", [], ["name", "next_step"])
    assert {"start", "stop"} <= {row["next_step"] for row in rows}
    for row in rows:
        wanted = [labels[row["next_step"]]] if row["next_step"] else []
        buttons = web_client.card(board, row["name"]).locator(".btn-primary")
        expect(buttons, row["name"]).to_have_text(wanted)


@pytest.mark.parametrize("name", [name for name, each in TROUBLES.items() if each.opens])
def test_it_is_repaired_after_three_clicks_at_most(board, name):
    trouble = TROUBLES[name]
    web_client.card(board, name).locator(".btn-primary").click()
    expect(board.locator(trouble.opens).first).to_be_visible()
    assert len(trouble.then) <= 2
    for selector in trouble.then:
        expect(board.locator(selector).first).to_be_enabled()


def test_nothing_is_said_twice_on_a_card(board):
    found = {}
    for name in sorted(row["name"] for row in integrations(board)):
        shown = web_client.card(board, name)
        expect(shown).to_be_visible()
        found[name] = said_twice(shown.evaluate(PIECES), name)
    assert not {name: twice for name, twice in found.items() if twice}


@pytest.fixture
def wide_board(board):
    before = board.viewport_size
    board.set_viewport_size({"width": 1440, "height": 900})
    yield board
    board.set_viewport_size(before)


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_dozen_fit_on_a_screen(wide_board):
    cards = wide_board.locator(".o_kanban_record:not(.o_kanban_ghost)")
    expect(cards.nth(15)).to_be_attached()
    bottoms = cards.evaluate_all("cards => cards.map(x => x.getBoundingClientRect().bottom)")
    assert sum(bottom <= 900 for bottom in bottoms) >= 12
    # Start or Stop, Run Manually, Settings: each of the narrow cards shows them in full.
    cut = cards.locator("button").evaluate_all(
        "all => all.filter(x => x.scrollWidth > x.clientWidth).map(x => x.innerText)"
    )
    assert not cut


def test_each_page_says_what_its_card_says_and_nothing_twice(board):
    found = {}
    # The troubles first, while they are fresh.
    for row in sorted(integrations(board), key=lambda row: row["name"] not in TROUBLES):
        web_client.go(board, f"/odoo/integrations/{row['id']}")
        form = board.locator(".o_form_sheet_bg")
        expect(form.locator(".o_form_sheet")).to_be_visible()
        if trouble := TROUBLES.get(row["name"]):
            says(form, trouble.badge, *trouble.says)
            buttons = form.locator(".btn-primary:visible")
            expect(buttons, row["name"]).to_have_text(trouble.buttons)
        pieces = form.evaluate(PIECES)
        found[row["name"]] = said_twice(pieces, row["name"])
    assert not {name: twice for name, twice in found.items() if twice}


def test_a_bad_record_is_found_from_its_card(board):
    shown = web_client.card(board, "Bad record")
    # The others were imported.
    expect(shown).not_to_contain_text("Failed", use_inner_text=True)
    shown.locator("[name=action_open_errors_today]").click()
    board.click(
        ".o_list_view .o_data_row td[name=summary], .o_kanban_view.o_ihub_events .o_kanban_record"
    )
    event = board.locator(".o_form_sheet")
    says(event, "Order S2 has no price. Enter it in the shop.", "Azure Interior", "price")


def test_other_clocks_are_named_on_the_page(board):
    says(open_page(board, "Other clocks"), "Asia/Tokyo")


def test_what_is_wrong_comes_first_and_is_counted(board):
    expect(web_client.card(board, "Wrong password")).to_be_visible()
    counts = board.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.o_ihub_chip')]"
        ".map(chip => [chip.dataset.word, Number(chip.dataset.count)]))"
    )
    troubled = {word: count for word, count in counts.items() if word not in FINE}
    assert troubled == {
        "failed": 2, "run_failed": 1, "with_errors": 2, "to_repair": 1,
        "type_missing": 1, "blocked": 2, "no_worker": 1, "stuck": 1, "late": 1, "interrupted": 1,
        "retrying": 1, "doubtful": 1, "ahead": 1,
    }  # fmt: skip


def test_a_copy_of_the_production_database_says_so_once(copy):
    with copy.browser("ihub_operator") as page:
        web_client.show(page, "/odoo/integrations")
        shown = web_client.card(page, "Remote down")
        says(shown, "Paused in a Copy")
        said = "This is a copy of a database: nothing starts automatically here"
        says(page.locator(".o_ihub_notice"), said)
        expect(shown).not_to_contain_text(said)
        web_client.show(page, "/odoo/integrations?view_type=list")
        says(page.locator(".o_ihub_notice"), said)
        expect(page.locator(".o_data_row").first).to_be_visible()
        expect(page.locator(".o_list_table")).not_to_contain_text(said)


def test_a_wrong_password_leads_to_the_settings_also_from_the_run(board):
    open_page(board, "Wrong password").locator("[name=action_open_error]").click()
    run = board.locator(".o_ihub_run")
    says(run.locator(".o_ihub_alert"), "check the user name, password or key", "(HTTP 401)")
    expect(run.locator(".btn-primary:visible")).to_have_text(["Open Settings"])
    run.locator(".o_ihub_alert [name=action_next_step]").click()
    expect(board.locator("[name=address]").first).to_be_visible()


def test_what_is_late_leads_to_its_error_from_the_card_as_from_the_page(troubled, board):
    with troubles.late(troubled.database, "Remote down"):
        web_client.go(board, "/odoo/integrations")
        shown = web_client.card(board, "Remote down")
        says(shown, "Late", "The last attempt failed")
        shown.locator("[name=action_open_error]").click()
        says(board.locator(".o_ihub_run .o_ihub_alert"), "does not accept connections")
        web_client.go(board, "/odoo/integrations")
        expect(open_page(board, "Remote down").locator("[name=action_open_error]")).to_be_visible()


def test_a_run_at_work_has_stop_and_says_for_how_long(board):
    open_page(board, "At work").locator("[name=action_open_current_run]").click()
    run = board.locator(".o_ihub_run")
    says(run.locator(".alert-info"), "Running for")
    expect(run.locator(".alert-info [name=action_stop]:visible")).to_have_text(["Stop"])
    expect(run.locator(".o_form_statusbar [data-state]")).to_have_attribute("data-state", "running")
    expect(run.locator(".btn-primary:visible")).to_have_count(0)


def test_a_done_run_has_no_coloured_button_and_asks_before_it_runs_again(board):
    runs = web_client.call(
        board, "ihub.run", "search", [("outcome", "=", "done"), ("trigger", "=", "manual")]
    )
    web_client.go(board, f"/odoo/ihub-runs/{runs[0]}")
    run = board.locator(".o_ihub_run")
    expect(run.locator(".alert-success")).to_be_visible()
    expect(run.locator(".btn-primary:visible")).to_have_count(0)
