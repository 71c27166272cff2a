import logging
from datetime import datetime
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core import lateness as alert
from ..core.schedule import ScheduleError, Window

_logger = logging.getLogger(__name__)


class Overdue(NamedTuple):
    """What decides whether an integration is late; moments are naive UTC or None."""

    integration: models.Model
    state: str
    late_since: datetime | None
    begin: datetime
    window_from: datetime | None
    window_to: datetime | None
    completed: datetime | None


class IhubIntegration(models.Model):
    """What is late: scheduled work that was not completed in time, for whatever reason."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    late_after_intervals = fields.Integer(
        default=3,
        tracking=True,
        help="Late when nothing has been completed for so many intervals after a run was due, "
        "and for ten minutes at least. 0: not watched.",
    )
    late_by = fields.Float(
        "Late by",
        tracking=True,
        help="Late when what was due is not completed by this time of the day, in the time zone "
        "of the integration. 24:00 is the end of the day, 0:00: not watched.",
    )
    late_since = fields.Datetime(
        readonly=True, copy=False, help="Since when it has been late, as people were told."
    )
    is_late = fields.Boolean(
        "Late",
        compute="_compute_is_late",
        search="_search_is_late",
        help="Its scheduled work has not been completed in time.",
    )

    _late_after_is_sane = models.Constraint(
        "CHECK(late_after_intervals BETWEEN 0 AND 1000)",
        "The number of intervals after which it is late must be between 0 and 1000.",
    )
    _late_by_is_of_a_day = models.Constraint(
        "CHECK(late_by >= 0 AND late_by <= 24)",
        "The time by which it must be completed must be between 0:00 and 24:00.",
    )

    # --- Computes ---

    @api.depends("state", "run_ids.state", "late_after_intervals", "late_by")
    def _compute_is_late(self):
        # Known to the clock, so that it is seen even where no cron runs.
        late = self._late_ids(self.ids)
        for integration in self:
            integration.is_late = integration.id in late

    def _search_is_late(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        wanted = (True in value) == (operator == "in")
        return Domain("id", "in" if wanted else "not in", list(self._late_ids()))

    # --- Finding out ---

    @api.model
    def _late_ids(self, ids=None):
        """Return the set of ids of integrations that are late now.

        :param list ids: among which; None: all
        """
        return {row.integration.id for row in self._overdue(ids) if self._is_late_row(row)}

    @api.model
    def _overdue(self, ids=None):
        """Return an :class:`Overdue` for each that may be late, or was told to be.

        :param list ids: among which; None: all
        """
        rows = self._overdue_rows(ids)
        # Together, so that what the schedules need is read at once.
        integrations = self.sudo().browse(row[0] for row in rows)
        return [
            Overdue(integration, *row[1:])
            for integration, row in zip(integrations, rows, strict=True)
        ]

    @api.model
    def _overdue_rows(self, ids):
        self.env["ihub.run"].flush_model()
        self.flush_model()
        # One query for all integrations, and one index look-up for each that is overdue.
        return self.env.execute_query(
            SQL(
                """
            SELECT i.id, i.state, i.late_since, COALESCE(i.state_date, i.create_date),
                   pointer.window_from, pointer.window_to, done.ended_at
              FROM ihub_integration i
              LEFT JOIN ihub_run pointer
                ON pointer.integration_id = i.id AND pointer.trigger = 'schedule'
               AND pointer.state IN ('pending', 'running')
              LEFT JOIN LATERAL (
                SELECT r.ended_at FROM ihub_run r
                 WHERE r.integration_id = i.id AND r.state = 'done' AND r.trigger = 'schedule'
                 ORDER BY r.id DESC LIMIT 1
              ) done ON TRUE
             WHERE (%(all)s OR i.id = ANY(%(ids)s))
               AND (i.late_since IS NOT NULL
                    OR (i.active AND i.state = 'running' AND pointer.window_to <= %(since)s
                        AND (i.late_after_intervals > 0 OR i.late_by > 0)))
            """,
                all=ids is None,
                ids=ids or [],
                # Nothing is called late before that.
                since=fields.Datetime.now() - alert.GRACE,
            )
        )

    @api.model
    def _is_late_row(self, row):
        if row.state != "running" or not row.window_to:
            return False
        watch = alert.Watch(row.integration.late_after_intervals, row.integration.late_by)
        window = Window(row.window_from, row.window_to)
        try:
            schedule = row.integration._schedule()
            moment = alert.late_from(schedule, window, watch, row.begin, row.completed)
        except ScheduleError:
            # The card says what is wrong with the schedule.
            return False
        return bool(moment) and moment <= fields.Datetime.now()

    # --- Telling ---

    @api.model
    def _cron_tell_late(self):
        """Tell who is responsible of what has become late, and of what is on time again."""
        try:
            self._tell_late()
            self.env.cr.flush()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Somebody changed one of them at the same moment. The next call comes soon.
            self.env.cr.rollback()
            _logger.info("Late integrations are looked for again in a few minutes.")

    @api.model
    def _tell_late(self):
        verdicts = self._judge_lateness()
        # Leave alone what others are changing right now: the next call sees it.
        locked = self.browse(sum(verdicts.values(), [])).try_lock_for_update(allow_referencing=True)
        begun, ended, dropped = (
            locked.filtered(lambda integration, ids=verdicts[verdict]: integration.id in ids)
            for verdict in ("begins", "ends", "dropped")
        )
        begun._begin_late()
        ended._end_late()
        dropped.write({"late_since": False})
        dropped._notify_change()

    @api.model
    def _judge_lateness(self):
        """Return ``{verdict: ids}``, with the verdicts of :func:`alert.judge_lateness`."""
        verdicts = {"begins": [], "ends": [], "dropped": []}
        for row in self._overdue():
            verdict = alert.judge_lateness(
                row.late_since, self._is_late_row(row), row.state == "running", row.completed
            )
            if verdict:
                verdicts[verdict].append(row.integration.id)
        return verdicts

    def _begin_late(self):
        self.write({"late_since": fields.Datetime.now()})
        for integration in self:
            integration._message_log(body=self.env._("Late: nothing was completed in time."))
        wanted = self.filtered("notify_late")
        if wanted:
            wanted._tell("late")
        self._notify_change()

    def _end_late(self):
        since = {integration.id: integration.late_since for integration in self}
        self.write({"late_since": False})
        for integration in self:
            integration._message_log(body=self.env._("On time again."))
        # Those that nobody knew to be late are not told to be on time.
        self.filtered("notify_late")._recover(late_since=since)
        self._notify_change()

    # --- Words ---

    def _late_period(self):
        """Return the scheduled run that should have been completed, for the text of messages."""
        return self.sudo()._pointer()
