from odoo import api, fields, models
from odoo.exceptions import UserError

from ..report.actions import closing_notice


class IhubWebhookSample(models.TransientModel):
    """The dialog that sends a message as the other system would."""

    _name = "ihub.webhook.sample"
    _inherit = ["ihub.visible.references"]
    _description = "Sample of a Webhook"

    integration_id = fields.Many2one("ihub.integration", required=True, readonly=True)
    body = fields.Text("Message", required=True)

    @api.model
    def default_get(self, fields):
        """Propose what has come last."""
        defaults = super().default_get(fields)
        integration = self.env["ihub.integration"].browse(defaults.get("integration_id"))
        if "body" in fields and integration:
            integration.check_access("write")
            defaults["body"] = integration._sample()
        return defaults

    def action_send(self):
        """Sign the message, and receive it.

        :return: the action that says so
        :raise UserError: it was not taken
        """
        self.ensure_one()
        self.integration_id.check_access("write")
        status = self.integration_id._deliver(self.body.encode())
        if status != 202:
            raise UserError(
                self.env._(
                    "The sample was not accepted (status %(status)s). Look at what was refused on "
                    "the page of the integration.",
                    status=status,
                )
            )
        return closing_notice(
            self.env._(
                "The sample was received. It is processed as soon as the integration is on."
            ),
            "success",
        )
