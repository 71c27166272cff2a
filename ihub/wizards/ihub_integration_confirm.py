from odoo import api, fields, models

from ..report.format import safe_text


class IhubIntegrationConfirm(models.TransientModel):
    """The dialog that asks before something happens that people may not expect."""

    _name = "ihub.integration.confirm"
    _inherit = ["ihub.visible.references"]
    _description = "Start or Stop Integrations"

    integration_ids = fields.Many2many("ihub.integration", required=True, readonly=True)
    operation = fields.Selection(
        [("start", "Start"), ("stop", "Stop")], required=True, readonly=True
    )
    preview = fields.Text("What Will Happen", compute="_compute_preview")

    @api.depends("integration_ids", "operation")
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = safe_text(wizard, wizard._preview_text)

    def _preview_text(self):
        return "\n\n".join(self._text(integration) for integration in self._surprising())

    def _surprising(self):
        if self.operation == "start":
            return self.integration_ids._surprises_at_start()
        return self.integration_ids._surprises_at_stop()

    def _text(self, integration):
        start = self.operation == "start"
        lines = integration._plan_lines() if start else integration._stop_lines()
        heading = [integration.name] if len(self.integration_ids) > 1 else []
        return "\n".join([*heading, *lines])

    def action_confirm(self):
        """Do what was asked for.

        :return: the action that closes the dialog
        """
        self.ensure_one()
        if self.operation == "start":
            self.integration_ids.start()
        else:
            self.integration_ids.stop()
        return {"type": "ir.actions.act_window_close"}
