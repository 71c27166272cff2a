from odoo import models


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let users of the hub hear of the integrations of their companies."""
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if user.has_group("ihub.group_user"):
            # As superuser: users need not be able to read the companies to which they belong.
            channels.extend(company._ihub_channel() for company in user.sudo().company_ids)
        return channels
