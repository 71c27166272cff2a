from odoo import models


class IhubIntegrationIdle(models.Model):
    """Does nothing, and reads nothing for it: what its runs take is the hub's."""

    _name = "ihub.integration.idle"
    _inherit = "ihub.abstract_integration"
    _description = "Idle"

    def run_from_to(self, _from, _to):
        pass
