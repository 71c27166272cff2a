"""The tour for the first visit of a manager."""

import hub_site


@hub_site.BOTH_SIZES
def test_it_works_in_an_empty_hub(site, size):
    with site.browser("ihub_manager", size) as page:
        hub_site.run_tour(page, "ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 1


@hub_site.BOTH_SIZES
def test_it_works_where_there_are_cards_already(site, size):
    site.add("Parcels")
    with site.browser("ihub_manager", size) as page:
        hub_site.run_tour(page, "ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 2
