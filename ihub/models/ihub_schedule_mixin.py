from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.health import AHEAD_BY
from ..core.schedule import (
    CALENDAR,
    LATEST,
    MAX_INTERVAL,
    InvalidSchedule,
    Schedule,
    ScheduleError,
    UnknownTimezone,
    default_anchor,
    kept_anchor,
)
from ..core.sentences import Sentence
from ..engine.values import moment
from ..report import coverage
from ..report.format import local_moment, local_period, moment_there, safe_text, stated_moment
from ..report.format import schedule_sentence as say_schedule
from ..report.sentences import stored
from .ihub_fields import TimeOfDay
from .ihub_work_rows import of_work


class Settings(NamedTuple):
    """The settings that the grid of windows depends on; moments are naive UTC or False."""

    interval: tuple
    tz: str
    start: datetime | bool
    anchor: datetime | bool


# How many windows are named.
NAMED_WINDOWS = 3


class IhubScheduleMixin(models.AbstractModel):
    """The schedule: an interval, a time zone, a grid of windows, and the next of them."""

    _name = "ihub.schedule.mixin"
    _description = "Schedule of an Integration"

    # Changing one of these moves the end of the pending window.
    _SCHEDULE_FIELDS = {
        "interval_number",
        "interval_type",
        "time_of_day",
        "tz",
        "window_from",
        "counted_from",
    }
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
    time_of_day = TimeOfDay(
        "Time of Day",
        tracking=True,
        help="Periods of days, weeks and months begin and end at this time.",
    )
    catch_up = fields.Selection(
        [
            ("one", "One run for everything that was missed"),
            ("each", "One run for each missed period"),
            ("skip", "Skip what was missed"),
        ],
        "After an Outage",
        default="one",
        required=True,
        tracking=True,
    )
    schedule_anchor = fields.Datetime(copy=False, readonly=True)
    counted_from = fields.Datetime(
        "Intervals Counted From",
        compute="_compute_counted_from",
        inverse="_inverse_counted_from",
        # A copy runs on the same days as what it is a copy of.
        copy=True,
        help="A date and time at which a period begins. All other periods begin a number of "
        "intervals before or after it. Weeks keep its weekday, months its day of the month.",
    )
    window_from = fields.Datetime(
        "Next Period Starts", compute="_compute_window", inverse="_inverse_window_from"
    )
    window_from_there = fields.Char(
        "Next Period Starts (Integration's Time Zone)",
        compute="_compute_window_from_there",
        help="When the next period starts in the time zone of the integration, if it differs.",
    )
    window_to = fields.Datetime("Next Period Ends", compute="_compute_window")
    watermark = fields.Datetime(
        "Data Complete Until",
        compute="_compute_watermark",
        help="Scheduled runs have processed everything before this time, except the items to "
        "repair.",
    )
    schedule_sentence = fields.Char("In Short", compute="_compute_schedule_sentence")
    schedule_preview = fields.Text("What Will Happen", compute="_compute_schedule_preview")

    @api.constrains("interval_number", "interval_type", "time_of_day")
    def _check_interval(self):
        # What the database refuses is refused before anything is reckoned with it.
        self.flush_recordset(["interval_number", "interval_type", "time_of_day"])
        for integration in self:
            try:
                Schedule(
                    integration.interval_number, integration.interval_type, fields.Datetime.now()
                )
            except ScheduleError as error:
                raise ValidationError(integration._schedule_fault(error)) from error

    # --- Computes ---

    @api.depends("scheduled_run_id")
    @of_work
    def _compute_window(self):
        known = self._known()
        for integration in self:
            facts = known.facts_of(integration)
            integration.window_from = facts and facts.window_from
            integration.window_to = facts and facts.window_to

    @api.depends("window_from")
    def _compute_watermark(self):
        known = self._known()
        completed = self._with_completed_windows()
        for integration in self:
            is_completed = integration._origin.id in completed
            integration.watermark = is_completed and known.facts_of(integration).window_from

    @api.depends(
        "schedule_anchor", "interval_number", "interval_type", "time_of_day", "tz", "window_from"
    )
    def _compute_counted_from(self):
        for integration in self:
            try:
                anchor = integration._anchor_on_screen()
                integration.counted_from = anchor and integration._schedule(anchor).origin
            except ScheduleError:
                integration.counted_from = integration.schedule_anchor

    def _anchor_on_screen(self):
        """Return the anchor, also while somebody edits what it depends on."""
        if not self._origin or self == self._origin:
            return self.schedule_anchor
        return self._anchor_after(self._origin._settings())

    def _inverse_counted_from(self):
        for integration in self.sudo():
            old, new = integration.schedule_anchor, integration.counted_from
            if new and not (old and new == integration._schedule().origin):
                integration.schedule_anchor = new
                integration._fit_scheduled_run()
                integration._note_new_grid(old, new)

    def _note_new_grid(self, old, new):
        """Tell the chatter that somebody has moved the grid, unless it has just been made."""
        if old:
            self.message_post(
                body=self.env._(
                    "Periods are counted from %(new)s instead of %(old)s.",
                    new=stated_moment(self, new),
                    old=stated_moment(self, old),
                ),
                subtype_xmlid="mail.mt_note",
            )

    def _inverse_window_from(self):
        for integration in self:
            start = integration.window_from
            if start and start == integration.sudo()._scheduled_run().window_from:
                continue
            integration._check_start(start)
            if not integration.sudo()._scheduled_run():
                # Where the grid of windows begins, unless somebody has said that.
                integration.sudo().schedule_anchor = integration.schedule_anchor or start
                integration._ensure_scheduled_run(start)
            else:
                integration._move_scheduled_run(start)

    def _check_start(self, start):
        """Refuse a moment at which the next window cannot begin.

        :raise ValidationError: in words that help
        """
        if not start:
            raise ValidationError(
                self.env._("Set the date and time from which %(name)s has data.", name=self.name)
            )
        if start > fields.Datetime.now():
            raise ValidationError(
                self.env._(
                    "The next period cannot begin in the future (%(start)s). Choose a time in "
                    "the past.",
                    start=local_moment(self, start),
                )
            )

    @api.onchange("window_from")
    def _onchange_window_from(self):
        """Say before it is saved what will be skipped, or done again."""
        old, new = self._origin.window_from, self.window_from
        if not (old and new and self._origin.watermark) or old == new:
            return None
        try:
            moment(self.env, new)
        except ValidationError as error:
            return {"warning": {"title": self.env._("The next period"), "message": error.args[0]}}
        period = min(old, new), max(old, new)
        complete = coverage.complete_spans(self._origin, *period)
        span = {"period": local_period(self, *period), "count": self._intervals(*period)}
        if new > old and complete == [period]:
            message = self.env._(
                "%(period)s is already complete and will not be run again.", **span
            )
        elif new > old:
            message = self.env._(
                "%(period)s will be skipped (periods: %(count)s): no run will process it. The "
                "skipped period stays visible in the runs and in the coverage.",
                **span,
            )
        elif complete == [period]:
            message = self.env._(
                "%(period)s will be run again (periods: %(count)s), although it is already "
                "complete.",
                **span,
            )
        elif complete:
            message = self.env._(
                "%(period)s will be run (periods: %(count)s), although part of it is already "
                "complete.",
                **span,
            )
        else:
            message = self.env._("%(period)s will be run (periods: %(count)s).", **span)
        if new < old:
            message += "\n\n" + "\n".join(self._plan_lines())
        return {"warning": {"title": self.env._("The next period moves"), "message": message}}

    def _intervals(self, start, end):
        """Return the number of windows between two moments; one that is cut counts too."""
        try:
            return self._schedule().count(start, end - timedelta(seconds=1)) + 1
        except ScheduleError:
            return 1

    # --- The schedule as a value ---

    def _schedule(self, anchor=None):
        """Return the :class:`Schedule` of this integration.

        :param datetime anchor: a point of the grid, naive UTC; None: the stored one
        :raise ScheduleError: its settings cannot be used
        """
        self.ensure_one()
        days_up = self.interval_type in CALENDAR
        model = self._type_model(self.integration_type)
        return Schedule(
            interval_number=self.interval_number,
            interval_type=self.interval_type,
            anchor=anchor or self.schedule_anchor or self._default_anchor(),
            tz=self.tz,
            time_of_day=self.time_of_day if days_up else None,
            delay=self._type_flag(model, "delay"),
        )

    def _default_anchor(self):
        return default_anchor(
            fields.Datetime.now(),
            self.interval_number,
            self.interval_type,
            self.tz,
            self.time_of_day,
        )

    def _schedule_error(self):
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
                    "The interval of %(name)s must be between 1 and %(limit)s (%(unit)s). "
                    "Correct it on its page.",
                    name=self.name,
                    limit=MAX_INTERVAL[self.interval_type],
                    unit=units[self.interval_type],
                )
        return self.env._(
            "The schedule of %(name)s cannot be used. Correct it, or ask the developer of its "
            "type to do so.",
            name=self.name,
        )

    # --- The scheduled run: the one that is pending or running ---

    def _scheduled_runs(self):
        """Return ``{integration id: run}`` of the scheduled runs that are next, or at work."""
        # The scheduled run says nothing that the integration itself does not show.
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

    def _scheduled_run(self):
        self.ensure_one()
        return self._scheduled_runs().get(self.id, self.env["ihub.run"])

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

    def _ensure_scheduled_run(self, start=None):
        """Create the pending scheduled run where a type with a schedule has none.

        :param datetime start: where the first window begins; None: where a window of the
            schedule that is open now began
        """
        scheduled_runs = self._scheduled_runs()
        for integration in self.sudo():
            if integration.id in scheduled_runs or not integration.runs_on_schedule:
                continue
            if not integration.schedule_anchor:
                integration.schedule_anchor = integration._default_anchor()
            schedule = integration._schedule()
            begin = start or schedule.boundary_at_or_before(fields.Datetime.now())
            window = schedule.window_from(begin)
            self.env["ihub.run"].sudo()._enqueue(integration, "schedule", window)

    def _move_scheduled_run(self, start):
        """Let the next window begin at ``start``; what is passed over is recorded as skipped."""
        self.ensure_one()
        scheduled = self.sudo()._scheduled_run()
        old = scheduled.window_from
        if start == old:
            return
        if start > old and self.id in self._with_completed_windows():
            # Also where it is complete: retention keeps manual runs that stand in for it.
            scheduled._record_skipped(old, start, Sentence("start_moved"))
        scheduled._set_window(self._schedule().window_from(start))
        self.sudo().message_post(
            body=self.env._(
                "The next period begins at %(new)s instead of %(old)s.",
                new=stated_moment(self, start),
                old=stated_moment(self, old),
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _take_back_future(self):
        """Let the next window begin where a clock that ran ahead made runs that ended later."""
        self.ensure_one()
        early = self.env["ihub.run"].sudo().search(
            [
                ("integration_id", "=", self.id),
                ("trigger", "=", "schedule"),
                ("state", "=", "done"),
                ("ended_at", ">", fields.Datetime.now() + AHEAD_BY),
            ]
        )  # fmt: skip
        if not early or self.sudo()._scheduled_run().state != "pending":
            return
        # Done as they are, they would say that the future is complete.
        early.write({"state": "cancelled", **stored(self, Sentence("too_early"))})
        self._move_scheduled_run(min(early.mapped("window_from")))
        # The regular call is as far away.
        self.sudo().cron_id.nextcall = fields.Datetime.now()

    # --- Editing ---

    @contextmanager
    def _editing_schedule(self, vals):
        """Let the schedule follow what the body of a ``with`` writes.

        :raise UserError: it cannot be changed now, or not in this way, in words for the operator
        """
        edits = self._schedule_edits(vals)
        before = {integration: integration._settings() for integration in edits}
        for integration in edits:
            integration._check_schedule_can_be_edited()
        try:
            yield
            for integration, names in edits.items():
                integration._schedule_changed(names, before[integration])
        except ScheduleError as error:
            raise ValidationError(self[:1]._schedule_fault(error)) from error

    def _settings(self):
        """Return the :class:`Settings` of this integration as they are now."""
        return Settings(
            interval=(self.interval_number, self.interval_type),
            tz=self.tz,
            start=self.window_from,
            anchor=self.schedule_anchor,
        )

    def _schedule_edits(self, vals):
        """Return ``{integration: names}`` of the schedule fields that ``vals`` really change.

        What is written as it is already, by an import, say, is no edit.
        """
        given = self._SCHEDULE_FIELDS & vals.keys()
        edits = {}
        for integration in self if given else ():
            wanted = {name: integration._as_stored(name, vals[name]) for name in given}
            names = {
                name
                for name, value in wanted.items()
                if value != integration._as_stored(name, integration[name])
            }
            if names:
                edits[integration] = names
        return edits

    def _as_stored(self, name, value):
        field = self._fields[name]
        value = field.convert_to_record(field.convert_to_cache(value, self), self)
        return _minutes(value) if name == "time_of_day" else value

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
            if integration._scheduled_run().state == "running":
                raise UserError(
                    self.env._(
                        "%(name)s is still stopping. Change the schedule when its run has ended.",
                        name=integration.name,
                    )
                )

    def _schedule_changed(self, names, old):
        """Let the grid and the pending window be what the new schedule wants.

        :param set names: the fields that were given another value
        :param Settings old: what they were before
        """
        self.ensure_one()
        integration = self.sudo()
        if "counted_from" not in names:
            integration.schedule_anchor = integration._anchor_after(old)
        integration._fit_scheduled_run()

    def _anchor_after(self, old):
        """Return the anchor that the grid gets by an edit, where nobody says which.

        Only another interval moves the grid. As long as nothing is complete, so does a first
        window that begins between two of its points.

        :param Settings old: what was set before
        """
        is_new = self._settings().interval != old.interval
        start = self.window_from
        if start and start != old.start and self._origin.id not in self._with_completed_windows():
            if is_new or not self._is_on_grid(start):
                return start
        if is_new or not old.anchor:
            return self._default_anchor()
        try:
            return kept_anchor(old.anchor, self.interval_type, old.tz, self.tz)
        except UnknownTimezone:
            return old.anchor

    def _is_on_grid(self, start):
        return self._schedule().boundary_at_or_before(start) == start

    def _fit_scheduled_run(self):
        """Let the pending window end where the grid wants it."""
        scheduled = self.sudo()._scheduled_run()
        # A window that is half done keeps its end: its resume point belongs to it.
        if not scheduled or scheduled.resume:
            return
        window = self._schedule().window_from(scheduled.window_from)
        if window.end != scheduled.window_to:
            scheduled._set_window(window)

    @api.depends(
        "interval_number",
        "interval_type",
        "time_of_day",
        "tz",
        "catch_up",
        "window_from",
        "state",
        "counted_from",
    )
    @api.depends_context("lang", "tz")
    def _compute_schedule_preview(self):
        for integration in self:
            integration.schedule_preview = safe_text(
                integration, lambda one=integration: "\n".join(one._plan_lines())
            )

    @api.depends("window_from", "tz")
    @api.depends_context("lang", "tz")
    def _compute_window_from_there(self):
        for integration in self:
            integration.window_from_there = safe_text(
                integration, partial(moment_there, integration)
            )

    @api.depends("interval_number", "interval_type", "time_of_day", "tz", "next_run", "problem")
    @api.depends_context("lang", "tz")
    def _compute_schedule_sentence(self):
        for integration in self:
            integration.schedule_sentence = safe_text(
                integration, partial(say_schedule, integration)
            )

    # --- Words ---

    def _plan_ahead(self):
        """Return the :class:`Plan` of what the schedule does next, or None."""
        try:
            schedule = self._schedule_on_screen()
            return schedule.plan(self._plan_start(schedule), fields.Datetime.now(), self.catch_up)
        except ScheduleError:
            return None

    def _plan_start(self, schedule):
        start = self.window_from or self._origin.window_from or schedule.anchor
        scheduled = self._origin.sudo()._scheduled_run() if self._origin else self.env["ihub.run"]
        # What was begun is finished first, whatever else is missing.
        return scheduled.window_to if scheduled.resume and start == scheduled.window_from else start

    def _schedule_on_screen(self):
        """Return the schedule, also while somebody edits it."""
        # As saving it will do.
        return self._schedule(self.counted_from if self != self._origin else None)

    def _plan_lines(self):
        """Return sentences on what the schedule does next: which windows, and how many."""
        if not self.runs_on_schedule:
            return []
        plan = self._plan_ahead()
        if not plan:
            # What is wrong with the schedule, also while it is being edited.
            return list(filter(None, [self.sudo()._schedule_error()]))
        if plan.backlog < 2:
            return self._coming_lines(plan)
        if self.catch_up == "each":
            return self._catch_up_lines(plan)
        if self.catch_up == "one":
            return [
                self.env._(
                    "One run for everything that was missed, %(count)s periods: %(period)s",
                    count=plan.backlog,
                    period=self._say(plan.window),
                )
            ]
        return [
            self.env._(
                "Skipped, because it was missed: %(period)s", period=self._say(plan.skipped)
            ),
            self.env._("Next: %(period)s", period=self._say(plan.window)),
        ]

    def _say(self, window):
        return local_period(self, window.start, window.end)

    def _coming_lines(self, plan):
        """Return the next windows, when they are due one by one."""
        due = self.env._(
            "Next: %(period)s, at %(due)s",
            period=self._say(plan.window),
            due=local_moment(self, plan.due),
        )
        after = self._named_windows(plan.window.end, NAMED_WINDOWS - 1)
        return [due, *(self.env._("Then: %(period)s", period=self._say(w)) for w in after)]

    def _catch_up_lines(self, plan):
        """Return the first windows of a backlog, and how many follow."""
        more = plan.backlog - NAMED_WINDOWS
        windows = self._named_windows(plan.window.start, min(plan.backlog, NAMED_WINDOWS))
        lines = [
            self.env._("%(count)s runs, one after the other:", count=plan.backlog),
            *(self.env._("From %(period)s", period=self._say(window)) for window in windows),
        ]
        return [*lines, self.env._("… and %(count)s more", count=more)] if more > 0 else lines

    def _named_windows(self, start, count):
        return list(islice(self._schedule_on_screen().windows(start, LATEST), count))


def _minutes(hours):
    """Return hours of the wall clock as whole minutes, as schedules count: a file rounds them."""
    return round(hours * 60) if 0 <= hours < 24 else hours
