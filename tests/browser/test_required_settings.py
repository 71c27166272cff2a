"""Settings without which an integration cannot be are asked for when it is added."""

import hub_site
from playwright.sync_api import expect

from lib import web_client


@hub_site.BOTH_SIZES
def test_the_dialog_goes_on_to_the_settings_and_the_card_is_there(troubled, size):
    name = f"Added on a {size}"
    with troubled.browser("ihub_manager", size) as page:
        web_client.show(page, "/odoo/integrations")
        page.locator(".o-kanban-button-new").click()
        dialog = page.locator(".modal")
        dialog.locator("[name=integration_type] input").click()
        page.locator(".o_select_menu_item").get_by_text("Shop", exact=True).click()
        expect(dialog).to_contain_text("Next, you will be asked for its settings:")
        expect(dialog.locator("[name=asks_for]")).to_have_text("Address")
        dialog.locator("[name=name] input").fill(name)
        dialog.get_by_role("button", name="Continue").click()
        dialog.locator("[name=address] input").fill("https://shop.example.com")
        dialog.locator("footer .o_form_button_save").click()
        expect(page.locator(".o_kanban_record").filter(has_text=name).first).to_be_visible()
        expect(dialog).to_have_count(0)
    added = troubled.call("ihub.integration", "search", [["name", "=", name]])
    assert len(added) == 1
    troubled.call("ihub.integration", "unlink", added)


@hub_site.BOTH_SIZES
def test_the_connection_is_tested_before_the_dialog_is_closed(troubled, size):
    name = f"Tested on a {size}"
    with troubled.browser("ihub_manager", size) as page:
        page.remove_locator_handler(page.locator(".o_notification_close").first)
        web_client.show(page, "/odoo/integrations")
        page.locator(".o-kanban-button-new").click()
        dialog = page.locator(".modal")
        dialog.locator("[name=integration_type] input").click()
        page.locator(".o_select_menu_item").get_by_text("Shop", exact=True).click()
        dialog.locator("[name=name] input").fill(name)
        dialog.get_by_role("button", name="Continue").click()
        dialog.locator("[name=address] input").fill("http://127.0.0.1:9/")
        dialog.locator("[name=action_test_connection]").click()
        expect(page.locator(".o_notification")).to_contain_text("127.0.0.1:9")
        expect(dialog.locator("[name=address] input")).to_have_value("http://127.0.0.1:9/")
        dialog.locator("[name=address] input").fill("http://127.0.0.1:10/")
        dialog.locator("footer .o_form_button_save").click()
        expect(dialog).to_have_count(0)
    (added,) = troubled.call("ihub.integration", "search", [["name", "=", name]])
    (row,) = troubled.call("ihub.integration.shop", "search", [["integration_id", "=", added]])
    (shop,) = troubled.call("ihub.integration.shop", "read", [row], ["address"])
    assert shop["address"] == "http://127.0.0.1:10/"
    troubled.call("ihub.integration", "unlink", [added])
