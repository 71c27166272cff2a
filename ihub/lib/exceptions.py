"""The exceptions that integration developers raise and catch."""

from ..core.exceptions import RetryableError, StopRequested
from ..engine.exceptions import IntegrationError, UsageError

__all__ = ["IntegrationError", "RetryableError", "StopRequested", "UsageError"]
