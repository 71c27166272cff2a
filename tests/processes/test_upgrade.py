"""The module is upgraded while something runs."""

import threading

import hub_database


def test_upgrading_during_a_run_loses_nothing(hub, server):
    integration = hub.add("write\nhold\nwrite", windows=3, check_alone=True)
    hub.start(integration)
    server()
    with hub.held(integration) as let_go:
        hub.wait_until_held(integration)
        outcome = []
        upgrade = threading.Thread(
            target=lambda: outcome.append(hub_database.upgrade(hub.database, "ihub"))
        )
        upgrade.start()
        hub.wait(
            lambda: (
                hub.row("SELECT count(*) FROM ir_module_module WHERE state = 'to upgrade'")[0]
                or not upgrade.is_alive()
            ),
            "The upgrade's beginning",
            wake=False,
        )
        let_go()
        upgrade.join(120)
    assert outcome, "The upgrade failed, or waits for ever."
    hub.wait(lambda: hub.count(integration, state="done") == 3)
    assert hub.steps(integration) == [0, 1] * 3
    assert hub.row("SELECT state FROM ir_module_module WHERE name = 'ihub'") == ("installed",)
    assert hub.read(integration, "state")["state"] == "running"
