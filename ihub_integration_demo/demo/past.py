"""A past for the demo: runs and events of the last days, as the hub would have left them.

Only the demo data uses this. What comes after it is done by the hub itself.
"""

import random
from datetime import timedelta
from typing import NamedTuple

from odoo import fields

HERE = "ihub_integration_demo"
ONE_HOUR = timedelta(hours=1)
TIMEOUT = "The server crm.example.com took longer than 30 seconds to answer."
TRACEBACK = """\
Traceback (most recent call last):
  File "crm.py", line 41, in run_from_to
    answer = client.get("customers", params={"changed_since": start})
TimeoutError: timed out
"""
# Outcomes that are not the usual one, by the number of the window, counted from the last one.
TROUBLES = {3: "warnings", 7: "interrupted", 12: "errors", 17: "failed", 23: "manual"}
TROUBLES |= {31: "warnings", 40: "cancelled", 52: "failed", 60: "warnings"}
SKIPPED = range(65, 69)


class Outcome(NamedTuple):
    """How a run ended, and what it reported."""

    values: dict
    events: tuple = ()


def make(env):
    """Give those demo integrations a past that are not to look new."""
    Past(env.ref(f"{HERE}.demo_customers"), "customers", hours=72).make()
    # These have worked well, until the server did not answer any more.
    Past(env.ref(f"{HERE}.demo_retrying"), "stock levels", hours=36, hours_ago=1).make(attempts=2)
    Past(env.ref(f"{HERE}.demo_late"), "invoices", hours=36, hours_ago=7).make(attempts=70)


class Past:
    """The hourly windows of an integration up to a moment, and what became of them.

    :param record: the row of its type
    :param str what: of what its records are
    :param int hours: how many windows there are
    :param int hours_ago: how long ago the last one ended, in hours before the last full hour
    """

    def __init__(self, record, what, hours, hours_ago=0):
        self.record, self.what = record, what
        self.integration = record.integration_id.sudo()
        self.env = self.integration.env
        self.now = fields.Datetime.now()
        self.until = self.now.replace(minute=0, second=0, microsecond=0) - hours_ago * ONE_HOUR
        self.hours = hours
        self.is_rich = not hours_ago
        # The same for everybody who installs the demo.
        self.random = random.Random(hours)
        self.runs, self.events = [], []

    def make(self, attempts=0):
        """Write the runs and events, and let the schedule go on where they end.

        :param int attempts: how often the next window was tried, without an answer of the server
        """
        for back in range(self.hours, 0, -1):
            self._add_window(self.until - back * ONE_HOUR, back)
        runs = self.env["ihub.run"].create(self.runs)
        self.env["ihub.event"].create(
            [{**event, "run_id": runs[index].id} for index, event in self.events]
        )
        self.integration._scheduled_run().unlink()
        self.integration._ensure_scheduled_run(self.until)
        self.integration.state_date = self.until - self.hours * ONE_HOUR
        if attempts:
            self._make_wait(attempts)

    def _make_wait(self, attempts):
        """Let the next window wait for a further attempt."""
        message = self.record._no_answer()
        self.integration._scheduled_run().write(
            {
                "attempt": attempts,
                "message": message,
                "first_message": message,
                "started_at": self.now - timedelta(minutes=4),
                "last_seen": self.now - timedelta(minutes=4),
                "ended_at": self.now - timedelta(minutes=4),
                "due": self.now + timedelta(minutes=1),
            }
        )

    def _add_window(self, start, back):
        trouble = TROUBLES.get(back) if self.is_rich else None
        end = start + ONE_HOUR
        if self.is_rich and back in SKIPPED:
            self._add_skipped(start, end, back)
            return
        for outcome in self._outcomes(trouble):
            self._add_run(start, end, outcome)

    def _outcomes(self, trouble):
        """Return the runs of one window, oldest first; the last one completes it."""
        done = self._done()
        warning = {
            "level": "warning",
            "summary": "2 customers have no mail address and were left as they are.",
            "details": '{"without_address": ["C-1041", "C-1077"]}',
        }
        error = {
            "level": "error",
            "summary": "The customer C-1093 was refused: its country XQ does not exist.",
            "details": '{"customer": "C-1093", "country": "XQ", "name": "Azure Interior"}',
            "is_about_partner": True,
        }
        attempts = {
            "warnings": [done._replace(events=(*done.events, warning))],
            "errors": [done._replace(events=(error, warning, *done.events))],
            "failed": [self._failed(), done],
            "interrupted": [self._interrupted(), done],
            "cancelled": [done, self._manually("cancelled", "Cancelled before it started.")],
            "manual": [done, self._manually("done", "Done: 12 records.", processed=12, total=12)],
        }
        return attempts.get(trouble, [done])

    def _done(self):
        count = int(self.random.lognormvariate(4, 0.6))
        seconds = 4 + count * self.random.uniform(0.1, 0.25)
        values = {"state": "done", "processed": count, "total": count, "seconds": seconds}
        summary = f"{count} {self.what} read, {count // 7} changed here, {count // 20} new."
        info = {"level": "info", "summary": summary}
        return Outcome({**values, "message": f"Done: {count} records."}, (info,))

    def _failed(self):
        values = {"message": TIMEOUT, "first_message": TIMEOUT, "traceback": TRACEBACK}
        values |= {"state": "failed", "attempt": 4, "seconds": 31}
        event = {"level": "error", "summary": TIMEOUT, "details": TRACEBACK}
        return Outcome(values, ({**event, "undone": True},))

    def _interrupted(self):
        message = "The server stopped in the middle of this run."
        values = {"state": "interrupted", "message": message, "seconds": 9, "processed": 20}
        return Outcome(values)

    def _manually(self, state, message, **values):
        user = self.integration.run_as_id.id
        values |= {"trigger": "manual", "user_id": user, "seconds": 3 if state == "done" else 0}
        return Outcome({"state": state, "message": message, **values})

    def _add_skipped(self, start, end, back):
        if back != SKIPPED[-1]:
            return
        message = "Skipped: the start was moved forward."
        values = {"state": "cancelled", "skipped": True, "message": message, "seconds": 0}
        length = len(SKIPPED) * ONE_HOUR
        self._add_run(start, start + length, Outcome(values))

    def _add_run(self, start, end, outcome):
        values = dict(outcome.values)
        duration = timedelta(seconds=int(values.pop("seconds")))
        due = end + timedelta(seconds=10)
        begin = due + timedelta(seconds=self.random.randrange(1, 40))
        if self.runs and self.runs[-1]["window_from"] == start:
            # After the attempt before it.
            begin = self.runs[-1]["ended_at"] + timedelta(minutes=4)
        self.runs.append(
            {
                "integration_id": self.integration.id,
                "trigger": "schedule",
                "attempt": 1,
                "window_from": start,
                "window_to": end,
                "due": due,
                "started_at": begin,
                "last_seen": begin + duration,
                "ended_at": begin + duration,
                **values,
            }
        )
        for number, event in enumerate(outcome.events):
            self._add_event(event, begin + timedelta(seconds=1 + number))

    def _add_event(self, event, moment):
        event = dict(event)
        if event.pop("is_about_partner", False):
            partner = self.env["res.partner"].search([("is_company", "=", True)], limit=1)
            event |= {"res_model": "res.partner", "res_id": partner.id}
            event["related_name"] = partner.display_name
        about = {
            "integration_id": self.integration.id,
            "company_id": self.integration.company_id.id,
            "user_id": self.integration.run_as_id.id,
            "create_date": moment,
        }
        self.events.append((len(self.runs) - 1, {**about, **event}))
