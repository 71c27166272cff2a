"""However often an integration changes, the screens are told once a second."""

import socket

from hub_driver import ADDONS_PATH


def messages(hub):
    query = (
        "SELECT create_date FROM bus_bus WHERE message LIKE '%%ihub.integration/changed%%'"
        " ORDER BY id"
    )
    return [moment for (moment,) in hub.execute(query)]


def test_many_checkpoints(hub, server_of_module):
    hub.execute("DELETE FROM bus_bus")
    integration = hub.add("work 300 1")
    hub.start(integration)
    server_of_module()
    run = hub.wait_for(integration, state="done")
    seconds = (run["ended_at"] - run["started_at"]).total_seconds()
    # The last state is told as well, also when the last message was sent just before.
    hub.wait(lambda: messages(hub)[-1] >= run["ended_at"], "The last message", wake=False)
    # One more at either end, and one for Start, which another process has sent.
    assert len(messages(hub)) <= seconds + 4


def test_a_server_with_workers_has_a_process_for_live_messages(odoo_server, database, hub):
    arguments = (ADDONS_PATH, "--workers=1", "--max-cron-threads=0")
    server = odoo_server(database, *arguments, http=True, live=True)

    def is_there():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", server.live_port)) == 0

    hub.wait(is_there, "The process for live messages", wake=False)
    # It is begun anew when it ends.
    assert "Traceback" not in server.output
