from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.masking import mask
from ..core.text import to_text
from ..engine import lane_lock

# Characters that are shown of it.
SHOWN = 50_000


class IhubOwnStateMixin(models.AbstractModel):
    """What the integration's code remembers from run to run: managers see and reset it."""

    _name = "ihub.own.state.mixin"
    _description = "Own State of an Integration"

    own_state = fields.Text(
        "Remembered by Its Code",
        compute="_compute_own_state",
        help="What the integration's code keeps from run to run, such as where it was in the "
        "other system. Secrets in it are hidden.",
    )

    @api.depends_context("uid")
    def _compute_own_state(self):
        is_manager = self.env.su or self.env.user.has_group("ihub.group_manager")
        for integration in self:
            entries = integration._own_state_entries() if is_manager else ()
            kept = {entry.key: entry.value["value"] for entry in entries}
            integration.own_state = mask(to_text(kept, SHOWN)) if kept else False

    def _own_state_entries(self):
        # Nobody has access to the table: what is shown of it is masked.
        State = self.env["ihub.integration.state"].sudo()
        return State.search([("integration_id", "in", self._origin.ids)], order="key")

    def action_reset_own_state(self):
        """Forget what the integration's code has kept, so that it begins anew.

        :return: True
        :raise UserError: while a run is in progress, which might write it again
        """
        self.check_access("write")
        busy = lane_lock.alive(self.env.cr, self.ids)
        for integration in self:
            if integration.id in busy:
                raise UserError(
                    self.env._(
                        "%(name)s has a run in progress, which may use what would be reset. Press "
                        "Stop, wait until it has stopped, then reset it.",
                        name=integration.name,
                    )
                )
            integration._reset_own_state()
        return True

    def _reset_own_state(self):
        entries = self._own_state_entries()
        if not entries:
            return
        keys = mask(", ".join(entries.mapped("key")))
        entries.unlink()
        self.message_post(
            body=self.env._("Reset what its code remembered: %(keys)s", keys=keys),
            subtype_xmlid="mail.mt_note",
        )
