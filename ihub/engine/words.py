"""Texts that a page is opened for, or in spite of."""

import logging

import psycopg2
from odoo.exceptions import MissingError

_logger = logging.getLogger(__name__)


def said(record, say):
    """Return what ``say`` returns; where it fails, a sentence that says so.

    A text that cannot be made must not keep the page from being opened on which the cause of it
    can be corrected.

    :param record: what the text is about
    :param say: a callable without arguments that returns a text or False
    """
    try:
        return say()
    except (psycopg2.Error, MissingError):
        # The transaction is over, or the record: nothing can be read any more.
        raise
    except Exception:
        _logger.exception("A text about %s could not be made.", record)
        return record.env._(
            "This text could not be made. Look at the settings for what is unusual, or ask your "
            "administrator: the reason is in the server's log."
        )
