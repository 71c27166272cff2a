from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib.exceptions import SettingsError

_lt = LazyTranslate(__name__)


class IhubIntegrationDemo(models.Model):
    """Example integration implementation."""

    _name = "ihub.integration.demo"
    _inherit = "ihub.abstract_integration"
    _description = "Demo Integration"

    # If this is True, the from/to date is shown and clicking on start starts a cron job
    is_job = True

    # If this is True, the run manually button is shown
    is_manually_runnable = True

    # If this is True, a time period can be selected in run manually
    has_time_period = True

    # If this is True, the integration handles multi company behaviour by itself
    # If this is False, a selection is displayed for the company in which to run this integration
    is_multi_company_compatible = False

    # If this is True, it's possible to create only one instance of this integration
    is_singleton = False

    # This defines the minimum delay between _to (in run_from_to) and the cron job actually running.
    delay = timedelta(seconds=10)

    description = _lt(
        "<div>A <b>demo</b> integration, without functionality. "
        "It's only good at demonstrating how this works.</div>"
    )

    fail_run = fields.Boolean(
        "Fail on Purpose",
        default=False,
        help="Each run ends with an error, to show what that looks like.",
    )
    a_custom_field = fields.Char(string="Custom Field")

    # This method is called by RUN MANUALLY and the job started by START
    def run_from_to(self, _from: datetime, _to: datetime):
        if self.fail_run:
            raise SettingsError(
                self.env._(
                    "This demo was told to fail: 'Fail on Purpose' is checked in its settings. "
                    "Uncheck it, then press Start or Run Manually."
                )
            )
        self.ihub_warning(
            summary=self.env._(
                "Integration just for demonstration. run_from_to called with %(start)s %(end)s",
                start=_from,
                end=_to,
            ),
            details="",
            related=None,
            integration=self,
        )

    # This view is returned when INTEGRATION SETTINGS is clicked
    def open_settings(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": "ihub.integration.demo",
            "views": [[False, "form"]],
            "res_id": self.id,
        }

    @api.model
    def _make_demo_past(self):
        """Give the demo's integrations a history. Called by the demo data, and by nothing else."""
        # Here, so that nothing of it is even loaded where there is no demo data.
        from ..demo import past

        past.make(self.env)
