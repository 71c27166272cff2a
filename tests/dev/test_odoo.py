"""Which Odoo is taken when there is one already."""

import pytest

from lib import odoo
from lib.console import Failure


def _odoo(folder, version="(19, 0, 0, FINAL, 0, '')"):
    (folder / "odoo").mkdir(parents=True)
    (folder / "odoo" / "release.py").write_text(f"version_info = {version}\n")
    return folder


@pytest.mark.parametrize("inside", ["", odoo.INSIDE, "lib/python3.12/site-packages"])
def test_the_usual_layouts_are_found(tmp_path, inside):
    expected = _odoo(tmp_path / inside)
    assert odoo.locate(tmp_path) == expected


def test_the_package_folder_itself_is_understood(tmp_path):
    _odoo(tmp_path)
    assert odoo.locate(tmp_path / "odoo") == tmp_path


@pytest.mark.parametrize("version", ["(18, 0, 0, FINAL, 0, '')", "('saas~19', 1, 0, FINAL, 0, '')"])
def test_another_version_is_refused(tmp_path, version):
    _odoo(tmp_path, version)
    with pytest.raises(Failure, match="is not Odoo 19.0"):
        odoo.locate(tmp_path)


def test_a_folder_without_odoo_is_refused(tmp_path):
    with pytest.raises(Failure, match="There is no Odoo in"):
        odoo.locate(tmp_path)
