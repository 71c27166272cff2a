"""What is found wrong with an integration type, by its attributes alone."""

import functools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pure_ihub.core import type_check
from pure_ihub.core.type_check import (
    Fault,
    Field,
    Flags,
    Type,
    judge,
    judge_schedule,
    overridable,
)
from pure_ihub.core.webhook import Hmac, StandardWebhooks, Webhook

FIELDS = {
    "id": Field("fields.Id"),
    "integration_id": Field("fields.Many2one"),
    "name": Field("fields.Char", "integration_id.name"),
    "state": Field("fields.Selection", "integration_id.state"),
}
RESERVED = frozenset({"name", "state"})
SOUND = Webhook(verify=Hmac(), handler="run_from_to", key="id")


class Base:
    is_job = True
    is_manually_runnable = True
    has_time_period = True
    is_multi_company_compatible = False
    is_singleton = False
    delay = timedelta(0)
    description = ""
    _private = 5

    @overridable
    def run_from_to(self, _from, _to):
        raise NotImplementedError

    @overridable
    def open_settings(self):
        return {}

    @overridable
    def check_connection(self):
        return None

    @overridable
    def _default_schedule(self):
        return {}

    def _checked(self, values):
        return values

    def fail(self, reason=None):
        pass


FLAGS = Flags(vars(Base))


def faults(fields=(), **attributes):
    """Judge a type that defines ``attributes`` beside a method that works, and ``fields``."""
    attributes = {"run_from_to": lambda self, _from, _to: None, **attributes}
    kind = type("Shop", (Base,), attributes)
    return judge(
        Type(
            model=kind(),
            base=Base(),
            own={name: vars(kind)[name] for name in attributes},
            shared=dict(vars(Base)),
            flags=FLAGS,
            fields={**FIELDS, **dict(fields)},
            reserved=RESERVED,
            internal=frozenset({"_checked", "fail"}),
        )
    )


def test_a_sound_type_has_no_fault():
    assert not faults(
        is_job=False,
        delay=timedelta(minutes=5),
        description="<p>Orders</p>",
        fields={"address": Field("fields.Char")},
    )


def test_the_flags_are_those_of_the_base():
    assert set(FLAGS) == {
        "is_job",
        "is_manually_runnable",
        "has_time_period",
        "is_multi_company_compatible",
        "is_singleton",
        "delay",
        "description",
    }


# --- Flags ---


@pytest.mark.parametrize("value", ["no", "", None, 2, 0, [], timedelta(1)])
@pytest.mark.parametrize("name", ["is_job", "has_time_period", "is_singleton"])
def test_a_flag_is_true_or_false(name, value):
    assert faults(**{name: value}) == [Fault("value", name, repr(value), "bool")]


@pytest.mark.parametrize(
    "value",
    [
        *("10", None, True, Decimal(3), [], timedelta(seconds=-1), -1, -0.5),
        *(float("nan"), float("inf"), 10**30),
    ],
)
def test_a_delay_is_a_time_to_wait(value):
    (fault,) = faults(delay=value)
    assert (fault.kind, fault.attribute, fault.expected) == ("value", "delay", "timedelta")


@pytest.mark.parametrize(
    ("value", "delay"),
    [(10, timedelta(seconds=10)), (0.5, timedelta(milliseconds=500)), (0, timedelta(0))],
)
def test_a_number_as_delay_is_seconds(value, delay):
    assert not faults(delay=value)
    assert FLAGS.checked("delay", value) == delay


def test_a_description_is_text():
    assert faults(description=5) == [Fault("value", "description", "5", "str")]
    assert not faults(description=None)


def test_a_flag_that_is_a_field_is_named_as_one():
    found = faults(fields={"delay": Field("fields.Integer"), "is_job": Field("fields.Boolean")})
    assert found == [
        Fault("value", "is_job", "fields.Boolean", "bool"),
        Fault("value", "delay", "fields.Integer", "timedelta"),
    ]


def test_a_flag_may_be_computed_and_one_that_raises_is_a_fault():
    assert not faults(is_job=property(lambda self: False))
    (fault,) = faults(is_job=property(lambda self: 1 / 0))
    assert (fault.kind, fault.attribute) == ("raises", "is_job")
    assert "ZeroDivisionError" in fault.found


def test_a_value_that_cannot_be_printed_is_a_fault_all_the_same():
    class Rude:
        def __repr__(self):
            raise ValueError

    assert faults(is_job=Rude()) == [Fault("value", "is_job", "Rude", "bool")]


def test_what_is_quoted_is_short():
    (fault,) = faults(is_job="x" * 100_000)
    assert len(fault.found) == type_check.QUOTE_LENGTH


def test_a_flag_that_cannot_be_used_is_read_as_the_base_s():
    kind = type("Shop", (Base,), {"is_job": "no", "delay": property(lambda self: 1 / 0)})
    assert FLAGS.value_of(kind(), "is_job") is True
    assert FLAGS.value_of(kind(), "delay") == timedelta(0)


