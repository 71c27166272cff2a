"""Moments as programs and people give them, understood as naive UTC."""

from datetime import date, datetime, time, timezone

from dateutil.parser import isoparse

# Beyond these there are no data that anybody exchanges, and calendars begin to disagree.
FIRST = datetime(1900, 1, 1)
LAST = datetime(2199, 12, 31, 23, 59, 59)


class InvalidMoment(ValueError):
    """The value that was given is no moment.

    :param value: what it was
    """

    def __init__(self, value: object) -> None:
        super().__init__(f"Not a moment: {value!r}")
        self.value = value


class MomentOutOfRange(InvalidMoment):
    """It is a moment, but before :data:`FIRST` or after :data:`LAST`."""


def parse(value: object) -> datetime | None:
    """Return a moment in naive UTC and whole seconds, or None where none is given.

    :param value: a datetime, a date (its midnight), or text in ISO 8601, with or without an
        offset: what has none is UTC; None, False and empty text are no moment
    :raise InvalidMoment: it is none of these
    :raise MomentOutOfRange: it is before :data:`FIRST` or after :data:`LAST`
    """
    if value is None or value is False or value == "":
        return None
    moment = exact(value).replace(microsecond=0)
    if not FIRST <= moment <= LAST:
        raise MomentOutOfRange(value)
    return moment


def exact(value: object) -> datetime:
    """Return a moment in naive UTC, of any year and with its microseconds; see :func:`parse`."""
    moment = _as_datetime(value)
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (OverflowError, ValueError) as error:
        raise MomentOutOfRange(value) from error
    return moment.replace(fold=0)


def _as_datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    try:
        # Bytes, streams and numbers would be taken, too.
        if not isinstance(value, str):
            raise InvalidMoment(value)
        return isoparse(value.strip())
    except InvalidMoment:
        raise
    except (ValueError, OverflowError) as error:
        raise InvalidMoment(value) from error
