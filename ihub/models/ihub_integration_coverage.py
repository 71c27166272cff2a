from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.coverage import Attempt, Expected, claim_of, coarsen, covered, segments
from ..engine.values import moment

# Up to so many runs are shown one by one; more become one bar where they follow each other.
MAX_SINGLE = 380
# So many of the runs that did not end well are looked at, the newest.
MAX_TROUBLES = 1000
# More bars than this nobody can tell apart.
MAX_SEGMENTS = 400
# Gaps that are closer to each other than this part of the range become one.
BLUR = 800
COLUMNS = SQL(
    """r.id, r.window_from, r.window_to, r.state, r.trigger, coalesce(r.skipped, FALSE),
       coalesce(r.ended_at, r.started_at), r.attempt > 0 AND r.message IS NOT NULL"""
)


class IhubIntegration(models.Model):
    """The time line: what was done, failed, was skipped, and is still to come."""

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # --- Public methods ---

    @api.readonly
    def coverage(self, date_from, date_to):
        """Return what has become of each moment of a period.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end
        :return: a dictionary that JSON can carry; its ``segments`` tile the period, each with
            ``from``, ``to``, ``status`` (see :mod:`ihub.core.coverage`), ``run_ids`` (empty: look
            them up by the period) and ``exact`` (False: holds more than can be shown)
        :raise UserError: when the period is empty
        :raise AccessError: when the user may not operate this integration
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        start, end = integration._coverage_period(date_from, date_to)
        expected = integration._coverage_expected()
        pieces = integration._coverage_segments(start, end, expected)
        return {
            "from": fields.Datetime.to_string(start),
            "to": fields.Datetime.to_string(end),
            "now": fields.Datetime.to_string(expected.now),
            "beginning": fields.Datetime.to_string(expected.beginning),
            "complete_until": fields.Datetime.to_string(self.watermark),
            "tz": self.tz,
            "can_fill": self.runs_by_hand and self.takes_period,
            "segments": [_as_json(piece) for piece in pieces],
        }

    def action_fill(self, date_from, date_to):
        """Return the dialog of Run Manually for a period, cut at the windows of the schedule.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end; what is in the future is left out
        :raise UserError: when this integration cannot be run for a period
        :raise AccessError: when the user may not operate it
        """
        self.ensure_one()
        integration = self._operable(sudo=False)
        if not integration.takes_period:
            raise UserError(
                self.env._("%(name)s takes no period. Run it without one.", name=self.name)
            )
        integration.sudo()._check_runnable_by_hand(None, None)
        start, end = integration._coverage_period(date_from, date_to)
        action = integration.action_run_manually()
        action["context"] |= {
            "default_date_from": fields.Datetime.to_string(start),
            "default_date_to": fields.Datetime.to_string(min(end, fields.Datetime.now())),
            "default_split": integration.runs_on_schedule,
        }
        return action

    def action_open_runs_of(self, date_from, date_to):
        """Return the action that lists the runs whose windows touch a period.

        :param date_from: start: a moment as :func:`ihub.core.moments.parse` understands it
        :param date_to: end
        """
        self.ensure_one()
        start, end = self._coverage_period(date_from, date_to)
        action = self.open_runs()
        action["domain"] += [("window_from", "<", end), ("window_to", ">", start)]
        return action

    # --- The period, and what is expected of it ---

    def _coverage_period(self, date_from, date_to):
        try:
            start, end = moment(self.env, date_from), moment(self.env, date_to)
        except ValidationError as error:
            text = self.env._("The period is empty: %(reason)s", reason=error.args[0])
            raise UserError(text) from error
        if not start or not end or start >= end:
            raise UserError(self.env._("The period is empty. Choose a start before its end."))
        return start, end

    def _coverage_expected(self):
        """Return the :class:`Expected` of this integration, as of now."""
        now = fields.Datetime.now()
        if not self.runs_on_schedule:
            # Nobody has said what is to be covered: what is between two periods, at most.
            first, last = self._coverage_end("asc"), self._coverage_end("desc")
            return Expected(first.window_from or None, last.window_to or now, now, False)
        until = self.window_from or now
        first = self._coverage_end("asc", [("trigger", "=", "schedule")])
        return Expected(min(first.window_from or until, until), until, now)

    def _coverage_end(self, order, domain=()):
        """Return the first or last run that is done.

        Not of those that failed or were skipped: they are kept for longer than those around them.
        """
        return (
            self.env["ihub.run"]
            .sudo()
            .search(
                [("integration_id", "=", self.id), ("state", "=", "done"), *domain],
                order=f"window_to {order}",
                limit=1,
            )
        )

    # --- The claims of the runs ---

    def _coverage_segments(self, start, end, expected):
        self.env["ihub.run"].flush_model()
        troubles = self._coverage_troubles(start, end)
        claims = [claim for claim in map(claim_of, troubles) if claim]
        single = self._coverage_done(start, end, MAX_SINGLE + 1)
        if len(single) <= MAX_SINGLE:
            claims += map(claim_of, single)
            return coarsen(segments(claims, start, end, expected, merge=False), MAX_SEGMENTS)
        claims += self._coverage_done_as_claims(start, end, single[0].window_to)
        if troubles:
            claims += map(claim_of, self._coverage_done_since(troubles, start, end))
        return coarsen(segments(claims, start, end, expected), MAX_SEGMENTS)

    def _coverage_troubles(self, start, end):
        """Return the newest runs of a period that are not done, as :class:`Attempt` list."""
        return self._attempts(
            SQL(
                """SELECT %(columns)s FROM ihub_run r
                    WHERE r.integration_id = %(id)s AND r.state <> 'done'
                      AND r.window_to > %(start)s AND r.window_from < %(end)s
                      AND (r.state <> 'cancelled' OR r.skipped)
                      AND (r.state <> 'pending' OR r.trigger = 'schedule' OR r.id > %(stopped)s)
                    ORDER BY r.id DESC LIMIT %(limit)s""",
                columns=COLUMNS, id=self.id, start=start, end=end, limit=MAX_TROUBLES,
                stopped=self.stop_before_id,
            )
        )  # fmt: skip

    def _coverage_done(self, start, end, limit):
        """Return up to ``limit`` runs of a period that are done, as :class:`Attempt` list."""
        return self._attempts(
            SQL(
                """SELECT %(columns)s FROM ihub_run r
                    WHERE r.integration_id = %(id)s AND r.state = 'done'
                      AND r.window_to > %(start)s AND r.window_from < %(end)s
                    ORDER BY r.window_to DESC LIMIT %(limit)s""",
                columns=COLUMNS, id=self.id, start=start, end=end, limit=limit,
            )
        )  # fmt: skip

    def _attempts(self, query):
        return [Attempt(*row) for row in self.env.execute_query(query)]

    def _coverage_done_as_claims(self, start, end, last):
        """Return claims for all that is done in a period, without reading each run into Python.

        One pass over an index alone, from the end: a gap is where a window ends before all that
        come later begin. A year of minutes is half a million rows, and almost no gaps.

        :param datetime last: where the last window ends
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT min(window_to) FILTER (WHERE window_to < reach),
                       max(reach) FILTER (WHERE window_to < reach),
                       count(*) FILTER (WHERE window_to < reach) = 1,
                       min(least(reach, window_from)) FILTER (WHERE is_last)
                  FROM (
                    SELECT window_from, window_to,
                           lead(window_to) OVER later IS NULL AS is_last,
                           min(window_from) OVER (
                               later ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                           ) AS reach
                      FROM ihub_run
                     WHERE integration_id = %(id)s AND state = 'done'
                       AND window_to > %(start)s AND window_from < %(end)s
                    WINDOW later AS (ORDER BY window_to DESC, window_from DESC)
                  ) passed
                 WHERE window_to < reach OR is_last
                 GROUP BY floor(extract(epoch FROM window_to - %(start)s) / %(unit)s)
                 ORDER BY 1
                """,
                id=self.id,
                start=start,
                end=end,
                unit=(end - start).total_seconds() / BLUR,
            )
        )
        first = min(row[3] for row in rows if row[3])
        return covered((first, last), [row[:3] for row in rows if row[0]])

    def _coverage_done_since(self, troubles, start, end):
        """Return the done runs that share a span with one of ``troubles``.

        Short windows are found near the span. Of the long ones there are few.
        """
        span = (end - start) / BLUR
        ended = [run for run in troubles if run.state not in ("pending", "running")]
        return self._attempts(
            SQL(
                """
                WITH trouble AS (
                    SELECT * FROM unnest(%(starts)s::timestamp[], %(ends)s::timestamp[])
                        AS t(window_from, window_to)
                )
                SELECT %(columns)s
                  FROM trouble t
                  JOIN ihub_run r
                    ON r.window_to > t.window_from AND r.window_to < t.window_to + %(span)s
                   AND r.window_from < t.window_to
                 WHERE r.integration_id = %(id)s AND r.state = 'done'
                 UNION
                SELECT %(columns)s FROM ihub_run r
                 WHERE r.integration_id = %(id)s AND r.state = 'done'
                   AND r.window_to > %(start)s AND r.window_from < %(end)s
                   AND r.window_to - r.window_from >= %(span)s
                """,
                starts=[run.window_from for run in ended],
                ends=[run.window_to for run in ended],
                columns=COLUMNS, id=self.id, start=start, end=end, span=span,
            )
        )  # fmt: skip


def _as_json(piece):
    return {
        "from": fields.Datetime.to_string(piece.start),
        "to": fields.Datetime.to_string(piece.end),
        "status": piece.status,
        "run_ids": list(piece.run_ids),
        "exact": piece.exact,
    }
