import logging

from markupsafe import Markup
from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import AccessError, UserError, ValidationError

from ..engine import alarm, lane_lock, live
from ..engine.retention import LONGEST
from ..engine.values import checked
from .ihub_fields import Badge

# What Odoo itself adds to every model; it ignores what people write there.
MAGIC = {*models.MAGIC_COLUMNS, "display_name"}
# What the pages listen to; see live_reload.js.
CHANGED = "ihub.integration/changed"
_logger = logging.getLogger(__name__)


class IhubIntegration(models.Model):
    """One configured integration.

    Never written inside the transaction that runs the integration's code: people edit this row
    while runs execute, and neither side may undo the other.
    """

    _name = "ihub.integration"
    _description = "Integration"
    _inherit = [
        "ihub.internal.fields",
        "ihub.outside.text",
        "ihub.primary.reads",
        "ihub.type.mixin",
        "ihub.schedule.mixin",
        "ihub.operation.mixin",
        "ihub.alert.mixin",
        "ihub.board.mixin",
        "ihub.items.mixin",
        "ihub.connection.mixin",
        "ihub.own.state.mixin",
        "ihub.webhook.mixin",
        "ihub.visible.references",
    ]
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
        copy=False, readonly=True, help="The type, if only one integration of it may exist."
    )
    state = Badge(
        [
            ("created", "New"),
            ("running", "On"),
            ("stopped", "Off"),
            ("failed", "Failed"),
        ],
        looks={
            "created": ("fa-circle-o", "muted"),
            "running": ("fa-refresh", "primary"),
            "stopped": ("fa-stop", "muted"),
            "failed": ("fa-times-circle", "danger"),
        },
        required=True,
        readonly=True,
        default="created",
        copy=False,
        index=True,
        group_expand=True,
    )
    state_reason = fields.Text("Reason", readonly=True, copy=False)
    state_reason_code = fields.Char(readonly=True, copy=False)
    state_reason_values = fields.Json(readonly=True, copy=False)
    state_user_id = fields.Many2one("res.users", "Changed by", readonly=True, copy=False)
    state_date = fields.Datetime(
        "Since", readonly=True, copy=False, default=lambda self: fields.Datetime.now()
    )
    stop_before_id = fields.Integer(
        readonly=True, copy=False, help="Runs up to this one were asked to stop."
    )
    stop_run_id = fields.Integer(
        readonly=True, copy=False, help="This run alone was asked to stop."
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
        default=lambda self: self._default_tz(),
        tracking=True,
        help="Days, weeks and months of the schedule begin at midnight in this time zone.",
    )
    run_ids = fields.One2many("ihub.run", "integration_id", "Runs", readonly=True)
    event_ids = fields.One2many("ihub.event", "integration_id", "Events", readonly=True)
    # An integration without a company that does not do so has lost its own: nobody sees it but
    # who may administer the database, and it cannot run.
    serves_all_companies = fields.Boolean(
        readonly=True, copy=False, help="Its type handles several companies on its own."
    )
    keep_days_info = fields.Integer("Keep Info (Days)", help="0: hub default (30 days).")
    keep_days_warning = fields.Integer("Keep Warnings (Days)", help="0: hub default (90 days).")
    keep_days_error = fields.Integer("Keep Errors (Days)", help="0: hub default (365 days).")
    keep_failed_requests = fields.Boolean(
        default=True,
        tracking=True,
        help="When a run or an item fails because of a request to another system, its page shows "
        "the request and the response until it is done; those of a run for 30 days at most. "
        "Secrets are masked, but a request may contain personal data.",
    )
    # Two people may add one at the same moment: `_check_singleton` alone would not notice.
    _singleton_uniq = models.UniqueIndex(
        "(singleton_key)",
        lambda env, _diagnostics: env._(
            "There can be only one integration of this type, and there already is one. Look for "
            "it in the list, including the archived ones."
        ),
    )
    _webhook_token_uniq = models.UniqueIndex("(webhook_token) WHERE webhook_token IS NOT NULL")
    _keep_days_are_sane = models.Constraint(
        f"""CHECK(keep_days_info BETWEEN 0 AND {LONGEST}
              AND keep_days_warning BETWEEN 0 AND {LONGEST}
              AND keep_days_error BETWEEN 0 AND {LONGEST})""",
        "Events are kept for 0 to 36525 days (a hundred years).",
    )
    _interval_is_positive = models.Constraint(
        "CHECK(interval_number > 0)", "The interval must be at least 1."
    )
    _time_is_of_a_day = models.Constraint(
        "CHECK(time_of_day >= 0 AND time_of_day < 24)",
        "The time of day must be between 00:00 and 23:59.",
    )
    _hang_limit_is_sane = models.Constraint(
        "CHECK(hang_limit BETWEEN 0 AND 525600)",
        "The limit for runs must be between 0 and 525600 minutes (a year).",
    )
    _retries_are_sane = models.Constraint(
        "CHECK(retry_limit BETWEEN 0 AND 1000 AND retry_delay BETWEEN 0 AND 525600)",
        "There can be 0 to 1000 retries, after 0 to 525600 minutes (a year).",
    )
    _retry_waits_are_sane = models.Constraint(
        "CHECK(retry_growth BETWEEN 1 AND 1000 AND retry_maximum BETWEEN 1 AND 525600)",
        "Each wait between retries can be 1 to 1000 times as long as the one before, and the "
        "longest 1 to 525600 minutes (a year).",
    )
    _late_after_is_sane = models.Constraint(
        "CHECK(late_after_intervals BETWEEN 0 AND 1000)",
        "The number of intervals after which it is late must be between 0 and 1000.",
    )
    _late_by_is_of_a_day = models.Constraint(
        "CHECK(late_by >= 0 AND late_by <= 24)",
        "The time after which it is late must be between 0:00 and 24:00.",
    )

    # --- Defaults ---

    def _default_tz(self):
        """Return the user's time zone; UTC where this server does not offer that."""
        zone = self.env.user.tz
        return zone if zone in dict(_tz_get(self)) else "UTC"

    # --- Constraints ---

    @api.constrains("run_as_id")
    def _check_run_as(self):
        for integration in self:
            user = integration.run_as_id
            if not (user._is_superuser() or user.has_group("ihub.group_user")):
                raise ValidationError(
                    self.env._(
                        "%(user)s is not a user of the Integration Hub, so no integration can "
                        "run as this user. Choose another user, or add this one to the group "
                        "first.",
                        user=user.name,
                    )
                )

    @api.constrains("company_id", "integration_type", "serves_all_companies")
    def _check_company_is_set(self):
        for integration in self:
            if integration._lacks_company():
                raise ValidationError(
                    self.env._(
                        "Choose the company that %(name)s works for: this type of integration "
                        "works for one company at a time.",
                        name=integration.name,
                    )
                )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        # Said once, when it is added: what is required, and nothing stands in for.
        required = {
            name for name, field in self._fields.items() if field.required and not field.default
        }
        for vals in vals_list:
            self._refuse_hub_fields(vals.keys() - required)
        integrations = super().create([self._completed(vals) for vals in vals_list])
        integrations._ensure_scheduled_run()
        for integration in integrations.sudo():
            self._check_writer_has_rights(
                integration.name, integration.run_as_id, integration.company_id
            )
        return integrations

    def _completed(self, vals):
        """Return the values of a new integration, with what its type decides."""
        vals = checked(self, vals)
        model = self._type_model(vals.get("integration_type"))
        if model is None:
            raise UserError(
                self.env._(
                    "There is no integration type %(type)s. Install its module, or choose "
                    "another type.",
                    type=vals.get("integration_type") or "",
                )
            )
        self._check_type(model._name)
        self._check_singleton(model)
        is_singleton = self._type_flag(model, "is_singleton")
        serves_all = self._type_flag(model, "is_multi_company_compatible")
        return {
            **vals,
            "singleton_key": model._name if is_singleton else False,
            "serves_all_companies": serves_all,
            "company_id": False if serves_all else vals.get("company_id") or self.env.company.id,
        }

    def write(self, vals):
        # First: a refusal names the integration.
        self.check_access("write")
        self._check_who_says_so(vals)
        self._refuse_hub_fields(vals)
        vals = checked(self, vals)
        with self._editing_schedule(vals):
            result = super().write(vals)
        if vals.get("active") is False:
            for integration in self.sudo():
                integration._stop()
        if "pool_id" in vals:
            # It may have waited for a slot of the one before.
            self._wake()
        return result

    def _check_who_says_so(self, vals):
        """Refuse another user to run as, or company, before anything is written.

        Code that goes on after the refusal must not keep it.
        """
        for integration in self.sudo() if {"run_as_id", "company_id"} & vals.keys() else ():
            old = integration.run_as_id, integration.company_id
            user = integration._record_after(vals, "run_as_id")
            company = integration._record_after(vals, "company_id")
            if (user, company) != old:
                self._check_writer_has_rights(integration.name, user, company)

    def _check_singleton(self, model):
        # Also those of other companies count, and archived ones.
        others = self.sudo().with_context(active_test=False)
        if self._type_flag(model, "is_singleton") and others.search_count(
            [("singleton_key", "=", model._name)], limit=1
        ):
            raise ValidationError(self._singleton_uniq.get_error_message(self, None))

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
        self.env["ihub.deleted.integration"]._remember(remaining)
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
                        "%(name)s has a run in progress and cannot be deleted. Press Stop, wait "
                        "until it has stopped, then delete it.",
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

    def _change_state(self, state, told, note=None, **vals):
        """Go to ``state``, remembering why, who and since when.

        :param str state: one of the field's values
        :param dict told: why, as ``sentences.stored`` returns it
        :param str note: what the chatter says; None: nothing
        :param vals: what else is written in the same statement
        """
        # Operators have no write access to the row itself, only to what start() and stop() do.
        self.sudo().write(
            {
                "state": state,
                **{k.replace("message", "state_reason"): value for k, value in told.items()},
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

    # --- What only the hub sets: every readonly field ---
    #
    # Odoo leaves `readonly` to the screens. Here it holds for everybody who is not superuser, and
    # on every route: RPC, import, copies, commands on related records, the rows of types.

    @api.model
    def _hub_fields(self):
        """Return the set of the names of the fields that only the hub sets."""
        return {
            name for name, field in self._fields.items() if field.readonly and name not in MAGIC
        }

    @api.model
    def _refuse_hub_fields(self, names):
        """Keep what only the hub sets out of reach of everybody else.

        :param names: of fields that somebody sets
        :raise AccessError: when one of them is the hub's
        """
        forged = () if self.env.su else sorted(self._hub_fields() & set(names))
        if forged:
            labels = [self._fields[name]._description_string(self.env) for name in forged]
            raise AccessError(
                self.env._(
                    "Only the hub itself can set %(fields)s. Remove this, and use Start and Stop "
                    "to change what the integration does.",
                    fields=", ".join(labels),
                )
            )

    @api.model
    def _add_missing_default_values(self, values):
        """Begin with the hub's own defaults, not with what a context or a person has set."""
        completed = super()._add_missing_default_values(values)
        for name in self._hub_fields() - set(values):
            completed.pop(name, None)
            if default := self._fields[name].default:
                completed[name] = default(self)
        return completed

    def _record_after(self, vals, name):
        """Return the record to which a field refers once ``vals`` are written."""
        field = self._fields[name]
        if name not in vals:
            return self[name]
        return field.convert_to_record(field.convert_to_cache(vals[name], self), self)

    # --- Who may say so ---

    @api.model
    def _check_writer_has_rights(self, name, user, company):
        """Refuse what would do work that whoever sets it up could not do.

        Trusted code may do so, one step after the other: it cannot run then, and says why.

        :param str name: of the integration
        :param user: the ``res.users`` as whom it would run
        :param company: the ``res.company`` in which it would work; empty: in those of the user
        :raise AccessError: in words that say what to choose instead
        :raise ValidationError: when the user does not belong to the company either
        """
        if self.env.su:
            return
        writer = self.env.user
        if company - writer.sudo().company_ids:
            raise AccessError(
                self.env._(
                    "You do not belong to the company that %(name)s would work for. Choose one "
                    "of yours.",
                    name=name,
                )
            )
        if user and not user.has_no_more_rights_than(writer):
            raise AccessError(
                self.env._(
                    "The user that %(name)s would run as has rights that you do not have. Choose "
                    "yourself in the field 'Runs as', or ask an administrator.",
                    name=name,
                )
            )
        if _is_outside(user, company):
            raise ValidationError(self._outside_company_text(name, user, company))

    # --- Whether it can work ---

    def _is_lost(self):
        """Return whether it has lost its company: then nobody can say whose it is."""
        return not self.company_id and not self.serves_all_companies

    def _lacks_company(self):
        """Return whether it has no company, and does not serve all of them either."""
        return self._is_lost() or (self.needs_company and not self.company_id)

    def _record_for_work(self, id_=None):
        """Return the type's row, as the integration's user and in its company, language, zone.

        :param int id_: of that row, if it is known
        :raise UserError: it cannot work; the message says what is missing
        """
        user = self.run_as_id
        companies = self._work_companies()
        row = self._type_model(self.integration_type).browse(id_) if id_ else self._type_record()
        row._check_required_secrets()
        lang = user.with_user(user).context_get().get("lang")
        return (
            row.with_user(user)  # pylint: disable=context-overridden
            # Not added to the context of the cron: its progress is the lane's own business.
            .with_context({"lang": lang, "tz": self.tz, "allowed_company_ids": companies.ids})
        )

    @api.model
    def _outside_company_text(self, name, user, company):
        return self.env._(
            "%(name)s runs as %(user)s, who does not belong to its company %(company)s. Choose "
            "another user in the field 'Runs as', or add this one to the company.",
            user=user.name,
            name=name,
            company=company.name,
        )

    def _rights_problem(self):
        """Return what it has no right to any more, as ``_preflight`` does."""
        if self._lacks_company():
            return "company", self.env._(
                "%(name)s has no company, and its type works for one company at a time. Choose "
                "the company that it works for.",
                name=self.name,
            )
        user = self.run_as_id
        if _is_outside(user, self.company_id):
            return "user", self._outside_company_text(self.name, user, self.company_id)
        if not (user._is_superuser() or user.has_group("ihub.group_user")):
            return "user", self.env._(
                "%(name)s runs as %(user)s, who is no longer a user of the Integration Hub. "
                "Choose another user in the field 'Runs as', or add this one to the group.",
                user=user.name,
                name=self.name,
            )
        return "", ""

    def _work_companies(self):
        """Return the companies in which its code works; its user belongs to each of them.

        :raise UserError: when there is none
        """
        if problem := self._rights_problem()[1]:
            raise UserError(problem)
        user = self.run_as_id
        return self.company_id or (user.company_id | user.company_ids).filtered("active")

    def _send_change(self):
        """Tell the pages of those who may see these integrations that they have changed."""
        # As superuser: whoever presses a button need not have rights on companies and groups.
        for company, integrations in self.sudo().grouped("company_id").items():
            channel = company._ihub_channel() if company else self.env.ref("ihub.group_user")
            told = integrations.filtered(lambda integration: not integration._is_lost())
            if told:
                self.env["bus.bus"]._sendone(channel, CHANGED, {"ids": told.ids})

    def _register_hook(self):
        super()._register_hook()
        alarm.watch(self.env.cr.dbname)
        names = self._type_names()
        self.env.registry[self._name]._type_faults = {
            name: self._judge_type(name) for name in names
        }
        for name in names:
            if text := self._type_fault_text(name):
                _logger.error("%s", text)
        if self.pool.updated_modules:
            # Only now all access rules are there that the addons bring.
            for name in names:
                self._grant_access_to_type(name)

    @api.autovacuum
    def _gc_crons(self):
        """Delete the crons that lost their integration and switched themselves off."""
        inactive = self.env["ir.cron"].search(
            [("active", "=", False), ("code", "=like", "model.browse(%)._cron_lane()")]
        )
        kept = self.with_context(active_test=False).search([("cron_id", "in", inactive.ids)])
        self._delete_crons(inactive - kept.cron_id)
        return len(inactive - kept.cron_id), 0

    @api.model
    def get_empty_list_help(self, help_message):
        """Do not tell people to press New who have no such button."""
        # The web client reads actions as superuser.
        if help_message and not self.sudo(False).has_access("create"):
            help_message = Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>') % (
                self.env._("No integrations to show"),
                self.env._(
                    "If you have searched or filtered, remove that first. An integration exchanges "
                    "data with another system, on a schedule or when you ask for it. Ask a manager "
                    "of the Integration Hub to add one; then you can start it, stop it and run it "
                    "here."
                ),
            )
        return super().get_empty_list_help(help_message)


def _is_outside(user, company):
    """Return whether ``user`` does not belong to ``company``."""
    user = user.sudo()
    if not company or not user or user._is_superuser():
        return False
    # Odoo remembers the first; it knows nothing of companies that are archived.
    return company.id not in user._get_company_ids() and company not in user.company_ids
