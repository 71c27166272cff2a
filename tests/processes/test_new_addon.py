"""What dev/new makes can be installed as it is, and its tests pass."""

import re
import subprocess

from test_documentation import ROOT, odoo


def test_a_new_addon_is_installed_and_conformant(template_copy, tmp_path):
    made = subprocess.run(
        [ROOT / "dev" / "new", "my_shop", "--addons", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "dev/run --addons" in made.stdout + made.stderr
    install = ("-i", "my_shop", "--stop-after-init", "--test-tags", "/my_shop")
    output = odoo("server", template_copy, *install, addons=tmp_path)
    assert re.search(r"0 failed, 0 error\(s\) of 17 tests", output), output
    assert "my_shop.integration is conformant: 15/15" in output, output
