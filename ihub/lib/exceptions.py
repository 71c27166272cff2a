"""The exceptions of the hub."""

import builtins

from odoo.exceptions import UserError

# Python 3.10 has no groups of exceptions.
_GROUP = getattr(builtins, "BaseExceptionGroup", ())


class IntegrationError(UserError):
    """An integration reported an error and wants its run to end (``ihub_error(raised=True)``).

    Waiting does not help: such a run is not retried.
    """

    # Whether an event about it was written: there is one error event per failed run.
    reported = False


class UsageError(UserError):
    """The code of an integration used the hub in a way that would do harm; it says what to do.

    Waiting does not help: such a run is not retried.
    """


class RetryableError(Exception):
    """Raise this when the work failed, but may succeed later.

    :param str message: what happened, for the operator
    :param float delay: seconds to wait before the next attempt; None: as set on the integration
    """

    def __init__(self, message="", delay=None):
        super().__init__(message)
        self.delay = delay


class StopRequested(BaseException):
    """Somebody pressed Stop; raised by ``checkpoint()``.

    Not an ``Exception``: an integration that catches those, record by record, must still stop.
    """


def is_stop(error):
    """Return whether ``error`` says nothing but that a run is to stop.

    :param BaseException error: also a group, as the tasks of a library make one
    """
    if isinstance(error, _GROUP):
        return all(map(is_stop, error.exceptions))
    return isinstance(error, StopRequested)
