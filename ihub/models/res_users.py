from odoo import api, models


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.private
    def has_no_more_rights_than(self, other):
        """Return whether ``other`` may do all that this user may.

        :param other: a ``res.users``; who may administer the database may do everything
        """
        if self == other or other._is_system():
            return True
        mine, theirs = self.sudo(), other.sudo()
        return not (
            self._is_superuser()
            or mine.all_group_ids - theirs.all_group_ids
            or mine.company_ids - theirs.company_ids
        )
