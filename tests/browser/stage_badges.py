"""What integrations do when nothing is wrong, and what else there is; executed in ``odoo shell``.

Together with the troubles the board shows each badge. The lanes of those that are at work
must be held, see ``troubles.executing``.
"""

from datetime import timedelta

from odoo import fields

now = fields.Datetime.now()
soon = now + timedelta(hours=6)
env = env  # noqa: F821  # the shell's


def add(name, is_started=True, model="ihub.integration.demo", **values):
    window_from = now - timedelta(hours=1)
    record = env[model].create({"name": name, "window_from": window_from, "tz": "UTC", **values})
    if is_started:
        record.integration_id.start()
    return record.integration_id


def remember(integration, *outcomes):
    """Give an integration ended runs, the oldest first."""
    for number, outcome in enumerate(outcomes):
        ended = now - timedelta(hours=len(outcomes) - number)
        env["ihub.run"].sudo().create(
            {
                "integration_id": integration.id,
                "trigger": "manual",
                "state": "cancelled" if outcome == "skipped" else outcome,
                "skipped": outcome == "skipped",
                "window_from": ended - timedelta(hours=1),
                "window_to": ended,
                "due": ended,
                "started_at": ended - timedelta(seconds=5 + 40 * (number % 3)),
                "ended_at": ended,
            }
        )


def begin(integration):
    """Let its lane be at work, with two thirds of the records done."""
    integration._scheduled_run()._begin()
    integration._scheduled_run().write({"processed": 40, "total": 60})


fine = add("Quiet")
fine._scheduled_run().write({"window_from": now, "window_to": soon, "due": soon})
remember(fine, *["done"] * 12)

stopped = add("Halted", catch_up="each", window_from=now - timedelta(days=2))
remember(stopped, "done", "failed", "cancelled", "interrupted", "skipped", "done")
stopped.stop()

# A manual run has failed, and the schedule goes on.
one_failed = add("Wrong once")
one_failed._scheduled_run().write({"window_from": now, "window_to": soon, "due": soon})
remember(one_failed, "done", "done", "failed")
one_failed.last_run_id.sudo().message = "The price of A1 is not a number. Correct it in the shop."
one_failed.sudo().failed_run_id = one_failed.last_run_id

# A run is done, but has reported an error.
with_errors = add("Done but")
with_errors._scheduled_run().write({"window_from": now, "window_to": soon, "due": soon})
remember(with_errors, "done")
with_errors.last_run_id.sudo().with_errors = True
with_errors.sudo().failed_run_id = with_errors.last_run_id

# A run had nothing where much is usual.
doubtful = add("Suddenly empty")
doubtful._scheduled_run().write({"window_from": now, "window_to": soon, "due": soon})
remember(doubtful, "done")
doubtful.last_run_id.sudo().usual_records = 56
doubtful.sudo().doubtful_run_id = doubtful.last_run_id

# The clock of the server was wrong: what is still to come was done.
ahead = add("Ahead of time")
later = soon + timedelta(hours=1)
ahead._scheduled_run().write({"window_from": soon, "window_to": later, "due": later})
remember(ahead, "done")
ahead.last_run_id.sudo().write(
    {
        "trigger": "schedule",
        "window_from": soon - timedelta(hours=1),
        "window_to": soon,
        "ended_at": soon,
    }
)

# One order of the demo's web shop has a wrong e-mail address.
shop = add("Web shop", model="ihub.integration.demo.shop")
env.cr.commit()
shop.cron_id.method_direct_trigger()

begin(add("At work"))
begin(add("Behind the times", catch_up="each", window_from=now - timedelta(days=2)))

stopping = add("Ending")
begin(stopping)
stopping.stop()

queued = add("On demand", is_started=False)
queued.run_manually()
env["ihub.run"].search([("integration_id", "=", queued.id)]).due = soon

missing = add("Uninstalled", is_started=False)
env.flush_all()
env.cr.execute(
    "UPDATE ihub_integration SET integration_type = 'ihub.integration.gone' WHERE id = %s",
    [missing.id],
)
env.cr.commit()
