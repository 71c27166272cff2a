import logging

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core import alerts, lateness
from ..core.sentences import Sentence
from ..core.triggers import ONGOING
from ..engine import transaction
from ..engine.worker import MAX_CRASHES
from ..report.format import reader_zone
from ..report.notices import TOLD, Notice, told_reason
from ..report.sentences import read, stored
from .ihub_fields import NumberOrNone, TimeOfDay

_logger = logging.getLogger(__name__)
# What can be told: the subtype that followers choose, and the text.
KINDS = {
    "failed": ("ihub.mt_integration_failed", "ihub.message_integration_failed"),
    "late": ("ihub.mt_integration_late", "ihub.message_integration_late"),
    "recovered": ("ihub.mt_integration_recovered", "ihub.message_integration_recovered"),
    # Of a run that the schedule has nothing to do with.
    "run_failed": ("ihub.mt_integration_failed", "ihub.message_run_failed"),
    "run_errors": ("ihub.mt_integration_failed", "ihub.message_run_errors"),
    "doubtful": ("ihub.mt_integration_failed", "ihub.message_doubtful"),
    "run_done": ("ihub.mt_integration_recovered", "ihub.message_run_done"),
    "items_failed": ("ihub.mt_integration_failed", "ihub.message_items_failed"),
    "items_repaired": ("ihub.mt_integration_recovered", "ihub.message_items_repaired"),
    "server_down": ("ihub.mt_integration_failed", "ihub.message_server_down"),
    "server_up": ("ihub.mt_integration_recovered", "ihub.message_server_up"),
}
# What asks nobody to do anything.
NOTHING_TO_DO = ("recovered", "run_done", "items_repaired", "server_down", "server_up")
ACTIVITY = "ihub.mail_activity_type_alert"
# Apart from that one: an integration works again while items are still to be repaired.
ITEMS_ACTIVITY = "ihub.mail_activity_type_items"


