from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# What the hub's groups may do with the rows of a type: group, then read, write, create, unlink.
TYPE_ACCESS = (
    ("ihub.group_user", (True, False, False, False)),
    ("ihub.group_manager", (True, True, True, True)),
)


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
        titles = {name: model._type_title() for name, model in models.items() if model is not None}
        for integration in self:
            name = integration.integration_type
            model = models[name]
            missing = model is None
            integration.type_is_missing = missing
            integration.type_name = titles.get(name, name)
            integration.runs_on_schedule = not missing and model.is_job
            integration.runs_by_hand = not missing and model.is_manually_runnable

    @api.depends("integration_type")
    def _compute_needs(self):
        for integration in self:
            model = self._type_model(integration.integration_type)
            exists = model is not None
            integration.needs_company = exists and not model.is_multi_company_compatible
            integration.takes_period = exists and model.has_time_period

    @api.depends("integration_type")
    @api.depends_context("lang")
    def _compute_type_description(self):
        for integration in self:
            model = self._type_model(integration.integration_type)
            integration.type_description = "" if model is None else model._type_description()

    @api.model
    def _selection_integration_type(self):
        """List the types that are installed, and those that integrations still ask for."""
        titles = {name: self.env[name]._type_title() for name in self._type_names()}
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
            if not model._abstract and not model._transient and issubclass(model, base)
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
    def _default_values_of_type(self, name):
        """Return the values with which a new integration of type ``name`` begins."""
        model = self.env[name]
        return {"integration_type": name, "name": model._type_title(), **model._default_schedule()}

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
        # A row can be missing when the type's addon was uninstalled and came back.
        return record or model.sudo().create({"integration_id": self.id}).with_env(self.env)

    def _missing_type_message(self):
        return self.env._(
            "The type of this integration (%(type)s) is not installed any more. "
            "Install its addon again, or delete the integration.",
            type=self.integration_type,
        )

    @api.model
    def _grant_access_to_type(self, name):
        """Create the access rules of a type where they are missing.

        Called when the type's addon is installed or upgraded.
        """
        model = self.env["ir.model"]._get(name)
        for xmlid, rights in TYPE_ACCESS:
            group = self.env.ref(xmlid, raise_if_not_found=False)
            if group:
                self._ensure_access_line(model, group, rights)
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
                self.env[name].is_multi_company_compatible,
                name,
            )
        )
        self.invalidate_model(["serves_all_companies"])

    @api.model
    def _ensure_access_line(self, model, group, rights):
        Access = self.env["ir.model.access"]
        if Access.search_count([("model_id", "=", model.id), ("group_id", "=", group.id)], limit=1):
            return
        names = ("perm_read", "perm_write", "perm_create", "perm_unlink")
        Access.create(
            {
                "name": f"{model.model} {group.name}",
                "model_id": model.id,
                "group_id": group.id,
                **dict(zip(names, rights, strict=True)),
            }
        )

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
