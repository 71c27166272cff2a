import os

from odoo import models

from odoo.addons.ihub.lib.webhook import StandardWebhooks, Webhook


class IhubIntegrationHook(models.Model):
    """Takes messages, and writes a row for each: in the ledger one sees what was done twice."""

    _name = "ihub.integration.hook"
    _inherit = "ihub.abstract_integration"
    _description = "Hook"

    is_job = False
    is_manually_runnable = False
    webhook = Webhook(
        verify=StandardWebhooks(), handler="_write_step", key="key", kind="step", rate=10_000
    )

    def _write_step(self, data, item):
        now = self.env.cr.now()
        self.env["ihub.test.ledger"].create(
            {
                "integration": self.integration_id.id,
                "run": 0,
                "attempt": item.attempt,
                "window_from": now,
                "window_to": now,
                "step": data["step"],
                "pid": os.getpid(),
            }
        )
