from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def color_scheme(self):
        """Let the browser choose, with the cookie that Odoo's own code reads as well."""
        return request.httprequest.cookies.get("color_scheme") or super().color_scheme()
