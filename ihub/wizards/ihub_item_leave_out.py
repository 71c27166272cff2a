from odoo import fields, models
from odoo.exceptions import UserError


class IhubItemLeaveOut(models.TransientModel):
    """The dialog that asks why items are left out."""

    _name = "ihub.item.leave.out"
    _inherit = ["ihub.visible.references"]
    _description = "Leave Items Out"

    item_ids = fields.Many2many("ihub.item", required=True, readonly=True)
    # Refused below if empty, in words that the web client does not have.
    reason = fields.Text(help="For whoever asks later why this is missing in Odoo.")

    def action_confirm(self):
        """Leave them out.

        :return: the action that closes the dialog
        :raise UserError: when it is not said why
        """
        self.ensure_one()
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "Say why, so that others know: for example “Test order of the web shop”."
                )
            )
        self.item_ids._leave_out(reason)
        return {"type": "ir.actions.act_window_close"}
