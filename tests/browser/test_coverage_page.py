"""The time line on the page of an integration, with runs that really execute."""

import hub_site
import pytest

BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])
LINE = ".o_ihub_coverage_bars"


@BOTH_SIZES
def test_what_was_skipped_is_filled_by_a_click(site, size):
    integration = site.add("Parcels", catch_up="skip", window_from=hub_site.hours_ago(6))
    site.call("ihub.integration", "start", integration)
    with site.browser("ihub_operator", size) as browser:
        browser.go(f"/odoo/integrations/{integration}")
        browser.wait(f"{LINE} [data-status=done]")
        browser.click(f"{LINE} [data-status=skipped]")
        browser.click(".modal [name=action_run]")
        browser.wait_for("!document.querySelector('.modal')")
        browser.wait_for(
            f"document.querySelectorAll('{LINE} [data-status=done]').length >= 5"
            f" && !document.querySelector('{LINE} [data-status=skipped]')",
            seconds=60,
        )
        assert not browser.errors


@BOTH_SIZES
def test_history_is_drawn(site, size):
    integration = site.add("Parcels", window_from=hub_site.hours_ago(3))
    site.call("ihub.integration", "start", integration)
    with site.browser("ihub_operator", size) as browser:
        browser.go(f"/odoo/integrations/{integration}")
        browser.wait(f"{LINE} [data-status=done]")
        browser.click("[name=history].nav-link")
        browser.wait(".o_ihub_history_days canvas")
        assert "Done: 1" in browser.evaluate(
            "document.querySelector('.o_ihub_history_days').innerText"
        )
        assert not browser.evaluate("document.documentElement.scrollWidth > innerWidth")
        browser.click(".o_ihub_open_graph")
        browser.wait(".o_graph_view canvas")
        assert not browser.errors
