"""The tour for the first visit of a manager."""

import pytest

BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@BOTH_SIZES
def test_it_works_in_an_empty_hub(site, size):
    with site.browser("ihub_manager", size) as browser:
        browser.run_tour("ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 1


@BOTH_SIZES
def test_it_works_where_there_are_cards_already(site, size):
    site.add("Parcels")
    with site.browser("ihub_manager", size) as browser:
        browser.run_tour("ihub_tour", path="/odoo")
    assert site.call("ihub.integration", "search_count", []) == 2
