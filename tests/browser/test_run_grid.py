"""The grid of integrations and their runs, with runs that really execute."""

import re

import hub_site
from playwright.sync_api import expect

from lib import web_client

LANE = ".o_ihub_grid_lane"
# Whether there are at least six that are done. Each has four corners.
BARS = """
    lane => lane.querySelector("[data-outcome=done]")?.style.clipPath.split(",").length >= 6 * 4
"""


def add_with_history(site, name, hours):
    """Add an integration whose last hours are done; return its id."""
    integration = site.add(name, window_from=hub_site.hours_ago(hours), catch_up="each")
    site.call("ihub.integration", "start", integration)
    return integration


def x_of(page, lane, hours):
    """Return where on a lane of a day the moment so many hours ago is, in pixels."""
    width = lane.evaluate("lane => lane.offsetWidth")
    # As in time_scale.js: what is still to come.
    return width * (1 - 0.08 - hours / 24)


@hub_site.BOTH_SIZES
def test_a_click_on_a_bar_opens_the_run_and_back_leads_to_the_grid(site, size):
    add_with_history(site, "Parcels", 5)
    with site.browser("ihub_operator", size) as page:
        web_client.open_grid(page)
        expect(page.locator(f"{LANE} [data-outcome=done]")).to_be_visible()
        lane = page.locator(LANE)
        lane.click(position={"x": x_of(page, lane, 2.5), "y": 10})
        expect(page.locator(".o_ihub_run")).to_be_visible()
        page.click(".o_back_button")
        expect(page.locator(f"{LANE} [data-outcome=done]")).to_be_visible()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_drag_backfills(site):
    integration = add_with_history(site, "Parcels", 3)
    with site.browser("ihub_operator") as page:
        web_client.open_grid(page)
        lane = page.locator(LANE)
        box = lane.bounding_box()
        page.mouse.move(box["x"] + x_of(page, lane, 9), box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + x_of(page, lane, 6), box["y"] + 10, steps=5)
        expect(page.locator(".o_ihub_grid_selection")).to_be_visible()
        page.mouse.up()
        page.click(".modal [name=action_run]")
        expect(page.locator(".modal")).to_have_count(0)
        # By themselves, as soon as they are done: beside the three of the schedule.
        page.wait_for_function(BARS, arg=lane.element_handle())
    backfill = [["integration_id", "=", integration], ["trigger", "=", "backfill"]]
    assert site.call("ihub.run", "search_count", backfill) >= 3


def test_bars_are_high_enough_for_a_finger(site):
    site.add("Parcels")
    with site.browser("ihub_operator", "phone") as page:
        web_client.open_grid(page)
        assert page.locator(LANE).bounding_box()["height"] >= 24
        # The place of each row is reckoned with.
        assert page.locator(".o_ihub_grid_row").bounding_box()["height"] == 72
        assert page.locator(".o_ihub_grid_name").evaluate("e => e.scrollHeight <= e.offsetHeight")


