from odoo import api, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    _inherit = "res.company"

    def _ihub_channel(self):
        """Return the channel of the bus on which changes of this company's integrations are told.

        Users of the hub who belong to the company listen to it.
        """
        return self, "ihub.integration"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_integrations(self):
        """Keep integrations from losing their company: nobody could say any more whose they are."""
        # As superuser: also those that the user may not see, and archived ones.
        Integration = self.env["ihub.integration"].sudo().with_context(active_test=False)
        integrations = Integration.search([("company_id", "in", self.ids)])
        if integrations:
            raise UserError(
                self.env._(
                    "These integrations belong to the company that you are deleting: %(names)s. "
                    "Delete them or give them another company first, or archive the company.",
                    names=", ".join(integrations.mapped("name")),
                )
            )
