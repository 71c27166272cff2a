from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

# What the hub's groups may do with the rows of a type: group, then read, write, create, unlink.
TYPE_ACCESS = (
    ("ihub.group_user", (True, False, False, False)),
    ("ihub.group_manager", (True, True, True, True)),
)
PERMISSIONS = ("perm_read", "perm_write", "perm_create", "perm_unlink")


class IhubIntegration(models.Model):
    """What an integration takes from its type."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    type_name = fields.Char(compute="_compute_type")
    type_description = fields.Html(compute="_compute_type_description", sanitize=True)
    type_is_missing = fields.Boolean(compute="_compute_type")
    runs_on_schedule = fields.Boolean(compute="_compute_type")
    needs_company = fields.Boolean(compute="_compute_needs")
    takes_period = fields.Boolean(compute="_compute_needs")
    runs_by_hand = fields.Boolean(compute="_compute_type")

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_type(self):
        names = set(self.mapped("integration_type"))
        models = {name: self._type_model(name) for name in names}
        titles = {
            name: self._title_of(model) for name, model in models.items() if model is not None
        }
        for integration in self:
            name = integration.integration_type
            model = models[name]
            missing = model is None
            integration.type_is_missing = missing
            integration.type_name = titles.get(name, name)
            integration.runs_on_schedule = not missing and self._type_flag(model, "is_job")
            integration.runs_by_hand = not missing and self._type_flag(
                model, "is_manually_runnable"
            )

    @api.depends("integration_type")
    def _compute_needs(self):
        for integration in self:
            model = self._type_model(integration.integration_type)
            exists = model is not None
            integration.needs_company = exists and not self._type_flag(
                model, "is_multi_company_compatible"
            )
            integration.takes_period = exists and self._type_flag(model, "has_time_period")

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_type_description(self):
        for integration in self:
            model = self._type_model(integration.integration_type)
            integration.type_description = "" if model is None else self._description_of(model)

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
        base = self.pool["ihub.abstract_integration"]
        return sorted(
            name
            for name, model in self.pool.items()
            if not model._abstract and issubclass(model, base)
        )

    @api.model
    def _type_model(self, name):
        """Return the empty recordset of the integration type ``name``, or None if it is gone."""
        model = self.pool.get(name or "")
        if model is None or model._abstract:
            return None
        if not issubclass(model, self.pool["ihub.abstract_integration"]):
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
        return model.with_context(active_test=False).search(
            [("integration_id", "=", self.id)], limit=1
        )

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
                    "The settings of %(name)s are gone. Press Settings and enter them again.",
                    name=self.name,
                )
            )
        return model.sudo().create({"integration_id": self.id}).with_env(self.env)

    @api.model
    def _settings_to_ask_for(self, model):
        """Return the type's own required fields that have no default, as a list of names.

        :param model: the empty recordset of the type
        """
        required = [
            name
            for name, field in model._fields.items()
            if field.required and field.store and not field.compute and name != "integration_id"
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
                    "The settings of %(name)s are shown to others only, because they may hold "
                    "secrets. You can start, stop and run it all the same. If you need to see "
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
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settings of %(name)s", name=name),
            "res_model": model._name,
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_name": name, **defaults},
        }

    def _missing_type_message(self):
        return self.env._(
            "The type of this integration (%(type)s) is not installed any more. "
            "Install its addon again, or delete the integration.",
            type=self.integration_type,
        )

    @api.model
    def _grant_access_to_type(self, name):
        """Create the access rules of a type where they are missing.

        Called when the type's addon is installed or upgraded: when its table is there, so that its
        data can be loaded, and again when all data are loaded.
        """
        model = self.env["ir.model"]._get(name)
        for xmlid, rights in TYPE_ACCESS:
            group = self.env.ref(xmlid, raise_if_not_found=False)
            if group:
                self._settle_access_line(model, group, dict(zip(PERMISSIONS, rights, strict=True)))
        self._ensure_company_rule(model)
        self._decide_companies(name)

    @api.model
    def _decide_companies(self, name):
        """Say of older integrations of a type whether having no company means serving all.

        Those that are undecided were added before this was written down. Said once: a type that
        serves all companies later does not open to all what has lost its company before.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE ihub_integration SET serves_all_companies = %s
                 WHERE integration_type = %s AND serves_all_companies IS NULL
                """,
                self._type_flag(self.env[name], "is_multi_company_compatible"),
                name,
            )
        )
        self.invalidate_model(["serves_all_companies"])

    @api.model
    def _settle_access_line(self, model, group, rights):
        """Let a group have ``rights``, unless an addon or an administrator says what it has.

        Rights add up: beside the hub's line, that of an addon could only widen them.
        """
        Access = self.env["ir.model.access"].with_context(active_test=False)
        lines = Access.search([("model_id", "=", model.id), ("group_id", "=", group.id)])
        if not lines:
            Access.create(
                {
                    "name": f"{model.model} {group.name}",
                    "model_id": model.id,
                    "group_id": group.id,
                    **rights,
                }
            )
        # What addons bring has an external id, what the hub makes has none.
        external_ids = lines._get_external_ids()
        brought = lines.filtered(lambda line: external_ids[line.id])
        if brought:
            (lines - brought).filtered(
                lambda line: all(line[name] == right for name, right in rights.items())
            ).unlink()

    @api.model
    def _ensure_company_rule(self, model):
        Rule = self.env["ir.rule"]
        if not Rule.with_context(active_test=False).search_count(
            [("model_id", "=", model.id)], limit=1
        ):
            Rule.create(
                {
                    "name": f"{model.model}: company",
                    "model_id": model.id,
                    "domain_force": "[('company_id', 'in', company_ids + [False])]",
                }
            )
