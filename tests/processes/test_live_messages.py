"""However often an integration changes, the screens are told once a second."""


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
