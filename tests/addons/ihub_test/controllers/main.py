from itertools import count

from odoo import http
from odoo.http import request
from odoo.tools import SQL

attempts = count(1)


class Reporting(http.Controller):
    """Requests that report, and end in different ways."""

    @http.route("/ihub_test/report", type="http", auth="user", methods=["GET"])
    def report(self, end="well"):
        partner = request.env.user.partner_id
        partner.ihub_info(f"from a request that ends {end}")
        if end == "badly":
            raise RuntimeError("The request was told to fail.")
        if end == "at the second attempt":
            self._touch(partner, is_disturbed=next(attempts) % 2)
        return "reported"

    def _touch(self, partner, is_disturbed):
        """Write a row that another transaction has written since this one began."""
        touch = SQL("UPDATE res_partner SET color = color + 1 WHERE id = %s", partner.id)
        if is_disturbed:
            with request.env.registry.cursor() as other:
                other.execute(touch)
        request.env.cr.execute(touch, log_exceptions=False)
