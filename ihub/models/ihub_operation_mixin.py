import logging
from ast import literal_eval
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.modules.neutralize import get_neutralization_queries
from psycopg2.errors import UniqueViolation

from ..core.retry import RetryPolicy
from ..core.schedule import Window
from ..core.sentences import Sentence
from ..core.text import clean
from ..core.triggers import BY_ITSELF, ORDER
from ..engine import home
from ..engine.transaction import own_transaction
from ..engine.values import moment
from ..engine.worker import Worker
from ..report.actions import dialog, page_of
from ..report.format import local_moment, local_period, number_text, start_of_today
from ..report.sentences import stored
from .ihub_fields import NumberOrNone
from .ihub_schedule_mixin import NAMED_WINDOWS

_logger = logging.getLogger(__name__)
# Where a transaction keeps of which integrations it has found a run that waits.
_TRIGGERED = "ihub.triggered"
# So many runs that people or code have asked for may wait in one lane.
MAX_QUEUED = 1000
# Characters of an idempotency key.
KEY_LENGTH = 200
# From so many missed windows on, people are asked before they are made up for.
MANY = 10


RETRY_NUMBERS = ("retry_limit", "retry_delay", "retry_growth", "retry_maximum")
# What people choose from without knowing the numbers.
RETRY_PLANS = {
    "growing": (3, 5, 2.0, 24 * 60),
    "minutes": (5, 1, 1.0, 24 * 60),
    "hours": (24, 60, 1.0, 24 * 60),
}


def _look_again(cr, integration_id):
    """Once ``cr`` has committed, see whether the run that waits does so still.

    It may have begun before anybody could see what there is to be done.
    """
    waiting = cr.postcommit.data.get(_TRIGGERED)
    if waiting is None:
        waiting = cr.postcommit.data[_TRIGGERED] = set()
        cr.postcommit.add(lambda: _trigger_those_without_run(cr.dbname, waiting))
    waiting.add(integration_id)


def _trigger_those_without_run(dbname, integration_ids):
    try:
        with own_transaction(dbname) as env:
            for integration in env["ihub.integration"].browse(integration_ids).exists():
                if not integration._triggered_run():
                    integration.trigger()
    except Exception:
        # What has called it is committed, and must not look as if it were not.
        _logger.exception("What was triggered could not be queued.")


