"""Rename what has another name from this version on, where nobody has given it one of their own.

No upgrade does: people may have changed the records.
"""

NAMES = (
    ("mail_activity_type", "Mend the Integration", "Fix the Integration"),
    (
        "ir_act_server",
        "Integration Hub: tell what is late",
        "Integration Hub: notify about late integrations",
    ),
)


def migrate(cr, version):
    for table, old, new in NAMES:
        cr.execute(
            f"""UPDATE {table} SET name = jsonb_set(name, '{{en_US}}', to_jsonb(%s::text))
                 WHERE name ->> 'en_US' = %s""",
            (new, old),
        )
        # A copy of the name of its action.
        cr.execute("UPDATE ir_cron SET cron_name = %s WHERE cron_name = %s", (new, old))
