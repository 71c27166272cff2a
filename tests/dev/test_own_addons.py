"""A developer's own folder of addons."""

import pytest

from lib import checks, database, own_addons
from lib.console import Failure


@pytest.fixture
def folder(tmp_path):
    return own_addons.folder(tmp_path)


def add(folder, name, *depends, **values):
    addon = folder / name
    addon.mkdir(parents=True)
    (addon / "__manifest__.py").write_text(repr({"depends": list(depends), **values}))
    return addon


def test_those_that_depend_on_the_hub_are_found(folder):
    through_another = add(folder, "a_report", "web", "shop")
    shop = add(folder, "shop", "sale", "ihub")
    example = add(folder, "example", "ihub_integration_demo")
    add(folder, "website", "web")
    add(folder, "old_shop", "ihub", installable=False)
    (folder / "docs").mkdir()
    assert sorted(own_addons.find([folder])) == sorted([through_another, shop, example])


def test_one_folder_may_need_another(folder):
    base = add(folder / "base", "shop", "ihub")
    more = add(folder / "more", "shop_orders", "shop")
    assert own_addons.find([folder / "more", folder / "base"]) == [base, more]


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_addons_is_refused(folder, name):
    with pytest.raises(Failure, match=r"There are no addons in .* Pass a folder that holds addons"):
        own_addons.find([folder / name])


def test_an_addon_itself_leads_to_the_folder_it_is_in(folder):
    with pytest.raises(Failure, match=rf"Pass {folder} to --addons\."):
        own_addons.find([add(folder, "shop", "ihub")])


def test_addons_that_have_nothing_to_do_with_the_hub_are_refused(folder):
    add(folder, "website", "web")
    with pytest.raises(Failure, match=r"No installable addon in .* depends on ihub"):
        own_addons.find([folder])


def test_a_manifest_that_cannot_be_read_is_named(folder):
    (add(folder, "shop") / "__manifest__.py").write_text("{'name': ")
    with pytest.raises(Failure, match=r"shop/__manifest__.py cannot be read"):
        own_addons.find([folder])


def test_a_path_that_odoo_takes_for_a_list_is_refused(folder):
    with pytest.raises(Failure, match="rename the folder"):
        own_addons.folder(folder / "a,b")


def test_they_have_a_database_of_their_own(folder):
    addon = add(folder, "shop", "ihub")
    databases = database.Databases({}, [addon])
    assert databases.demo_name.startswith(f"{database.DEMO}_with_")
    assert databases.addons["shop"] == addon
    before = databases.addons_version()
    (addon / "models.py").touch()
    assert databases.addons_version() != before


@pytest.mark.parametrize("name", ["my-shop", "MyShop", "1shop", "shop_", "", "../shop"])
def test_a_name_that_odoo_would_not_take(tmp_path, name):
    with pytest.raises(Failure, match="cannot be an addon's name"):
        own_addons.place(tmp_path, name)


def test_a_name_that_is_taken(tmp_path):
    assert own_addons.place(tmp_path, "my_shop") == tmp_path / "my_shop"
    (tmp_path / "my_shop").mkdir()
    for name in ("my_shop", "ihub"):
        with pytest.raises(Failure, match="already"):
            own_addons.place(tmp_path, name)


def test_an_addon_without_tests_is_not_called_tested(folder):
    with pytest.raises(Failure, match=r"shop has no tests\. Put them into tests/test_\*\.py"):
        checks.run_own(None, [add(folder, "shop", "ihub")], [], {})
