"""The pages of events: lists, cards, graphs, all details, and the way to them from a record."""

import json
import subprocess
import sys

import hub_site
import pytest

from lib import postgres

# More than the list counts by itself.
COUNT = 501
# Not the cards of contacts on a partner's page.
EVENTS = ", ".join(
    [
        ".o_view_controller.o_list_view .o_data_cell[name=summary]",
        ".o_view_controller.o_kanban_view .o_kanban_record",
    ]
)
SEED = f"""
partner = env["res.partner"].create({{"name": "Peter Parcel"}})
env.cr.commit()
for number in range({COUNT - 3}):
    partner.ihub_info(f"Order {{number}} was sent", {{"order": number}}, related=partner)
partner.ihub_warning("Stock of <b>4711</b> is below zero", "x" * 3000, related=partner)
partner.ihub_error("A long answer", {{"lines": ["<i>line</i>"] * 20_000}}, related=partner)
env.cr.commit()
partner.ihub_info("Written and undone", related=partner)
env.cr.rollback()
print("PARTNER", partner.id)
"""


@pytest.fixture(scope="module")
def partner(shared_site):
    """A partner about whom much has been reported, and nothing else has."""
    clear(shared_site)
    done = subprocess.run(
        [sys.executable, "-m", "odoo", "shell", "-d", shared_site.database, "--no-http"],
        cwd=hub_site.ROOT, input=SEED, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert "PARTNER" in done.stdout and "Traceback" not in done.stderr, done.stderr[-6000:]
    yield int(done.stdout.rpartition("PARTNER")[2].split()[0])
    clear(shared_site)


def clear(site):
    postgres.Client({}).query("DELETE FROM ihub_event", database=site.database)


def pager(page, text):
    page.wait_for(
        f"document.querySelector('.o_pager').innerText.replace(/\\s/g, '') === {json.dumps(text)}"
    )


def test_a_list_counts_so_far_and_all_when_asked(site, partner):
    with site.browser("ihub_operator") as page:
        page.go("/odoo/ihub-events")
        page.wait(".o_data_row")
        pager(page, "1-80/500+")
        page.click(".o_pager_limit_fetch")
        pager(page, f"1-80/{COUNT}")
        assert not page.errors


def test_a_phone_shows_what_was_reported(site, partner):
    """A table of which a phone shows the dates only says nothing."""
    with site.browser("ihub_operator", "phone") as page:
        page.go("/odoo/ihub-events")
        page.wait(".o_kanban_record")
        undone, error, warning = page.evaluate(
            "[...document.querySelectorAll('.o_kanban_record')].slice(0, 3).map(c => c.innerText)"
        )
        assert "Written and undone" in undone and "Undone" in undone
        assert "A long answer" in error and "Error" in error and "Undone" not in error
        assert "Stock of <b>4711</b> is below zero" in warning
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click(".o_kanban_record:nth-of-type(2)")
        page.wait(".o_form_view .o_ihub_event_text")
        assert not page.errors


@pytest.mark.parametrize(("view", "ready"), [("graph", "canvas"), ("pivot", ".o_pivot td")])
def test_numbers_by_level(site, partner, view, ready):
    with site.browser("ihub_operator") as page:
        page.go("/odoo/ihub-events")
        page.click(f".o_switch_view.o_{view}")
        page.wait(ready)
        if view == "pivot":
            cells = page.evaluate(
                "[...document.querySelectorAll('.o_pivot tbody tr')[0].querySelectorAll('td')]"
                ".map(cell => cell.innerText)"
            )
            # Error, info, warning, all.
            assert [int(cell) for cell in cells] == [1, COUNT - 2, 1, COUNT]
        assert not page.errors


@pytest.mark.parametrize("size", hub_site.SIZES)
def test_what_is_cut_can_be_had_whole(site, partner, size):
    with site.browser("ihub_operator", size) as page:
        page.go(f"/odoo/ihub-events/{event(site, 'A long answer')}")
        page.wait(".o_form_view .o_ihub_event_text")
        assert page.evaluate("!document.querySelector('.o_ihub_event_text i')")
        shown = len(page.evaluate("document.querySelector('.o_ihub_event_text').textContent"))
        assert shown <= 64 * 1024
        action = page.evaluate(rpc("ihub.event", "action_download_details", event(site, "A long")))
        whole = page.evaluate(f"fetch({json.dumps(action['url'])}).then(a => a.json())")
        assert whole == {"lines": ["<i>line</i>"] * 20_000}
        page.wait("button[name=action_download_details]")
        assert not page.errors


@pytest.mark.parametrize("size", hub_site.SIZES)
def test_from_a_record_to_what_was_reported_about_it(site, partner, size):
    with site.browser("ihub_operator", size) as page:
        page.go(f"/odoo/res.partner/{partner}")
        page.click("button:has(.fa-cog)")
        page.click(".o_ihub_events_about")
        page.wait(EVENTS)
        assert "Written and undone" in page.evaluate("document.body.innerText")
        # And back, from an event to the record.
        page.click(EVENTS)
        page.click("button[name=action_open_related]")
        page.wait(".o_form_view .o_field_widget[name=phone]")
        assert not page.errors


def test_from_rows_of_a_list_to_what_was_reported_about_them(site, partner):
    with site.browser("ihub_operator") as page:
        page.go("/odoo/action-base.action_partner_form?view_type=list")
        page.click(".o_switch_view.o_list")
        page.wait(".o_data_row")
        page.click("thead .o_list_record_selector")
        page.click(".o_cp_action_menus .dropdown-toggle")
        page.wait(".o-dropdown--menu .o_menu_item .fa-list-alt")
        page.click(".o-dropdown--menu .o_menu_item:has(.fa-list-alt)")
        page.wait(EVENTS)
        assert "Written and undone" in page.evaluate("document.body.innerText")
        assert not page.errors


def test_others_are_not_offered_what_they_may_not_see(site, partner):
    with site.browser("ihub_outsider") as page:
        page.go(f"/odoo/res.partner/{partner}")
        page.click("button:has(.fa-cog)")
        page.wait(".o-dropdown--menu .o_menu_item")
        assert page.evaluate("!document.querySelector('.o_ihub_events_about')")


def event(site, start):
    domain = [["summary", "=like", f"{start}%"]]
    return site.call("ihub.event", "search", domain, limit=1)[0]


def rpc(model, method, *args):
    """Return the JavaScript that calls a method as the user of the page."""
    params = {"model": model, "method": method, "args": args, "kwargs": {}}
    body = json.dumps(json.dumps({"jsonrpc": "2.0", "params": params}))
    return (
        "fetch('/web/dataset/call_kw', {method: 'POST', "
        f"headers: {{'Content-Type': 'application/json'}}, body: {body}}})"
        ".then(answer => answer.json()).then(({ result }) => result)"
    )
