"""The tests of the components, which are written in JavaScript."""

import pytest
from odoo.tests import HttpCase, common, tagged

# In a browser.
pytestmark = pytest.mark.slow

# Seconds after which something hangs: a busy machine is waited for.
PATIENCE = 900


class ComponentsCase(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo skips the test when its browser has not started within ten seconds.
        looks = int(PATIENCE / common.CHECK_BROWSER_SLEEP)
        cls.classPatch(common, "CHECK_BROWSER_ITERATIONS", looks)

    def run_components(self, preset):
        """Run every test below ihub/static/tests."""
        suite = hoot_id("@ihub")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset={preset}&timeout=120000&id={suite}",
            "",
            # The page of the tests is for administrators.
            login="admin",
            timeout=PATIENCE,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=lambda message: "[HOOT]" not in message,
        )


@tagged("standard", "post_install", "-at_install")
class TestComponents(ComponentsCase):
    def test_on_a_desktop(self):
        self.run_components("desktop")


@tagged("standard", "post_install", "-at_install")
class TestComponentsOnAPhone(ComponentsCase):
    browser_size = "375x667"
    touch_enabled = True

    def test_on_a_phone(self):
        self.run_components("mobile")


def hoot_id(name):
    """Return the identity that HOOT, Odoo's test framework, gives to a suite."""
    number = 0
    for character in name:
        number = ((number << 5) - number + ord(character)) & 0xFFFFFFFF
    return f"{number:08x}"
