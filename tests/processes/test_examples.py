"""The examples in the documentation are installed side by side, and their tests pass."""

import re

from test_new_addon import own_tests

from lib import own_addons, paths


def test_each_is_tested_and_conformant():
    output = own_tests(paths.EXAMPLES)
    addons = own_addons.find([paths.EXAMPLES])
    for addon in addons:
        assert f"odoo.addons.{addon.name}.tests" in output, output
    assert len(re.findall(r" is conformant: (\d+)/\1", output)) >= len(addons), output
    assert "NOT conformant" not in output, output
    assert "example.shop is conformant: 15/15" in output, output
