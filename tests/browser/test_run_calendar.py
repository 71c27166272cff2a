"""The calendar of runs, on a real server."""

import hub_site
from playwright.sync_api import expect

from lib import web_client


def run_once(site, page):
    """Let an integration run, and wait for the end of that."""
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    web_client.show(page, f"/odoo/integrations/{integration}")
    expect(page.locator("[name=last_run_state] [data-state=done]")).to_be_visible()


@hub_site.BOTH_SIZES
def test_a_click_in_the_calendar_opens_the_run(site, size):
    with site.browser("ihub_operator", size) as page:
        run_once(site, page)
        web_client.show(page, "/odoo/ihub-calendar")
        # At its corner: what is due at the next full hour may lie over its middle.
        page.click(".o_event.o_calendar_color_10", position={"x": 5, "y": 5})
        expect(page.locator(".o_ihub_run .alert-success")).to_be_visible()


def test_outcomes_have_their_colours_in_the_graph(site):
    with site.browser("ihub_operator") as page:
        run_once(site, page)
        web_client.show(page, "/odoo/ihub-runs?view_type=graph")
        expect(page.locator(".o_graph_view canvas")).to_be_visible()
        chart = "Object.values(Chart.instances)[0]?.data.datasets.find(d => d.label === 'Done')"
        page.wait_for_function(chart)
        green = "getComputedStyle(document.querySelector('.o_graph_renderer'))"
        green += ".getPropertyValue('--ihub-done').trim()"
        assert page.evaluate(f"{chart}.backgroundColor") == page.evaluate(green)
