"""What can be said to people about an exception: without secrets, and so that it can be stored."""

from odoo.exceptions import UserError

from .exceptions import RetryableError
from .masking import mask
from .serialize import clean, exception_text, first_line

# Characters.
MESSAGE_LENGTH = 500
TRACEBACK_LENGTH = 100_000


class RunFailed(Exception):
    """The integration called ``fail()``; its argument is the reason, or None."""


def plain_message(error):
    """Return one line on ``error`` for people who do not read tracebacks.

    :param BaseException error: what was raised
    :return: its text; with the kind of error in front where the text alone says nothing
    """
    text = _text(error)
    if isinstance(error, RunFailed):
        return text
    line = first_line(text, MESSAGE_LENGTH)
    kind = type(error).__name__
    if isinstance(error, (UserError, RetryableError)):
        # Written for people: the kind of error would say nothing more.
        return line or kind
    return f"{kind}: {line}" if line else kind


def _text(error):
    try:
        first = error.args[0] if error.args else None
        text = "" if first is None else str(first).strip()
    except Exception:
        return ""
    return mask(clean(text[:TRACEBACK_LENGTH]))


def traceback_text(error):
    """Return the traceback of ``error``: its beginning and its end where it is very long."""
    text = exception_text(error)
    if len(text) > TRACEBACK_LENGTH:
        half = TRACEBACK_LENGTH // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return mask(clean(text))
