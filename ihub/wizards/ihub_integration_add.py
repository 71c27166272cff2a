from odoo import api, fields, models


class IhubIntegrationAdd(models.TransientModel):
    """The dialog through which a manager adds an integration."""

    _name = "ihub.integration.add"
    _inherit = ["ihub.visible.references"]
    _description = "Add Integration"

    integration_type = fields.Selection(selection="_selection_type", string="Type", required=True)
    type_description = fields.Html(compute="_compute_type")
    needs_company = fields.Boolean(compute="_compute_type")
    what_next = fields.Char(compute="_compute_type")
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
            (name, self.env[name]._type_title())
            for name in Integration._type_names()
            if name not in taken
        ]

    @api.depends("integration_type")
    def _compute_type(self):
        for wizard in self:
            model = self.env["ihub.integration"]._type_model(wizard.integration_type)
            wizard.type_description = model._type_description() if model is not None else ""
            wizard.needs_company = model is not None and not model.is_multi_company_compatible
            wizard.what_next = wizard._what_next(model) if model is not None else ""

    def _what_next(self, model):
        """Return what happens after Add, in a sentence or two."""
        if not model.is_job:
            return self.env._("Nothing runs before you press Run Manually on its page.")
        Integration = self.env["ihub.integration"]
        names = ["interval_number", "interval_type", "time_of_day", "tz"]
        schedule = {**Integration.default_get(names), **model._default_schedule()}
        return self.env._(
            "Nothing runs before you press Start on its page. "
            "Then it runs %(every)s; you can change that first.",
            every=Integration.new(schedule)._interval_text(),
        )

    @api.depends("integration_type")
    def _compute_name(self):
        for wizard in self:
            model = self.env["ihub.integration"]._type_model(wizard.integration_type)
            wizard.name = model._type_title() if model is not None else ""

    def action_add(self):
        """Create the integration.

        :return: the action that opens its page
        """
        self.ensure_one()
        vals = {"name": self.name}
        if self.needs_company:
            vals["company_id"] = self.company_id.id
        record = self.env[self.integration_type].create(vals)
        return {
            "type": "ir.actions.act_window",
            "res_model": "ihub.integration",
            "views": [[False, "form"]],
            "res_id": record.integration_id.id,
        }
