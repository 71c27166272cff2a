"""Whether an integration type is written so that the hub can work with it.

Nothing here knows Odoo: a type is an object with attributes, beside the one that it inherits from.
What a type may set, and of which kind that is, is read off the latter.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from .schedule import CATCH_UPS, Schedule

# The method that every type must bring.
WORK = "run_from_to"
# What a schedule consists of; other fields of an integration can be set as well.
SCHEDULE_KEYS = ("interval_number", "interval_type", "time_of_day", "tz", "catch_up")
# Characters of what is quoted.
QUOTE_LENGTH = 80
# How alike two names are when one is probably meant to be the other: `relay` is not `delay`.
ALIKE = 0.82
# From this length on, the first words of a flag's name are taken for the whole of it.
ABBREVIATION = 6


class Fault(NamedTuple):
    """One thing that is wrong with a type, to be put into words for its reader.

    :param str kind: ``value``, ``misspelt``, ``taken``, ``covers``, ``missing``, ``lazy``,
        ``signature``, ``key``, ``raises`` or ``transient``
    :param str attribute: the name of the attribute, method or field
    :param str found: what it is, as code
    :param str expected: what is expected: a name, a signature, or a key of what is said of values
    """

    kind: str
    attribute: str
    found: str = ""
    expected: str = ""


class Type(NamedTuple):
    """An integration type, taken apart.

    :param model: an object of the type
    :param base: an object of the type that all inherit from
    :param dict own: ``{name: raw value}`` of what the type defines itself, but no fields
    :param dict shared: the same of the base
    :param dict fields: ``{name: Field}`` of all fields of the type
    :param frozenset reserved: names of fields that the hub gives to every integration
    :param str link: the name of the field that leads to the integration
    :param tuple texts: the classes that can be texts
    """

    model: Any
    base: Any
    own: dict
    shared: dict
    fields: dict
    reserved: frozenset
    link: str
    texts: tuple = (str,)


class Field(NamedTuple):
    """A field of a type.

    :param str kind: as code, such as ``fields.Char``
    :param str related: what it is only another name of, such as ``integration_id.name``, or ``""``
    """

    kind: str
    related: str = ""


def judge(type_):
    """Return what is wrong with a :class:`Type`, as a list of :class:`Fault`."""
    return [
        *_judge_flags(type_),
        *_judge_spelling(type_),
        *_judge_names(type_),
        *_judge_methods(type_),
    ]


def quote(value):
    """Return ``value`` as code, cut where it is long."""
    try:
        text = repr(value)
    except Exception:
        text = type(value).__name__
    return text if len(text) <= QUOTE_LENGTH else f"{text[: QUOTE_LENGTH - 1]}…"


def raises(attribute, error):
    """Return the :class:`Fault` of an attribute or method that raises ``error``."""
    return Fault("raises", attribute, quote(error))


# --- Flags ---


def flags(shared):
    """Return ``{name: default}`` of what a type can set in its class.

    :param dict shared: ``{name: raw value}`` of what the base of all types defines
    """
    return {name: value for name, value in shared.items() if _is_plain(name, value)}


def as_flag(value, default, texts=(str,)):
    """Return ``value`` as a flag of the same kind as ``default``.

    A number of seconds is as good as a ``timedelta``.

    :param tuple texts: the classes that can be texts
    :raise ValueError: it is of another kind
    """
    if isinstance(default, timedelta):
        return _as_delay(value)
    if isinstance(default, str):
        if value is None or value is False:
            return ""
        kinds = texts
    else:
        kinds = type(default)
    if isinstance(value, kinds):
        return value
    raise ValueError(f"{value!r} instead of something like {default!r}")


def read_flag(model, name, default, texts=(str,)):
    """Return the flag ``name`` of a type, or ``default`` where that cannot be used."""
    try:
        return as_flag(getattr(model, name), default, texts)
    except Exception:
        return default


def _as_delay(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            value = timedelta(seconds=value)
        except OverflowError as error:
            raise ValueError(str(error)) from error
    if isinstance(value, timedelta) and value >= timedelta(0):
        return value
    raise ValueError(f"{value!r} is no time to wait")


def _is_plain(name, value):
    """Return whether a raw attribute of a class is data: no method, property or field."""
    return not (name.startswith("_") or callable(value) or hasattr(value, "__get__"))


def _judge_flags(type_):
    for name, default in flags(type_.shared).items():
        expected = type(default).__name__
        if name in type_.fields:
            yield Fault("value", name, type_.fields[name].kind, expected)
            continue
        try:
            value = getattr(type_.model, name)
        except Exception as error:
            yield raises(name, error)
            continue
        try:
            as_flag(value, default, type_.texts)
        except ValueError:
            yield Fault("value", name, quote(value), expected)


def _judge_spelling(type_):
    known = flags(type_.shared)
    for name, value in type_.own.items():
        if name not in type_.shared and _is_plain(name, value):
            meant = _meant(name, value, known, type_.texts)
            if meant:
                yield Fault("misspelt", name, expected=meant)


def _meant(name, value, known, texts):
    """Return the flag that ``name`` is probably meant to be, or None.

    Only where ``value`` would be one for that flag: others may have names of their own.
    """
    for flag, default in known.items():
        if _is_alike(name.lower(), flag):
            try:
                as_flag(value, default, texts)
            except ValueError:
                continue
            return flag
    return None


def _is_alike(name, flag):
    is_short = len(name) >= ABBREVIATION and flag.startswith(name)
    is_swapped = sorted(name) == sorted(flag)
    return is_short or is_swapped or SequenceMatcher(None, name, flag).ratio() >= ALIKE


# --- Names ---


def _judge_names(type_):
    for name in type_.fields:
        is_of_integration = type_.fields[name].related == f"{type_.link}.{name}"
        # What is no field itself is laid over by the integration's.
        if name in type_.reserved and (name in type_.own or not is_of_integration):
            yield Fault("taken", name)
        elif name in type_.shared and name not in flags(type_.shared):
            yield Fault("covers", name, type_.fields[name].kind)


# --- Methods ---


def _judge_methods(type_):
    if WORK not in type_.own and WORK not in type_.fields:
        yield Fault("missing", WORK)
    for name in type_.own:
        if name in type_.shared and callable(getattr(type_.base, name, None)):
            yield from _judge_method(type_, name)


def _judge_method(type_, name):
    try:
        method = getattr(type_.model, name)
    except Exception as error:
        yield raises(name, error)
        return
    if not callable(method):
        yield Fault("value", name, quote(method), "method")
    elif _is_lazy(method):
        yield Fault("lazy", name)
    elif not _can_be_called_like(method, getattr(type_.base, name)):
        yield Fault("signature", name, _signature(method), _signature(getattr(type_.base, name)))


def _is_lazy(method):
    return (
        inspect.isgeneratorfunction(method)
        or inspect.iscoroutinefunction(method)
        or inspect.isasyncgenfunction(method)
    )


def _can_be_called_like(method, model):
    """Return whether ``method`` takes the arguments that ``model`` requires."""
    required = [
        parameter
        for parameter in inspect.signature(model).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        # What is written in C need not say what it takes; a method without self has none.
        return not inspect.ismethod(method)
    try:
        signature.bind(*required)
    except TypeError:
        return False
    return True


def _signature(method):
    try:
        return str(inspect.signature(method))
    except (TypeError, ValueError):
        return "(…)"


# --- What methods return ---


def is_unfinished(result):
    """Return whether a method has returned a promise to do its work instead of having done it.

    That is what generators, coroutines and their like are, and what ``map`` and ``filter`` return.
    """
    return isinstance(result, (Iterator, AsyncIterator, Awaitable))


def judge_schedule(values, allowed):
    """Return what is wrong with what ``_default_schedule`` has returned.

    :param values: that
    :param allowed: names of the fields of an integration that can be set
    :return: a list of :class:`Fault`
    """
    name = "_default_schedule"
    if not isinstance(values, Mapping):
        return [Fault("value", name, quote(values), "dict")]
    unknown = [Fault("key", name, quote(key)) for key in values if key not in allowed]
    return unknown + [
        Fault("value", name, quote({key: value}), key)
        for key, value in values.items()
        if key in SCHEDULE_KEYS and not _suits_schedule(key, value)
    ]


def _suits_schedule(key, value):
    if key == "catch_up":
        return value in CATCH_UPS
    usual = {"interval_number": 1, "interval_type": "days", "anchor": datetime(2000, 1, 1)}
    try:
        Schedule(**{**usual, key: value})
    except Exception:
        # Whatever is passed: comparing it may raise anything.
        return False
    return True
