import time

from odoo import fields, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)


class IhubIntegrationDemoImport(models.Model):
    """Shows progress, Stop, and going on after a stop or a crash where the work ended."""

    _name = "ihub.integration.demo.import"
    _inherit = "ihub.abstract_integration"
    _description = "Demo: Long Import"

    has_time_period = False

    description = _lt(
        "<div>Pretends to import records, one by one, and does nothing else. Run it manually to "
        "watch the progress. <b>Stop</b> ends it between two records, and what has been imported "
        "so far is kept.</div>"
    )

    record_count = fields.Integer(
        "Records", default=60, required=True, help="How many records one run imports."
    )
    record_duration = fields.Float(
        "Seconds per Record", default=1.0, required=True, help="How long one record takes."
    )

    _amounts_positive = models.Constraint(
        "CHECK(record_count >= 0 AND record_duration >= 0)",
        "The number of records and the seconds per record cannot be negative.",
    )

    def run_from_to(self, _from, _to):
        total = self.record_count
        for done in range(self.resume_point() or 0, total):
            self._import_record()
            self.checkpoint(processed=done + 1, total=total, resume=done + 1)
        text = self.env._("%(count)s records imported.", count=total)
        self.ihub_info(summary=self.env._("One record imported.") if total == 1 else text)

    def _import_record(self):
        """Take as long as a real record would."""
        time.sleep(self.record_duration)
