"""An empty hub with the addons of the tests; executed in ``odoo shell``."""

env = env  # noqa: F821  # the shell's

demo = env["ihub.integration"].search([])
demo.stop()
demo.unlink()
addons = env["ir.module.module"]
addons.update_list()
addons.search([("name", "in", ["ihub_test", "ihub_test_dark"])]).button_immediate_install()
env["ir.cron"].with_context(active_test=False).search([]).active = False
env.cr.commit()
