from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import UserError, ValidationError

from ..engine import lane_lock, live
from ..engine.values import checked


class IhubIntegration(models.Model):
    """One configured integration.

    Never written inside the transaction that runs the integration's code: people edit this row
    while runs execute, and neither side may undo the other.
    """

    _name = "ihub.integration"
    _description = "Integration"
    _inherit = ["ihub.outside.text", "mail.thread", "ihub.visible.references"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, copy=False, tracking=True)
    # A selection, so that lists can be filtered and grouped by names that people know.
    integration_type = fields.Selection(
        selection="_selection_integration_type",
        string="Type",
        required=True,
        readonly=True,
        index=True,
    )
    singleton_key = fields.Char(
        copy=False, readonly=True, help="The type, where only one integration of it may exist."
    )
    state = fields.Selection(
        [
            ("created", "New"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="created",
        copy=False,
        index=True,
        group_expand=True,
    )
    state_reason = fields.Text("Reason", readonly=True, copy=False)
    state_user_id = fields.Many2one("res.users", "Changed by", readonly=True, copy=False)
    state_date = fields.Datetime(
        "Since", readonly=True, copy=False, default=lambda self: fields.Datetime.now()
    )
    stop_before_id = fields.Integer(
        readonly=True, copy=False, help="Runs up to this one were asked to stop."
    )
    stop_user_id = fields.Many2one("res.users", "Stopped by", readonly=True, copy=False)
    stop_date = fields.Datetime("Stopped at", readonly=True, copy=False)
    # What is deleted along with its company, or left without one, would be somebody else's.
    company_id = fields.Many2one("res.company", index=True, tracking=True, ondelete="restrict")
    run_as_id = fields.Many2one(
        "res.users",
        "Runs as",
        required=True,
        default=lambda self: self.env.user,
        # Whoever duplicates it answers for what the copy does.
        copy=False,
        tracking=True,
        help="The integration works with the rights of this user.",
    )
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        tracking=True,
        help="Days, weeks and months of the schedule begin at midnight in this time zone.",
    )
    run_ids = fields.One2many("ihub.run", "integration_id", "Runs", readonly=True)
    event_ids = fields.One2many("ihub.event", "integration_id", "Events", readonly=True)

    # Two people may add one at the same moment: `_check_singleton` alone would not notice.
    _singleton_uniq = models.UniqueIndex(
        "(singleton_key)",
        lambda env, _diagnostics: env._(
            "There can be only one integration of this type, and there is one already. "
            "Look for it in the list, also among the archived ones."
        ),
    )

    # --- Constraints ---

    @api.constrains("run_as_id")
    def _check_run_as(self):
        for integration in self:
            user = integration.run_as_id
            if not (user._is_superuser() or user.has_group("ihub.group_user")):
                raise ValidationError(
                    self.env._(
                        "%(user)s is not a user of the Integration Hub, so no integration can run "
                        "as this user. Choose another one, or add the user to the group first.",
                        user=user.name,
                    )
                )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [checked(self, vals) for vals in vals_list]
        for vals in vals_list:
            model = self._type_model(vals.get("integration_type"))
            if model is None:
                raise UserError(
                    self.env._(
                        "There is no integration type %(type)s. "
                        "Install its addon, or choose another type.",
                        type=vals.get("integration_type") or "",
                    )
                )
            self._check_type(model._name)
            is_singleton = self._type_flag(model, "is_singleton")
            vals["singleton_key"] = model._name if is_singleton else False
            vals["serves_all_companies"] = self._type_flag(model, "is_multi_company_compatible")
            self._check_singleton(model)
            if vals["serves_all_companies"]:
                vals["company_id"] = False
            elif not vals.get("company_id"):
                vals["company_id"] = self.env.company.id
        integrations = super().create(vals_list)
        integrations._ensure_pointer()
        return integrations

    def _check_singleton(self, model):
        # Also those of other companies count, and archived ones.
        others = self.sudo().with_context(active_test=False)
        if self._type_flag(model, "is_singleton") and others.search_count(
            [("singleton_key", "=", model._name)], limit=1
        ):
            raise ValidationError(self._singleton_uniq.get_error_message(self, None))

    def write(self, vals):
        vals = checked(self, vals)
        with self._editing_schedule(vals):
            result = super().write(vals)
        if vals.get("active") is False:
            self._stop_archived()
        return result

    # pylint: disable-next=method-required-super  # the type's row copies this one with itself
    def copy(self, default=None):
        """Duplicate the type's rows too: the settings are there."""
        copies = self.browse()
        for integration in self:
            row = integration._type_record()
            copies += row.copy(
                {"name": self.env._("%s (copy)", integration.name), **(default or {})}
            ).integration_id
        return copies

    def unlink(self):
        self._check_can_be_deleted()
        for integration in self:
            # A type's row takes its integration along, and comes back here without a row.
            integration._existing_type_record().unlink()
        remaining = self.exists()
        # Crons belong to the hub: managers have no rights on them. Events stay as they are.
        crons = remaining.sudo()._own_crons()
        result = super(IhubIntegration, remaining).unlink()
        self._delete_crons(crons)
        return result

    def _check_can_be_deleted(self):
        """Refuse to delete what is at work.

        :raise UserError: in words for the operator
        """
        busy = lane_lock.alive(self.env.cr, self.ids)
        for integration in self:
            if integration.id in busy:
                raise UserError(
                    self.env._(
                        "%(name)s is at work right now and cannot be deleted. "
                        "Press Stop, wait until it has stopped, then delete it.",
                        name=integration.name,
                    )
                )
            if integration.state == "running":
                raise UserError(
                    self.env._(
                        "%(name)s is running and cannot be deleted. Press Stop first.",
                        name=integration.name,
                    )
                )

    # --- State ---

    def _change_state(self, state, reason, note=None, **vals):
        """Go to ``state``, remembering why, who and since when.

        :param str state: one of the field's values
        :param str reason: one sentence for the operator
        :param str note: what the chatter says; None: nothing
        :param vals: what else is written in the same statement
        """
        # Operators have no write access to the row itself, only to what start() and stop() do.
        self.sudo().write(
            {
                "state": state,
                "state_reason": reason,
                "state_user_id": self.env.uid,
                "state_date": fields.Datetime.now(),
                **vals,
            }
        )
        if note:
            for integration in self.sudo():
                integration.message_post(body=note, subtype_xmlid="mail.mt_note")
        self._notify_change()

    def _notify_change(self):
        """Tell every open board, after the commit, that these integrations look different now."""
        live.tell(self.env.cr, self.ids)
