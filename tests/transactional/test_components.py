"""The tests of the components, which are written in JavaScript."""

import pytest
from odoo.tests import HttpCase, common, tagged

# In a browser.
pytestmark = pytest.mark.slow

# Seconds after which something hangs: a busy machine is waited for.
PATIENCE = 900
BUNDLE = "web.assets_unit_tests"
# Whose components do the same whatever the size of the screen is.
OF_ANY_SIZE = (
    "event_details_field", "history", "live_form", "live_reload", "run_graph", "run_log",
    "secret_field", "state_field", "time_line", "time_scale", "words", "zone_cookie",
)  # fmt: skip


@tagged("standard", "post_install", "-at_install")
class TestComponents(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo skips the test when its browser has not started within ten seconds.
        looks = int(PATIENCE / common.CHECK_BROWSER_SLEEP)
        cls.classPatch(common, "CHECK_BROWSER_ITERATIONS", looks)
        cls._leave_out_other_tests()

    @classmethod
    def _leave_out_other_tests(cls):
        """Let the bundle hold no tests but the hub's: HOOT loads all before it chooses any."""
        paths = cls.env["ir.asset"]._get_asset_paths(BUNDLE, {})
        tests = {path.split("/")[1] for path, *_ in paths if path.endswith(".test.js")}
        cls.env["ir.asset"].create(
            [
                {
                    "name": addon,
                    "bundle": BUNDLE,
                    "directive": "remove",
                    "path": f"{addon}/static/tests/**/*.test.js",
                }
                for addon in tests - {"ihub"}
            ]
        )
        # Made here, both tests have it.
        cls.env["ir.qweb"]._get_asset_bundle(BUNDLE, css=False).js()

    def run_components(self, preset, without=()):
        """Run every test below ihub/static/tests, but for the suites ``without``."""
        suites = [hoot_id("@ihub"), *(f"-{hoot_id(f'@ihub/{name}')}" for name in without)]
        chosen = "".join(f"&id={suite}" for suite in suites)
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset={preset}&timeout=120000{chosen}",
            "",
            # The page of the tests is for administrators.
            login="admin",
            timeout=PATIENCE,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=lambda message: "[HOOT]" not in message,
        )

    def test_on_a_desktop(self):
        self.run_components("desktop")

    def test_on_a_phone(self):
        self.browser_size = "375x667"
        self.touch_enabled = True
        self.run_components("mobile", OF_ANY_SIZE)


def hoot_id(name):
    """Return the identity that HOOT, Odoo's test framework, gives to a suite."""
    number = 0
    for character in name:
        number = ((number << 5) - number + ord(character)) & 0xFFFFFFFF
    return f"{number:08x}"
