import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.shutdown import unless_shutdown
from ..engine.failure import is_unexpected, log_masked, plain_message, readable, reason_text
from ..report.actions import notice

_logger = logging.getLogger(__name__)
# A run may have locked what the test would write: people wait for the answer.
LOCK_TIMEOUT = "5s"


class IhubConnectionMixin(models.AbstractModel):
    """Test Connection: whether the other system answers, before a run depends on it."""

    _name = "ihub.connection.mixin"
    _description = "Connection of an Integration"

    can_test_connection = fields.Boolean(compute="_compute_can_test_connection")

    @api.depends("integration_type", "active")
    def _compute_can_test_connection(self):
        for name, integrations in self.grouped("integration_type").items():
            integrations.can_test_connection = False
            if self._type_tests_connection(name):
                integrations.filtered("active").can_test_connection = True

    def _type_tests_connection(self, name):
        model = self._type_model(name)
        return model is not None and model._tests_connection()

    def action_test_connection(self):
        """Ask the type's ``check_connection`` whether the other system answers.

        :return: the action that shows the answer
        :raise UserError: the type does not say how to find out
        """
        self.ensure_one()
        integration = self._operable()
        if not self._type_tests_connection(integration.integration_type):
            raise UserError(
                self.env._(
                    "The type of this integration cannot test a connection. Ask its developer to "
                    "give it a method check_connection()."
                )
            )
        try:
            said = integration._check_connection()
        except BaseException as error:
            unless_shutdown(error)
            error = readable(error)
            if is_unexpected(error):
                log_masked(_logger, error, "The connection of integration %s failed.", self.id)
            return notice(plain_message(error), "danger", integration.name)
        return notice(said, "success", integration.name)

    def _check_connection(self):
        """Do as a run would, in a transaction of its own that keeps nothing.

        :return: a sentence
        :raise Exception: the connection does not work
        """
        with self.env.registry.cursor() as cr:
            try:
                cr.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
                integration = self.with_env(self.env(cr=cr))
                result = integration._record_for_work().check_connection()
            finally:
                cr.rollback()
        if result is False:
            raise UserError(self.env._("The connection does not work."))
        said = result if isinstance(result, str) else ""
        return reason_text(said) or self.env._("The connection works.")
