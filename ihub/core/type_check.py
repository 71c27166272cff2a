"""The check of an integration type: is it written so that the hub can work with it?

Nothing here knows Odoo: a type is an object with attributes, beside the one that it inherits from.
What a type may set, and of which kind that is, is read off the latter.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from .items import is_place, takes_item
from .schedule import CATCH_UPS, Schedule
from .text import clip
from .webhook import Hmac, Webhook

# The method that every type must bring.
WORK = "run_from_to"
# The field that leads to the integration.
LINK = "integration_id"
# What a schedule consists of; other fields of an integration can be set as well.
SCHEDULE_KEYS = ("interval_number", "interval_type", "time_of_day", "tz", "catch_up")
# Characters of what is quoted.
QUOTE_LENGTH = 80
# How alike two names are when one is probably meant to be the other: `relay` is not `delay`.
ALIKE = 0.82
# From this length on, the first words of a flag's name are taken for the whole of it.
ABBREVIATION = 6


def overridable(method: Any) -> Any:
    """Mark a method of the base of all types as one that a type may have of its own."""
    method.is_overridable = True
    return method


class Fault(NamedTuple):
    """One thing that is wrong with a type, to be put into words for its reader.

    :param str kind: ``value``, ``misspelt``, ``taken``, ``covers``, ``replaces``, ``missing``,
        ``lazy``, ``signature``, ``key``, ``raises`` or ``transient``
    :param str attribute: the name of the attribute, method or field
    :param str found: what it is, as code
    :param str expected: what is expected: a name, a signature, or a key of what is said of values
    """

    kind: str
    attribute: str
    found: str = ""
    expected: str = ""


class Flags(dict[str, Any]):
    """The attributes that a type can set in its class, with their defaults.

    :param dict shared: ``{name: raw value}`` of what the base of all types defines
    :param tuple texts: the classes that can be texts
    """

    def __init__(self, shared: Mapping[str, Any], texts: tuple[type, ...] = (str,)) -> None:
        super().__init__({name: value for name, value in shared.items() if _is_plain(name, value)})
        self._texts = texts

    def value_of(self, model: object, name: str) -> Any:
        """Return the flag ``name`` of a type, or its default where that cannot be used."""
        try:
            return self.checked(name, getattr(model, name))
        except Exception:
            return self[name]

    def checked(self, name: str, value: Any) -> Any:
        """Return ``value`` as the flag ``name``; a number of seconds is as good as a delay.

        :raise ValueError, OverflowError: it is of another kind
        """
        default = self[name]
        if default is None:
            if value is not None and not isinstance(value, Webhook):
                raise ValueError(f"{value!r} is no Webhook")
            return value
        kinds = self._texts if isinstance(default, str) else type(default)
        if isinstance(default, str) and (value is None or value is False):
            return ""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if isinstance(default, timedelta) and is_number:
            value = timedelta(seconds=value)
        if not isinstance(value, kinds) or (isinstance(value, timedelta) and value < timedelta(0)):
            raise ValueError(f"{value!r} instead of something like {default!r}")
        return value

    def accepts(self, name: str, value: Any) -> bool:
        """Return whether ``value`` can be the flag ``name``."""
        try:
            self.checked(name, value)
        except (ValueError, OverflowError):
            return False
        return True


class Field(NamedTuple):
    """A field of a type.

    :param str kind: as code, such as ``fields.Char``
    :param str related: what it is only another name of, such as ``integration_id.name``, or ``""``
    """

    kind: str
    related: str = ""


class Type(NamedTuple):
    """An integration type, taken apart.

    :param model: an object of the type
    :param base: an object of the type that all inherit from
    :param dict own: ``{name: raw value}`` of what the type defines itself, but no fields
    :param dict shared: the same of the base
    :param Flags flags: those of the base
    :param dict fields: ``{name: Field}`` of all fields of the type
    :param frozenset reserved: names of fields that the hub gives to every integration
    :param frozenset internal: names of methods that the hub, and not Odoo, gives to every type
    """

    model: Any
    base: Any
    own: Mapping[str, Any]
    shared: Mapping[str, Any]
    flags: Flags
    fields: Mapping[str, Field]
    reserved: frozenset[str]
    internal: frozenset[str]


def judge(type_: Type) -> list[Fault]:
    """Return what is wrong with a type."""
    return [
        *_judge_flags(type_),
        *_judge_spelling(type_),
        *_judge_names(type_),
        *_judge_methods(type_),
        *_judge_webhook(type_),
    ]


def judge_schedule(values: Any, allowed: Collection[str]) -> list[Fault]:
    """Return what is wrong with what ``_default_schedule`` has returned.

    :param values: that
    :param allowed: names of the fields of an integration that can be set
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


def is_unfinished(result: Any) -> bool:
    """Return whether a method has returned a promise to do its work instead of having done it.

    That is what generators, coroutines and their like are, and what ``map`` and ``filter`` return.
    """
    return isinstance(result, (Iterator, AsyncIterator, Awaitable))


def quote(value: Any) -> str:
    """Return ``value`` as code, cut where it is long."""
    try:
        text = repr(value)
    except Exception:
        text = type(value).__name__
    return clip(text, QUOTE_LENGTH)


def raises(attribute: str, error: BaseException) -> Fault:
    """Return the :class:`Fault` of an attribute or method that raises ``error``."""
    return Fault("raises", attribute, quote(error))


def _is_plain(name: str, value: Any) -> bool:
    """Return whether a raw attribute of a class is data: no method, property or field."""
    return not (name.startswith("_") or callable(value) or hasattr(value, "__get__"))