# --- Spelling ---


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("is_jobb", False, "is_job"),
        ("is_jop", False, "is_job"),
        ("isjob", False, "is_job"),
        ("IS_JOB", False, "is_job"),
        ("has_time_periods", False, "has_time_period"),
        ("has_timeperiod", False, "has_time_period"),
        ("is_manualy_runnable", False, "is_manually_runnable"),
        ("is_multi_company", True, "is_multi_company_compatible"),
        ("is_singelton", True, "is_singleton"),
        ("singleton", True, "is_singleton"),
        ("delays", 10, "delay"),
        ("dealy", timedelta(1), "delay"),
        ("desciption", "<p>Orders</p>", "description"),
    ],
)
def test_a_misspelt_flag_is_found(name, value, meant):
    assert faults(**{name: value}) == [Fault("misspelt", name, expected=meant)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("is_test", True), ("is_outbound", True), ("has_header", True), ("is_customer", False)),
        *(("has_time_zone", True), ("relay", 5), ("display", "x"), ("timeout", 30)),
        *(("delay_max", timedelta(1)), ("description_html", "x"), ("page_size", 100)),
        *(("is_jobless", True), ("_is_jobb", True), ("delays", {"a": 1}), ("is_jobs", [1])),
    ],
)
def test_names_of_a_type_s_own_are_no_misspelt_flags(name, value):
    assert not faults(**{name: value})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("check_conection", "check_connection"),
        ("_check_connection", "check_connection"),
        ("default_schedule", "_default_schedule"),
        ("open_setings", "open_settings"),
    ],
)
def test_a_misspelt_method_is_found(name, meant):
    assert faults(**{name: lambda self: None}) == [Fault("misspelt", name, expected=meant)]
    # A helper of what is there is none.
    assert not faults(**{name: lambda self: None, meant: lambda self: {}})


def test_a_misspelt_run_from_to_is_named_beside_the_missing_one():
    own = {"run_fromto": lambda self, _from, _to: None}
    type_ = Type(Base(), Base(), own, dict(vars(Base)), FLAGS, FIELDS, RESERVED, frozenset())
    assert judge(type_) == [
        Fault("misspelt", "run_fromto", expected="run_from_to"),
        Fault("missing", "run_from_to"),
    ]


@pytest.mark.parametrize(
    "name", ["_default", "_settings", "_check", "test", "_open", "_connection", "_check_order"]
)
def test_names_of_helpers_are_no_misspelt_methods(name):
    assert not faults(**{name: lambda self: None})


def test_a_webhook_is_called_webhook():
    assert faults(web_hook=SOUND) == [Fault("misspelt", "web_hook", expected="webhook")]
    assert faults(orders=SOUND) == [Fault("misspelt", "orders", expected="webhook")]
    assert not faults(orders=SOUND, webhook=SOUND)


# --- Names ---


@pytest.mark.parametrize("related", ["", "partner_id.name", "integration_id.state"])
def test_an_own_field_cannot_be_called_like_one_of_every_integration(related):
    assert faults(fields={"name": Field("fields.Char", related)}) == [Fault("taken", "name")]


def test_a_field_that_shows_the_integration_s_may_have_its_name():
    assert not faults(fields={"name": Field("fields.Char", "integration_id.name")})


@pytest.mark.parametrize("value", ["Shop", property(lambda self: 1), lambda self: 1])
def test_an_own_attribute_or_method_would_be_laid_over_by_the_field(value):
    assert faults(state=value) == [Fault("taken", "state")]


@pytest.mark.parametrize("name", ["fail", "run_from_to", "open_settings"])
def test_a_field_cannot_be_called_like_a_method_of_the_base(name):
    fault = Fault("covers", name, "fields.Boolean")
    assert fault in faults(fields={name: Field("fields.Boolean")})


# --- Webhooks ---


def test_a_sound_webhook_has_no_fault():
    assert not faults(webhook=SOUND)
    places = {"key": lambda data: 7, "name": "customer.name", "version": "at"}
    assert not faults(webhook=replace(SOUND, verify=StandardWebhooks(), rate=1, **places))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("verify", value) for value in (None, Hmac, StandardWebhooks, "sha256")),
        *(("handler", value) for value in (None, "", "nothing", "is_job", lambda self: None)),
        *(("handler", value) for value in ("_checked", "check_connection")),
        *(("key", value) for value in (None, "", 0, ["id"])),
        *(("name", value) for value in ("", 0, ["name"])),
        *(("version", value) for value in ("", 0, ["at"])),
        *(("kind", value) for value in (None, "", 5)),
        *(("parse", value) for value in (None, "json")),
        *(("rate", value) for value in (None, "5/s", 0, -1, 1.5, True)),
    ],
)
def test_a_webhook_that_nothing_could_be_done_with_is_a_fault(name, value):
    (fault,) = faults(webhook=replace(SOUND, **{name: value}))
    assert (fault.kind, fault.attribute) == ("value", "webhook")
    assert fault.found.startswith(f"{name}=")
    assert fault.expected == f"webhook.{name}"


