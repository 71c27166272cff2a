"""The exceptions that say something about time: later, or no more."""

import builtins
from datetime import datetime, timedelta

# Python 3.10 has no groups of exceptions.
_GROUP = getattr(builtins, "BaseExceptionGroup", ())


class RetryableError(Exception):
    """Raise this when the work failed, but may succeed later.

    :param str message: what happened, for the operator
    :param float delay: seconds to wait before the next attempt; None: as set on the integration
    """

    def __init__(self, message: str = "", delay: float | timedelta | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class ServerDown(RetryableError):
    """A server has failed so often that runs wait for it: that is not counted as an attempt.

    :param str message: what is wrong with it, for the operator
    :param float delay: seconds until somebody tries it again
    :param str server: its name
    :param datetime since: since when, naive UTC
    """

    def __init__(self, message: str, delay: float, server: str, since: datetime) -> None:
        super().__init__(message, delay)
        self.server = server
        self.since = since


class StopRequested(BaseException):
    """Somebody pressed Stop, or the attempt goes on later.

    Raised where a run may end: by ``checkpoint()`` and ``process_each()``, and while ``RestClient``
    waits.

    Not an ``Exception``: an integration that catches those, record by record, must still stop.
    """


def blames_settings(error: BaseException) -> bool:
    """Return whether what has failed is to be corrected in the settings, such as a password.

    An exception says so by ``blames_settings = True``, also where another one was raised from it.
    """
    return any(getattr(each, "blames_settings", False) is True for each in (error, error.__cause__))


def is_stop(error: BaseException) -> bool:
    """Return whether ``error`` says nothing but that a run is to stop.

    :param BaseException error: also a group, as the tasks of a library make one
    """
    if isinstance(error, _GROUP):
        return all(map(is_stop, error.exceptions))
    return isinstance(error, StopRequested)