class IhubOperationMixin(models.AbstractModel):
    """The buttons, the checks before a run, and the cron that wakes the lane."""

    _name = "ihub.operation.mixin"
    _description = "Operation of an Integration"

    cron_id = fields.Many2one(
        "ir.cron", "Scheduled Action", readonly=True, copy=False, ondelete="set null"
    )
    retry_plan = fields.Selection(
        [
            ("never", "Never"),
            ("growing", "3 times, first after 5 minutes, then after longer waits"),
            ("minutes", "5 times, a minute apart"),
            ("hours", "24 times, an hour apart"),
            ("own", "Custom (see Advanced)"),
        ],
        "Try Again",
        compute="_compute_retry_plan",
        inverse="_inverse_retry_plan",
        help="Only problems that may go away on their own are retried, such as a server that "
        "cannot be reached.",
    )
    retry_limit = NumberOrNone(
        "Retries",
        default=3,
        tracking=True,
        help="How many times a failed run is retried automatically.",
    )
    retry_delay = fields.Integer(
        "First Wait (Minutes)", default=5, tracking=True, help="Wait before the first retry."
    )
    retry_growth = fields.Float(
        "Wait Multiplier",
        default=2.0,
        tracking=True,
        help="Each further wait is this many times as long as the one before; 1: always the same.",
    )
    retry_maximum = fields.Integer(
        "Longest Wait (Minutes)",
        default=24 * 60,
        tracking=True,
        help="The longest wait between two attempts.",
    )
    hang_limit = NumberOrNone(
        "Stuck After (Minutes)",
        default=0,
        tracking=True,
        help="A run that is still in progress after this time is reported; 0: never.",
    )
    pool_id = fields.Many2one(
        "ihub.pool",
        tracking=True,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="Integrations of a pool share its limit of how many run at once, such as those of one "
        "server that takes few connections.",
    )

    @api.constrains("pool_id", "company_id")
    def _check_pool(self):
        self._check_company(["pool_id"])

    # --- Retries ---

    @api.depends(*RETRY_NUMBERS)
    def _compute_retry_plan(self):
        for integration in self:
            numbers = tuple(integration[name] for name in RETRY_NUMBERS)
            plans = (plan for plan, known in RETRY_PLANS.items() if numbers == known)
            integration.retry_plan = next(plans, "own") if integration.retry_limit else "never"

    @api.onchange("retry_plan")
    def _inverse_retry_plan(self):
        for integration in self:
            if integration.retry_plan == "never":
                integration.retry_limit = 0
            elif plan := RETRY_PLANS.get(integration.retry_plan):
                integration.update(dict(zip(RETRY_NUMBERS, plan, strict=True)))

    def _retry_policy(self):
        """Return the :class:`RetryPolicy` that people have set."""
        return RetryPolicy(
            limit=self.retry_limit,
            delay=self.retry_delay * 60,
            growth=self.retry_growth,
            maximum=self.retry_maximum * 60,
        )

    # --- Public methods ---

    def start(self):
        """Run on schedule from now on. Starting what runs already is harmless.

        :return: True
        :raise UserError: when something must be fixed first; the message says what
        """
        for integration in self._operable():
            integration._start()
        return True

    def stop(self):
        """Stop at once, or at the next checkpoint of the run that is executing.

        Queued manual runs and backfills are not executed any more.

        :return: True
        """
        for integration in self._operable():
            integration._stop()
        return True

    def run_manually(self, _from=None, _to=None, idempotency_key=None):
        """Queue one run. It executes in the background, before scheduled ones.

        :param _from: start of the period: a datetime in naive UTC or with a time zone, a date, or
            text in ISO 8601, which is UTC unless it names an offset; None: since the watermark
        :param _to: end of the period; None: now
        :param str idempotency_key: of the caller's own choice, 200 characters at most. Who sends
            the same one again gets the run that it has queued the first time, whatever has become
            of that, and no other; as long as that run is kept
        :return: the queued ``ihub.run``
        :raise UserError: when the type or the period does not allow it, or too many runs wait
        """
        self.ensure_one()
        integration = self._operable()
        run = integration._run_asked_for_by(idempotency_key)
        if not run:
            integration._check_manually_runnable(_from, _to)
            window = integration._manual_window(_from, _to)
            run = integration._queue_once(window, idempotency_key)
        return run.with_env(self.env)

    @api.private
    def trigger(self):
        """Let it run once more, soon: code calls this when it knows that there is work.

        However often it is called before that run begins, it is one run, for the period since the
        data are complete. It is tried again as scheduled runs are, and waits while the integration
        is off. Anybody's code may call it, whatever rights its user has.
        """
        # As superuser: whoever saves an order need not be a user of the hub.
        for integration in self.sudo():
            if integration._triggered_run():
                _look_again(self.env.cr, integration.id)
            else:
                window = integration._manual_window()
                integration.env["ihub.run"]._enqueue(integration, "code", window, user_id=False)
            integration._ensure_cron()
            integration._wake()

    def _triggered_run(self):
        """Return the run that code has asked for and that has not begun; Stop has not ended it."""
        return self._queued([("trigger", "=", "code"), ("attempt", "=", 0)], limit=1)

    def open_settings(self):
        """Return the action that opens the settings of the integration's type.

        :raise UserError: the type shows them to others only, or cannot open them
        """
        self.ensure_one()
        return self._operable(sudo=False)._settings_action()

    def open_runs(self):
        """Return the action that lists the runs of these integrations."""
        return self._action_on_related("ihub.ihub_run_action")

    def open_events(self):
        """Return the action that lists the events of these integrations."""
        return self._action_on_related("ihub.ihub_event_action")

    def action_open_warnings_today(self):
        """Return the action that lists today's warnings."""
        return self._action_on_events_today("warning")

    def action_open_errors_today(self):
        """Return the action that lists today's errors."""
        return self._action_on_events_today("error")

    def action_run_manually(self):
        """Return the dialog of Run Manually."""
        self.ensure_one()
        return self._dialog("ihub.run.manually", self.env._("Run %(name)s", name=self.name))

    def _dialog(self, model, title):
        """Return the action that opens a dialog on this integration."""
        return dialog(model, title, context={"default_integration_id": self.id})

    # --- Access ---

    def _operable(self, sudo=True):
        """Check that the user may operate these integrations.

        :param bool sudo: whether to return them with the rights that operating needs: operators
            may press the buttons but not edit the rows
        :raise AccessError: when the user is not of the hub, or not of the company
        """
        if not (self.env.su or self.env.user.has_group("ihub.group_user")):
            raise AccessError(self.env._("Only users of the Integration Hub can do this."))
        self.check_access("read")
        return self.sudo() if sudo else self

    # --- Start ---

    def _start(self):
        self._check_can_start()
        self._ensure_scheduled_run()
        self._ensure_cron()
        self._take_back_future()
        if self.state != "running":
            told = stored(self, Sentence("started"))
            self._change_state("running", told, note=self.env._("Started."))
            scheduled = self._scheduled_run()
            if scheduled.state == "pending":
                scheduled._make_fresh()
        self._wake()

    def _check_can_start(self):
        self._check_can_run()
        if not self._can_be_on():
            raise UserError(
                self.env._("%(name)s has no schedule. Use Run Manually instead.", name=self.name)
            )

    def _can_be_on(self):
        """Return whether there is anything to start: a schedule, or messages that are taken."""
        return self.runs_on_schedule or self.has_webhook

    @api.model
    def _startable_types(self):
        """Return the names of the types of which there is anything to start."""
        return [
            name
            for name in self._type_names()
            if self._type_flag(self.env[name], "is_job") or self._webhook_of_type(name)
        ]

    def _is_on(self):
        """Return whether it does what nobody asks for in person."""
        return self.state == "running" or not self._can_be_on()

    def _check_can_run(self):
        """Refuse what could only fail.

        :raise UserError: in words that say what to fix
        """
        if problem := self._preflight_error():
            raise UserError(problem)

    def _preflight_error(self):
        """Return one sentence on what keeps this integration from running, or an empty string."""
        return self._preflight()[1]

    def _preflight(self):
        """Return which of the steps of ``core/health.py`` corrects what keeps it from running.

        :return: the step, empty where there is none; and one sentence, empty where it can run
        """
        if self.type_is_missing:
            return "", self._missing_type_message()
        if text := self._type_fault_text(self.integration_type):
            return "", text
        if not self.active:
            return "", self.env._("%(name)s is archived. Unarchive it first.", name=self.name)
        # Of these alone: users and companies are wide rows, and each run asks.
        self.run_as_id.fetch(["active"])
        self.company_id.fetch(["active"])
        if not (self.run_as_id.active or self.run_as_id._is_superuser()):
            return "user", self.env._(
                "%(name)s runs as %(user)s, but this user is archived. Choose another user in "
                "the field 'Runs as'.",
                user=self.run_as_id.name,
                name=self.name,
            )
        if self.company_id and not self.company_id.active:
            return "company", self.env._(
                "The company %(company)s of %(name)s is archived. Unarchive the company, or "
                "choose another one.",
                company=self.company_id.name,
                name=self.name,
            )
        step, text = self._rights_problem()
        return (step, text) if text else ("schedule", self._schedule_error())

    # --- Stop ---

    def _stop(self):
        """Say that all runs so far are to stop, in one statement on this row alone.

        The rows of the runs belong to the lane: it cancels what is queued.
        """
        queued = self._queued_on_demand(limit=1)
        stop = {"stop_before_id": self._last_run_ever().id, **self._stopped_by()}
        if self.state == "running":
            told = stored(self, Sentence("stopped"))
            self._change_state("stopped", told, note=self.env._("Stopped."), **stop)
        else:
            self.write(stop)
            self._notify_change()
        if queued:
            self._wake()

    def _stop_run(self, run):
        """Say that one run is to stop, in a statement on this row: that of the run is the lane's.

        :param run: the ``ihub.run`` that executes
        """
        self.write({"stop_run_id": run.id, **self._stopped_by()})
        self._notify_change()

    def _stopped_by(self):
        return {"stop_user_id": self.env.uid, "stop_date": fields.Datetime.now()}

    def _last_run_ever(self):
        domain = [("integration_id", "=", self.id)]
        return self.env["ihub.run"].search(domain, order="id desc", limit=1)

    def _queue_domain(self, triggers=ORDER):
        """Return the domain of the queued runs that are begun without anybody's doing.

        For many, and in SQL: ``goes_on`` in ``report/health.py``.
        """
        is_on = self._is_on()
        triggers = [
            t
            for t in triggers
            if t not in BY_ITSELF or (self.state == "running" if t == "schedule" else is_on)
        ]
        return [
            ("integration_id", "=", self.id),
            ("state", "=", "pending"),
            ("trigger", "in", triggers),
            # The schedule has been stopped where it is not running; others by their number.
            "|", ("trigger", "=", "schedule"), ("id", ">", self.stop_before_id),
        ]  # fmt: skip

    def _queued_on_demand(self, limit=None):
        """Return the runs that wait and are not of the schedule, without those stopped since."""
        return self._queued([("trigger", "!=", "schedule")], limit=limit)

    def _queued(self, domain, limit=None):
        """Return the runs that wait, the oldest first, without those that Stop has ended."""
        queued = [
            ("integration_id", "=", self.id),
            ("state", "=", "pending"),
            ("id", ">", self.stop_before_id),
            *domain,
        ]
        # A rule may hide some of them from who presses a button.
        return self.env["ihub.run"].sudo().search(queued, order="id", limit=limit)

    # --- Run manually ---

    def _check_manually_runnable(self, start, end):
        self._check_can_run()
        if not self.runs_manually:
            raise UserError(
                self.env._("%(name)s cannot be run manually. Press Start instead.", name=self.name)
            )
        if (start or end) and not self.takes_period:
            raise UserError(
                self.env._("%(name)s does not take a period. Run it without one.", name=self.name)
            )

    def _manual_window(self, start=None, end=None):
        """Return the :class:`Window` of a manual run.

        :param start: its begin, see :func:`ihub.core.moments.parse`; None: where data are missing
        :param end: its end; None: now
        :raise ValidationError: when it is no period, is empty or is not over yet
        """
        now = fields.Datetime.now()
        end = moment(self.env, end) or now
        start = moment(self.env, start) or self._default_manual_start(end)
        if end > now:
            raise ValidationError(
                self.env._(
                    "The period ends in the future (%(end)s). Choose an end in the past.",
                    end=local_moment(self, end),
                )
            )
        if start >= end:
            raise ValidationError(
                self.env._(
                    "The period begins at %(start)s, which is not before its end at %(end)s. "
                    "Choose an earlier start or a later end.",
                    start=local_moment(self, start),
                    end=local_moment(self, end),
                )
            )
        return Window(start, end)

    def _default_manual_start(self, end):
        """Return where a manual run begins by default: where the data are complete until."""
        start = self.window_from or self._last_manual_end() or self.create_date
        start = start.replace(microsecond=0)
        return start if start < end else end - timedelta(hours=1)

    def _last_manual_end(self):
        return (
            self.env["ihub.run"]
            .sudo()
            .search(
                [
                    ("integration_id", "=", self.id),
                    ("state", "=", "done"),
                    ("trigger", "in", ("manual", "code")),
                ],
                order="window_to desc",
                limit=1,
            )
            .window_to
        )

    def _run_asked_for_by(self, key):
        """Return the run that was queued with an idempotency key; an empty set for none.

        :raise UserError: when it cannot be kept
        """
        Run = self.env["ihub.run"]
        if key is None or key is False or key == "":
            return Run
        is_text = isinstance(key, str) and clean(key) == key
        if not is_text or len(key) > KEY_LENGTH:
            raise UserError(
                self.env._(
                    "The idempotency key must be text of up to %(count)s characters.",
                    count=KEY_LENGTH,
                )
            )
        mine = [("integration_id", "=", self.id), ("idempotency_key", "=", key)]
        return Run.search(mine)

    def _queue_once(self, window, key):
        """Queue one manual run.

        :raise ConcurrencyError: another request has just queued one with this key: begin again
        """
        if not key:
            return self._queue_manually([window], "manual")
        try:
            with self.env.cr.savepoint():
                return self._queue_manually([window], "manual", idempotency_key=key)
        except UniqueViolation as error:
            raise ConcurrencyError(str(error)) from error

    def _queue_manually(self, windows, trigger, **vals):
        """Queue one run per window, and wake the lane.

        :param list windows: :class:`Window` tuples, or None for a run without a period
        :param str trigger: ``manual``, ``backfill`` or ``items``
        :param vals: more of what is known of each, as values of the run
        :return: the new runs
        :raise UserError: when too many wait already
        """
        self._check_room(len(windows))
        self._ensure_cron()
        runs = self.env["ihub.run"].sudo()
        for window in windows:
            runs += runs._enqueue(self, trigger, window, **vals)
        self._wake()
        self._notify_change()
        return runs

    def _check_room(self, number):
        """Refuse to queue more than anybody waits for.

        :param int number: how many runs are to be queued
        :raise UserError: in words that help
        """
        waiting = len(self._queued_on_demand(limit=MAX_QUEUED))
        if waiting + number > MAX_QUEUED:
            raise UserError(
                self.env._(
                    "At most %(limit)s runs of %(name)s can be queued at once (already queued: "
                    "%(count)s). Wait until some are done, or press Stop to cancel them.",
                    name=self.name,
                    count=number_text(self, waiting),
                    limit=number_text(self, MAX_QUEUED),
                )
            )

    # --- Lists ---

    def _action_on_related(self, xmlid):
        self._operable()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = [("integration_id", "in", self.ids)]
        action["context"] = {**literal_eval(action["context"] or "{}"), "create": False}
        if len(self) == 1:
            action["name"] = self.env._(
                "%(action)s: %(name)s", action=action["name"], name=self.name
            )
        return action

    def _action_on_events_today(self, level):
        action = self._action_on_related("ihub.ihub_event_action")
        action["domain"] += [("level", "=", level), ("create_date", ">=", start_of_today(self))]
        return action

    # --- Start and Stop that ask first ---

    def action_start(self):
        """Start, or ask first where something happens that people may not expect.

        :return: the dialog that asks, or True
        """
        integrations = self._operable(sudo=False)
        return integrations._ask("start") if integrations._surprises_at_start() else self.start()

    def action_stop(self):
        """Stop, or ask first where that does more than people may mean.

        :return: the dialog that asks, or True
        """
        integrations = self._operable(sudo=False)
        return integrations._ask("stop") if integrations._surprises_at_stop() else self.stop()

    def _ask(self, operation):
        name = (
            self.name if len(self) == 1 else self.env._("%(count)s integrations", count=len(self))
        )
        title = {
            "start": self.env._("Start %(name)s", name=name),
            "stop": self.env._("Stop %(name)s", name=name),
        }[operation]
        wizard = self.env["ihub.integration.confirm"].create(
            {"integration_ids": self.ids, "operation": operation}
        )
        return dialog(wizard._name, title, res_id=wizard.id)

    # --- What people may not expect ---

    def _surprises_at_start(self):
        """Return those that would skip something, or have much to make up for."""
        return self.filtered(lambda integration: integration._is_start_surprising())

    def _is_start_surprising(self):
        # What cannot start says why; that is no surprise.
        if self.state == "running" or not self.runs_on_schedule or self.sudo()._preflight_error():
            return False
        plan = self._plan_ahead()
        return bool(plan) and (bool(plan.skipped) or plan.backlog >= MANY)

    def _surprises_at_stop(self):
        """Return those that have queued runs, which Stop cancels, or that it also switches off."""
        return self.filtered(
            lambda integration: integration.queued_count or integration._is_more_than_its_run()
        )

    def _is_more_than_its_run(self):
        """Return whether Stop also ends the schedule, where people may mean their run only."""
        # As superuser: a rule may hide the run from who presses the button.
        trigger = self.sudo().current_run_id.trigger
        is_asked_for = self.is_executing and not self.is_stopping and trigger not in BY_ITSELF
        return self.state == "running" and self.runs_on_schedule and is_asked_for

    def _stop_lines(self):
        """Return sentences on what Stop does besides stopping."""
        lines = []
        if self._is_more_than_its_run():
            lines.append(
                self.env._(
                    "Its schedule is turned off: it does not run again until somebody presses "
                    "Start. To end only the current run, open the run and press Stop there."
                )
            )
        if queued := self._queued_on_demand():
            lines.append(self.env._("Queued runs to be cancelled: %(count)s", count=len(queued)))
            lines += [self._stop_line(run) for run in queued[:NAMED_WINDOWS]]
        if len(queued) > NAMED_WINDOWS:
            lines.append(self.env._("… and %(count)s more", count=len(queued) - NAMED_WINDOWS))
        if self.is_executing:
            lines.append(
                self.env._(
                    "The run in progress ends at its next checkpoint, and keeps what it has done "
                    "by then."
                )
            )
        return lines

    def _stop_line(self, run):
        if not run.window_from:
            return run.display_name
        period = local_period(self, run.window_from, run.window_to)
        return self.env._("From %(period)s", period=period)

    # --- The cron, which is the lane's alarm clock and one of its two locks ---

    def _ensure_cron(self):
        """Make the cron, or bring it back to life if somebody deactivated it."""
        self.ensure_one()
        # Crons belong to administrators; operators need theirs to exist all the same.
        integration = self.sudo()
        cron = integration._own_crons() or integration._find_cron()
        if not cron:
            cron = self.env["ir.cron"].sudo().create(self._cron_values())
        if integration.cron_id != cron:
            integration.cron_id = cron
        if not cron.active:
            cron.active = True
        # Odoo refuses to run those of archived users.
        root = self.env.ref("base.user_root")
        if cron.user_id != root:
            cron.user_id = root

    def _cron_code(self):
        return f"model.browse({self.id})._cron_lane()"

    def _own_crons(self):
        """Return the crons of these integrations, as far as they are what serves their lanes."""
        crons = self.env["ir.cron"]
        for integration in self:
            # A row that calls something else is somebody else's, whatever points to it.
            if integration.cron_id.code == integration._cron_code():
                crons += integration.cron_id
        return crons

    def _find_cron(self):
        """Return the lane's cron where ``cron_id`` does not say which it is."""
        crons = self.env["ir.cron"].with_context(active_test=False)
        return crons.search([("code", "=", self._cron_code())], limit=1)

    def _cron_values(self):
        return {
            "name": self.env._("Integration Hub: %(name)s", name=self.name),
            "model_id": self.env["ir.model"]._get_id("ihub.integration"),
            "state": "code",
            "code": self._cron_code(),
            "user_id": self.env.ref("base.user_root").id,
            # Fallback poll; triggers do the real waking.
            "interval_number": 1,
            "interval_type": "hours",
            "nextcall": fields.Datetime.now() + timedelta(hours=1),
        }

    @api.model
    def _delete_crons(self, crons):
        """Delete the crons of deleted integrations.

        One that the scheduler is just looking at cannot be deleted: it finds its integration gone
        at its next call, switches itself off, and is collected with the garbage.
        """
        crons.try_lock_for_update().unlink()

    def _wake(self, at=None):
        """Wake the lane now, or at a moment (naive UTC). Works while the lane is at work."""
        for integration in self.sudo():
            for cron in integration._own_crons():
                cron._trigger(at)

    def _cron_lane(self):
        """Execute what is due. Called by the integration's cron, and by nothing else."""
        # The answer to whether this is a copy wakes all lanes; what is due stays due.
        # As superuser, whoever somebody has made the user of the scheduled action.
        if home.settle_once(self.env):
            Worker(self.with_user(SUPERUSER_ID)).serve()

    # --- A database that may be a copy ---

    @api.model
    def action_is_original(self):
        """Let integrations go on here: the database has moved.

        :raise AccessError: when the user is no manager of the hub
        """
        if not self._settle_home():
            return True
        # Those of all companies, and what was asked for of archived ones, have waited for it.
        self.sudo().with_context(active_test=False).search([("cron_id", "!=", False)])._wake()
        return True

    @api.model
    def action_is_copy(self):
        """Stop all integrations and delete their secrets, as in a copy that Odoo has neutralized.

        :raise AccessError: when the user is no manager of the hub
        """
        if not self._settle_home():
            return True
        self.env.flush_all()
        for query in get_neutralization_queries(["ihub"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        # Of a copy that Odoo neutralizes nobody has said where it is.
        home.settle(self.env)
        return True

    def _settle_home(self):
        """Let the database be at home here; return whether that was a question.

        :raise AccessError: when the user is no manager of the hub
        """
        if not (self.env.su or self.env.user.has_group("ihub.group_manager")):
            raise AccessError(self.env._("Only managers of the Integration Hub can answer this."))
        if home.is_at_home(self.env):
            # Somebody else has answered; nobody stops what belongs to others.
            return False
        home.settle(self.env)
        return True

    # --- One run ---

    def action_open_last_run(self):
        """Return the action that opens the run that ended last: it says what went wrong."""
        return self._action_on_run(self.last_run_id)

    def action_open_error(self):
        """Return the action that opens the run that says what is wrong."""
        return self._action_on_run(self._error_run() or self.last_run_id)

    def action_open_current_run(self):
        """Return the action that opens the run that executes now, or has just ended."""
        return self._action_on_run(self.current_run_id or self.last_run_id)

    def action_run_again(self):
        """Return the dialog of Run Manually, for the period that has failed if one has."""
        self.ensure_one()
        run = self.failed_run_id or self._error_run()
        return run.action_run_again() if run else self.action_run_manually()

    def action_send_to_developer(self):
        """Return a message with all that is known of the failure: see ``ihub.run``."""
        self.ensure_one()
        return self._error_run().action_send_to_developer()

    def action_try_now(self):
        """Try what waits for its next attempt again at once.

        :return: True
        """
        self.ensure_one()
        integration = self._operable()
        # Read as superuser: operators may press the button but not edit the row.
        run = integration.retry_run_id
        if not run and integration.health == "late":
            run = integration._scheduled_run()
        run.filtered(lambda run: run.state == "pending").write({"due": fields.Datetime.now()})
        if run.message_code == "server_down":
            # As superuser: no group has rights on servers.
            self.env["ihub.server"].sudo()._probe_now(run.message_values["server"])
        integration._wake()
        integration._notify_change()
        return True

    def _action_on_run(self, run):
        self.ensure_one()
        self._operable()
        return page_of(run) if run else self.open_runs()
