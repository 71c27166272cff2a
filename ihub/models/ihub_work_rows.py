from odoo import api, models


def of_work(compute):
    """Mark a method that computes what integrations show of their runs or items, by a query.

    In place of dependencies on fields of those: what an integration shows is a field of every type
    as well, and Odoo would look through all of them at each step of a run, to find hardly any in
    its cache.
    """
    compute.is_of_work = True
    return compute


class IhubWorkRows(models.AbstractModel):
    """Rows of the work of an integration, of which it shows something.

    Has a field ``integration_id``.
    """

    _name = "ihub.work.rows"
    _description = "Rows of an Integration's Work"

    @api.private
    def modified(self, fnames, create=False, before=False):
        result = super().modified(fnames, create=create, before=before)
        self.integration_id._forget_work()
        return result

    def action_open_integration(self):
        """Return the action that opens the integration of this row."""
        self.ensure_one()
        return self.integration_id.action_open()
