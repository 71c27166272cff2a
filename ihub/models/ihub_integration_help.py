from markupsafe import Markup
from odoo import api, models


class IhubIntegration(models.Model):
    """What an empty board teaches."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def get_empty_list_help(self, help_message):
        """Do not tell people to press New who have no such button."""
        if help_message and not self.has_access("create"):
            help_message = Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>') % (
                self.env._("No integration to show"),
                self.env._(
                    "An integration exchanges data with another system, on a schedule or when you "
                    "ask for it. Ask a manager of the Integration Hub to add one; then you can "
                    "start it, stop it and run it here. If you have filtered, take a filter away "
                    "to see more."
                ),
            )
        return super().get_empty_list_help(help_message)
