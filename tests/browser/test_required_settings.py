"""Settings without which an integration cannot be are asked for when it is added."""

import json

import pytest

ADDRESS = ".modal .o_field_widget[name=address] input"


def choose(browser, label):
    """Choose the type of that name in the dialog."""
    browser.click(".modal .o_field_widget[name=integration_type] input")
    items = "[...document.querySelectorAll('.o_select_menu_item')]"
    item = f"{items}.find(item => item.innerText.trim() === {json.dumps(label)})"
    browser.wait_for(item)
    browser.evaluate(f"{item}.click()")


def enter(browser, selector, text):
    browser.wait(selector)
    browser.evaluate(
        f"void (input => {{ input.value = {json.dumps(text)};"
        " input.dispatchEvent(new Event('input', {bubbles: true}));"
        " input.dispatchEvent(new Event('change', {bubbles: true})); })"
        f"(document.querySelector({json.dumps(selector)}))"
    )


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_dialog_goes_on_to_the_settings_and_the_card_is_there(troubled, size):
    name = f"Added on a {size}"
    with troubled.browser("ihub_manager", size) as browser:
        browser.go("/odoo/integrations")
        browser.click(".o-kanban-button-new")
        choose(browser, "Shop")
        browser.wait(".modal .o_field_widget[name=asks_for]")
        text = browser.evaluate("document.querySelector('.modal').innerText")
        assert "You are asked for its settings next: Address" in " ".join(text.split())
        enter(browser, ".modal .o_field_widget[name=name] input", name)
        continues = ".modal footer button.btn-primary[name=action_add]:not(.d-none)"
        assert browser.evaluate(f"document.querySelector('{continues}').innerText") == "Continue"
        browser.click(continues)
        enter(browser, ADDRESS, "https://shop.example.com")
        browser.click(".modal footer .o_form_button_save")
        cards = "[...document.querySelectorAll('.o_kanban_record')]"
        browser.wait_for(f"{cards}.some(card => card.innerText.includes({json.dumps(name)}))")
        browser.wait_for("!document.querySelector('.modal')")
        assert not browser.errors
    added = troubled.call("ihub.integration", "search", [["name", "=", name]])
    assert len(added) == 1
    troubled.call("ihub.integration", "unlink", added)
