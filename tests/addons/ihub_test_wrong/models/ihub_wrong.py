"""One type for each way of being wrong, and what is to be said of it."""

from datetime import timedelta

from odoo import fields, models

WRONG = {}


def wrong(name, words, /, **attributes):
    """Define the model ``ihub.wrong.<name>``, of which ``words`` are to be said."""
    model = f"ihub.wrong.{name}"
    WRONG[model] = words
    attributes = {"run_from_to": lambda self, _from, _to: None, **attributes}
    type(
        f"IhubWrong{name.title()}",
        (models.Model,),
        {
            "__module__": __name__,
            "_name": model,
            "_inherit": "ihub.abstract_integration",
            "_description": f"Wrong: {name}",
            **{key: value for key, value in attributes.items() if value is not ...},
        },
    )


def generator(self, _from, _to):
    yield self.write({})


async def coroutine(self, _from, _to):
    pass


def divide(self):
    return 1 / 0


# Attributes.
wrong("flag", "is_job is 'no'; expected True or False.", is_job="no")
wrong("delay", "delay is 'soon'; expected a timedelta or a number of seconds", delay="soon")
wrong("negative", "delay is datetime.timedelta(days=-1)", delay=timedelta(days=-1))
wrong("text", "description is 5; expected a string.", description=5)
wrong("misspelt", "is_jobb is unknown. Did you mean is_job?", is_jobb=False)
wrong("plain", "state is the name of a field that every integration has", state="new")
# Fields.
wrong("field", "delay is fields.Integer; expected a timedelta", delay=fields.Integer())
wrong("boolean", "is_singleton is fields.Boolean", is_singleton=fields.Boolean())
wrong("covers", "The field fail has the same name as a method", fail=fields.Boolean())
wrong("name", "name is the name of a field that every", name=fields.Char(required=True))
wrong("state", "state is the name of a field", state=fields.Selection([("x", "X")], default="x"))
wrong("tz", "tz is the name of a field", tz=fields.Char())
wrong("company", "company_id is the name of a field", company_id=fields.Many2one("res.company"))
wrong("number", "interval_number is the name of a field", interval_number=fields.Char())
# Methods.
wrong("missing", "It has no method run_from_to(_from, _to)", run_from_to=...)
wrong("none", "run_from_to is None; expected a method.", run_from_to=None)
wrong("generator", "run_from_to() contains 'yield' or is 'async'", run_from_to=generator)
wrong("coroutine", "run_from_to() contains 'yield' or is 'async'", run_from_to=coroutine)
wrong(
    "signature",
    "run_from_to() cannot be called as run_from_to(_from, _to).",
    run_from_to=lambda self: None,
)
wrong(
    "method",
    "check_conection is unknown. Did you mean check_connection?",
    check_conection=lambda self: None,
)
wrong("replaces", "_checked() has the same name as a method", _checked=lambda self, order: True)
wrong("title", "_type_title fails with ZeroDivisionError", _type_title=divide)
wrong("told", "_type_description fails with ZeroDivisionError", _type_description=divide)
wrong("schedule", "_default_schedule fails with ZeroDivisionError", _default_schedule=divide)
wrong(
    "key",
    "_default_schedule() returns 'interval', which is not a setting",
    _default_schedule=lambda self: {"interval": 5},
)
wrong(
    "kind",
    "_default_schedule is {'interval_type': 'day'}; expected minutes, hours",
    _default_schedule=lambda self: {"interval_type": "day"},
)
