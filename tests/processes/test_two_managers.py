"""Two people at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2.errors
import pytest
from hub_driver import TYPE


@pytest.fixture
def singleton(hub, monkeypatch):
    monkeypatch.setattr(hub.registry[TYPE], "is_singleton", True)
    return hub


def test_two_managers_add_a_singleton_at_the_same_moment(singleton):
    hub = singleton
    refused = []

    def add_too():
        try:
            with hub.env("__system__") as env:
                env[TYPE].create({"name": "Second"})
        except psycopg2.errors.UniqueViolation as error:
            refused.append(error)

    with hub.env("__system__") as env:
        env[TYPE].create({"name": "First"})
        # Both have looked and found none: only the database can tell them apart.
        second = threading.Thread(target=add_too)
        second.start()
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        hub.wait(lambda: hub.execute(waits), "The second one waiting for the first", wake=False)
    second.join(30)
    assert len(refused) == 1
    assert hub.row("SELECT count(*) FROM ihub_integration") == (1,)
    with hub.env("__system__") as env:
        message = env["ihub.integration"]._sql_error_to_message(refused[0])
    assert "There can be only one integration of this type" in message


def test_two_operators_press_start_and_stop_in_any_order(hub):
    integration = hub.add(windows=0)
    for buttons in (("start", "start"), ("start", "stop"), ("stop", "stop"), ("stop", "start")):
        with ThreadPoolExecutor(2) as people:
            pressed = [people.submit(hub.press, integration, button) for button in buttons]
            for press in pressed:
                press.result(30)
        expected = {"start": "running", "stop": "stopped"}
        assert hub.state(integration) in {expected[button] for button in buttons}
    hub.stop(integration)
    assert hub.state(integration) == "stopped"
    assert hub.count(integration, state="pending") == 1
