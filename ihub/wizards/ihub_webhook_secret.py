from odoo import api, fields, models

from ..engine.values import checked
from ..models.ihub_webhook_mixin import OVERLAP


class IhubWebhookSecret(models.TransientModel):
    """The dialog that sets the secret of a webhook: the one moment at which it can be read."""

    _name = "ihub.webhook.secret"
    _inherit = ["ihub.visible.references"]
    _description = "Secret of a Webhook"

    integration_id = fields.Many2one("ihub.integration", required=True, readonly=True)
    webhook_address = fields.Char(related="integration_id.webhook_address")
    has_webhook_secret = fields.Boolean(related="integration_id.has_webhook_secret")
    # No column: it is kept encrypted, and nowhere else.
    secret = fields.Char(
        store=False,
        help="Both systems must have the same one. A new one is proposed; if the other system "
        "has one of its own, paste that here.",
    )
    overlap = fields.Integer(
        "Previous Secret Valid For (Hours)",
        default=OVERLAP,
        help="Time to enter the new secret in the other system. 0: the previous one stops at once.",
    )

    @api.model
    def default_get(self, fields):
        """Propose a secret that nobody knows yet."""
        defaults = super().default_get(fields)
        integration = self.env["ihub.integration"].browse(defaults.get("integration_id"))
        if "secret" in fields and integration:
            defaults["secret"] = integration._receiving_webhook().verify.new_secret()
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        """Keep the secret where secrets are kept, and not here."""
        entered = [vals.pop("secret", None) for vals in vals_list]
        dialogs = super().create([checked(self, vals) for vals in vals_list])
        for dialog, secret in zip(dialogs, entered, strict=True):
            dialog.integration_id.check_access("write")
            if secret:
                overlap = min(max(dialog.overlap, 0), 24 * 365)
                dialog.integration_id._set_webhook_secret(secret.strip(), overlap)
        return dialogs

    def action_confirm(self):
        """Close the dialog: the secret is kept.

        :return: the action that does so
        """
        return {"type": "ir.actions.act_window_close"}
