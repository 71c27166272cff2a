"""Checks of what people and programs enter, before the database sees it.

It would answer in words of its own, or break a page later.
"""

import math

from odoo.exceptions import ValidationError

from ..core.moments import FIRST, LAST, InvalidMoment, MomentOutOfRange, parse
from ..core.text import clean, clip

# What a column of whole numbers can hold.
_LARGEST = 2**31 - 1
# So much of a value is quoted.
_QUOTED = 60


def checked(model, vals):
    """Return ``vals`` with its moments in naive UTC.

    :param model: the recordset that they are written to
    :param dict vals: as for ``write``
    :raise ValidationError: a number cannot be stored, or what should be a moment is none
    """
    return {name: _checked(model.env, model._fields.get(name), vals[name]) for name in vals}


def _checked(env, field, value):
    kind = field.type if field else None
    if kind == "datetime":
        return moment(env, value) or False
    if kind in ("integer", "float", "monetary") and not _is_storable(kind, value):
        raise ValidationError(
            env._(
                "%(value)s cannot be stored as '%(field)s'. Enter a number of normal size.",
                value=_quoted(value),
                field=field._description_string(env),
            )
        )
    return value


def _is_storable(kind, value):
    try:
        if kind == "integer":
            return abs(int(value or 0)) <= _LARGEST
        return math.isfinite(float(value or 0))
    except (TypeError, ValueError, OverflowError):
        return False


def moment(env, value):
    """Return a moment that somebody has given as naive UTC, or None where none is given.

    :param value: see :func:`moments.parse`
    :raise ValidationError: it is none, or before 1900 or after 2199, in words that help
    """
    try:
        return parse(value)
    except MomentOutOfRange as error:
        text = env._(
            "%(value)s is out of range. Choose a date between the years %(first)s and %(last)s.",
            value=_quoted(value),
            first=FIRST.year,
            last=LAST.year,
        )
        raise ValidationError(text) from error
    except InvalidMoment as error:
        text = env._(
            "%(value)s is not a date and time. Write it as 2026-05-01 08:00:00 in UTC, or with "
            "its offset as 2026-05-01T10:00:00+02:00.",
            value=_quoted(value),
        )
        raise ValidationError(text) from error


def _quoted(value):
    """Return the beginning of a value as a text that every answer can carry."""
    return clean(clip(str(value), _QUOTED))
