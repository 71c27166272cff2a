from itertools import count

from odoo import http
from odoo.http import request

attempts = count(1)
CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$"


class Reporting(http.Controller):
    """Requests that report, and end in different ways."""

    @http.route("/ihub_test/report", type="http", auth="user", methods=["GET"])
    def report(self, end="well"):
        request.env.user.partner_id.ihub_info(f"from a request that ends {end}")
        if end == "badly":
            raise RuntimeError("The request was told to fail.")
        if end == "at the second attempt" and next(attempts) % 2:
            # As PostgreSQL does when two transactions are in each other's way.
            request.env.cr.execute(CONFLICT, log_exceptions=False)
        return "reported"
