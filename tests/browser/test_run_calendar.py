"""The calendar of runs, on a real server."""

import pytest

BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@BOTH_SIZES
def test_a_click_in_the_calendar_opens_the_run(site, size):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator", size) as browser:
        browser.go(f"/odoo/integrations/{integration}")
        browser.wait("[name=last_run_state] [data-state=done]")
        browser.go("/odoo/ihub-calendar")
        browser.click(".o_event.o_calendar_color_10")
        browser.wait(".o_ihub_run .alert-success")
        assert not browser.errors


def test_outcomes_have_their_colours_in_the_graph(site):
    integration = site.add("Parcels")
    site.call("ihub.integration", "run_manually", integration)
    with site.browser("ihub_operator") as browser:
        browser.go(f"/odoo/integrations/{integration}")
        browser.wait("[name=last_run_state] [data-state=done]")
        browser.go("/odoo/ihub-runs?view_type=graph")
        browser.wait(".o_graph_view canvas")
        chart = "Object.values(Chart.instances)[0].data.datasets.find(d => d.label === 'Done')"
        browser.wait_for(chart)
        green = "getComputedStyle(document.querySelector('.o_graph_renderer'))"
        green += ".getPropertyValue('--ihub-done').trim()"
        assert browser.evaluate(f"{chart}.backgroundColor") == browser.evaluate(green)
        assert not browser.errors
