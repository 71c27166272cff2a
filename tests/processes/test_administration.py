"""What the administrator's guide says: its commands work, and its numbers hold."""

import re
import shlex
import subprocess
import sys

import pytest
from hub_driver import ROOT

GUIDE = (ROOT / "docs" / "administrator-guide.md").read_text()
# What a run does that has checkpoints, events that are written at once, and items.
BUSY = "tell One.\nwork 4 1\neach 3 1 raise value Bad.\nstate key value"
# Of a process: for each thread that executes runs, and beside them.
EACH, BESIDE = 4, 4


@pytest.mark.parametrize(("workers", "crons", "threads"), [(0, 3, 3), (1, 2, 1)])
def test_a_process_has_no_more_connections_than_is_said(hub, server, workers, crons, threads):
    integrations = [hub.add(BUSY, windows=10, name="Busy") for _each in range(2 * crons)]
    before = {name for (name,) in hub.execute("SELECT application_name FROM pg_stat_activity")}
    counts = {}

    def done():
        for name, count in hub.execute(
            "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY application_name"
        ):
            counts[name] = max(counts.get(name, 0), count)
        return all(hub.count(each, state="done") >= 10 for each in integrations)

    hub.press(integrations, "start")
    server(workers=workers, crons=crons)
    hub.wait(done, "That all is done")
    most = {name: count for name, count in counts.items() if name not in before}
    assert len(most) >= crons // threads
    assert max(most.values()) > threads
    assert max(most.values()) <= EACH * threads + BESIDE, most
    assert f"{EACH} × `max_cron_threads` + {BESIDE}" in GUIDE
    assert f"| each cron worker (`workers` above 0) | {EACH + BESIDE} |" in GUIDE


def test_options_are_those_of_odoo():
    from odoo.tools import config

    (table,) = re.findall(r"^## Settings of Odoo\n(.*?)\n\n\*\*", GUIDE, re.M | re.S)
    named = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert len(named) >= 8
    assert [name for name in named if name not in config.options] == []


def test_parameters_are_those_of_the_code():
    code = "".join(path.read_text() for path in (ROOT / "ihub").glob("models/*.py"))
    used = set(re.findall(r"\"(ihub\.keep_\w+)\"", code))
    assert 'f"ihub.keep_{level}_days"' in code
    used |= {f"ihub.keep_{level}_days" for level in ("info", "warning", "error")}
    assert set(re.findall(r"^\| `(ihub\.\w+)` \|", GUIDE, re.M)) == used


def commands():
    """Return the commands of the guide that end by themselves, as they stand."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", GUIDE, re.M | re.S)
    serve = ("pip ", "docker ", "--no-http --max-cron-threads=4")
    lines = [line for block in blocks for line in block.splitlines()]
    return "\n".join(line for line in lines if not any(word in line for word in serve))


def test_commands_work(template_copy, tmp_path):
    """Each in its turn, from installing to uninstalling, on one database."""
    from odoo.tools import config

    script = commands()
    for word in ("-i ihub", "-u ihub", "pg_dump", "tar ", "neutralize", "uninstall"):
        assert word in script, word
    script = re.sub(r"\b(production|copy)\b(?=[ ;]|$)", template_copy, script, flags=re.M)
    script = script.replace("/var/lib/odoo/filestore", f"{config['data_dir']}/filestore")
    odoo = shlex.join([sys.executable, "-m", "odoo"])
    path = f"--addons-path={ROOT}"
    started = f'odoo() {{ case "$1" in -*) set -- server "$@";; esac; {odoo} "$@" {path}; }}'
    done = subprocess.run(
        ["sh", "-e", "-c", f"{started}\n{script}"],
        cwd=tmp_path, text=True, capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    assert not re.findall(r"^.* (?:ERROR|CRITICAL) .*$", output, re.M), output[-6000:]
    assert {each.name for each in tmp_path.iterdir()} >= {"filestore.tar"}
    query = ["psql", "-At", template_copy, "-c", "SELECT to_regclass('ihub_run') IS NULL"]
    assert subprocess.check_output(query, text=True).strip() == "t"
