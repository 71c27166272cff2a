from odoo import api, models

from ..core.masking import mask
from ..core.text import to_text
from ..engine.context import current_run
from ..engine.events import log
from ..engine.exceptions import IntegrationError


class Base(models.AbstractModel):
    """Every model can report events to the hub."""

    _inherit = "base"

    @api.private
    def ihub_info(self, summary=None, details=None, related=None, integration=None, **unknown):
        """Report what happened.

        It costs microseconds and never raises. The event stays when the work is rolled back, and
        is then marked as undone.

        :param summary: the event's title, a str; of anything else its text. None: the first line of
            ``details``
        :param details: a str, an exception, or a structure (dict, list), which is stored as JSON;
            anything else as text
        :param related: the record, of any model, that the event is about; None: about none
        :param integration: an ``ihub.integration``, or the row of a type; None: this record if it
            is one, else the one whose run is executing
        """
        log(self, "info", summary, details, related, integration, **unknown)

    @api.private
    def ihub_warning(self, summary=None, details=None, related=None, integration=None, **unknown):
        """Report what somebody should look at; see :meth:`ihub_info`."""
        log(self, "warning", summary, details, related, integration, **unknown)

    @api.private
    def ihub_error(
        self,
        summary=None,
        details=None,
        related=None,
        integration=None,
        raised=False,
        **unknown,
    ):
        """Report what went wrong; see :meth:`ihub_info`.

        :param bool raised: interrupt the run. ``**{"raise": True}`` means the same: ``raise`` is a
            keyword of Python's and cannot be written as a parameter.
        :raise IntegrationError: the summary, when ``raised``
        """
        raised = unknown.pop("raise", False) or raised
        event = log(self, "error", summary, details, related, integration, **unknown)
        scope = current_run(self.env.cr.dbname)
        # That of another integration is none of this run.
        if scope and (event is None or event.run_id == scope.run_id):
            scope.error_logged = True
        if raised:
            error = IntegrationError(
                mask(to_text(summary, 10_000) or to_text(details, 10_000) or "")
            )
            error.reported = True
            raise error

    @api.model
    def _get_view_field_attributes(self):
        """Send along how the values of a :class:`.ihub_fields.Badge` look."""
        return [*super()._get_view_field_attributes(), "looks"]
