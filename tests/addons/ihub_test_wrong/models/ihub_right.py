"""Types that look odd, and are right."""

from odoo import fields, models


class IhubRightStep(models.AbstractModel):
    """What several types have in common: a step on the way, and no type itself."""

    _name = "ihub.right.step"
    _inherit = "ihub.abstract_integration"
    _description = "Right: step"

    is_job = False
    page_size = 100


class IhubRight(models.Model):
    _name = "ihub.right"
    _inherit = ["ihub.right.step", "mail.thread"]
    _description = "Right"

    address = fields.Char(required=True)
    # As the integration's, under another label.
    name = fields.Char("Shop", related="integration_id.name", readonly=False)

    def run_from_to(self, _from, _to):
        self.ihub_info(self.address)


class IhubRightExtended(models.Model):
    """What a second addon adds."""

    _inherit = "ihub.right"

    delay = 90

    def run_from_to(self, _from, _to):
        self.ihub_info(self.name)
        return super().run_from_to(_from, _to)