def put_finger(page, x, y):
    """Touch the screen; return what moves the finger to another place, and what lifts it."""
    session = page.context.new_cdp_session(page)

    def send(kind, *points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def move(to):
        for step in range(1, 6):
            send("touchMove", {"x": x + (to - x) * step / 5, "y": y})

    send("touchStart", {"x": x, "y": y})
    return move, lambda: send("touchEnd")


def test_a_finger_moves_the_time_and_chooses_a_period_where_it_rests(site):
    add_with_history(site, "Parcels", 5)
    with site.browser("ihub_operator", "phone") as page:
        web_client.open_grid(page)
        expect(page.locator(f"{LANE} [data-outcome=done]")).to_be_visible()
        lane = page.locator(LANE)
        box = lane.bounding_box()
        middle = box["y"] + box["height"] / 2
        caption = page.locator(".o_ihub_grid_caption [aria-live]")
        before = caption.inner_text()
        move, lift = put_finger(page, box["x"] + x_of(page, lane, 9), middle)
        move(box["x"] + x_of(page, lane, 3))
        lift()
        expect(caption).not_to_have_text(before)
        expect(page.locator(".modal")).to_have_count(0)
        page.click(".o_ihub_now")
        expect(page.locator(".o_ihub_now")).to_be_disabled()
        move, lift = put_finger(page, box["x"] + x_of(page, lane, 9), middle)
        expect(page.locator(".o_ihub_grid_selection")).to_be_attached()
        move(box["x"] + x_of(page, lane, 6))
        lift()
        expect(page.locator(".modal [name=action_run]")).to_be_visible()


@hub_site.BOTH_SIZES
def test_a_moment_is_looked_up(site, size):
    add_with_history(site, "Parcels", 5)
    with site.browser("ihub_operator", size) as page:
        web_client.open_grid(page)
        later = page.locator(".o_ihub_later").bounding_box()
        assert later["x"] + later["width"] <= page.viewport_size["width"]
        assert later["y"] == page.locator("[data-zoom=day]").bounding_box()["y"]
        page.click(".o_ihub_date")
        page.locator(".o_date_item_cell:not(.o_out_of_range)").first.click()
        page.click(".o_datetime_buttons .btn-primary")
        expect(page.locator(".o_ihub_now")).to_be_enabled()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_keyboard_opens_a_run_and_runs_a_period(site):
    add_with_history(site, "Parcels", 5)
    with site.browser("ihub_operator") as page:
        web_client.open_grid(page)
        expect(page.locator(f"{LANE} [data-outcome=done]")).to_be_visible()
        page.focus(".o_ihub_grid_cursor")
        page.keyboard.press("Home")
        cursor = page.locator(".o_ihub_grid_cursor:focus")
        expect(cursor).to_have_attribute("aria-label", re.compile("^Done"))
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".modal [name=action_run]")).to_be_visible()
        # The calendar of the dialog takes the first Escape.
        page.click(".modal .btn-close")
        expect(page.locator(".modal")).to_have_count(0)
        page.focus(".o_ihub_grid_cursor")
        page.keyboard.press("Enter")
        expect(page.locator(".o_ihub_run")).to_be_visible()


# What is wholly within the window, and how high each is.
SEEN = """things => {
    const top = (document.querySelector(".o_ihub_grid_head, .o_control_panel")
        .getBoundingClientRect().bottom);
    return things.map(thing => thing.getBoundingClientRect())
        .map(({top: y, bottom, height}) => [y >= top - 1 && bottom <= innerHeight, height]);
}"""


def test_many_with_long_names_stay_in_form(site):
    names = [f"{number} " + "Long name " * 19 for number in range(200)]
    site.call("ihub.integration.demo", "create", [{"name": name} for name in names])
    with site.browser("ihub_operator") as page:
        page.set_viewport_size({"width": 1440, "height": 900})
        web_client.show(page, "/odoo/integrations")
        cards = page.locator(".o_kanban_record:not(.o_kanban_ghost)")
        expect(cards.nth(30)).to_be_attached()
        assert sum(is_seen for is_seen, _height in cards.evaluate_all(SEEN)) >= 12
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        web_client.open_grid(page)
        rows = page.locator(".o_ihub_grid_row").evaluate_all(SEEN)
        assert {height for _is_seen, height in rows} == {40}
        assert sum(is_seen for is_seen, _height in rows) >= 18
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


# How far each label that is seen reaches into the next one, in pixels.
OVERLAPS = """marks => {
    const seen = marks.filter(mark => getComputedStyle(mark).visibility === "visible")
        .map(mark => mark.getBoundingClientRect());
    return seen.slice(1).map((mark, index) => seen[index].right - mark.left)
        .filter(overlap => overlap > 0);
}"""


def test_times_can_be_read_on_a_tablet(site):
    site.add("Parcels")
    with site.browser("ihub_operator") as page:
        page.set_viewport_size({"width": 820, "height": 1180})
        web_client.open_grid(page)
        marks = page.locator(".o_ihub_coverage_ticks > span")
        expect(marks.nth(6)).to_be_attached()
        assert marks.evaluate_all(OVERLAPS) == []
