"""Uninstalling the hub, with types in use, leaves a database without a trace of it."""

import re

from hub_driver import ROOT
from odoo_process import run

UNINSTALL = """
module = env["ir.module.module"].search([("name", "=", "ihub")])
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
module.button_immediate_uninstall()
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


def shell(database, script):
    """Return what Odoo's shell says to a script."""
    return run("shell", "-d", database, "--no-http", f"--addons-path={ROOT}", script=script).stdout


def test_nothing_is_left_and_nothing_fails(template_copy):
    output = shell(template_copy, UNINSTALL)
    problems = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$|^Traceback.*$", output, re.M)
    assert not problems, "\n".join(problems) + output[-4000:]
    output = shell(template_copy, LEFT)
    assert "LOOKED|Still works" in output, output
    assert "KEPT|True" in output, output
    assert not re.findall(r"^LEFT\|.*$", output, re.M)
