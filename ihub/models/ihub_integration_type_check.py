import logging
from contextlib import suppress

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools import ormcache
from odoo.tools.translate import LazyGettext

from ..core import type_check
from ..core.schedule import CATCH_UPS, INTERVAL_TYPES
from ..engine.exceptions import IntegrationError

_logger = logging.getLogger(__name__)

BASE = "ihub.abstract_integration"
LINK = "integration_id"
TEXTS = (str, LazyGettext)
# The methods by which a type tells something of itself, and what that must be.
TELLS = {"_type_title": str, "_type_description": str}


class IhubIntegration(models.Model):
    """Whether a type can be used: judged once, when the registry is set up.

    A type that is wrong says so in the server's log and on the cards of its integrations, which
    cannot run. Whatever it contains, nothing of it reaches another type.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # ``{model name: list of Fault}``. Each registry's class has its own: see `_register_hook`.
    _type_faults = {}

    def _register_hook(self):
        super()._register_hook()
        names = self._type_names()
        self.env.registry[self._name]._type_faults = {
            name: self._judge_type(name) for name in names
        }
        for name in names:
            if text := self._type_fault_text(name):
                _logger.error("%s", text)
        if self.pool.updated_modules:
            # Only now all access rules are there that the addons bring.
            for name in names:
                self._grant_access_to_type(name)

    @api.model
    def _faults_of_type(self, name):
        """Return what is wrong with the installed type ``name``, as a list of ``Fault``."""
        faults = self._type_faults.get(name)
        # While the registry is being set up, nothing is judged yet.
        return self._judge_type(name) if faults is None else faults

    @api.model
    def _check_type(self, name):
        """Refuse the type ``name`` if it is wrong.

        :raise UserError: in words for its developer
        """
        if text := self._type_fault_text(name):
            raise UserError(text)

    @api.model
    def _type_flag(self, model, name):
        """Return a flag of a type, such as ``is_job``: the default where that is wrong.

        :param model: the empty recordset of the type
        """
        return type_check.read_flag(model, name, self._flag_defaults()[name], TEXTS)

    @api.model
    @ormcache()
    def _flag_defaults(self):
        """Return ``{name: default}`` of the flags of types. Not to be changed."""
        return type_check.flags(self._shared_by_types())

    # --- Judging ---

    @api.model
    def _judge_type(self, name):
        model = self._type_model(name)
        if model is None:
            return []
        try:
            faults = type_check.judge(self._taken_apart(model))
        except Exception as error:
            _logger.exception("The integration type %s could not be checked.", name)
            faults = [type_check.raises("class", error)]
        if model._transient:
            faults.append(type_check.Fault("transient", "class"))
        return faults + self._judge_what_it_tells(model)

    def _judge_what_it_tells(self, model):
        """Call what is called for lists and dialogs, where it would reach the others."""
        faults = []
        for method, kind in TELLS.items():
            value, fault = self._call_type(model, method)
            if fault:
                faults.append(fault)
            elif not isinstance(value, kind):
                quoted = type_check.quote(value)
                faults.append(type_check.Fault("value", method, quoted, kind.__name__))
        schedule, fault = self._call_type(model, "_default_schedule")
        if fault:
            return [*faults, fault]
        return [*faults, *type_check.judge_schedule(schedule, self._settable_fields())]

    def _call_type(self, model, method):
        """Call a method of a type; return what it returned, and the ``Fault`` if it raised."""
        try:
            with self.env.cr.savepoint(flush=False):
                return getattr(model, method)(), None
        except Exception as error:
            return None, type_check.raises(method, error)

    @api.model
    def _told_by(self, model, method):
        """Return what a type says of itself, or None where it is known not to.

        :param model: the empty recordset of the type
        :param str method: one of :data:`TELLS`
        """
        if any(fault.attribute == method for fault in self._faults_of_type(model._name)):
            return None
        try:
            told = getattr(model, method)()
        except Exception:
            # Asked for lists of all types: those need not suffer.
            _logger.exception("%s of the integration type %s failed.", method, model._name)
            return None
        return told if isinstance(told, TELLS[method]) else None

    def _taken_apart(self, model):
        base = self.env[BASE]
        return type_check.Type(
            model=model,
            base=base,
            own=self._defined_between(type(model), type(base)),
            shared=self._shared_by_types(),
            fields={
                name: type_check.Field(f"fields.{type(field).__name__}", field.related or "")
                for name, field in model._fields.items()
            },
            reserved=self._reserved_names(),
            link=LINK,
            texts=TEXTS,
        )

    @api.model
    def _shared_by_types(self):
        """Return ``{name: raw value}`` of what the base of all types defines for them."""
        return self._defined_between(self.pool[BASE], self.pool["base"])

    def _defined_between(self, model_class, above):
        """Return ``{name: raw value}`` of what classes of addons define below ``above``."""
        inherited = set(above.mro())
        defined = {}
        for cls in reversed(model_class.mro()):
            # Classes of the registry bear the fields of their model, and what Odoo notes there.
            if cls not in inherited and getattr(cls, "pool", None) is None:
                defined.update(vars(cls))
        return {k: v for k, v in defined.items() if not isinstance(v, fields.Field)}

    @api.model
    def _reserved_names(self):
        """Return the names of the fields that the hub itself gives to every integration."""
        return frozenset(
            name
            for name, field in self._fields.items()
            # What every model has, every type has for itself.
            if "ihub" in field._modules and name not in models.MAGIC_COLUMNS
        )

    def _settable_fields(self):
        return {name for name, field in self._fields.items() if not field.readonly}

    # --- Words ---

    @api.model
    def _type_fault_text(self, name):
        """Return what is wrong with the type ``name`` and who mends it, or an empty string."""
        faults = self._faults_of_type(name)
        if not faults:
            return ""
        return self.env._(
            "The integration type %(type)s cannot be used. %(faults)s "
            "Its developer must correct that.",
            type=name,
            faults=" ".join(self._fault_text(fault) for fault in faults),
        )

    def _fault_text(self, fault):
        words = {**fault._asdict(), "expected": self._expected_text(fault)}
        match fault.kind:
            case "value":
                return self.env._("%(attribute)s is %(found)s, expected is %(expected)s.", **words)
            case "misspelt":
                return self.env._(
                    "%(attribute)s is unknown; %(expected)s is probably meant.", **words
                )
            case "taken":
                return self.env._(
                    "%(attribute)s is the name of a field that every integration has; the type's "
                    "own one needs another name.",
                    **words,
                )
            case "covers":
                return self.env._(
                    "The field %(attribute)s bears the name of a method that every type has; it "
                    "needs another name.",
                    **words,
                )
            case "key":
                return self.env._(
                    "%(attribute)s() returns %(found)s, which is no setting of an integration.",
                    **words,
                )
            case "raises":
                return self.env._("%(attribute)s fails with %(found)s.", **words)
            case "transient":
                return self.env._("It is a TransientModel, expected is a Model.")
        return self._method_fault_text(fault.kind, words)

    def _method_fault_text(self, kind, words):
        match kind:
            case "missing":
                return self.env._(
                    "It has no method %(attribute)s(_from, _to), which does the work.", **words
                )
            case "lazy":
                return self.env._(
                    "%(attribute)s() contains 'yield' or is 'async', so that nothing of it would "
                    "be executed; expected is a plain method.",
                    **words,
                )
        return self.env._(
            "%(attribute)s%(found)s cannot be called as %(attribute)s%(expected)s.", **words
        )

    def _expected_text(self, fault):
        if fault.kind != "value":
            return fault.expected
        expected = {
            "bool": self.env._("True or False"),
            "timedelta": self.env._("a timedelta or a number of seconds, not negative"),
            "str": self.env._("a text"),
            "method": self.env._("a method"),
            "dict": self.env._("a dictionary"),
            "interval_number": self.env._("a whole number, at least 1"),
            "interval_type": ", ".join(INTERVAL_TYPES),
            "time_of_day": self.env._("hours from 0 to below 24, such as 17.5"),
            "tz": self.env._("a time zone, such as Europe/Berlin"),
            "catch_up": ", ".join(CATCH_UPS),
        }
        return expected.get(fault.expected, fault.expected)

    # --- What types return ---

    def _check_work_is_done(self, result):
        """Refuse what ``run_from_to`` has returned if that only promises to do the work.

        :raise IntegrationError: in words for the operator
        """
        if not type_check.is_unfinished(result):
            return
        with suppress(Exception):
            # Else Python complains later, elsewhere, that it was never awaited.
            result.close()
        raise IntegrationError(
            self.env._(
                "run_from_to() of %(type)s has returned a %(kind)s instead of doing its work, so "
                "nothing is taken for done. The developer of the type must correct that.",
                type=self.integration_type,
                kind=type(result).__name__,
            )
        )

    def _action_of_type(self, record):
        """Return the action that the type's ``open_settings`` returns.

        :param record: the type's row
        :raise UserError: the type's code fails, or returns something else
        """
        try:
            action = record.open_settings()
        except (UserError, RedirectWarning, psycopg2.Error):
            # Meant for people, or for Odoo, which tries again.
            raise
        except Exception as error:
            _logger.exception("open_settings of %s failed.", record)
            raise UserError(
                self.env._(
                    "The settings of %(name)s cannot be opened: %(error)s. The developer of its "
                    "type must correct open_settings().",
                    name=self.name,
                    error=type_check.quote(error),
                )
            ) from error
        if isinstance(action, dict) and action.get("type"):
            return action
        raise UserError(
            self.env._(
                "The settings of %(name)s cannot be opened: open_settings() of its type returns "
                "%(found)s instead of an action. Its developer must correct that.",
                name=self.name,
                found=type_check.quote(action),
            )
        )
