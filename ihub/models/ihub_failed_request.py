from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.retention import BATCH, kept_days
from ..report.exchange import exchange_text
from ..report.format import safe_text


class IhubFailedRequest(models.AbstractModel):
    """A run or an item, which keeps the last request for which it failed.

    It is written where the error is, see ``failed_request`` in ``ihub/engine/failure.py``, and
    gone when the work is done.
    """

    _name = "ihub.failed.request"
    _description = "Failed Request"
    # In SQL, of the table ``t``: what is kept for ``days`` only.
    _request_is_old = "FALSE"

    # Masked before it is written: see ihub/core/exchange.py.
    failed_request = fields.Json(readonly=True, copy=False, prefetch=False, groups=fields.NO_ACCESS)
    failed_request_text = fields.Text(
        "Request",
        compute="_compute_failed_request_text",
        exportable=False,
        help="The last request that failed, and the response to it.",
    )

    @api.depends("failed_request", "integration_id.keep_failed_requests")
    @api.depends_context("lang", "tz")
    def _compute_failed_request_text(self):
        for record in self:
            # Whoever sees the record may read this text of it; the parts are nobody's.
            kept = record.sudo().failed_request
            is_shown = kept and record.sudo().integration_id.keep_failed_requests
            record.failed_request_text = is_shown and safe_text(
                record, record._failed_request_as_text
            )

    def _failed_request_as_text(self):
        return exchange_text(self.integration_id, self.sudo().failed_request)

    @api.autovacuum
    def _gc_failed_requests(self):
        """Forget requests that are old, or whose integration is not to keep them any more.

        :return: number of requests; whether there are more
        """
        if self._abstract:
            return 0, 0
        rows = self.env.execute_query(
            SQL(
                f"""
                UPDATE {self._table} SET failed_request = NULL
                 WHERE id IN (SELECT t.id FROM {self._table} t
                                JOIN ihub_integration i ON i.id = t.integration_id
                               WHERE t.failed_request IS NOT NULL
                                 AND (i.keep_failed_requests IS NOT TRUE OR {self._request_is_old})
                               LIMIT %(limit)s FOR UPDATE OF t SKIP LOCKED)
                RETURNING id
                """,
                days=kept_days(self.env, "ihub.keep_item_data_days"),
                limit=BATCH,
            )
        )
        self.invalidate_model(["failed_request"])
        return len(rows), int(len(rows) == BATCH)