def _judge_flags(type_: Type) -> Iterator[Fault]:
    for name, default in type_.flags.items():
        expected = type(default).__name__
        if name in type_.fields:
            yield Fault("value", name, type_.fields[name].kind, expected)
            continue
        try:
            value = getattr(type_.model, name)
        except Exception as error:
            yield raises(name, error)
            continue
        if not type_.flags.accepts(name, value):
            yield Fault("value", name, quote(value), expected)


def _judge_spelling(type_: Type) -> Iterator[Fault]:
    for name, value in type_.own.items():
        if name in type_.shared:
            continue
        if isinstance(value, Webhook) and "webhook" not in type_.own:
            yield Fault("misspelt", name, expected="webhook")
            continue
        if inspect.isfunction(value):
            # What it has by its right name, too, may have a helper of nearly the same.
            hooks = (each for each in _overridable(type_) if each not in type_.own)
            if meant := next((each for each in hooks if _is_like(name, each)), None):
                yield Fault("misspelt", name, expected=meant)
            continue
        if not _is_plain(name, value):
            continue
        for flag in type_.flags:
            # Others may have names of their own, for values of another kind.
            if _is_alike(name.lower(), flag) and type_.flags.accepts(flag, value):
                yield Fault("misspelt", name, expected=flag)
                break


def _is_alike(name: str, flag: str) -> bool:
    is_short = len(name) >= ABBREVIATION and flag.startswith(name)
    return is_short or _is_like(name, flag)


def _is_like(name: str, other: str) -> bool:
    is_swapped = sorted(name) == sorted(other)
    return is_swapped or SequenceMatcher(None, name, other).ratio() >= ALIKE


def _overridable(type_: Type) -> list[str]:
    """Return the names of the methods that a type may have of its own."""
    return [name for name, raw in type_.shared.items() if hasattr(raw, "is_overridable")]


def _judge_names(type_: Type) -> Iterator[Fault]:
    for name, field in type_.fields.items():
        is_of_integration = field.related == f"{LINK}.{name}"
        # What is no field itself is laid over by the integration's.
        if name in type_.reserved and (name in type_.own or not is_of_integration):
            yield Fault("taken", name)
        elif name in type_.shared and name not in type_.flags:
            yield Fault("covers", name, field.kind)


def _judge_webhook(type_: Type) -> Iterator[Fault]:
    webhook = getattr(type_.model, "webhook", None)
    if not isinstance(webhook, Webhook):
        return
    is_right = {
        "verify": isinstance(webhook.verify, Hmac),
        "handler": isinstance(webhook.handler, str)
        and takes_item(getattr(type_.model, webhook.handler, None)),
        "key": is_place(webhook.key),
        "name": webhook.name is None or is_place(webhook.name),
        "kind": isinstance(webhook.kind, str) and bool(webhook.kind),
        "version": webhook.version is None or is_place(webhook.version),
        "parse": callable(webhook.parse),
        "rate": type(webhook.rate) is int and webhook.rate > 0,
    }
    for name in (name for name, right in is_right.items() if not right):
        yield Fault(
            "value", "webhook", f"{name}={quote(getattr(webhook, name))}", f"webhook.{name}"
        )
    if is_right["verify"]:
        try:
            webhook.verify.validate()
        except Exception as error:
            yield raises("webhook", error)


def _needs_no_work(type_: Type) -> bool:
    """Return whether the type does nothing but take messages."""
    flags = [getattr(type_.model, name, True) for name in ("is_job", "is_manually_runnable")]
    return isinstance(getattr(type_.model, "webhook", None), Webhook) and not any(flags)


def _judge_methods(type_: Type) -> Iterator[Fault]:
    if WORK not in type_.own and WORK not in type_.fields and not _needs_no_work(type_):
        yield Fault("missing", WORK)
    for name in type_.own:
        if name not in type_.shared or not callable(model := getattr(type_.base, name, None)):
            continue
        if name in type_.internal and not _calls_super(type_.own[name]):
            yield Fault("replaces", name)
            continue
        try:
            method = getattr(type_.model, name)
        except Exception as error:
            yield raises(name, error)
            continue
        if not callable(method):
            yield Fault("value", name, quote(method), "method")
        elif _is_lazy(method):
            yield Fault("lazy", name)
        elif not _can_be_called_like(method, model):
            found, expected = (str(_signature(each) or "(…)") for each in (method, model))
            yield Fault("signature", name, found, expected)


def _calls_super(raw: Any) -> bool:
    """Return whether a method is meant to go on with the one of the same name above it."""
    code = getattr(inspect.unwrap(raw), "__code__", None) if callable(raw) else None
    return code is not None and "super" in code.co_names


def _is_lazy(method: Any) -> bool:
    return (
        inspect.isgeneratorfunction(method)
        or inspect.iscoroutinefunction(method)
        or inspect.isasyncgenfunction(method)
    )


def _can_be_called_like(method: Any, model: Any) -> bool:
    """Return whether ``method`` takes the arguments that ``model`` requires."""
    signature = _signature(method)
    if signature is None:
        # What is written in C need not say what it takes; a method without self has none.
        return not inspect.ismethod(method)
    required = [
        parameter
        for parameter in inspect.signature(model).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    try:
        signature.bind(*required)
    except TypeError:
        return False
    return True


def _signature(method: Any) -> inspect.Signature | None:
    """Return what ``method`` takes, without types; None where that is not known."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return None
    plain = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return signature.replace(parameters=plain, return_annotation=signature.empty)


def _suits_schedule(key: str, value: Any) -> bool:
    if key == "catch_up":
        return value in CATCH_UPS
    usual = {"interval_number": 1, "interval_type": "days", "anchor": datetime(2000, 1, 1)}
    try:
        Schedule(**{**usual, key: value})
    except Exception:
        # Whatever is passed: comparing it may raise anything.
        return False
    return True
