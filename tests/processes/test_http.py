"""Real servers that talk to another system: a wait in a run, and what several processes share."""

import time

import pytest
from http_server import Reply, local_server

OK = Reply(body=b"ok")


@pytest.fixture
def shop():
    with local_server() as shop:
        yield shop


def test_stop_ends_a_wait_and_the_window_is_still_to_be_done(hub, shop, server_of_module):
    shop.reply("", Reply(429, headers={"Retry-After": "50"}), OK)
    integration = hub.add(f"write\nfetch {shop.url}")
    hub.start(integration)
    server_of_module()
    hub.wait(lambda: hub.execute("SELECT 1 FROM ihub_wait WHERE seconds = 50"), "A wait")
    name = shop.url.split("/")[2]
    activity = hub.read(integration, "activity")["activity"]
    assert activity == f"Running now · The server {name} asks to wait 50 s"
    begun = time.monotonic()
    hub.stop(integration)
    run = hub.wait_for(integration, state="cancelled")
    assert time.monotonic() - begun < 30
    assert run["message"] == "Stopped by Operator."
    assert not hub.steps(integration)
    assert not hub.execute("SELECT 1 FROM ihub_wait")
    hub.start(integration)
    done = hub.wait_for(integration, state="done")
    assert done["window_from"] == run["window_from"]
    assert len(shop.requests) == 2


def test_a_rate_is_kept_by_all_processes_together(hub, shop, server):
    shop.reply("", OK)
    moments = []
    ask = shop._next_reply
    shop._next_reply = lambda path: moments.append(time.monotonic()) or ask(path)
    integrations = [hub.add(f"fetch {shop.url} 5 5/s") for _each in range(3)]
    for integration in integrations:
        hub.start(integration)
    server(workers=2, crons=2)
    for integration in integrations:
        hub.wait_for(integration, state="done")
    assert len(moments) == 15
    holders = hub.execute("SELECT count(DISTINCT integration) FROM ihub_test_ledger")
    assert holders == [(3,)]
    # Fifteen turns of 0.2 s: none is given twice, whoever asks. A sleep may end a little early.
    assert moments[-1] - moments[0] > 14 * 0.2 - 0.1
