from ast import literal_eval
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..core.schedule import LONGEST, InvalidSchedule, ScheduleError, UnknownTimezone, Window
from ..engine.values import moment

# So many runs that people or code have asked for may wait in one lane.
MAX_QUEUED = 1000


class IhubIntegration(models.Model):
    """What operators do: start, stop, run by hand, look."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # --- Public methods ---

    def start(self):
        """Run on schedule from now on. Starting what runs already is harmless.

        :return: True
        :raise UserError: when something must be mended first; the message says what
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

    def run_manually(self, _from=None, _to=None):
        """Queue one run. It executes in the background, before scheduled ones.

        :param _from: start of the period: a datetime in naive UTC or with a time zone, a date, or
            text in ISO 8601, which is UTC unless it names an offset; None: since the watermark
        :param _to: end of the period; None: now
        :return: the queued ``ihub.run``
        :raise UserError: when the type or the period does not allow it, or too many runs wait
        """
        self.ensure_one()
        integration = self._operable()
        integration._check_runnable_by_hand(_from, _to)
        window = integration._manual_window(_from, _to)
        return integration._queue_by_hand([window], "manual").with_env(self.env)

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
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Run %(name)s", name=self.name),
            "res_model": "ihub.run.manually",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_integration_id": self.id},
        }

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
        self._ensure_pointer()
        self._ensure_cron()
        if self.state != "running":
            self._change_state("running", self.env._("Started."), note=self.env._("Started."))
            pointer = self._pointer()
            if pointer.state == "pending":
                pointer._make_fresh()
        self._wake()

    def _check_can_start(self):
        self._check_can_run()
        if not self.runs_on_schedule:
            raise UserError(
                self.env._("%(name)s has no schedule. Use Run Manually instead.", name=self.name)
            )

    def _check_can_run(self):
        """Refuse what could only fail.

        :raise UserError: in words that say what to mend
        """
        if problem := self._obstacle():
            raise UserError(problem)

    def _obstacle(self):
        """Return one sentence on what keeps this integration from running, or an empty string."""
        if self.type_is_missing:
            return self._missing_type_message()
        if text := self._type_fault_text(self.integration_type):
            return text
        if not self.active:
            return self.env._(
                "%(name)s is archived. Restore it from the archive first.", name=self.name
            )
        if not (self.run_as_id.active or self.run_as_id._is_superuser()):
            return self.env._(
                "%(user)s, as whom %(name)s runs, is archived. "
                "Choose another user in the field 'Runs as'.",
                user=self.run_as_id.name,
                name=self.name,
            )
        if self.company_id and not self.company_id.active:
            return self.env._(
                "The company %(company)s of %(name)s is archived. "
                "Restore the company, or choose another one.",
                company=self.company_id.name,
                name=self.name,
            )
        return self._rights_obstacle() or self._schedule_obstacle()

    def _schedule_obstacle(self):
        """Return one sentence on why the schedule cannot be used, or an empty string."""
        try:
            self._schedule()
        except ScheduleError as error:
            return self._schedule_fault(error)
        return ""

    def _schedule_fault(self, error):
        """Return what is wrong with the schedule, and what to do about it."""
        match error:
            case UnknownTimezone():
                return self.env._(
                    "The server does not know the time zone %(zone)s of %(name)s. "
                    "Choose another one.",
                    zone=error.name,
                    name=self.name,
                )
            case InvalidSchedule(setting="interval_number"):
                units = dict(self._fields["interval_type"]._description_selection(self.env))
                return self.env._(
                    "The interval of %(name)s must be between 1 and %(limit)s %(unit)s. "
                    "Correct it on its page.",
                    name=self.name,
                    limit=LONGEST[self.interval_type],
                    unit=units[self.interval_type].lower(),
                )
        return self.env._(
            "The schedule of %(name)s cannot be used. Correct it, or ask the developer of its "
            "type to.",
            name=self.name,
        )

    # --- Stop ---

    def _stop(self):
        """Say that all runs so far are to stop, in one statement on this row alone.

        The rows of the runs belong to the lane: it cancels what is queued.
        """
        queued = self._queued_by_hand(limit=1)
        stop = {
            "stop_before_id": self._last_run_ever().id,
            "stop_user_id": self.env.uid,
            "stop_date": fields.Datetime.now(),
        }
        if self.state == "running":
            stopped = self.env._("Stopped.")
            self._change_state("stopped", stopped, note=stopped, **stop)
        else:
            self.write(stop)
            self._notify_change()
        if queued:
            self._wake()

    def _last_run_ever(self):
        domain = [("integration_id", "=", self.id)]
        return self.env["ihub.run"].search(domain, order="id desc", limit=1)

    def _queued_by_hand(self, limit=None):
        """Return the runs that people have asked for and that wait, without those stopped since."""
        domain = [
            ("integration_id", "=", self.id),
            ("state", "=", "pending"),
            ("trigger", "!=", "schedule"),
            ("id", ">", self.stop_before_id),
        ]
        # A rule may hide some of them from who presses a button.
        return self.env["ihub.run"].sudo().search(domain, order="id", limit=limit)

    def _stop_archived(self):
        for integration in self.sudo():
            integration._stop()

    # --- Run by hand ---

    def _check_runnable_by_hand(self, start, end):
        self._check_can_run()
        if not self.runs_by_hand:
            raise UserError(
                self.env._("%(name)s cannot be run by hand. Press Start instead.", name=self.name)
            )
        if (start or end) and not self.takes_period:
            raise UserError(
                self.env._("%(name)s takes no period. Run it without one.", name=self.name)
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
                    "The period ends in the future (%(end)s). Choose an end that has passed.",
                    end=self._local(end),
                )
            )
        if start >= end:
            raise ValidationError(
                self.env._(
                    "The period begins at %(start)s, which is not before its end at %(end)s. "
                    "Choose an earlier start or a later end.",
                    start=self._local(start),
                    end=self._local(end),
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
                    ("trigger", "=", "manual"),
                ],
                order="window_to desc",
                limit=1,
            )
            .window_to
        )

    def _queue_by_hand(self, windows, trigger):
        """Queue one run per window, and wake the lane.

        :param list windows: :class:`Window` tuples
        :param str trigger: ``manual`` or ``backfill``
        :return: the new runs
        :raise UserError: when it cannot run, or too many wait already
        """
        self._check_can_run()
        self._check_room(len(windows))
        self._ensure_cron()
        runs = self.env["ihub.run"].sudo()
        for window in windows:
            runs += runs._enqueue(self, trigger, window)
        self._wake()
        self._notify_change()
        return runs

    def _check_room(self, number):
        """Refuse to queue more than anybody waits for.

        :param int number: how many runs are to be queued
        :raise UserError: in words that help
        """
        waiting = len(self._queued_by_hand(limit=MAX_QUEUED))
        if waiting + number > MAX_QUEUED:
            raise UserError(
                self.env._(
                    "%(name)s has %(count)s queued runs already, and no more than %(limit)s can "
                    "wait at a time. Wait until some are done, or press Stop to cancel them.",
                    name=self.name,
                    count=waiting,
                    limit=MAX_QUEUED,
                )
            )

    # --- Actions ---

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
        action["domain"] += [("level", "=", level), ("create_date", ">=", self._start_of_today())]
        return action

    def _start_of_today(self):
        """Return when today began for the user, in naive UTC."""
        reader = self.with_context(tz=self._reader_zone())
        today = fields.Datetime.context_timestamp(reader, fields.Datetime.now())
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        return fields.Datetime.to_datetime(fields.Datetime.now()) - (today - midnight)
