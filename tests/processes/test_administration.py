"""What the administrator's guide says: its commands work, and its numbers hold."""

import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from hub_driver import ROOT
from odoo_process import run, run_without_error

GUIDE = (ROOT / "docs" / "administrator-guide.md").read_text()
# What a run does that has checkpoints, events that are written at once, and items.
BUSY = "tell One.\nwork 4 1\neach 3 1 raise value Bad.\nstate key value"
# Of a process: for each thread that executes runs, and beside them.
EACH, BESIDE = 4, 4


@pytest.mark.parametrize(("workers", "crons", "threads"), [(0, 3, 3), (1, 2, 1)])
def test_a_process_has_no_more_connections_than_is_said(hub, server, workers, crons, threads):
    integrations = [hub.add(BUSY, windows=4, name="Busy") for _each in range(2 * crons)]
    before = {name for (name,) in hub.execute("SELECT application_name FROM pg_stat_activity")}
    counts = {}

    def done():
        for name, count in hub.execute(
            "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY application_name"
        ):
            counts[name] = max(counts.get(name, 0), count)
        return all(hub.count(each, state="done") >= 4 for each in integrations)

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
    from odoo.addons.ihub.engine.retention import DEFAULTS

    code = "".join(path.read_text() for path in (ROOT / "ihub").glob("models/*.py"))
    used = set(re.findall(r"\"(ihub\.keep_\w+)\"", code))
    assert 'f"ihub.keep_{level}_days"' in code
    used |= {f"ihub.keep_{level}_days" for level in ("info", "warning", "error")}
    assert used == DEFAULTS.keys()
    rows = re.findall(r"^\| `(ihub\.\w+)` \| (\d+|for good) \|", GUIDE, re.M)
    assert {name: None if days == "for good" else int(days) for name, days in rows} == DEFAULTS


def commands():
    """Return the commands of the guide that end by themselves, as they stand."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", GUIDE, re.M | re.S)
    serve = ("pip ", "docker ", "--no-http --max-cron-threads=4")
    lines = [line for block in blocks for line in block.splitlines()]
    return "\n".join(line for line in lines if not any(word in line for word in serve))


# What there is of the hub, and of an administrator's own, before it is uninstalled.
IN_USE = """
for integration in env["ihub.integration"].search([]):
    integration.message_subscribe(env.user.partner_id.ids)
env["ihub.integration"].search([]).filtered("can_start").start()
env["ir.config_parameter"].set_param("ihub.keep_run_days", "7")
# An administrator's own.
ours, theirs = env.ref("ihub.group_user"), env.ref("base.group_user")
for name, model, groups, active in (
    ("Own integrations", "ihub.integration", ours, True),
    ("Partners of operators", "res.partner", ours, True),
    ("Partners of operators, not in use", "res.partner", ours, False),
    ("Partners of everybody", "res.partner", ours + theirs, True),
):
    env["ir.rule"].create({
        "name": name, "model_id": env["ir.model"]._get_id(model), "active": active,
        "groups": groups.ids, "domain_force": "[(1, '=', 1)]",
    })
env.cr.commit()
"""
LEFT = """
def rows(query):
    env.cr.execute(query)
    return env.cr.fetchall()
