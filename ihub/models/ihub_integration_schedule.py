from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..lib.schedule import Schedule, ScheduleError, default_anchor


class IhubIntegration(models.Model):
    """When an integration runs, and for which windows."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # Changing one of these moves the end of the pending window.
    _SCHEDULE_FIELDS = {"interval_number", "interval_type", "time_of_day", "tz", "window_from"}

    interval_number = fields.Integer("Every", default=1, required=True, tracking=True)
    interval_type = fields.Selection(
        [
            ("minutes", "Minutes"),
            ("hours", "Hours"),
            ("days", "Days"),
            ("weeks", "Weeks"),
            ("months", "Months"),
        ],
        "Interval Unit",
        default="hours",
        required=True,
        tracking=True,
    )
    time_of_day = fields.Float(
        tracking=True, help="Windows of days, weeks and months begin and end at this time."
    )
    catch_up = fields.Selection(
        [
            ("one", "One run for everything that was missed"),
            ("each", "One run per missed window"),
            ("skip", "Skip what was missed"),
        ],
        "After an Outage",
        default="one",
        required=True,
        tracking=True,
    )
    schedule_anchor = fields.Datetime(copy=False, readonly=True)
    window_from = fields.Datetime(
        "Next Window From", compute="_compute_window", inverse="_inverse_window_from"
    )
    window_to = fields.Datetime("Next Window To", compute="_compute_window")
    watermark = fields.Datetime(
        "Data Complete Until",
        compute="_compute_watermark",
        help="Everything before this moment has been processed by scheduled runs.",
    )

    _interval_is_positive = models.Constraint(
        "CHECK(interval_number > 0)", "The interval must be at least 1."
    )
    _time_is_of_a_day = models.Constraint(
        "CHECK(time_of_day >= 0 AND time_of_day < 24)",
        "The time of day must be between 00:00 and 23:59.",
    )

    # --- Computes ---

    @api.depends("pointer_id", "run_ids.state", "run_ids.window_from", "run_ids.window_to")
    def _compute_window(self):
        rows = self._rows()
        for integration in self:
            row = rows.get(integration._origin.id)
            integration.window_from = row and row.window_from
            integration.window_to = row and row.window_to

    @api.depends("window_from")
    def _compute_watermark(self):
        rows = self._rows()
        completed = self._with_completed_windows()
        for integration in self:
            id_ = integration._origin.id
            integration.watermark = id_ in completed and rows[id_].window_from

    def _inverse_window_from(self):
        for integration in self:
            start = integration.window_from
            if not start:
                raise ValidationError(
                    self.env._(
                        "Set the moment from which on %(name)s has data.", name=integration.name
                    )
                )
            if start > fields.Datetime.now():
                raise ValidationError(
                    self.env._(
                        "The next window cannot begin in the future (%(start)s). "
                        "Choose a moment in the past.",
                        start=integration._local(start),
                    )
                )
            if integration.id not in integration._with_completed_windows():
                # Nothing done yet: this is where the grid of windows begins.
                integration.sudo().schedule_anchor = start
            integration._ensure_pointer(start)
            integration._move_pointer(start)

    @api.onchange("window_from")
    def _onchange_window_from(self):
        """Say before it is saved what will be skipped, or done again."""
        old, new = self._origin.window_from, self.window_from
        if not (old and new and self._origin.watermark) or old == new:
            return None
        first, last = min(old, new), max(old, new)
        span = {"period": self._local_period(first, last), "count": self._intervals(first, last)}
        if new > old:
            message = self.env._(
                "%(period)s will be skipped (intervals: %(count)s): no run will process it. "
                "The skipped span stays visible in the runs and in the coverage.",
                **span,
            )
        else:
            message = self.env._(
                "%(period)s will be done again (intervals: %(count)s), although it is already "
                "complete.",
                **span,
            )
            message += "\n\n" + "\n".join(self._plan_lines())
        return {"warning": {"title": self.env._("The next window moves"), "message": message}}

    def _intervals(self, start, end):
        """Return the number of windows between two moments; one that is cut counts too."""
        try:
            return self._schedule().count(start, end - timedelta(seconds=1)) + 1
        except ScheduleError:
            return 1

    # --- The schedule as a value ---

    def _schedule(self):
        """Return the :class:`Schedule` of this integration."""
        self.ensure_one()
        days_up = self.interval_type in ("days", "weeks", "months")
        model = self._type_model(self.integration_type)
        return Schedule(
            interval_number=self.interval_number,
            interval_type=self.interval_type,
            anchor=self.schedule_anchor or self._default_anchor(),
            tz=self.tz,
            time_of_day=self.time_of_day if days_up else None,
            delay=model.delay if model is not None else timedelta(0),
        )

    def _default_anchor(self):
        return default_anchor(
            fields.Datetime.now(),
            self.interval_number,
            self.interval_type,
            self.tz,
            self.time_of_day,
        )

    # --- The pointer: the one scheduled run that is pending or running ---

    def _pointers(self):
        """Return ``{integration id: run}`` of the scheduled runs that are next, or at work."""
        # The pointer says nothing that the integration itself does not show.
        runs = (
            self.env["ihub.run"]
            .sudo()
            .search(
                [
                    ("integration_id", "in", self.ids),
                    ("trigger", "=", "schedule"),
                    ("state", "in", ("pending", "running")),
                ]
            )
        )
        return {run.integration_id.id: run.with_env(self.env) for run in runs}

    def _pointer(self):
        self.ensure_one()
        return self._pointers().get(self.id, self.env["ihub.run"])

    def _with_completed_windows(self):
        """Return the set of ids of those integrations that ever completed a scheduled window."""
        if not self.ids:
            return set()
        self.env["ihub.run"].flush_model(["integration_id", "trigger", "state"])
        # One is enough: of each the index is read until there is one.
        rows = self.env.execute_query(
            SQL(
                """
            SELECT i.id FROM unnest(%s) AS i(id)
             WHERE EXISTS (SELECT 1 FROM ihub_run r
                            WHERE r.integration_id = i.id
                              AND r.state = 'done' AND r.trigger = 'schedule')
            """,
                self.ids,
            )
        )
        return {id_ for (id_,) in rows}

    def _ensure_pointer(self, start=None):
        """Create the pending scheduled run where a type with a schedule has none.

        :param datetime start: where the first window begins; None: where a window of the
            schedule that is open now began
        """
        pointers = self._pointers()
        for integration in self.sudo():
            if integration.id in pointers or not integration.runs_on_schedule:
                continue
            anchor = integration.schedule_anchor or integration._default_anchor()
            integration.schedule_anchor = anchor
            window = integration._schedule().window_from(start or anchor)
            self.env["ihub.run"].sudo()._enqueue(integration, "schedule", window)

    def _move_pointer(self, start):
        """Let the next window begin at ``start``; what is passed over is recorded as skipped."""
        self.ensure_one()
        pointer = self.sudo()._pointer()
        old = pointer.window_from
        if start == old:
            return
        if start > old and self.id in self._with_completed_windows():
            pointer._record_skipped(old, start, self.env._("Skipped: the start was moved forward."))
        pointer._set_window(self._schedule().window_from(start))
        self.sudo().message_post(
            body=self.env._(
                "The next window begins at %(new)s instead of %(old)s.",
                new=self._stated(start),
                old=self._stated(old),
            ),
            subtype_xmlid="mail.mt_note",
        )

    # --- Editing ---

    def _check_schedule_can_be_edited(self):
        """Refuse to change the schedule under a run.

        :raise UserError: in words for the operator
        """
        for integration in self:
            if integration.state == "running":
                raise UserError(
                    self.env._(
                        "The schedule of %(name)s cannot be changed while it is running. "
                        "Press Stop, change it, and press Start again.",
                        name=integration.name,
                    )
                )
            if integration._pointer().state == "running":
                raise UserError(
                    self.env._(
                        "%(name)s is still stopping. Change the schedule when its run has ended.",
                        name=integration.name,
                    )
                )

    def _schedule_changed(self, changed):
        """Let the pending window end where the new schedule wants it.

        :param set changed: names of the fields that were written
        """
        for integration in self.sudo():
            if "window_from" not in changed:
                integration.schedule_anchor = integration._default_anchor()
            pointer = integration._pointer()
            # A window that is half done keeps its end: its resume point belongs to it.
            if pointer and not pointer.resume:
                pointer._set_window(integration._schedule().window_from(pointer.window_from))
