from odoo import fields, models


class IhubItemLeaveOut(models.TransientModel):
    """The dialog that asks why items are left out."""

    _name = "ihub.item.leave.out"
    _inherit = ["ihub.visible.references"]
    _description = "Leave Items Out"

    item_ids = fields.Many2many("ihub.item", required=True, readonly=True)
    reason = fields.Text(required=True, help="For whoever asks later why this is missing in Odoo.")

    def action_confirm(self):
        """Leave them out.

        :return: the action that closes the dialog
        """
        self.ensure_one()
        self.item_ids._leave_out(self.reason)
        return {"type": "ir.actions.act_window_close"}
