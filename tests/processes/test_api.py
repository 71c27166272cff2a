"""Another program works the hub of a real server, over JSON-2, as the guide shows it."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from hub_driver import ADDONS_PATH, ROOT, ask


@pytest.fixture
def server(odoo_server, hub):
    return odoo_server(hub.database, ADDONS_PATH, "--max-cron-threads=1", http=True)


def test_the_sample_of_the_guide(hub, server):
    integration = hub.add("write")
    page = (ROOT / "docs" / "api.md").read_text()
    (sample,) = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    given = {"ODOO_URL": server.url, "ODOO_API_KEY": hub.key(), "ID": str(integration)}
    done = subprocess.run(
        ["sh", "-eu", "-c", sample],
        env={**os.environ, "NO_PROXY": "*", **given},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr + server.output[-2000:]
    assert '"health"' in done.stdout
    assert '"state": "done"' in done.stdout
    run = hub.run(integration, trigger="manual")
    assert (run["state"], run["idempotency_key"]) == ("done", "nightly-2025-03-01")
    assert hub.state(integration) == "stopped"


def test_a_key_that_is_used_twice_at_the_same_moment(hub, server):
    integration, key = hub.add("write"), hub.key()

    def run_manually(_number):
        values = {"ids": [integration], "idempotency_key": "once"}
        return ask(server, key, "ihub.integration/run_manually", **values)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(run_manually, range(8)))
    (run,) = hub.runs(integration, trigger="manual")
    assert answers == [[run["id"]]] * 8
