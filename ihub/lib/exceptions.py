"""The exceptions that integration developers raise and catch."""

from ..core.exceptions import RetryableError, StopRequested
from ..engine.exceptions import IntegrationError, SettingsError, UsageError

__all__ = ["IntegrationError", "RetryableError", "SettingsError", "StopRequested", "UsageError"]
