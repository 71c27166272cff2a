import logging
from contextlib import suppress

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tools import SQL, LazyTranslate, ormcache
from odoo.tools.translate import LazyGettext

from ..core import type_check
from ..core.schedule import CATCH_UPS, INTERVAL_TYPES
from ..core.type_check import LINK, Fault
from ..engine.context import current_run
from ..engine.exceptions import IntegrationError
from ..engine.odoo_internals import is_healthy
from ..report.actions import dialog
from .ihub_fields import Secret

_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)

BASE = "ihub.abstract_integration"
TEXTS = (str, LazyGettext)
# What the hub's groups may do with the rows of a type.
PERMISSIONS = ("perm_read", "perm_write", "perm_create", "perm_unlink")
TYPE_ACCESS = {"ihub.group_user": ("perm_read",), "ihub.group_manager": PERMISSIONS}

# What is said of each kind of fault, and what is expected where a value is wrong.
FAULTS = {
    "value": _lt("%(attribute)s is %(found)s; expected %(expected)s."),
    "misspelt": _lt("%(attribute)s is unknown. Did you mean %(expected)s?"),
    "taken": _lt(
        "%(attribute)s is the name of a field that every integration has. Give the type's own "
        "field another name."
    ),
    "covers": _lt(
        "The field %(attribute)s has the same name as a method that every type has. Give it "
        "another name."
    ),
    "replaces": _lt(
        "%(attribute)s() has the same name as a method of the hub, which would no longer work. "
        "Give it another name."
    ),
    "key": _lt("%(attribute)s() returns %(found)s, which is not a setting of an integration."),
    "raises": _lt("%(attribute)s fails with %(found)s."),
    "transient": _lt("It is a TransientModel; expected a Model."),
    "missing": _lt("It has no method %(attribute)s(_from, _to), which does the work."),
    "lazy": _lt(
        "%(attribute)s() contains 'yield' or is 'async', so none of it would be executed. Use a "
        "plain method."
    ),
    "signature": _lt("%(attribute)s%(found)s cannot be called as %(attribute)s%(expected)s."),
}
EXPECTED = {
    "bool": _lt("True or False"),
    "timedelta": _lt("a timedelta or a number of seconds, not negative"),
    "str": _lt("a string"),
    "method": _lt("a method"),
    "dict": _lt("a dictionary"),
    "NoneType": _lt("a Webhook(…), or None"),
    "webhook.verify": _lt("a signature such as StandardWebhooks()"),
    "webhook.handler": _lt("the name of one of its methods, which takes data and item"),
    "webhook.key": _lt("a field, a path or a function"),
    "webhook.name": _lt("a field, a path, a function or None"),
    "webhook.kind": _lt("a text such as order"),
    "webhook.version": _lt("a field, a path, a function or None"),
    "webhook.parse": _lt("a function"),
    "webhook.rate": _lt("a whole number, at least 1"),
    "interval_number": _lt("a whole number, at least 1"),
    "time_of_day": _lt("hours from 0 to below 24, such as 17.5"),
    "tz": _lt("a time zone, such as Europe/Berlin"),
    "interval_type": ", ".join(INTERVAL_TYPES),
    "catch_up": ", ".join(CATCH_UPS),
}


