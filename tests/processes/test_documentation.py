"""The code in the documentation works as it stands; without it the database works on."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

from http_server import Reply, local_server
from odoo_process import free_port, run_without_error

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = (
    '{"name": "Samples", "version": "19.0.1.0.0", "author": "Test", "license": "LGPL-3",'
    ' "depends": ["ihub"], "data": ["views.xml", "security/ir.model.access.csv"]}'
)

PAGES = ("README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")))
RUN = """
def run(name, **values):
    record = env[name].create({"name": name, **values})
    run = record.integration_id.run_manually()
    env.cr.commit()
    record.cron_id.method_direct_trigger()
    env.cr.commit()
    print("OUTCOME", name, run.state, run.processed, run.message, sep="|")
    return record, run

"""
RUN_THE_SAMPLES = """
record, first = run("ihub.integration.demo", a_custom_fields="x")
action = record.integration_id.open_settings()
print("SETTINGS", action["res_model"], action["res_id"] == record.id, sep="|")
view = record.get_view(view_type="form")
print("VIEW", "a_custom_fields" in view["arch"], sep="|")
event = env["ihub.event"].search([("integration_id", "=", record.integration_id.id)])
print("EVENT", event.level, event.summary.split(" with ")[0], event.run_id == first, sep="|")
_ = run("shop.orders.integration")
_ = run("big.import.integration")
feed, _run = run("news.feed.integration")
print("STATE", feed.get_state("last_id"), sep="|")
holder, _run = run("token.holder.integration")
print("TOKEN", holder.get_state("token"), sep="|")
_ = run("shop.orders.live.integration")
nightly, _run = run("nightly.export.integration")
print("SCHEDULE", nightly.interval_type, nightly.time_of_day, sep="|")

shop, _run = run("shop.customers.integration")
print("BOUND", shop.bound("customer", 7).name, shop.bound("customer", 8), sep="|")
print("KEY", shop.key_of(shop.bound("customer", 7), "customer"), sep="|")
bad = env["ihub.item"].search([("state", "=", "failed")])
bad._change({"contact.email": "emil@example.com"})
bad.action_retry()
env.cr.commit()
shop.cron_id.method_direct_trigger()
env.cr.commit()
print("REPAIRED", bad.state, bad.record.email, sep="|")
shop.bind("customer", 9, bad.record)
print("TAKEN OVER", shop.bound("customer", 9) == bad.record, sep="|")

groups = [env.ref("ihub.group_user").id, env.ref("base.group_user").id]
operator = env["res.users"].create({"name": "O", "login": "o", "group_ids": [(6, 0, groups)]})
values = {"customer_number": "7", "password": "hush", "run_as_id": operator.id}
parcel, _run = run("parcel.service.integration", **values)
integration = parcel.integration_id.with_user(operator)
print("HIDDEN", parcel.with_user(operator).has_access("read"), integration.name, sep="|")
try:
    integration.open_settings()
except Exception as error:
    print("REFUSED", error, sep="|")
print("SECRET", parcel.password, parcel.read(["password"])[0]["password"], sep="|")
print("TESTED", integration.action_test_connection()["params"]["message"], sep="|")
lines = env["ir.model.access"].search([("model_id.model", "=", parcel._name)])
print("LINES", len(lines), sep="|")
"""

TALK_TO_A_SERVER = """
address = ADDRESS
shop, _run = run("web.shop.integration", address=address, client_id="c", client_secret="s")
print("ORDER", shop.bound("order", 2).name, sep="|")
_parcel, labels = run("parcel.labels.integration", address=address, secret="s")
print("LABELS", labels.event_ids.sorted("id").mapped("summary"), sep="|")
env["res.partner"].search([]).newsletter_is_due = False
anna = env["res.partner"].create({"name": "Anna", "email": "anna@example.com"})
newsletter, _run = run("newsletter.contacts.integration", address=address)
for name in ("Anne", "Hanna"):
    anna.name = name
    newsletter.integration_id.run_manually()
    env.cr.commit()
    newsletter.cron_id.method_direct_trigger()
    env.cr.commit()
print("SENT", anna.newsletter_is_due, sep="|")
"""

LOOK_AT_A_COPY = """
parcel = env["parcel.service.integration"].search([])
print("COPY", parcel.customer_number, parcel.password, sep="|")
"""

UNINSTALL = """
env["ir.module.module"].search([("name", "=", "{name}")]).button_immediate_uninstall()
env.cr.commit()
"""

LOOK_AT_A_MISSING_TYPE = """
gone = env["ihub.integration"].search([])
print("MISSING", len(gone), set(gone.mapped("type_is_missing")), sep="|")
print("SAYS", gone[0].problem, sep="|")
print("TYPES", env["ihub.integration"]._type_names(), sep="|")
gone.stop()
gone.unlink()
env.cr.commit()
"""


def samples(path, language):
    """Return the blocks of code of one language in a page of documentation."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / path).read_text(), re.M | re.S)


def write_sample_addon(folder):
    """Put the documentation's code, unchanged, into an addon; return the folder of addons."""
    addon = folder / "ihub_samples"
    (addon / "tests").mkdir(parents=True)
    (addon / "security").mkdir()
    (addon / "data").mkdir()
    (addon / "__manifest__.py").write_text(MANIFEST)
    (access,) = samples("docs/secrets.md", "csv")
    (addon / "security" / "ir.model.access.csv").write_text(access)
    (neutralize,) = samples("docs/secrets.md", "sql")
    (addon / "data" / "neutralize.sql").write_text(neutralize)
    (addon / "views.xml").write_text(samples("README.md", "xml")[0])
    names, tests = [], []
    for block in [block for page in PAGES for block in samples(page, "python")]:
        if "ihub.tests" in block:
            tests.append(f"test_sample_{len(tests)}")
            (addon / "tests" / f"{tests[-1]}.py").write_text(block)
        else:
            names.append(f"sample_{len(names)}")
            (addon / f"{names[-1]}.py").write_text(block)
    for place, modules in ((addon / "tests", tests), (addon, names)):
        (place / "__init__.py").write_text("".join(f"from . import {one}\n" for one in modules))
    return folder