class IhubAlertMixin(models.AbstractModel):
    """Alerts: of failures, lateness and recovery, to the responsible person and followers.

    The first failure is told at once. Further ones are counted, and told once, when it works
    again. What is told is only ever decided where a run is settled, in a request, or by the cron
    that looks for what is late: never in the transaction of the integration's code.
    """

    _name = "ihub.alert.mixin"
    _description = "Alerts of an Integration"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self._default_user_id(),
        domain=lambda self: [("all_group_ids", "in", self.env.ref("ihub.group_user").ids)],
        index="btree_not_null",
        tracking=True,
        help="The person to ask about this integration, who is notified when something is wrong "
        "with it. Followers are notified as well. Each gets an email or a message in Odoo, "
        "depending on their own preferences.",
    )
    notify_failure = fields.Boolean(
        "When It Fails",
        default=True,
        help="Notify as soon as it fails. Further failures are counted, and reported when it "
        "works again. An attempt that will be retried automatically does not count as a "
        "failure.",
    )
    notify_late = fields.Boolean(
        "When It Is Late",
        default=True,
        help="Notify once when scheduled work has not been completed in time.",
    )
    notify_recovery = fields.Boolean(
        "When It Works Again",
        default=True,
        help="Notify once when it works again after failures, or is on time again.",
    )
    notify_by_activity = fields.Boolean(
        "With an Activity",
        help="The responsible person also gets an activity, which is removed when the "
        "integration works again.",
    )
    failures_since_recovery = fields.Integer(
        "Failures",
        readonly=True,
        copy=False,
        help="How many times it has failed since it last worked.",
    )
    failed_since = fields.Datetime(
        "Failing Since",
        readonly=True,
        copy=False,
        help="When the first of these failures occurred.",
    )
    failed_run_id = fields.Many2one(
        "ihub.run",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="A run that was requested and failed, or any run that reported errors, until a later "
        "run has made up for it.",
    )
    doubts_empty_runs = fields.Boolean(
        "When a Run Is Unexpectedly Empty",
        default=True,
        tracking=True,
        help="Show “Doubtful”, and notify once, when a scheduled run is done without any records "
        "although at least 40 are usual: the median of the runs that ended at the same hour and "
        "weekday in the last eight weeks, if at least four of these had any.",
    )
    doubtful_run_id = fields.Many2one(
        "ihub.run",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The first run without any records where many are usual, until one has some.",
    )
    items_told = fields.Datetime(
        readonly=True,
        copy=False,
        help="When people were last notified about items to repair; empty if they were not.",
    )
    late_after_intervals = NumberOrNone(
        "Late After (Intervals)",
        default=3,
        tracking=True,
        help="Late when nothing has been completed for this many intervals after a run was due, "
        "and for at least ten minutes. 0: not checked.",
    )
    late_by = TimeOfDay(
        "Late After (Time of Day)",
        zero_is_none=True,
        tracking=True,
        help="Late when what was due is not completed by this time of day, in the time zone of "
        "the integration. 24:00 is the end of the day; 0:00: not checked.",
    )
    late_since = fields.Datetime(
        readonly=True,
        copy=False,
        help="The time since which it has been late, as people were notified.",
    )
    late_told = fields.Boolean(
        "Told That It Is Late",
        readonly=True,
        copy=False,
        help="Whether people were told: those who know that its server is down are not.",
    )

    # --- Defaults and constraints ---

    @api.model
    def _default_user_id(self):
        user = self.env.user
        belongs = user.has_group("ihub.group_user") and not user._is_superuser()
        return user if belongs else self.env["res.users"]

    @api.constrains("user_id", "company_id")
    def _check_responsible(self):
        for integration in self:
            user = integration.user_id
            if user and not integration._may_be_notified(user):
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot be responsible for %(name)s, because this user does not "
                        "have access to it. Choose another user, or give this one access to the "
                        "Integration Hub and to the company first.",
                        user=user.name,
                        name=integration.name,
                    )
                )

    # --- What happens to the integration ---

    def _fail(self, reason, run=None):
        """Put the integration into the failed state and tell people."""
        for integration in self:
            told = stored(integration, reason or Sentence("failed"))
            integration._change_state("failed", told)
            integration._count_failure(told, run)

    def _run_has_failed(self, run, told):
        """Do what follows when ``run`` has failed for good, and nobody has called ``fail()``.

        :param dict told: why, as ``sentences.stored`` returns it

        The schedule stops at a window that fails. What people have asked for is theirs to ask for
        again: the schedule goes on.
        """
        if run.trigger == "items":
            # What is to be repaired still is, and says so.
            return
        if run.trigger not in ONGOING:
            self._remember_failed_run(run, told)
            return
        if self.state != "stopped":
            self._change_state("failed", told)
        self._count_failure(told, run)

    def _fail_after_run(self, run, reason):
        """Put the integration into the failed state: the code of ``run`` has called ``fail()``."""
        if run.trigger not in ONGOING:
            self._remember_failed_run(run)
        self._fail(reason, run)

    def _count_failure(self, told, run):
        """Tell the first failure of a row; of the others, only count them."""
        self.ensure_one()
        integration = self.sudo()
        first = not integration.failures_since_recovery
        values = {"failures_since_recovery": integration.failures_since_recovery + 1}
        if first:
            values["failed_since"] = fields.Datetime.now()
        # Whoever knows that it has failed knows why it is late.
        integration.write({**values, "late_since": False})
        if first:
            known = filter(None, told_reason(integration, **told).values())
            integration._message_log(body=self.env._("Failed: %(reason)s", reason=" ".join(known)))
            if integration.notify_failure:
                integration._notify_people("failed", told=told, run=run)

    def _is_affected_by(self, run, counts):
        """Return whether ``run``, which is done, leaves something to :meth:`_settle_success`.

        :param counts: :class:`Counts` of what has become of its items
        """
        return bool(
            counts
            or run.with_errors
            or run.usual_records
            or self.doubtful_run_id
            or self.state == "failed"
            or self.failures_since_recovery
            or self.failed_run_id
            or self.items_told
        )

    def _settle_success(self, run):
        """After ``run`` is done, tell what it has left, and forget and tell what it makes up for.

        After a manual run nothing is failed any more that one had made so.
        """
        self.invalidate_recordset()
        schedule_has_failed = bool(self._scheduled_run().first_message)
        by_people = run.trigger in ("manual", "backfill")
        if self.state == "failed" and by_people and not schedule_has_failed:
            self._change_state("stopped", stored(self, Sentence("worked")))
        self._tell_items(run)
        self._settle_doubt(run)
        if run.with_errors:
            # Until somebody has seen to it. Who has asked for items to be tried again was told on
            # the screen, so nobody gets a mail.
            told = None if run.trigger == "items" else run._told()
            self._remember_failed_run(run, told, kind="run_errors")
        else:
            self._forget_repaired_run(run)
        failures, since = self.failures_since_recovery, self.failed_since
        if not alerts.has_recovered(failures, self.state, run.trigger, schedule_has_failed):
            return
        self.write(
            {"failures_since_recovery": 0, "failed_since": False, "late_since": False},
        )
        self._message_log(
            body=self.env._("Working again. Earlier failures: %(count)s", count=failures)
        )
        self._end_activity()
        self._notify_recovery("recovered", failures=failures, since=since)

    def _end_activity(self):
        """Remove the activity of those of which nothing is open any more that it may be about."""
        over = self.filtered(lambda integration: not integration._is_any_open())
        # As superuser: activities are the responsible person's.
        over.sudo().activity_unlink([ACTIVITY])

    def _is_any_open(self):
        """Return whether anything is wrong that people look after, except items."""
        integration = self.sudo()
        return bool(
            integration.failures_since_recovery
            or integration.failed_run_id
            or (integration.doubts_empty_runs and integration.doubtful_run_id)
            or integration.late_since
        )

    def _notify_recovery(self, kind, **facts):
        wanted = self.filtered("notify_recovery")
        if wanted:
            wanted._notify_people(kind, **facts)

    # --- The doubtful run: nothing where much is usual ---

    def _settle_doubt(self, run):
        """Tell the first run of a row that had no records where many are usual, or forget it."""
        if run.trigger in ("items", "webhook"):
            # What came before, or by itself, says nothing of what is missing.
            return
        if run.processed:
            self._forget_doubt(self.env._("There are records again."))
        elif run.usual_records and not self.doubtful_run_id:
            self.doubtful_run_id = run
            self._message_log(body=self.env._("Doubtful: %(reason)s", reason=run.explanation))
            self._notify_people("doubtful", told=run._told(), run=run)
            self._notify_change()

    def _forget_doubt(self, why):
        if self.doubtful_run_id:
            self.doubtful_run_id = False
            self._message_log(body=why)
            self._end_activity()
            self._notify_change()

    # --- The failed run: one that was asked for, or one that has reported errors ---

    def _remember_failed_run(self, run, told=None, kind="run_failed"):
        """Let the card say that ``run`` has failed; tell people of the first of a row.

        :param dict told: why, as ``sentences.stored`` returns it; None: people are told otherwise
        :param str kind: as what they are told
        """
        known = self.failed_run_id
        # The first: the others follow when it is made up for. Whoever has tried the same once more
        # sees what is wrong now, after what has failed in between.
        is_again = known.trigger == run.trigger == "manual" and (
            not run.window_from or self._covers(run, known)
        )
        if is_again:
            known.is_dismissed = True
            self.failed_run_id = self._next_failed_run(known) or run
        elif not known:
            self.failed_run_id = run
        self._notify_change()
        if known or told is None:
            return
        log = {
            "run_failed": self.env._("A run failed: %(reason)s", reason=read(self, told)),
            "run_errors": self.env._("A run reported errors."),
        }
        self._message_log(body=log[kind])
        if self.notify_failure:
            self._notify_people(kind, told=told, run=run)

    def _forget_repaired_run(self, run):
        """After ``run`` has worked: whether a failed run is made up for."""
        failed = self.failed_run_id
        if not failed or not self._makes_up_for(run, failed):
            return
        self.failed_run_id = self._next_failed_run(failed)
        if not self.failed_run_id and not self.failures_since_recovery:
            self._recover_run(failed)
        self._notify_change()

    def _recover_run(self, failed):
        self._end_activity()
        self._message_log(
            body=self.env._("The failed run has since been completed by a later one.")
        )
        if failed.window_from:
            # Of items that were tried again, whoever asked for it was told on the screen.
            self._notify_recovery("run_done", run=failed)

    def _makes_up_for(self, run, failed):
        """Return whether ``run``, which is done, has done what ``failed`` had not."""
        if failed.trigger == "items":
            return run.trigger == "items" and not run.with_errors and not run.failed_items
        return not run.with_errors and self._covers(run, failed)

    def _covers(self, run, failed):
        """Return whether ``run`` was asked for what ``failed`` was, and perhaps for more."""
        if not run.window_from or not failed.window_from:
            return False
        if not self.takes_period and run.trigger != "schedule":
            return True
        return run.window_from <= failed.window_from and failed.window_to <= run.window_to

    def _next_failed_run(self, failed):
        """Return the first run that has failed since ``failed``, and was not made up for.

        Since, by when they ended: those of a backfill were queued before a manual one that went
        first. A scheduled run that has failed is the schedule's to make up for; one that is done
        with errors is shown as any other.
        """
        self.env["ihub.run"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT f.id FROM ihub_run f
                 WHERE f.integration_id = %s AND f.id <> %s AND f.ended_at >= %s
                   AND f.is_dismissed IS NOT TRUE
                   AND (f.state = 'done' AND f.with_errors AND f.trigger <> 'items'
                        OR f.trigger <> 'schedule' AND f.window_from IS NOT NULL
                           AND (f.state = 'failed'
                                OR f.state = 'interrupted' AND f.crash_count >= %s))
                   AND NOT EXISTS (
                    SELECT FROM ihub_run d
                     WHERE d.integration_id = f.integration_id
                       AND (d.ended_at, d.id) > (f.ended_at, f.id)
                       AND d.state = 'done' AND d.with_errors IS NOT TRUE
                       AND (d.window_from <= f.window_from AND d.window_to >= f.window_to
                            OR %s AND d.trigger <> 'schedule'
                               AND d.window_from IS NOT NULL AND f.window_from IS NOT NULL))
                 ORDER BY f.ended_at, f.id LIMIT 1
                """,
                self.id,
                failed.id,
                failed.ended_at,
                # Of those that died before, another one goes on.
                MAX_CRASHES - 1,
                not self.takes_period,
            )
        )
        return rows and rows[0][0]

    def action_dismiss_failed_run(self):
        """Let the card say no more that a run has failed, or is doubtful: somebody has seen to it.

        Of what is both, the card names the failure, so that is dismissed first. It then names the
        next run that has failed, if there is one.

        :return: True
        """
        for integration in self._operable():
            if integration.failed_run_id:
                integration._dismiss_failed_run()
                integration._message_log(body=self.env._("The failed run was dismissed."))
                integration._end_activity()
                integration._notify_change()
            else:
                integration._forget_doubt(self.env._("The doubtful run was dismissed."))
        return True

    def _dismiss_failed_run(self):
        failed = seen = self.failed_run_id
        if failed.state == "done":
            # People were promised one message however many runs report errors before they press
            # the button, so it is about all of them; another one could not be told from a new one.
            seen |= self.env["ihub.run"].search(
                [
                    ("integration_id", "=", self.id),
                    ("ended_at", ">=", failed.ended_at),
                    ("state", "=", "done"),
                    ("with_errors", "=", True),
                    ("is_dismissed", "=", False),
                ]
            )
        seen.is_dismissed = True
        self.failed_run_id = self._next_failed_run(failed)

    # --- Items that have failed ---

    def _tell_items(self, run):
        """Tell of the items that have failed in ``run``, which is done, or that none is left."""
        # Whoever has asked for items to be tried again is told on the screen what came of it.
        if run.failed_items and run.trigger != "items":
            self._tell_failed_items(run)
        self._tell_repaired_items()

    def _tell_failed_items(self, run):
        """Tell once per run, unless people know of all these items already."""
        if not self.notify_failure:
            return
        failed = run._open_items() & Domain("state", "=", "failed")
        items = self.env["ihub.item"].search(failed, order="id")
        if all(items.mapped("is_told")):
            return
        items.is_told = True
        self.items_told = fields.Datetime.now()
        self._notify_people("items_failed", run=run, items=items)

    def _tell_repaired_items(self):
        """Tell that nothing is left to be repaired, where people were told that there is."""
        integration = self.sudo()
        if not integration.items_told:
            return
        is_open = [("integration_id", "=", self.id), ("state", "in", ("failed", "pending"))]
        if integration.env["ihub.item"].search_count(is_open, limit=1):
            return
        integration.items_told = False
        integration.activity_unlink([ITEMS_ACTIVITY])
        integration._notify_recovery("items_repaired")

    # --- Telling ---

    def _notify_people(self, kind, known=None, **facts):
        """Tell whom it concerns; that telling fails must not hide what happened.

        :param str kind: one of :data:`KINDS`
        :param known: the users who know it already
        :param facts: for the text, besides the integrations
        """
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return
        try:
            with self.env.cr.savepoint():
                self.sudo()._notify_readers(kind, known or self.env["res.users"], facts)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            # As a broken mail set-up would.
            _logger.exception("Could not tell people about integrations %s.", self.ids)

    def _notify_readers(self, kind, known, facts):
        notifications = [
            (self._reader(user, integration), integration.id)
            for integration in self
            for user in integration._readers(KINDS[kind][0]) - known
        ]
        notices = alerts.notices(notifications)
        for (lang, tz, ids), partner_ids in notices.items():
            integrations = self.browse(ids).with_context(lang=lang, tz=tz)
            integrations._send_notice(kind, facts, partner_ids)
        if notices:
            # Not from here: a mail server that does not answer would hold up the lane.
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        if kind not in NOTHING_TO_DO:
            for integration in self.filtered("notify_by_activity"):
                integration._plan_activity(kind, facts)

    def _send_notice(self, kind, facts, partner_ids):
        """Send one message, in the language and time zone of the context."""
        root = self.env.ref("base.partner_root")
        one = self if len(self) == 1 else self.browse()
        # Odoo's own button would be a second one, beside the one in the text that leads further.
        one.with_context(ihub_own_button=True).message_notify(
            subject=Notice(self).title(kind, facts.get("server")),
            body=self._alert_body(kind, facts),
            partner_ids=partner_ids,
            author_id=root.id,
            email_add_signature=False,
            force_send=False,
        )

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        groups = super()._notify_get_recipients_groups(message, model_description, msg_vals)
        if self.env.context.get("ihub_own_button"):
            for __, __, data in groups:
                data["has_button_access"] = False
        return groups

    def _alert_body(self, kind, facts):
        """Return the text of the message, as HTML."""
        # The context is that of the reader.
        return self.env["ir.qweb"]._render(
            KINDS[kind][1],
            {
                **facts,
                **told_reason(self, **facts.get("told", {})),
                "integrations": self,
                "notice": Notice,
                "told": TOLD,
                "tz": reader_zone(self),
            },
        )

    # --- Whom ---

    def _may_be_notified(self, users):
        """Return those of ``users`` who may read what is told about this integration."""
        company, is_lost = self.sudo().company_id, self.sudo()._is_lost()
        return users.sudo().filtered(
            lambda user: (
                not is_lost
                and user.active
                and not user._is_superuser()
                and user.has_group("ihub.group_user")
                and (not company or company in user.company_ids)
            )
        )

    @api.model
    def _reader(self, user, integration):
        zone = user.tz or integration.tz
        return alerts.Reader(user.partner_id.id, user.lang or "en_US", zone)

    def _readers(self, subtype_xmlid):
        """Return the users to whom a message about this integration is sent."""
        self.ensure_one()
        readers = self._may_be_notified(self.user_id | self._followers_of(subtype_xmlid))
        # Nobody would hear of it: the person has left, perhaps.
        return readers or self._may_be_notified(self.env.ref("ihub.group_manager").all_user_ids)

    def _people_to_tell(self, kind):
        """Return the users who are told of these integrations."""
        users = self.env["res.users"]
        return users.union(*(one._readers(KINDS[kind][0]) for one in self))

    def _followers_of(self, subtype_xmlid):
        subtype = self.env.ref(subtype_xmlid)
        following = self.message_follower_ids.filtered(lambda line: subtype in line.subtype_ids)
        return following.partner_id.user_ids

    def _plan_activity(self, kind, facts):
        """Give the responsible person an activity, unless there is one already."""
        activity = ITEMS_ACTIVITY if kind == "items_failed" else ACTIVITY
        user = self._may_be_notified(self.user_id)
        if not user or self.activity_search([activity], user_id=user.id):
            return
        reader = self.with_context(
            lang=user.lang or "en_US",
            tz=user.tz or self.tz,
            # Without the mail that Odoo sends about an activity: a message says the same.
            mail_activity_quick_update=True,
        )
        reader.activity_schedule(
            activity,
            summary=Notice(reader).title(kind),
            note=reader._alert_body(kind, facts),
            user_id=user.id,
        )

    # --- Lateness ---

    @api.model
    def _cron_notify_late(self):
        """Tell of outages, of what is late and of what is on time again; wake forgotten inboxes.

        Databases keep this name in their scheduled action, ``ir_cron_tell_late``.
        """
        # As superuser, whoever somebody has made the user of the scheduled action.
        hub = self.with_user(SUPERUSER_ID)
        hub.env["ihub.server"]._notify_outages()
        try:
            hub._notify_late()
            hub._wake_inboxes()
            hub.env.cr.flush()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Somebody changed one of them at the same moment. The next call comes soon.
            self.env.cr.rollback()
            _logger.info("Late integrations are looked for again in a few minutes.")

    @api.model
    def _notify_late(self):
        verdicts = self._judge_lateness()
        # Leave alone what others are changing right now: the next call sees it.
        locked = self.browse(sum(verdicts.values(), [])).try_lock_for_update(allow_referencing=True)
        begun, lasting, ended, dropped = (
            locked.filtered(lambda integration, ids=verdicts[verdict]: integration.id in ids)
            for verdict in ("begins", "lasts", "ends", "dropped")
        )
        begun._begin_late()
        (begun | lasting)._tell_late()
        ended._end_late()
        dropped.write({"late_since": False})
        dropped._end_activity()
        dropped._notify_change()

    @api.model
    def _judge_lateness(self):
        """Return ``{verdict: ids}``, with the verdicts of :func:`lateness.judge_lateness`.

        Of what lasts, only what people are still to be told of.
        """
        now = fields.Datetime.now()
        verdicts = {"begins": [], "lasts": [], "ends": [], "dropped": []}
        known = self._all_known()
        for integration in self.browse(known):
            facts, __ = known[integration.id]
            verdict = lateness.judge_lateness(
                facts.late_since, facts.is_late, facts.state == "running", facts.completed
            )
            if verdict == "lasts" and (
                integration.late_told
                or not integration.notify_late
                or lateness.is_making_up(facts.executing_since or facts.idle_since, now)
            ):
                continue
            if verdict:
                verdicts[verdict].append(integration.id)
        return verdicts

    def _begin_late(self):
        self.write({"late_since": fields.Datetime.now(), "late_told": False})
        for integration in self:
            integration._message_log(body=self.env._("Late: nothing was completed in time."))
        self._notify_change()

    def _tell_late(self):
        # Whoever knows that its server is down knows why it is late, for as long as it is.
        wanted = self.filtered("notify_late") - self._known_to_wait()
        if wanted:
            wanted.late_told = True
            wanted._notify_people("late")

    def _known_to_wait(self):
        """Return those of these that wait for a server whose people know that it is down."""
        # They may have been told a moment ago, which this transaction would not see.
        with transaction.own_transaction(self.env.cr.dbname) as env:
            return self & self.browse(env["ihub.server"]._known_to_wait().ids)

    def _end_late(self):
        since = {integration.id: integration.late_since for integration in self}
        self.write({"late_since": False})
        for integration in self:
            integration._message_log(body=self.env._("On time again."))
        self._end_activity()
        # Those that nobody knew to be late are not told to be on time.
        self.filtered("late_told")._notify_recovery("recovered", late_since=since)
        self._notify_change()
