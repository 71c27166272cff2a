"""Rename what has another name from this version on."""


def migrate(cr, version):
    cr.execute("ALTER TABLE ihub_run RENAME COLUMN deaths TO crash_count")
    # The record of the cron is not updated: people may have changed when it runs.
    cr.execute(
        """UPDATE ir_act_server SET code = 'model._cron_notify_late()'
            WHERE code = 'model._cron_tell_late()'"""
    )
