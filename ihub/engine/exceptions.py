"""The exceptions that end a run for good: waiting does not help."""

from odoo.exceptions import UserError


class IntegrationError(UserError):
    """An integration reported an error and wants its run to end (``ihub_error(raised=True)``).

    Waiting does not help: such a run is not retried.
    """

    # Whether an event about it was written: there is one error event per failed run.
    reported = False
    # Whether the settings are to be corrected: people are then led there.
    blames_settings = False


class SettingsError(IntegrationError):
    """The settings of the integration are wrong: its card and its run lead people there."""

    blames_settings = True


class UsageError(UserError):
    """The code of an integration used the hub in a way that would do harm; it says what to do.

    Waiting does not help: such a run is not retried.
    """
