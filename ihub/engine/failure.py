"""Exceptions in words for people: without secrets, and so that they can be stored."""

import logging

import psycopg2
from odoo.exceptions import ConcurrencyError, LockError, RedirectWarning, UserError
from psycopg2.pool import PoolError

from ..core.exceptions import RetryableError, is_stop
from ..core.exchange import exchange_of
from ..core.masking import mask
from ..core.retry import VERDICTS, is_transient, requested_delay
from ..core.sentences import Said
from ..core.shutdown import unless_shutdown
from ..core.text import clean, clip, exception_text, first_line, to_text

_logger = logging.getLogger(__name__)

# Characters.
MESSAGE_LENGTH = 500
TRACEBACK_LENGTH = 100_000

VERDICTS.update(
    {
        ConcurrencyError: True,
        LockError: True,
        RedirectWarning: False,
        UserError: False,
        # Without a code of the server: the connection is gone, or the server out of reach.
        psycopg2.InterfaceError: True,
        psycopg2.OperationalError: True,
        # Of this process, as PostgreSQL's "too many connections".
        PoolError: True,
        psycopg2.Error: False,
    }
)


class RunFailed(Exception):
    """The integration called ``fail()``; its argument is the reason, or None."""


class UnreadableError(Exception):
    """Stands for an error that cannot even be looked at; its argument says of which kind."""


def readable(error):
    """Return ``error``, or one that stands for it where looking at it raises.

    :param BaseException error: what was raised, of any class
    """
    try:
        for look in (
            plain_message,
            traceback_text,
            is_told,
            is_stop,
            is_transient,
            requested_delay,
        ):
            look(error)
    except BaseException as problem:
        unless_shutdown(problem)
        return UnreadableError(type(error).__name__).with_traceback(error.__traceback__)
    return error


def is_told(error):
    """Return whether an event about ``error`` was written when it was raised."""
    return bool(getattr(error, "reported", False))


def plain_message(error):
    """Return one line on ``error`` for people who do not read tracebacks.

    :param BaseException error: what was raised
    :return: its text; with the kind of error in front where the text alone says nothing
    """
    text = _text(error)
    if isinstance(error, RunFailed):
        return brief(text)
    line = first_line(text, MESSAGE_LENGTH)
    kind = type(error).__name__
    if isinstance(error, (UserError, RetryableError)):
        said = error.args[0] if error.args else None
        if isinstance(said, Said) and said == line:
            # Others can read it in their own language.
            return said
        # Written for people: the kind of error would say nothing more.
        return line or kind
    return f"{kind}: {line}" if line else kind


def is_unexpected(error):
    """Return whether nobody wrote ``error`` for people, and it will not go away by waiting.

    As a ``KeyError``: data that the program does not expect, or a fault in it.
    """
    written = isinstance(error, (UserError, RetryableError, RunFailed))
    return not written and not is_transient(error)


def _text(error):
    try:
        first = error.args[0] if error.args else None
        text = "" if first is None else str(first)[:TRACEBACK_LENGTH].strip()
    except BaseException as problem:
        unless_shutdown(problem)
        return ""
    return mask(clean(text))


def brief(text):
    """Return as much of a text as fits on a card and into a message."""
    return clip(text, MESSAGE_LENGTH)


def reason_text(reason):
    """Return what an integration gave as the reason of its failure, as it may be stored and shown.

    :param reason: anything; None: it gave none
    """
    text = to_text(reason, TRACEBACK_LENGTH)
    return text and mask(clean(text))


def traceback_text(error):
    """Return the traceback of ``error``: its beginning and its end where it is very long."""
    # Masked before it is cut: the end of a secret is not known by itself.
    text = mask(clean(exception_text(error)))
    if len(text) > TRACEBACK_LENGTH:
        half = TRACEBACK_LENGTH // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return text


def failed_request(integration, *errors):
    """Return what is kept of the last request that failed, or None; never raises.

    :param integration: the ``ihub.integration``, which says whether it is kept
    :param errors: for which something failed, or None
    """
    if not integration.keep_failed_requests:
        return None
    try:
        return exchange_of(*errors)
    except BaseException as problem:
        unless_shutdown(problem)
        log_masked(_logger, problem, "A failed request could not be kept.")
        return None


def log_masked(logger, error, message, *args):
    """Put ``error`` into the server's log with its traceback, without the secrets in that.

    :param logger: a logger of the standard library
    :param BaseException error: what was raised
    :param str message: what failed, in the form that loggers take, with ``args``
    """
    logger.error(f"{message}\n%s", *args, traceback_text(error))
