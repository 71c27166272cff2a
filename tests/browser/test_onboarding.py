"""The tour for the first visit of a manager."""

import hub_site
from playwright.sync_api import expect

from lib import web_client


def test_it_works_in_an_empty_hub(site):
    with site.browser("ihub_manager", "phone") as page:
        hub_site.run_tour(page, "ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 1


# Whether there are cards and how wide a screen is do not depend on each other.
def test_it_works_where_there_are_cards_already(site):
    site.add("Parcels")
    with site.browser("ihub_manager") as page:
        hub_site.run_tour(page, "ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 2


def test_it_is_offered_where_there_are_demo_data(site):
    """Odoo begins it by itself only where there are none."""
    site.add("Parcels")
    with site.browser("ihub_manager") as page:
        web_client.show(page, "/odoo/integrations")
        expect(page.locator(".o_ihub_health").first).to_be_visible()
        expect(page.locator(".o_tour_pointer")).to_have_count(0)
        page.get_by_role("menuitem", name="Show Me Around").click()
        expect(page.locator(".o_tour_pointer").first).to_be_visible()
