"""A run without any records, where many are usual at that hour and weekday, is doubtful."""

from datetime import timedelta

import pytest
from freezegun import freeze_time
from hub_case import at
from notify_case import NotifyCase

from odoo.addons.ihub.core.schedule import find_zone
from odoo.addons.ihub.core.usual import same_hours

# A Saturday; the window that is due has ended at 12:00 in UTC, at 13:00 in Brussels.
NOW = "2025-03-29 12:01"
ENDED = at("2025-03-29 12:00")


def empty(this, _from, _to):
    pass


def full(this, _from, _to):
    this.checkpoint(processed=50)


@pytest.mark.slow
@freeze_time(NOW)
class TestDoubtful(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.responsible = self.person("ihub_responsible")
        self.integration = self.add(
            window_from=at("2025-03-29 11:00"), user_id=self.responsible.id, tz="UTC"
        )

    def past(self, *counts, shift=timedelta(), **values):
        """Write a done run of each of the last weeks, with so many records."""
        for week, count in enumerate(counts, start=1):
            ended = ENDED - timedelta(weeks=week) + shift
            self.env["ihub.run"].sudo().create({
                "integration_id": self.integration.id, "state": "done", "trigger": "schedule",
                "window_from": ended - timedelta(hours=1), "window_to": ended, "due": ended,
                "started_at": ended, "ended_at": ended, "processed": count, **values,
            })  # fmt: skip

    def run_due(self, function=empty):
        self.integration.start()
        run = self.integration.sudo()._scheduled_run()
        with self.running_as(function):
            self.work(self.integration)
        return run

    def run_later(self, function, hours=1):
        """Let the window that is due then be run; the clock stays there."""
        later = freeze_time(at(NOW) + timedelta(hours=hours))
        later.start()
        self.addCleanup(later.stop)
        self.run_due(function)
        self.env.invalidate_all()

    def told(self):
        return [m.subject for m in self.mails(self.responsible) if "no records" in m.subject]

    def test_nothing_where_much_is_usual(self):
        self.past(60, 40, 56, 0, 900)
        run = self.run_due()
        self.assertEqual(self.integration.health, "doubtful")
        self.assertEqual((run.outcome, run.usual_records), ("done", 56))
        said = "Done without any records, where 56 are usual at this hour and weekday."
        self.assertEqual(run.explanation, said)
        self.assertIn("where 56 are usual", self.integration.problem)
        self.assertEqual(self.told(), [f"{self.integration.name}: no records where many are usual"])
        self.assertIn(said, self.mails(self.responsible)[-1].body_html)

    def test_what_is_usual_decides(self):
        cases = {
            "39": ([39] * 8, {}),
            "three weeks": ([100] * 3, {}),
            "another hour": ([100] * 8, {"shift": timedelta(hours=1)}),
            "another weekday": ([100] * 8, {"shift": timedelta(days=-1)}),
            "manual": ([100] * 8, {"trigger": "manual"}),
            "failed": ([100] * 8, {"state": "failed"}),
            "merged": ([100] * 8, {"merged_runs": 10}),
        }
        for name, (counts, values) in cases.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.past(*counts, **values)
                self.assertFalse(self.run_due().usual_records)
                self.assertNotEqual(self.integration.health, "doubtful")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_longer_windows_say_nothing_of_short_ones(self):
        self.past(*[100] * 8)
        self.env["ihub.run"].sudo().search([("state", "=", "done")]).write(
            {"window_from": ENDED - timedelta(weeks=60)}
        )
        self.assertFalse(self.run_due().usual_records)

    def test_hours_are_those_of_the_integration(self):
        """At 13:00 in Brussels: the clocks are set forward the next night."""
        self.integration.sudo().tz = "Europe/Brussels"
        self.past(*[100] * 8)
        self.integration.start()
        with freeze_time("2025-04-05 11:01"):
            self.integration.sudo()._scheduled_run().write(
                {"window_from": at("2025-04-05 10:00"), "window_to": at("2025-04-05 11:00")}
            )
            self.env["ihub.run"].flush_model()
            self.assertEqual(self.integration.sudo()._scheduled_run()._missed_records({}), 100)

    def test_of_many_runs_only_those_of_these_hours_are_read(self):
        """An integration of every minute has half a million of them, and asks at each empty run."""
        self.env.flush_all()
        self.cr.execute(
            """
            INSERT INTO ihub_run (integration_id, state, trigger, window_from, window_to, due)
            SELECT %s, 'done', 'schedule', at - interval '1 minute', at, at
              FROM generate_series(%s::timestamp - interval '10 days', %s, '1 minute') at
            """,
            [self.integration.id, ENDED, ENDED],
        )
        self.cr.execute("ANALYZE ihub_run")
        run = self.integration.sudo()._scheduled_run()
        hours = same_hours(run.window_to, find_zone("UTC"))
        (plan,) = self.plans(lambda: run._usual_records(hours))
        self.assertRegex(plan, r"Index.* using ihub_run_done_idx.*\n.*window_to >= week\.start")

    def test_each_hour_of_a_backlog_is_judged_by_its_own(self):
        self.past(*[100] * 8)
        run = self.integration.sudo()._scheduled_run()
        known = {}
        for ended, usual in ((ENDED, 100), (ENDED + timedelta(hours=1), 0), (ENDED, 100)):
            run.write({"window_from": ended - timedelta(hours=1), "window_to": ended})
            self.assertEqual(run._missed_records(known), usual)
        with self.assertQueryCount(0):
            run._missed_records(known)

    def test_it_is_told_once_and_ends_with_the_next_run_that_has_records(self):
        self.past(*[100] * 8)
        self.past(*[100] * 8, shift=timedelta(hours=1))
        run = self.run_due()
        self.run_later(empty)
        self.assertEqual(self.integration.doubtful_run_id, run)
        self.assertEqual(len(self.told()), 1)
        self.run_later(full, hours=2)
        self.assertFalse(self.integration.doubtful_run_id)
        self.assertEqual(self.integration.health, "ok")
        self.assertIn("There are records again.", self.chatter(self.integration))

    def test_another_empty_run_that_is_usual_does_not_end_it(self):
        self.past(*[100] * 8)
        self.run_due()
        self.run_later(empty)
        self.assertEqual(self.integration.health, "doubtful")

    def test_neither_messages_nor_retries_say_that_there_are_records_again(self):
        self.past(*[100] * 8)
        run = self.run_due()
        for trigger in ("items", "webhook"):
            other = self.env["ihub.run"].sudo().create(
                {"integration_id": self.integration.id, "due": at(NOW), "trigger": trigger,
                 "state": "done", "processed": 1}
            )  # fmt: skip
            self.integration.sudo()._settle_doubt(other)
        self.assertEqual(self.integration.doubtful_run_id, run)

    def test_dismiss(self):
        self.integration.sudo().notify_by_activity = True
        self.past(*[100] * 8)
        self.run_due()
        self.assertEqual(self.integration.next_step, "dismiss")
        self.assertTrue(self.activities(self.responsible))
        self.integration.action_next_step()
        self.assertEqual(self.integration.health, "ok")
        self.assertFalse(self.activities(self.responsible))

    def test_it_can_be_switched_off(self):
        self.past(*[100] * 8)
        self.integration.sudo().doubts_empty_runs = False
        self.assertFalse(self.run_due().usual_records)
        self.assertFalse(self.told())

    def test_switching_it_off_takes_the_badge_away(self):
        self.past(*[100] * 8)
        self.run_due()
        self.integration.sudo().doubts_empty_runs = False
        self.assertEqual(self.integration.health, "ok")

    def test_only_where_there_is_nothing_anything_is_asked(self):
        self.past(*[100] * 8)
        run = self.integration.sudo()._scheduled_run()
        run.processed = 1
        self.env.flush_all()
        run.integration_id.mapped("tz")
        with self.assertQueryCount(0):
            run._missed_records({})
        run.processed = 0
        self.env.flush_all()
        with self.assertQueryCount(1):
            run._missed_records({})
