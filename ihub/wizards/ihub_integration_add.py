from odoo import api, fields, models

from ..report.format import interval_text


class IhubIntegrationAdd(models.TransientModel):
    """The dialog through which a manager adds an integration."""

    _name = "ihub.integration.add"
    _inherit = ["ihub.visible.references"]
    _description = "Add Integration"

    integration_type = fields.Selection(selection="_selection_type", string="Type", required=True)
    type_description = fields.Html(compute="_compute_type")
    needs_company = fields.Boolean(compute="_compute_type")
    what_next = fields.Char(compute="_compute_type")
    problem = fields.Char(compute="_compute_type", help="Why none of this type can be added.")
    asks_for = fields.Char(compute="_compute_type", help="What has to be entered in a next step.")
    name = fields.Char(compute="_compute_name", store=True, readonly=False, required=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)

    @api.model
    def _selection_type(self):
        """List the types of which an integration can be added."""
        Integration = self.env["ihub.integration"]
        # Integrations of other companies count as well, though the user may not see them.
        taken = {
            name
            for (name,) in Integration.sudo()
            .with_context(active_test=False)
            ._read_group([("singleton_key", "!=", False)], ["integration_type"])
        }
        return [
            (name, Integration._title_of(self.env[name]))
            for name in Integration._type_names()
            if name not in taken
        ]

    @api.depends("integration_type")
    def _compute_type(self):
        Integration = self.env["ihub.integration"]
        self.type_description = self.what_next = self.problem = self.asks_for = ""
        self.needs_company = False
        for wizard in self:
            model = Integration._type_model(wizard.integration_type)
            if model is None:
                continue
            wizard.type_description = Integration._description_of(model)
            wizard.problem = Integration._type_fault_text(model._name)
            if wizard.problem:
                continue
            wizard.needs_company = not Integration._type_flag(model, "is_multi_company_compatible")
            wizard.asks_for = wizard._asks_for(model)
            wizard.what_next = wizard._what_next(model)

    def _asks_for(self, model):
        """Return the labels of what has to be entered in a next step, or an empty string."""
        names = self.env["ihub.integration"]._settings_to_ask_for(model)
        labels = model.sudo().fields_get(names, ["string"])
        return ", ".join(labels[name]["string"] for name in names)

    def _what_next(self, model):
        """Return what happens after Add, in a sentence or two."""
        Integration = self.env["ihub.integration"]
        if not Integration._type_flag(model, "is_job"):
            return self.env._("Nothing runs until you press Run Manually on its page.")
        names = ["interval_number", "interval_type", "time_of_day", "tz"]
        schedule = {**Integration.default_get(names), **model._default_schedule()}
        return self.env._(
            "Nothing runs until you press Start on its page. Then it runs %(every)s; you can "
            "change that first.",
            every=interval_text(Integration.new(schedule)),
        )

    @api.depends("integration_type")
    def _compute_name(self):
        Integration = self.env["ihub.integration"]
        for wizard in self:
            model = Integration._type_model(wizard.integration_type)
            wizard.name = Integration._title_of(model) if model is not None else ""

    def action_add(self):
        """Create the integration, or ask for what its settings need first.

        :return: the action that opens its page, or the form of its settings
        :raise UserError: no integration of this type can be added
        """
        self.ensure_one()
        Integration = self.env["ihub.integration"]
        Integration._check_type(self.integration_type)
        vals = {"name": self.name}
        if self.needs_company:
            vals["company_id"] = self.company_id.id
        if self.asks_for:
            defaults = {f"default_{name}": value for name, value in vals.items() if name != "name"}
            model = self.env[self.integration_type]
            return Integration._new_settings_action(model, self.name, **defaults)
        record = self.env[self.integration_type].create(vals)
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("ihub.ihub_integration_action"),
            "views": [[False, "form"]],
            "res_id": record.integration_id.id,
            # Else this dialog would be part of the address, and be looked for after a reload.
            "context": {"active_id": False, "active_ids": []},
        }