class IhubTypeMixin(models.AbstractModel):
    """The type of an integration: its name, flags and settings, and what is wrong with it."""

    _name = "ihub.type.mixin"
    _description = "Type of an Integration"

    type_name = fields.Char(compute="_compute_type_name")
    type_description = fields.Html(compute="_compute_type_description", sanitize=True)
    type_is_missing = fields.Boolean(compute="_compute_type")
    runs_on_schedule = fields.Boolean(compute="_compute_type")
    needs_company = fields.Boolean(compute="_compute_type")
    takes_period = fields.Boolean(compute="_compute_type")
    runs_manually = fields.Boolean(compute="_compute_type")
    # ``{model name: list of Fault}``. Each registry's class has its own: see `_register_hook`.
    _type_faults = {}

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_type_name(self):
        for name, integrations in self.grouped("integration_type").items():
            model = self._type_model(name)
            integrations.type_name = name if model is None else self._title_of(model)

    @api.depends("integration_type")
    def _compute_type(self):
        for name, integrations in self.grouped("integration_type").items():
            model = self._type_model(name)
            integrations.type_is_missing = model is None
            integrations.runs_on_schedule = self._type_flag(model, "is_job")
            integrations.runs_manually = self._type_flag(model, "is_manually_runnable")
            serves_all = self._type_flag(model, "is_multi_company_compatible")
            integrations.needs_company = model is not None and not serves_all
            integrations.takes_period = self._type_flag(model, "has_time_period")

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_type_description(self):
        for name, integrations in self.grouped("integration_type").items():
            model = self._type_model(name)
            integrations.type_description = "" if model is None else self._description_of(model)

    @api.model
    def _selection_integration_type(self):
        """List the types that are installed, and those that integrations still ask for."""
        titles = {name: self._title_of(self.env[name]) for name in self._type_names()}
        # A type that was uninstalled keeps its technical name: nobody else knows its title.
        used = self.sudo().with_context(active_test=False)._read_group([], ["integration_type"])
        missing = {name: name for (name,) in used if name not in titles}
        return sorted({**titles, **missing}.items(), key=lambda item: item[1])

    @api.model
    def _type_names(self):
        """Return the model names of all integration types that are installed."""
        names = self.pool.descendants([BASE], "_inherit")
        return sorted(name for name in names if self._type_model(name) is not None)

    @api.model
    def _type_model(self, name):
        """Return the empty recordset of the integration type ``name``, or None if it is gone."""
        model = self.pool.get(name or "")
        if model is None or model._abstract or not issubclass(model, self.pool[BASE]):
            return None
        return self.env[name]

    @api.model
    def _title_of(self, model):
        """Return the name of a type as people see it.

        :param model: the empty recordset of the type
        """
        return self._told_by(model, "_type_title") or model._name

    @api.model
    def _description_of(self, model):
        """Return what a type does, in HTML."""
        return self._told_by(model, "_type_description") or ""

    @api.model
    def _default_values_of_type(self, name):
        """Return the values with which a new integration of type ``name`` begins."""
        self._check_type(name)
        model = self.env[name]
        return {
            "integration_type": name,
            "name": self._title_of(model),
            **model._default_schedule(),
        }

    def _existing_type_record(self):
        """Return the type's row of this integration: an empty set where there is none."""
        self.ensure_one()
        model = self._type_model(self.integration_type)
        if model is None:
            return self.env["ihub.integration"].browse()
        return model.with_context(active_test=False).search([(LINK, "=", self.id)], limit=1)

    def _type_record(self):
        """Return the type's row of this integration; it is made if it does not exist yet.

        :raise UserError: when the type is not installed
        """
        model = self._type_model(self.integration_type)
        if model is None:
            raise UserError(self._missing_type_message())
        record = self._existing_type_record()
        if record:
            return record
        # A row can be missing when the type's addon was uninstalled and came back.
        if self._settings_to_ask_for(model):
            raise UserError(
                self.env._(
                    "The settings of %(name)s are missing. Press Settings and enter them again.",
                    name=self.name,
                )
            )
        return model.sudo().create({LINK: self.id}).with_env(self.env)

    @api.model
    def _settings_to_ask_for(self, model):
        """Return the type's own required fields that have no default, as a list of names.

        :param model: the empty recordset of the type
        """
        required = [
            name
            for name, field in model._fields.items()
            if field.required and name != LINK
            if isinstance(field, Secret) or (field.store and not field.compute)
        ]
        defaults = model.default_get(required)
        return [
            name
            for name in required
            if name not in defaults
            or (defaults[name] is False and model._fields[name].type != "boolean")
        ]

    def _settings_action(self):
        """Return the action that opens the settings, also where their row is gone.

        :raise UserError: the type is not installed, shows its settings to others only, or cannot
            open them
        """
        # Whether they are there is no secret; whether the user may read them is checked below.
        integration = self.sudo()
        model = self._type_model(self.integration_type)
        if model is not None and not integration._existing_type_record():
            if self._settings_to_ask_for(model):
                return self._new_settings_action(model, self.name, default_integration_id=self.id)
        record = integration._type_record().with_env(self.env)
        if not record.has_access("read"):
            raise AccessError(
                self.env._(
                    "You do not have access to the settings of %(name)s, because they may "
                    "contain secrets. You can still start, stop and run it. If you need to see "
                    "them, ask your administrator.",
                    name=self.name,
                )
            )
        return self._action_of_type(record)

    @api.model
    def _new_settings_action(self, model, name, **defaults):
        """Return the action that asks for the settings of a type, which are saved from there.

        :param model: the empty recordset of the type
        :param str name: of the integration
        :param defaults: such as ``default_company_id=1``
        """
        title = self.env._("Settings of %(name)s", name=name)
        return dialog(model._name, title, context={"default_name": name, **defaults})

    def _missing_type_message(self):
        return self.env._(
            "The type of this integration (%(type)s) is no longer installed. Install its module "
            "again, or delete the integration.",
            type=self.integration_type,
        )

    @api.model
    def _grant_access_to_type(self, name):
        """Create the access rules of a type where they are missing.

        Called when the type's addon is installed or upgraded: when its table is there, so that its
        data can be loaded, and again when all data are loaded.
        """
        model = self.env["ir.model"]._get(name)
        for xmlid, granted in TYPE_ACCESS.items():
            if group := self.env.ref(xmlid, raise_if_not_found=False):
                self._settle_access_line(model, group, {p: p in granted for p in PERMISSIONS})
        rules = self.env["ir.rule"].with_context(active_test=False)
        if not rules.search_count([("model_id", "=", model.id)], limit=1):
            rules.create(
                {
                    "name": f"{name}: company",
                    "model_id": model.id,
                    "domain_force": "[('company_id', 'in', company_ids + [False])]",
                }
            )
        self._decide_companies(name)

    @api.model
    def _decide_companies(self, name):
        """Say of older integrations of a type whether having no company means serving all.

        Those that are undecided were added before this was written down. Said once: a type that
        serves all companies later does not open to all what has lost its company before.
        """
        query = """
            UPDATE ihub_integration SET serves_all_companies = %s
             WHERE integration_type = %s AND serves_all_companies IS NULL
        """
        serves_all = self._type_flag(self.env[name], "is_multi_company_compatible")
        self.env.cr.execute(SQL(query, serves_all, name))
        self.invalidate_model(["serves_all_companies"])

    @api.model
    def _settle_access_line(self, model, group, rights):
        """Let a group have ``rights``, unless an addon or an administrator says what it has.

        Rights add up: beside the hub's line, that of an addon could only widen them.
        """
        Access = self.env["ir.model.access"].with_context(active_test=False)
        where = {"model_id": model.id, "group_id": group.id}
        lines = Access.search([(name, "=", value) for name, value in where.items()])
        if not lines:
            Access.create({"name": f"{model.model} {group.name}", **where, **rights})
        # What addons bring has an external id, what the hub makes has none.
        external_ids = lines._get_external_ids()
        if any(external_ids.values()):
            own = lines.filtered(lambda line: not external_ids[line.id])
            own.filtered_domain([(name, "=", right) for name, right in rights.items()]).unlink()

    # --- What is wrong with a type ---

    @api.model
    def _type_flag(self, model, name):
        """Return a flag of a type, such as ``is_job``: the default where that is wrong.

        :param model: the empty recordset of the type; None, of which no flag is set
        """
        flags = self._flags()
        return type(flags[name])() if model is None else flags.value_of(model, name)

    @api.model
    @ormcache()
    def _flags(self):
        """Return the ``Flags`` of all types. Not to be changed."""
        return type_check.Flags(self._shared_by_types(), TEXTS)

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
    def _type_fault_text(self, name):
        """Return what is wrong with the type ``name`` and who fixes it, or an empty string."""
        faults = self._faults_of_type(name)
        if not faults:
            return ""
        return self.env._(
            "The integration type %(type)s cannot be used. %(faults)s Its developer must fix this.",
            type=name,
            faults=" ".join(map(self._fault_text, faults)),
        )

    def _fault_text(self, fault):
        expected = fault.expected
        if fault.kind == "value":
            expected = EXPECTED.get(expected, expected)
        if isinstance(expected, LazyGettext):
            expected = self.env._(expected)
        sentence = self.env._(FAULTS[fault.kind])
        return sentence % {**fault._asdict(), "expected": expected}

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
            faults.append(Fault("transient", "class"))
        return [*faults, *self._judge_what_it_tells(model)]

    def _judge_what_it_tells(self, model):
        """Call what is called for lists and dialogs, where it would reach the others."""
        for method in ("_type_title", "_type_description", "_default_schedule"):
            try:
                with self.env.cr.savepoint(flush=False):
                    told = getattr(model, method)()
            except Exception as error:
                yield type_check.raises(method, error)
                continue
            if method == "_default_schedule":
                settable = {name for name, field in self._fields.items() if not field.readonly}
                yield from type_check.judge_schedule(told, settable)
            elif not isinstance(told, str):
                yield Fault("value", method, type_check.quote(told), "str")

    @api.model
    def _told_by(self, model, method):
        """Return what a type says of itself, or None where it is known not to.

        :param model: the empty recordset of the type
        :param str method: one that returns a text
        """
        if any(fault.attribute == method for fault in self._faults_of_type(model._name)):
            return None
        try:
            told = getattr(model, method)()
        except Exception:
            # Asked for lists of all types: those need not suffer.
            _logger.exception("%s of the integration type %s failed.", method, model._name)
            return None
        return told if isinstance(told, str) else None

    def _taken_apart(self, model):
        base = self.env[BASE]
        return type_check.Type(
            model=model,
            base=base,
            own=self._defined_between(type(model), type(base)),
            shared=self._shared_by_types(),
            flags=self._flags(),
            fields={
                name: type_check.Field(f"fields.{type(field).__name__}", field.related or "")
                for name, field in model._fields.items()
            },
            reserved=self._reserved_names(),
            internal=self._methods_of_hub(),
        )

    @api.model
    def _shared_by_types(self):
        """Return ``{name: raw value}`` of what the base of all types defines for them."""
        return self._defined_between(self.pool[BASE], self.pool["base"])

    @api.model
    def _methods_of_hub(self):
        """Return the names of methods that the hub itself, and not Odoo, gives to every type."""
        above = self.pool["base"]
        return frozenset(
            name
            for cls in self.pool[BASE].mro()
            if vars(cls).get("_module") == "ihub" and not issubclass(above, cls)
            for name, raw in vars(cls).items()
            if callable(raw) and not hasattr(raw, "is_overridable") and not hasattr(above, name)
        )

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

    # --- What types return ---

    def _check_work_is_done(self, result, method="run_from_to"):
        """Refuse work that was only promised, or of which the database would keep nothing.

        :param result: what the method has returned
        :param str method: ``run_from_to``, or the one that deals with an item
        :raise UserError: in words for the operator
        """
        scope = current_run(self.env.cr.dbname)
        # Whoever has called fail() has said why; without a connection it is tried again.
        has_failed = (scope and scope.failed) or self.env.cr.closed
        if not has_failed and not is_healthy(self.env.cr):
            raise UserError(
                self.env._(
                    "A database error was caught, so nothing could be kept. Ask the developer of "
                    'the integration to put what may fail into a "with self.env.cr.savepoint()" '
                    "block."
                )
            )
        if not type_check.is_unfinished(result):
            return
        with suppress(Exception):
            # Else Python complains later, elsewhere, that it was never awaited.
            result.close()
        raise IntegrationError(
            self.env._(
                "%(method)s() of %(type)s returned a %(kind)s instead of doing its work, so "
                "nothing is considered done. The developer of the type must fix this.",
                method=method,
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
                    "type must fix open_settings().",
                    name=self.name,
                    error=type_check.quote(error),
                )
            ) from error
        if isinstance(action, dict) and action.get("type"):
            return action
        raise UserError(
            self.env._(
                "The settings of %(name)s cannot be opened: open_settings() of its type returns "
                "%(found)s instead of an action. Its developer must fix this.",
                name=self.name,
                found=type_check.quote(action),
            )
        )
