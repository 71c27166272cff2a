"""The time line on the page of an integration, with runs that really execute."""

import hub_site
from playwright.sync_api import expect

from lib import web_client

LINE = ".o_ihub_coverage_bars"


@hub_site.BOTH_SIZES
def test_what_was_skipped_is_filled_by_a_click(site, size):
    integration = site.add("Parcels", catch_up="skip", window_from=hub_site.hours_ago(6))
    site.call("ihub.integration", "start", integration)
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, f"/odoo/integrations/{integration}")
        expect(page.locator(f"{LINE} [data-status=done]").first).to_be_visible()
        page.click(f"{LINE} [data-status=skipped]")
        page.click(".modal [name=action_run]")
        expect(page.locator(".modal")).to_have_count(0)
        expect(page.locator(f"{LINE} [data-status=skipped]")).to_have_count(0)
        expect(page.locator(f"{LINE} [data-status=done]").nth(4)).to_be_attached()


@hub_site.BOTH_SIZES
def test_history_is_drawn(site, size):
    integration = site.add("Parcels", window_from=hub_site.hours_ago(3))
    site.call("ihub.integration", "start", integration)
    with site.browser("ihub_operator", size) as page:
        web_client.show(page, f"/odoo/integrations/{integration}")
        expect(page.locator(f"{LINE} [data-status=done]").first).to_be_visible()
        page.click("[name=history].nav-link")
        expect(page.locator(".o_ihub_history_days canvas")).to_be_visible()
        expect(page.locator(".o_ihub_history_days")).to_contain_text("Done: 1")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.click(".o_ihub_open_graph")
        expect(page.locator(".o_graph_view canvas")).to_be_visible()
