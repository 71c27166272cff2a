from odoo import models

# What the pages listen to; see live_reload.js.
CHANGED = "ihub.integration/changed"


class IhubIntegration(models.Model):
    """Who hears that an integration looks different now: those who may see it, and nobody else."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    def _send_change(self):
        """Tell the pages of those who may see these integrations that they have changed."""
        # As superuser: whoever presses a button need not have rights on companies and groups.
        for company, integrations in self.sudo().grouped("company_id").items():
            channel = company._ihub_channel() if company else self.env.ref("ihub.group_user")
            told = integrations.filtered(lambda integration: not integration._is_lost())
            if told:
                self.env["bus.bus"]._sendone(channel, CHANGED, {"ids": told.ids})