def test_a_signature_that_protects_nothing_is_a_fault_of_its_type_alone():
    (fault,) = faults(webhook=replace(SOUND, verify=Hmac(signed="{id}.{Body}", id="X-Id")))
    assert (fault.kind, fault.attribute) == ("raises", "webhook")
    assert "{Body} is none of" in fault.found


# --- Methods ---


def test_run_from_to_must_be_there():
    type_ = Type(Base(), Base(), {}, dict(vars(Base)), FLAGS, FIELDS, RESERVED, frozenset())
    assert judge(type_) == [Fault("missing", "run_from_to")]


def generator(self, _from, _to):
    yield


async def coroutine(self, _from, _to):
    pass


async def async_generator(self, _from, _to):
    yield


@pytest.mark.parametrize(
    "method",
    [
        *(generator, coroutine, async_generator, lambda self, _from, _to: (yield)),
        *(staticmethod(lambda _from, _to: (yield)), functools.partialmethod(generator)),
    ],
)
def test_a_method_that_does_nothing_when_it_is_called_is_a_fault(method):
    assert faults(run_from_to=method) == [Fault("lazy", "run_from_to")]


def test_a_decorator_that_does_the_work_of_a_generator_is_none():
    @functools.wraps(generator)
    def exhausted(self, _from, _to):
        list(generator(self, _from, _to))

    assert not faults(run_from_to=exhausted)


@pytest.mark.parametrize("value", [None, "run", 5])
def test_a_method_that_is_none_is_a_fault(value):
    assert faults(run_from_to=value) == [Fault("value", "run_from_to", repr(value), "method")]


@pytest.mark.parametrize(
    "method",
    [
        *(lambda self: None, lambda self, _from: None, lambda self, a, b, c: None),
        *(lambda self, a, b, *, mode: None, lambda: None),
    ],
)
def test_a_method_that_cannot_be_called_as_the_hub_does_is_a_fault(method):
    (fault,) = faults(run_from_to=method)
    assert (fault.kind, fault.expected) == ("signature", "(_from, _to)")


@pytest.mark.parametrize(
    "method",
    [
        *(lambda self, start, end: None, lambda self, *args: None),
        *(lambda self, a, b, c=1, **more: None, staticmethod(lambda a, b: None)),
        *(functools.partial(print, "x"), functools.partialmethod(lambda self, x, a, b: None, 1)),
    ],
)
def test_a_method_may_take_more_or_name_it_otherwise(method):
    assert not faults(run_from_to=method)


@pytest.mark.parametrize("name", ["_checked", "fail"])
def test_a_helper_must_not_replace_a_method_of_the_hub(name):
    assert faults(**{name: lambda self, order=None: True}) == [Fault("replaces", name)]


def test_what_goes_on_with_the_hub_s_method_may_be_in_front_of_it():
    class Mixin(Base):
        def _checked(self, values):
            return super()._checked({**values, "tz": "UTC"})

    assert not faults(_checked=Mixin._checked)


def test_other_methods_are_checked_as_well():
    (fault,) = faults(open_settings=lambda self, view: None)
    assert (fault.kind, fault.attribute) == ("signature", "open_settings")


# --- What methods return ---


async def nothing():
    pass


def test_what_only_promises_to_do_the_work_is_told_from_results():
    promises = [nothing(), (x for x in ()), map(str, ()), async_generator(None, 1, 2), iter([])]
    assert all(map(type_check.is_unfinished, promises))
    promises[0].close()
    results = [None, True, 5, "text", [1], {}, (1, 2), range(3), object(), open]
    assert not any(map(type_check.is_unfinished, results))


ALLOWED = {*type_check.SCHEDULE_KEYS, "retry_limit"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"interval_number": 15, "interval_type": "minutes"},
        {"interval_type": "days", "time_of_day": 2.5, "tz": "Europe/Berlin", "catch_up": "each"},
        {"retry_limit": 7},
    ],
)
def test_a_sound_schedule_has_no_fault(values):
    assert not judge_schedule(values, ALLOWED)


@pytest.mark.parametrize("values", [None, [], "daily", ("interval_type", "days")])
def test_a_schedule_is_a_dictionary(values):
    assert judge_schedule(values, ALLOWED) == [
        Fault("value", "_default_schedule", repr(values), "dict")
    ]


@pytest.mark.parametrize("key", ["interval", "Interval_Type", "state", 5, None, ("tz",)])
def test_an_unknown_setting_is_a_fault(key):
    assert judge_schedule({key: 1}, ALLOWED) == [Fault("key", "_default_schedule", repr(key))]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("interval_number", value) for value in (0, -1, "1", 1.5, None, True)),
        *(("interval_type", value) for value in ("day", "years", None, 5, [])),
        *(("time_of_day", value) for value in (24, -1, "17:00", timedelta(hours=1))),
        *(("tz", value) for value in ("Mars/Olympus", "", 5, [])),
        *(("catch_up", value) for value in ("all", None, [])),
    ],
)
def test_a_setting_of_the_wrong_kind_is_a_fault(key, value):
    (fault,) = judge_schedule({key: value}, ALLOWED)
    assert (fault.kind, fault.found, fault.expected) == ("value", repr({key: value}), key)
