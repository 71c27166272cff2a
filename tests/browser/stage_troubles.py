"""Troubles, each of them brought about as it comes about; executed in ``odoo shell``.

The last one kills the process, so nothing can follow it.
"""

import os
from datetime import timedelta

from odoo import fields

from odoo.addons.ihub.engine import waiting

# Who talks to a server that is down tries again at once.
waiting.sleep = lambda seconds: None
ADDRESS = os.environ["IHUB_TEST_SHOP"]
now = fields.Datetime.now()
env = env  # noqa: F821  # the shell's


def add(name, model="ihub.integration.shop", path="", **values):
    if model == "ihub.integration.shop":
        values["address"] = f"{values.get('address', ADDRESS)}{path}"
    window_from = now - timedelta(hours=2)
    record = env[model].create({"name": name, "window_from": window_from, "tz": "UTC", **values})
    return record.integration_id


def work(integration):
    """Let it execute what is due, as its scheduled action does."""
    integration.start()
    env.cr.commit()
    integration.cron_id.method_direct_trigger()
    env.cr.commit()


def let_go_by(integration, hours):
    """Let the integration have been started hours ago."""
    env.flush_all()
    env.cr.execute(
        "UPDATE ihub_integration SET state_date = state_date - %s * interval '1 hour',"
        " create_date = create_date - %s * interval '1 hour' WHERE id = %s",
        [hours, hours, integration.id],
    )
    env.invalidate_all()


env["res.partner"].create({"name": "Azure Interior"})
work(add("Wrong password", path="locked/"))
work(add("Remote down", address="http://127.0.0.1:9/"))
work(add("Bad record", path="shop/"))
work(add("Program fault", "ihub.integration.ledger", script="raise key customer_id"))

archived = add("Archived user")
archived.run_as_id = env["res.users"].create(
    {
        "name": "Anna Former",
        "login": "anna.former",
        "group_ids": (env.ref("ihub.group_user") + env.ref("base.group_user")).ids,
    }
)
archived.start()
archived.run_as_id.active = False

# A lane is at work, but for much longer than what is expected to be done each quarter of an hour.
late = add("Late", late_after_intervals=1, interval_type="minutes", interval_number=15)
stuck = add("Stuck", hang_limit=30)
for integration in (late, stuck):
    integration.start()
    let_go_by(integration, 2)
    integration._scheduled_run()._begin()
    integration._scheduled_run().started_at = now - timedelta(hours=1)

wrong_zone = add("Wrong time zone")
wrong_zone.start()
env.flush_all()
env.cr.execute("UPDATE ihub_integration SET tz = 'Mars/Phobos' WHERE id = %s", [wrong_zone.id])
env.invalidate_all()
add("Other clocks", tz="Asia/Tokyo", interval_type="days", time_of_day=9)

no_worker = add("No scheduler")
no_worker.start()
let_go_by(no_worker, 2)

# More than fits into the row of an event.
env.user.ihub_info("A long story", details="and so on " * 100_000)

killed = add("Killed server", "ihub.integration.ledger", script="write\nkill")
killed.start()
env.cr.commit()
killed.cron_id.method_direct_trigger()
