from odoo import fields, models


class IrUiView(models.Model):
    """The type of the view of many integrations; a plain "grid" is another product's."""

    _inherit = "ir.ui.view"

    type = fields.Selection(selection_add=[("ihub_grid", "Time Grid")])

    def _get_view_info(self):
        return {"ihub_grid": {"icon": "fa fa-tasks"}} | super()._get_view_info()
