"""The base class of every integration type."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.translate import LazyGettext, get_translation

from ..core.items import Counts, Look
from ..core.masking import MASK
from ..core.type_check import overridable
from ..core.webhook import Webhook
from ..engine.checkpoint import check_key, checked_json, keep, scope_of
from ..engine.context import current_run
from ..engine.failure import brief, reason_text
from ..engine.items import Item, Processing, bind_record, bound_record, key_of_record
from ..engine.secrets import SecretUnavailable, has_key, is_reference
from ..engine.values import checked
from ..models.ihub_fields import Secret
from ..models.ihub_type_mixin import BASE

MANAGER = "ihub.group_manager"
# The button of Test Connection.
TEST = "action_test_connection"
# A field, a path of fields, or a callable that gets the element.
Where = str | Callable[[Any], Any]


class AbstractIntegration(models.AbstractModel):
    """Inherit from this model, write :meth:`run_from_to`, and the hub does the rest."""

    _name = "ihub.abstract_integration"
    _description = "Integration Type"
    _inherit = ["ihub.outside.text", "ihub.visible.references"]
    _inherits = {"ihub.integration": "integration_id"}

    # Whether the integration runs on a schedule: Start starts it, and its window is shown.
    is_job = True

    # Whether people may run it manually.
    is_manually_runnable = True

    # Whether a period can be chosen when running it manually.
    has_time_period = True

    # Whether it deals with several companies by itself. If not, each integration has one company.
    is_multi_company_compatible = False

    # Whether there can be only one integration of this type.
    is_singleton = False

    # The least time between the end of a window and its run; a number counts as seconds.
    delay = timedelta(0)

    # What the type does, in HTML, for those who add an integration.
    description = ""

    # What people may change of an item's data, labels by path: {"customer.email": "E-mail"}.
    item_fields: dict[str, str] = {}

    # What lists of items show of their data, labels by path: {"customer.name": "Customer"}.
    item_columns: dict[str, str] = {}

    # What other systems send to it, see docs/inbox.md: Webhook(verify=…, handler=…, key=…).
    webhook: Webhook | None = None

    integration_id = fields.Many2one(
        "ihub.integration",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        delegate=True,
    )

    _integration_uniq = models.UniqueIndex("(integration_id)")

    def init(self) -> Any:
        """Give each type the hub's access rules, and have what has become a secret kept as one."""
        if not self._abstract:
            self.env["ihub.secret"].take_over(self)
            self.pool.post_init(self.env["ihub.integration"]._grant_access_to_type, self._name)
        return super().init()

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Any:
        Integration = self.env["ihub.integration"]
        # Before anything else of the type is called.
        Integration._check_type(self._name)
        context = self.env.context
        if linked := context.get("default_integration_id"):
            # Where the settings of an existing integration were lost: see `_settings_action`.
            vals_list = [{"integration_id": linked, **vals} for vals in vals_list]
        parts = [self._without_secrets(vals) for vals in vals_list]
        vals_list = [self._checked(vals) for vals, __ in parts]
        for vals in vals_list:
            # What another type wants to be said is said by the model's name here.
            Integration._refuse_hub_fields(vals.keys() - self._own_names() - {"integration_type"})
        rows = super().create(
            [
                vals
                if vals.get("integration_id")
                else {
                    **Integration._default_values_of_type(self._name),
                    # What a dialog has asked for already.
                    **({"name": context["default_name"]} if context.get("default_name") else {}),
                    **vals,
                }
                for vals in vals_list
            ]
        )
        rows._check_integration()
        for row, (__, given) in zip(rows, parts, strict=True):
            row._keep_secrets({**row._default_secrets(), **given})
        return rows

    def write(self, vals: dict[str, Any]) -> Any:
        if "integration_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("The settings of an integration cannot be moved to another one.")
            )
        # What belongs to the integration arrives there field by field, in this order: what the
        # grid of windows is counted from, where somebody says so, holds whatever else moves it.
        last = ("window_from", "counted_from")
        vals, secrets = self._without_secrets(vals)
        names = sorted(vals, key=lambda name: last.index(name) + 1 if name in last else 0)
        result = super().write(self._checked({name: vals[name] for name in names}))
        self._keep_secrets(secrets)
        if "integration_id" in vals:
            self._check_integration()
        return result

    # --- Secrets: kept apart, see ``ihub.secret`` ---

    @api.model
    def default_get(self, fields: list[str]) -> dict[str, Any]:
        """Leave out secrets, which nobody is to read off a form that is not saved yet."""
        defaults = super().default_get(fields)
        hidden = {name for name in self._secrets() if defaults.get(name) == MASK}
        return {name: value for name, value in defaults.items() if name not in hidden}

    @api.model
    def _secrets(self) -> list[str]:
        return [name for name, field in self._fields.items() if isinstance(field, Secret)]

    @api.model
    def _without_secrets(self, vals: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return ``vals`` in two parts: without, and only the secrets that somebody has entered."""
        entered = {name: vals[name] for name in self._secrets() if name in vals}
        for name in entered:
            self._check_field_access(self._fields[name], "write")
        rest = {name: value for name, value in vals.items() if name not in entered}
        # What people see of a secret comes back from forms and imports that leave it alone.
        return rest, {name: value for name, value in entered.items() if value != MASK}

    @api.model
    def _default_secrets(self) -> dict[str, Any]:
        """Return the references that the developer has chosen; people and contexts choose none."""
        defaults = {name: self._fields[name].default for name in self._secrets()}
        chosen = {name: default(self) for name, default in defaults.items() if default}
        return {name: value for name, value in chosen.items() if value and is_reference(value)}

    def _keep_secrets(self, values: dict[str, Any]) -> None:
        defaults = self._default_secrets() if values else {}
        for name, value in values.items():
            # Whoever only accepts the developer's choice need not be allowed to make it.
            is_trusted = self.env.su or value == defaults.get(name, False)
            kept = self.env["ihub.secret"].sudo(is_trusted)
            # The link is no secret, also where the user may write the row but not the integration.
            for integration_id in self.sudo().integration_id.ids:
                kept._keep(integration_id, name, value and str(value))
        self.invalidate_recordset(values)
        self.modified(values)

    def _check_required_secrets(self) -> None:
        """Refuse to work without what only people can enter, as after a copy.

        :raise SecretUnavailable: in words that say where to enter it
        """
        for name in self._secrets():
            if self._fields[name].required and not self[name]:
                raise SecretUnavailable(
                    self.env._(
                        "'%(field)s' of %(name)s is not set. Press Settings and enter it.",
                        field=self._fields[name]._description_string(self.env),
                        name=self.name,
                    )
                )

    @api.model
    def _own_names(self) -> set[str]:
        return {name for name, field in self._fields.items() if not field.inherited}

    @api.model
    def _add_missing_default_values(self, values: dict[str, Any]) -> dict[str, Any]:
        """Leave to the integration how what only the hub sets begins."""
        hub = self.env["ihub.integration"]._hub_fields() - self._own_names() - set(values)
        completed = super()._add_missing_default_values(values)
        return {name: value for name, value in completed.items() if name not in hub}

    def _check_integration(self) -> None:
        """Refuse rows on an integration of another type, or of which somebody else decides.

        :raise AccessError: when the user may not configure the integration
        :raise UserError: when the integration has another type
        """
        self.integration_id.check_access("write")
        for row in self:
            if row.integration_type != self._name:
                raise UserError(
                    self.env._(
                        "Settings of the type %(type)s cannot belong to an integration of "
                        "another type.",
                        type=self._type_title(),
                    )
                )

    def _checked(self, vals: dict[str, Any]) -> dict[str, Any]:
        """Return ``vals``; what of it belongs to the integration is checked."""
        names = [name for name in vals if name in self._fields and self._fields[name].inherited]
        return {**vals, **checked(self, {name: vals[name] for name in names})}

    def unlink(self) -> Any:
        """Delete the integration with its type's row: neither makes sense without the other."""
        integrations = self.integration_id
        integrations._check_can_be_deleted()
        result = super().unlink()
        integrations.exists().unlink()
        return result

    # --- For integration developers ---

    @overridable
    @api.private
    def run_from_to(self, _from: datetime, _to: datetime) -> Any:
        """Do the work of one window. Every type overrides this.

        Called by the hub for scheduled runs, for Run Manually and for backfills, as the
        integration's user, in its company, language and time zone, in a transaction that is
        committed together with the mark that the window is done.

        :param datetime _from: start of the window, naive UTC, included
        :param datetime _to: end of the window, naive UTC, not included
        :raise Exception: any exception undoes the work since the last checkpoint; the window is
            still to be done
        """
        raise UserError(
            self.env._(
                "The integration type %(type)s does not say what to do. Its developer must "
                "implement run_from_to().",
                type=self._description,
            )
        )

    @api.private
    def trigger(self) -> None:
        """Let it run once more, soon: code calls this when it knows that there is work.

        See ``trigger`` of ``ihub.integration``.
        """
        # The type may hide its row from whoever saves an order; this link is no secret.
        self.sudo().integration_id.trigger()

    @overridable
    @api.private
    def check_connection(self) -> Any:
        """Find out whether the other system answers, with these settings. A type may override it.

        Called by Test Connection, which is there for types that do: as :meth:`run_from_to` is, but
        in a transaction of its own, of which nothing is kept.

        :return: what to tell the person who has asked, in a sentence; None: that it works
        :raise Exception: it does not work; the person reads its message
        """
        return None

    def action_test_connection(self) -> dict[str, Any]:
        """Return the action that shows what has come of :meth:`check_connection`."""
        self.ensure_one()
        return self.integration_id.action_test_connection()

    @overridable
    @api.model
    def open_settings(self) -> dict[str, Any]:
        """Return the action of the Settings button: by default the form of the type itself."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settings of %(name)s", name=self.display_name),
            "res_model": self._name,
            "views": [[False, "form"]],
            "res_id": self.id,
        }

    @api.private
    def fail(self, reason: Any = None) -> None:
        """Put the integration into the failed state. Does not raise.

        Inside a run of this integration the run ends as failed when ``run_from_to`` returns: what
        no checkpoint has kept is rolled back, and the window is still to be done. Elsewhere the
        integration fails at once.

        :param str reason: one sentence for the operator
        """
        reason = reason_text(reason)
        for record in self:
            scope = current_run(self.env.cr.dbname)
            # The type may hide its row from the user as whom it runs; this link is no secret.
            integration = record.sudo().integration_id
            if scope and scope.integration_id == integration.id:
                scope.fail(reason)
            else:
                integration._fail(reason and brief(reason))

    @api.private
    def checkpoint(self, processed: int = 0, total: int | None = None, resume: Any = None) -> None:
        """Keep the work so far: commit it together with the progress and a resume point.

        Outside a run this does nothing, so that ``run_from_to`` can be called directly.

        :param int processed: how many records are done, counted from the start of the window
        :param int total: how many there are, if that is known
        :param resume: None, text, numbers, booleans, and lists and dictionaries of these, up to a
            megabyte; the next attempt at this window finds it, equal, in :meth:`resume_point`
        :raise StopRequested: when somebody pressed Stop, or when Odoo's time for scheduled actions
            is nearly used up and the run goes on later. The work up to here is kept.
        :raise UsageError: before anything was done: inside a savepoint, in another thread, with
            another cursor, on the record of another integration than the one whose run executes,
            after ``cr.rollback()``, and for a ``resume`` that would not come back equal
        """
        self.ensure_one()
        keep(self, processed, total, resume)

    @api.private
    def resume_point(self) -> Any:
        """Return what the last :meth:`checkpoint` of this window gave as ``resume``, or None.

        :raise UsageError: as :meth:`checkpoint` does, except inside a savepoint
        """
        self.ensure_one()
        scope = scope_of(self)
        if scope is None:
            return None
        # The run belongs to the executor: the integration's user may have no rights on it.
        stored = self.env["ihub.run"].sudo().browse(scope.run_id).resume
        return stored["point"] if stored else None

    @api.private
    def process_each(
        self,
        records: Iterable[Any],
        handler: Callable[[Any, Item], Any],
        key: Where,
        name: Where | None = None,
        kind: str = "item",
        total: int | None = None,
        *,
        version: Where | None = None,
        cursor: Callable[[], Any] | None = None,
        skip_unchanged: bool = False,
    ) -> Counts:
        """Deal with each of ``records`` on its own, and keep what became of it as an item.

        ``handler`` is called for each in a savepoint. One that raises what waiting does not heal
        is undone alone and left to be repaired; the others go on. What may pass by itself, as a
        server that does not answer, ends the attempt as it does elsewhere, and is nobody's fault.
        Every hundred items, or two seconds, all is committed as by :meth:`checkpoint`. So each is
        done once, also when the process is killed: what this window has done is not done again,
        and what has failed in it is not tried again with the same data before somebody asks for it.

        People can let an item be tried again, with its data as they have corrected them: then
        ``handler`` is called with those. It must be a method of the type.

        :param records: any iterable, also a generator
        :param handler: called with an element and an :class:`Item`; ``item.record`` is the record
            that it has become, ``item.bind(record)`` says so
        :param key: what the other system calls it: a field, a path such as ``customer.email``, or
            a callable that gets the element
        :param name: what people call it, in the same way
        :param str kind: of which kind they are, such as ``order``
        :param int total: how many there are, if that is known
        :param version: a number, or a moment in ISO 8601, that grows with each change, looked for
            as the key is; what is older than what is known is left alone. What is neither, such as
            ``v10`` or ``01.03.2025``, is left to be repaired: compute one of them with a callable
        :param cursor: returns where the source is now, as for ``resume`` of :meth:`checkpoint`; of
            ``RestClient.pages()`` it is known
        :param bool skip_unchanged: leave alone what has come with the same data before. Of a record
            only its model and id are known, so hand over dictionaries, as ``read()`` returns them
        :return: numbers of elements: ``done``, ``failed``, ``unchanged``, ``ignored``
        :raise StopRequested: as :meth:`checkpoint` does. The work up to here is kept.
        :raise UserError: when more of them have failed than the integration allows
        :raise UsageError: inside a savepoint, or in another thread; ``handler`` is no method of
            the type; or ``skip_unchanged`` meets a record
        """
        self.ensure_one()
        look = Look(key, name, version)
        return Processing(self, handler, kind).process(records, look, total, cursor, skip_unchanged)

    @api.private
    def bound(self, kind: str, key: Any) -> Any:
        """Return the record that an item of this integration has become, or None.

        :param str kind: of the item
        :param key: what the other system calls it
        """
        self.ensure_one()
        return bound_record(self, kind, key)

    @api.private
    def bind(self, kind: str, key: Any, record: Any) -> None:
        """Remember that ``record`` is what an item of this integration is, as when data move in.

        :param str kind: of the item
        :param key: what the other system calls it
        :param record: one saved record; a record may have several keys
        :raise UsageError: when it is none, or several; or ``kind`` is no text
        """
        self.ensure_one()
        bind_record(self, kind, key, record)

    @api.private
    def key_of(self, record: Any, kind: str | None = None) -> str | None:
        """Return the key under which this integration knows ``record``; None if it does not.

        :param record: one record
        :param str kind: of the item; None: of any. Of several keys the first is returned.
        """
        self.ensure_one()
        return key_of_record(self, record, kind)

    @api.private
    def get_state(self, key: str, default: Any = None) -> Any:
        """Return what :meth:`set_state` has kept under ``key``.

        :param str key: as chosen by the integration
        :param default: what is returned when there is nothing
        :raise UsageError: when ``key`` is no such text
        """
        self.ensure_one()
        check_key(self.env, key)
        return self.env["ihub.integration.state"]._load(self.sudo().integration_id, key, default)

    @api.private
    def set_state(self, key: str, value: Any) -> None:
        """Keep something of the integration's own from run to run: a token, a cursor, an ETag.

        It is written in the transaction of ``self.env``: inside a run together with the work, at
        the next checkpoint or at the end. It stands apart from the settings, so that people can
        save those meanwhile; managers see it on its page, where what has the name of a secret is
        masked, and a neutralized copy has none.

        :param str key: as chosen by the integration, up to 200 characters
        :param value: as for ``resume`` of :meth:`checkpoint`; None forgets the key
        :raise UsageError: when ``value`` would not come back equal, or ``key`` is no such text
        """
        self.ensure_one()
        check_key(self.env, key)
        value = checked_json(self.env, value, "value")
        self.env["ihub.integration.state"]._save(self.sudo().integration_id, key, value)

    @overridable
    @api.model
    @api.private
    def _default_schedule(self) -> dict[str, Any]:
        """Return values for the schedule of new integrations of this type.

        Called when an integration is added, and to check the type when the registry is set up.
        Keys are fields of ``ihub.integration``: ``interval_number``, ``interval_type``,
        ``time_of_day`` (hours), ``tz``, ``catch_up``.
        """
        return {}

    # --- How a type presents itself ---

    @api.model
    def _get_default_form_view(self) -> Any:
        """Show the type's own settings: the integration has a page of its own."""
        view = super()._get_default_form_view()
        for node in list(view.iter("field")):
            name = node.get("name")
            if name == "integration_id" or (name != "name" and self._fields[name].inherited):
                node.getparent().remove(node)
        return view

    @api.model
    def _get_view(
        self, view_id: int | None = None, view_type: str = "form", **options: Any
    ) -> tuple[Any, Any]:
        """Show secrets in a field of their own, whatever the type's view says of them."""
        arch, view = super()._get_view(view_id, view_type, **options)
        secrets = set(self._secrets())
        # Fields of other models stand inside the one that leads to them.
        own = arch.xpath("//field[not(ancestor::field)]")
        nodes = [node for node in own if node.get("name") in secrets]
        for node in nodes:
            node.set("widget", node.get("widget", "ihub_secret"))
        if view_type == "form":
            if nodes and not has_key():
                self._warn_in_form(arch)
            if self._tests_connection():
                self._add_connection_test(arch)
        return arch, view

    @api.model
    def _warn_in_form(self, arch: Any) -> None:
        sheet = next(arch.iter("sheet"), arch)
        alert = etree.Element(
            "div", {"class": "alert alert-warning", "role": "status", "groups": MANAGER}
        )
        alert.text = self.env._(
            "The server has no key of its own for secrets, so whoever gets a copy of the "
            "database can read these. Ask whoever runs the server to set ihub_secret_key in "
            "odoo.conf."
        )
        sheet.insert(0, alert)

    @api.model
    def _tests_connection(self) -> bool:
        """Return whether the type can say if the other system answers."""
        return type(self).check_connection is not self.pool[BASE].check_connection

    @api.model
    def _add_connection_test(self, arch: Any) -> None:
        """Put the button where the settings are, unless the type's view has it somewhere else."""
        if arch.xpath(f"//button[@name='{TEST}']"):
            return
        header = arch.find("header")
        if header is None:
            header = etree.Element("header")
            arch.insert(0, header)
        label = self.env._("Test Connection")
        etree.SubElement(header, "button", name=TEST, type="object", string=label, icon="fa-plug")

    @overridable
    @api.model
    def _type_title(self) -> str:
        """Return the name of the type as people see it: its translated description."""
        # Model names are for administrators, but this one is printed on every card.
        return self.env["ir.model"].sudo()._get(self._name).name or self._description

    @overridable
    @api.model
    def _type_description(self) -> str:
        """Return what the type does, in HTML, translated where its addon brings a translation."""
        return self._in_reader_language(
            self.env["ihub.integration"]._type_flag(self, "description")
        )

    @api.model
    def _item_texts(self, name: str) -> dict[str, str]:
        """Return ``{path: label}`` of ``item_fields`` or ``item_columns``."""
        labels = self.env["ihub.integration"]._type_flag(self, name)
        return {path: self._in_reader_language(label) for path, label in labels.items()}

    @api.model
    def _in_reader_language(self, text: Any) -> str:
        """Return a text of the type's class, translated where its addon brings a translation."""
        if not text:
            return ""
        if isinstance(text, LazyGettext):
            return self.env._(text)
        # A plain text does not say whose it is; env._ would take it for one of this addon.
        return get_translation(self._original_module, self.env.lang or "en_US", text, ())