@contextmanager
def web_shop():
    """A server such as the samples talk to: two pages of orders, and labels."""

    def reply(data, status=200, **headers):
        return Reply(status, json.dumps(data).encode(), headers)

    def page(following, *customers):
        orders = [{"id": id_, "number": f"SO-{id_}", "customer": name} for id_, name in customers]
        return reply({"data": {"orders": orders}, "meta": {"next": following}})

    busy = reply({}, 429, **{"Retry-After": "1"})
    with local_server() as server:
        server.reply("token", reply({"access_token": "one", "expires_in": 3600}))
        server.reply("orders", page("b", (1, "Anna"), (2, "Emil")), page(None, (3, "Zoe")))
        server.reply("contacts", reply({}))
        server.reply("labels", busy, reply({"id": "L1"}), reply({"id": "L2"}))
        yield server


def odoo(command, database, *arguments, script="", addons=None):
    """Run Odoo to its end and return what it printed; no error may be in its log."""
    path = [str(ROOT), *([str(addons)] if addons else [])]
    output = run_without_error(
        *(command, "-d", database, "--no-http", f"--addons-path={','.join(path)}"),
        # Tests start a server all the same.
        *(f"--http-port={free_port()}", *arguments),
        script=script,
        env={"IHUB_SECRET_KEY": "a key"},
    )
    problems = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$", output, re.M)
    assert not problems, "\n".join(problems)
    return output


def test_samples_run_and_uninstalling_them_leaves_a_working_hub(template_copy, tmp_path):
    database = template_copy
    odoo("shell", database, script=UNINSTALL.format(name="ihub_integration_demo"))
    addons = write_sample_addon(tmp_path / "addons")
    install = ("-i", "ihub_samples", "--stop-after-init", "--test-tags", "/ihub_samples")
    output = odoo("server", database, *install, addons=addons)
    assert re.search(r"0 failed, 0 error\(s\) of 19 tests", output), output
    assert "shop.customers.integration is conformant: 10/10, 5 not applicable" in output, output

    with web_shop() as server:
        talk = TALK_TO_A_SERVER.replace("ADDRESS", repr(server.url.rstrip("/")))
        script = RUN + RUN_THE_SAMPLES + talk
        output = odoo("shell", database, script=script, addons=addons)
    assert "OUTCOME|ihub.integration.demo|done" in output, output
    assert "SETTINGS|ihub.integration.demo|True" in output
    assert "VIEW|True" in output
    assert "EVENT|warning|Integration just for demonstration. run_from_to called|True" in output
    assert "OUTCOME|shop.orders.integration|failed|0|The shop is being maintained." in output
    assert "OUTCOME|big.import.integration|done|4|" in output
    assert "OUTCOME|news.feed.integration|done" in output
    assert "STATE|3" in output
    assert "OUTCOME|token.holder.integration|failed|0|Kept all the same." in output
    assert "TOKEN|new" in output
    assert "OUTCOME|shop.orders.live.integration|done|2|" in output
    assert "OUTCOME|nightly.export.integration|done" in output
    assert "SCHEDULE|days|2.5" in output
    assert "OUTCOME|shop.customers.integration|done|2|1 done, 1 to repair." in output
    assert "BOUND|Anna Berger|None" in output
    assert "KEY|7" in output
    assert "REPAIRED|done|emil@example.com" in output
    assert "TAKEN OVER|True" in output
    assert "OUTCOME|parcel.service.integration|done|1|" in output
    assert "HIDDEN|False|parcel.service.integration" in output
    assert "REFUSED|You do not have access to the settings of parcel.service.integration" in output
    assert "SECRET|***|***" in output
    assert "TESTED|1 parcels are on their way." in output
    assert "LINES|2" in output

    assert "OUTCOME|web.shop.integration|done|3|Done: 3 records." in output, output
    assert "ORDER|Emil" in output
    assert "OUTCOME|parcel.labels.integration|done|" in output
    assert "LABELS|['Parcel 7 has the label L1.', 'Parcel 8 has the label L2.']" in output
    keys = [request.headers.get("Idempotency-Key") for request in server.requests]
    assert list(filter(None, keys)) == ["parcel-7", "parcel-7", "parcel-8"]

    assert "OUTCOME|newsletter.contacts.integration|done|1|" in output, output
    assert "SENT|False" in output
    sent = [json.loads(one.body) for one in server.requests if one.path.endswith("contacts")]
    assert [contact["name"] for contact in sent] == ["Anna", "Anne", "Hanna"]

    odoo("neutralize", database, addons=addons)
    script = LOOK_AT_A_COPY + UNINSTALL.format(name="ihub_samples")
    output = odoo("shell", database, script=script, addons=addons)
    assert "COPY|test|False" in output, output

    # Where the code of the samples is gone, too.
    output = odoo("shell", database, script=LOOK_AT_A_MISSING_TYPE)
    assert "MISSING|12|{True}" in output, output
    assert "is no longer installed" in output
    assert "TYPES|[]" in output
