"""Types that are wrong are installed beside others: they say so, and harm nobody."""

import logging
import os
import sys

import hub_database
import pytest
from hub_driver import ADDONS_PATH, TYPE, as_a_server

LOGGER = "odoo.addons.ihub.models.ihub_integration"


@pytest.fixture(scope="module")
def wrong_hub():
    """A hub with the addon ihub_test_wrong; with ``logged``, what its server has logged."""
    from odoo.modules.registry import Registry

    class Keep(logging.Handler):
        def emit(self, record):
            logged.append(record.getMessage())

    logged, keep = [], Keep(logging.ERROR)
    with hub_database.copied(os.environ["IHUB_TEMPLATE"], "wrong") as hub:
        logging.getLogger(LOGGER).addHandler(keep)
        try:
            with as_a_server():
                hub.registry = Registry.new(hub.database, install_modules=["ihub_test_wrong"])
        finally:
            logging.getLogger(LOGGER).removeHandler(keep)
        hub.logged = logged
        yield hub


@pytest.fixture
def manager(wrong_hub):
    """A manager's environment; nothing of it is kept."""
    from odoo import api

    with wrong_hub.registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        groups = env.ref("ihub.group_manager") + env.ref("base.group_user")
        user = env["res.users"].create(
            {"name": "M", "login": "wrong_manager", "tz": "UTC", "group_ids": groups.ids}
        )
        yield env(user=user)
        cr.rollback()


def wrong_types():
    return sys.modules["odoo.addons.ihub_test_wrong.models.ihub_wrong"].WRONG


def force(env, model):
    """Return an integration of a wrong type: of the time when it was right."""
    integration = env[TYPE].create({"name": model, "script": "write"}).integration_id
    integration.start()
    env.flush_all()
    env.cr.execute(
        "UPDATE ihub_integration SET integration_type = %s WHERE id = %s", (model, integration.id)
    )
    env.invalidate_all()
    return integration


def test_each_is_named_once_in_the_log_of_the_server(wrong_hub):
    lines = [line for line in wrong_hub.logged if "ihub.wrong." in line]
    for model, words in wrong_types().items():
        (line,) = [line for line in lines if line.startswith(f"The integration type {model} ")]
        assert words in line
    assert len(lines) == len(wrong_hub.logged) == len(wrong_types())


def test_each_says_just_what_is_wrong_with_it(wrong_hub, manager):
    for model in wrong_types():
        assert len(manager["ihub.integration"]._faults_of_type(model)) == 1, model


def test_none_can_be_added(manager):
    from odoo.exceptions import UserError

    offered = dict(manager["ihub.integration.add"]._selection_type())
    for model, words in wrong_types().items():
        assert model in offered
        wizard = manager["ihub.integration.add"].create({"integration_type": model, "name": "X"})
        assert words in wizard.problem
        for add in (wizard.action_add, lambda model=model: manager[model].create({"name": "X"})):
            with pytest.raises(UserError) as refused:
                add()
            assert words in str(refused.value)


def test_the_board_shows_all_of_them_and_what_is_wrong(manager):
    from odoo.exceptions import UserError

    right = manager[TYPE].create({"name": "Right", "script": "write"}).integration_id
    right.start()
    bad = {force(manager, model): words for model, words in wrong_types().items()}
    everything = right.browse([right.id, *(integration.id for integration in bad)])
    assert len(everything.read()) == len(bad) + 1
    fields = {name: {} for name in ("name", "health", "problem", "type_name", "next_run")}
    for read in (right.web_search_read, right.web_read_group):
        read([], fields if read == right.web_search_read else ["state"])
    assert right.health == "ok"
    for integration, words in bad.items():
        assert integration.health == "blocked"
        assert words in integration.problem
        for press in (integration.start, integration.run_manually):
            with pytest.raises(UserError) as refused:
                press()
            assert words in str(refused.value)
        integration.stop()
        assert integration.state == "stopped"


def test_what_looks_odd_and_is_right_can_be_used(manager):
    right = manager["ihub.integration"]
    assert not right._faults_of_type("ihub.right")
    assert "ihub.right.step" not in right._type_names()
    wizard = manager["ihub.integration.add"].create(
        {"integration_type": "ihub.right", "name": "Right"}
    )
    assert wizard.asks_for == "Address"
    context = wizard.action_add()["context"]
    row = manager["ihub.right"].with_context(**context).create({"address": "here"})
    assert row.integration_id.name == row.name == "Right"
    row.name = "Renamed"
    assert row.integration_id.name == "Renamed"
    assert not row.integration_id.runs_on_schedule
    assert row.integration_id._schedule().delay.total_seconds() == 90


def test_other_integrations_run_and_wrong_ones_wait(wrong_hub, odoo_server):
    with wrong_hub.env("__system__") as env:
        blocked = [force(env, model).id for model in wrong_types()]
    right = wrong_hub.add("write")
    wrong_hub.start(right)
    server = odoo_server(wrong_hub.database, ADDONS_PATH, "--max-cron-threads=1")
    wrong_hub.wait_for(right, state="done")
    server.kill()
    assert wrong_hub.execute(
        "SELECT DISTINCT state FROM ihub_run WHERE integration_id = ANY(%s)", blocked
    ) == [("pending",)]
