"""Secrets are masked in the server's log, too: an exception there may be that of another system."""

import logging

from ..core.masking import mask
from .failure import traceback_text


class MaskingFilter(logging.Filter):
    """Masks the lines of a logger, with their tracebacks."""

    def filter(self, record):
        """Mask ``record`` for all handlers."""
        record.msg, record.args = mask(record.getMessage()), ()
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            # Handlers print this text instead of making one of what they are not given.
            record.exc_text, record.exc_info = traceback_text(error), None
        return True


def mask_loggers(package):
    """Mask what the loggers of a package's modules say: a filter is not inherited by children."""
    for name in list(logging.root.manager.loggerDict):
        if name == package or name.startswith(f"{package}."):
            logger = logging.getLogger(name)
            if not any(isinstance(one, MaskingFilter) for one in logger.filters):
                logger.addFilter(MaskingFilter())