for what, query in {
    "table": "SELECT tablename FROM pg_tables WHERE tablename LIKE '%ihub%'",
    "function": "SELECT proname FROM pg_proc WHERE proname LIKE '%ihub%'",
    "trigger": "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%ihub%'",
    "column": "SELECT table_name || '.' || column_name FROM information_schema.columns"
              " WHERE column_name LIKE '%ihub%'",
    "sequence": "SELECT sequencename FROM pg_sequences WHERE sequencename LIKE '%ihub%'",
    "xmlid": "SELECT module || '.' || name FROM ir_model_data"
             " WHERE module LIKE 'ihub%'",
    "model": "SELECT model FROM ir_model WHERE model LIKE 'ihub%'",
    "parameter": "SELECT key FROM ir_config_parameter WHERE key LIKE '%ihub%'",
    "cron": "SELECT code FROM ir_act_server WHERE code LIKE '%_cron_lane%'"
            " OR code LIKE '%ihub%'",
    "group": "SELECT name->>'en_US' FROM res_groups WHERE privilege_id IS NOT NULL"
             " AND privilege_id NOT IN (SELECT res_id FROM ir_model_data"
             " WHERE model = 'res.groups.privilege')",
    "privilege": "SELECT name->>'en_US' FROM res_groups_privilege"
                 " WHERE name->>'en_US' LIKE 'Integration Hub%'",
    "category": "SELECT name->>'en_US' FROM ir_module_category"
                " WHERE name->>'en_US' = 'Integrations' AND id NOT IN"
                " (SELECT category_id FROM ir_module_module WHERE category_id IS NOT NULL)",
    "message": "SELECT model FROM mail_message WHERE model LIKE 'ihub%'",
    "follower": "SELECT res_model FROM mail_followers WHERE res_model LIKE 'ihub%'",
    "activity": "SELECT res_model FROM mail_activity WHERE res_model LIKE 'ihub%'",
    "attachment": "SELECT res_model FROM ir_attachment WHERE res_model LIKE 'ihub%'",
    "template": "SELECT model FROM mail_template WHERE model LIKE 'ihub%'",
    "rule": "SELECT name FROM ir_rule WHERE NOT global AND id NOT IN"
            " (SELECT rule_group_id FROM rule_group_rel)"
            " OR name IN ('Own integrations', 'Partners of operators',"
            " 'Partners of operators, not in use')",
    "filter": "SELECT model_id FROM ir_filters WHERE model_id LIKE 'ihub%'",
}.items():
    for (name,) in set(rows(query)):
        print("LEFT", what, name, sep="|")
kept = env["ir.rule"].search([("name", "=", "Partners of everybody")])
print("KEPT", kept.groups == env.ref("base.group_user"), sep="|")
print("LOOKED", env["res.partner"].create({"name": "Still works"}).name, sep="|")
"""


def test_commands_work(template_copy, tmp_path):
    """Each in its turn, from installing to uninstalling, on one database: nothing is left of it."""
    from odoo.tools import config

    script = commands()
    for word in ("-i ihub", "-u ihub", "pg_dump", "tar ", "neutralize", "uninstall"):
        assert word in script, word
    script = re.sub(r"\b(production|copy)\b(?=[ ;]|$)", template_copy, script, flags=re.M)
    script = script.replace("/var/lib/odoo/filestore", f"{config['data_dir']}/filestore")
    keeping, echo, uninstalling = script.partition("echo 'env")
    with odoo_program(tmp_path) as path:

        def call(script):
            done = subprocess.run(
                ["sh", "-e", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout[-6000:]
            return done.stdout

        output = call(keeping)
        assert not re.findall(r"^.* (?:ERROR|CRITICAL) .*$", output, re.M), output[-6000:]
        assert {each.name for each in tmp_path.iterdir()} >= {"filestore.tar"}
        shell(template_copy, IN_USE)
        output = call(echo + uninstalling)
    problems = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$|^Traceback.*$", output, re.M)
    assert not problems, "\n".join(problems) + output[-4000:]
    output = shell(template_copy, LEFT)
    assert "LOOKED|Still works" in output, output
    assert "KEPT|True" in output, output
    assert not re.findall(r"^LEFT\|.*$", output, re.M)


def shell(database, script):
    """Return what Odoo's shell says to a script."""
    path = f"--addons-path={ROOT}"
    return run_without_error("shell", "-d", database, "--no-http", path, script=script)


# A program that has what it is told done by a test, and says and ends as that has.
PROGRAM = """#!{python} -IS
import json, socket, sys
with socket.socket(socket.AF_UNIX) as test, test.makefile("rw") as both:
    test.connect("{address}")
    print(json.dumps([sys.argv[1:], sys.stdin.read()]), file=both, flush=True)
    code, said = json.loads(both.readline())
sys.stdout.write(said)
sys.exit(code)
"""


class Program(socketserver.StreamRequestHandler):
    def handle(self):
        words, script = json.loads(self.rfile.readline())
        done = run(*words, f"--addons-path={ROOT}", script=script)
        self.wfile.write(json.dumps([done.returncode, done.stdout]).encode() + b"\n")


@contextmanager
def odoo_program(folder):
    """Yield the PATH of a program ``odoo`` that is loaded already: what it does, a fork does."""
    address = str(folder / "odoo.socket")
    program = folder / "odoo"
    program.write_text(PROGRAM.format(python=sys.executable, address=address))
    program.chmod(0o755)
    with socketserver.UnixStreamServer(address, Program) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield f"{folder}:{os.environ['PATH']}"
        finally:
            server.shutdown()
            thread.join()
