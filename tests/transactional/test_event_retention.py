"""How long events and runs are kept."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged
from test_event_log import EventCase

from odoo.addons.ihub.report import coverage


@tagged("standard", "post_install", "-at_install")
class TestRetention(EventCase):
    def setUp(self):
        super().setUp()
        self.env.cr.execute("DELETE FROM ihub_event")

    def add_event(self, level, days, summary="x", integration=None):
        """Add an event that was reported ``days`` ago."""
        return self.Event.create(
            {
                "level": level,
                "summary": summary,
                "create_date": datetime.now() - timedelta(days=days),
                "integration_id": integration and integration.id,
            }
        )

    def expire(self):
        done, more = self.Event._gc_expired()
        self.assertFalse(more)
        return done

    def test_by_level(self):
        ages = {"error": (366, 364), "warning": (91, 89), "info": (31, 29)}
        kept = self.Event
        for level, (__, younger) in ages.items():
            self.add_event(level, ages[level][0])
            kept += self.add_event(level, younger)
        self.assertEqual(self.expire(), 3)
        self.assertEqual(self.Event.search([], order="id"), kept)

    def test_by_parameter(self):
        self.env["ir.config_parameter"].set_param("ihub.keep_info_days", "3")
        self.add_event("info", 4)
        self.add_event("info", 2)
        self.assertEqual(self.expire(), 1)

    def test_nonsense_in_parameter_is_the_default(self):
        for value in ("", "x", "-5", "0"):
            self.env["ir.config_parameter"].set_param("ihub.keep_info_days", value)
            event = self.add_event("info", 20)
            self.expire()
            self.assertTrue(event.exists())

    def test_by_integration(self):
        self.integration.sudo().keep_days_info = 2
        other = self.add(name="Other")
        self.add_event("info", 3, integration=self.integration)
        kept = self.add_event("info", 3, integration=other) + self.add_event("info", 3)
        self.assertEqual(self.expire(), 1)
        self.assertEqual(self.Event.search([], order="id"), kept)

    def test_longer_by_integration(self):
        self.integration.sudo().keep_days_info = 50
        kept = self.add_event("info", 40, integration=self.integration)
        self.add_event("info", 40)
        self.assertEqual(self.expire(), 1)
        self.assertEqual(self.Event.search([]), kept)

    def test_attachments_go_with_their_events(self):
        self.demo.ihub_info("big", "x" * 100_000)
        self.demo.ihub_info("big too", "x" * 100_000)
        old, new = self.Event.search([], order="id")
        self.env.cr.execute(
            "UPDATE ihub_event SET create_date = create_date - interval '40 days' WHERE id = %s",
            [old.id],
        )
        self.assertEqual(self.expire(), 1)
        attachments = self.env["ir.attachment"].search([("res_model", "=", "ihub.event")])
        self.assertEqual(attachments.mapped("res_id"), [new.id])

    def test_own_days_among_many(self):
        """What is kept longer, and lies between what has expired, does not stop the deletion."""
        self.integration.sudo().keep_days_info = 50
        self.env.cr.execute(
            "INSERT INTO ihub_event (level, summary, create_date, integration_id)"
            " SELECT 'info', 'x', now() - interval '40 days', CASE WHEN n %% 3 = 0 THEN %s END"
            " FROM generate_series(1, 18000) n",
            [self.integration.id],
        )
        self.assertEqual(self.expire(), 12_000)
        self.assertEqual(self.Event.search([]).integration_id, self.integration)

    def test_oldest_first(self):
        events = [self.add_event("info", 60 - number) for number in range(5)]
        self.Event._delete_by("info", 30, [], False, 2)
        self.assertEqual([bool(event.exists()) for event in events], [False] * 2 + [True] * 3)

    def test_in_batches(self):
        self.env.cr.execute(
            "INSERT INTO ihub_event (level, summary, create_date)"
            " SELECT 'info', 'x', now() - interval '40 days' FROM generate_series(1, 21000)"
        )
        self.assertEqual(self.Event._gc_expired(), (20_000, 1))
        self.assertEqual(self.Event._gc_expired(), (1_000, 0))

    def test_what_is_deleted_is_counted_in_the_log(self):
        self.add_event("info", 40)
        with patch("odoo.addons.ihub.models.ihub_event._logger.info") as info:
            self.assertEqual(self.expire(), 1)
        info.assert_called_once_with("%s expired events were deleted", 1)


@tagged("standard", "post_install", "-at_install")
class TestRunRetention(EventCase):
    def add_run(self, days, **values):
        end = datetime(2025, 1, 1) - timedelta(days=days)
        ended = datetime.now() - timedelta(days=days)
        return self.env["ihub.run"].create(
            {
                "integration_id": self.integration.id,
                "trigger": "manual",
                "state": "done",
                "window_from": end - timedelta(hours=1),
                "window_to": end,
                "due": end,
                "ended_at": ended,
                **values,
            }
        )

    def test_old_runs_are_deleted_and_their_events_stay(self):
        old, new = self.add_run(91), self.add_run(1)
        event = self.Event.create({"summary": "x", "run_id": old.id})
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (1, 0))
        self.assertFalse(old.exists())
        self.assertTrue(new.exists())
        self.assertFalse(event.run_id)

    def test_what_is_needed_stays(self):
        kept = [
            self.add_run(9000, trigger="schedule"),  # coverage
            self.add_run(91, state="pending", ended_at=False),
            self.add_run(91),  # the last
        ]
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (0, 0))
        self.assertTrue(all(run.exists() for run in kept))

    def test_what_somebody_has_yet_to_look_at_stays(self):
        failed, doubtful, _last = self.add_run(91), self.add_run(91), self.add_run(1)
        self.integration.sudo().write({"failed_run_id": failed.id, "doubtful_run_id": doubtful.id})
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (0, 0))
        self.integration.sudo().write({"failed_run_id": False, "doubtful_run_id": False})
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (2, 0))

    def test_a_run_that_filled_a_skipped_span_stays(self):
        self.add_run(100, trigger="schedule", state="cancelled", skipped=True)
        filling = self.add_run(100)
        other = self.add_run(101)
        self.add_run(1)
        self.env["ihub.run"]._gc_old_runs()
        self.assertTrue(filling.exists())
        self.assertFalse(other.exists())

    def test_a_run_that_made_up_for_one_that_stays_stays(self):
        """Else the one that went wrong would be what came last, although all is done."""
        wrong = (
            {"state": "failed", "trigger": "schedule"},
            {"state": "failed", "trigger": "manual"},
            {"state": "failed", "trigger": "backfill"},
            {"state": "failed", "trigger": "code"},
            {"state": "interrupted", "trigger": "schedule"},
        )
        filling = self.env["ihub.run"]
        for days, values in enumerate(wrong, 100):
            self.add_run(days, trigger="schedule")
            self.add_run(days, **values)
            filling += self.add_run(days)
        self.add_run(1)
        self.env["ihub.run"]._gc_old_runs()
        self.assertEqual(filling.exists(), filling)
        start, end = min(filling.mapped("window_from")), max(filling.mapped("window_to"))
        integration = self.integration.sudo()
        pieces = coverage.segments_of(integration, start, end, coverage.expected_of(integration))
        self.assertNotIn("failed", [piece.status for piece in pieces])

    def test_what_made_up_for_one_that_does_not_stay_goes_with_it(self):
        runs = self.add_run(91, state="interrupted") + self.add_run(91)
        self.add_run(1)
        self.env["ihub.run"]._gc_old_runs()
        self.assertFalse(runs.exists())

    def test_coverage_can_be_given_an_end(self):
        self.env["ir.config_parameter"].set_param("ihub.keep_schedule_days", "400")
        old = self.add_run(401, trigger="schedule")
        kept = self.add_run(399, trigger="schedule")
        self.add_run(1)
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (1, 0))
        self.assertFalse(old.exists())
        self.assertTrue(kept.exists())

    def test_failed_runs_stay(self):
        failed = self.add_run(900, state="failed") + self.add_run(91, state="failed")
        other = self.add_run(91, state="interrupted")
        self.add_run(1)
        self.env["ihub.run"]._gc_old_runs()
        self.assertEqual(failed.exists(), failed)
        self.assertFalse(other.exists())

    def test_runs_stay_while_items_of_theirs_are_to_be_repaired(self):
        runs = {state: self.add_run(91) for state in ("failed", "pending", "done", "ignored")}
        items = self.env["ihub.item"].create([
            {
                "integration_id": self.integration.id, "kind": "order", "key": state,
                "state": state, "source_run_id": run.id,
            }
            for state, run in runs.items()
        ])  # fmt: skip
        self.add_run(1)
        # Two parameters, and one query however many runs and items there are.
        with self.assertQueryCount(3):
            self.env["ihub.run"]._old_ids(500)
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (2, 0))
        self.assertEqual(items.source_run_id, runs["failed"] + runs["pending"])
        items.state = "ignored"
        self.env.flush_all()
        self.assertEqual(self.env["ihub.run"]._gc_old_runs(), (2, 0))

    def test_notes_of_commits_go_with_the_end_of_a_run(self):
        Commit = self.env["ihub.event.commit"]
        runs = [
            self.add_run(0, state=state, ended_at=False) for state in ("pending", "running", "done")
        ]
        Commit.create([{"run_id": run.id, "key": 2**52 + run.id} for run in runs])
        Commit.create({"run_id": 0, "key": 1})
        with patch("odoo.addons.ihub.models.ihub_event_commit.BATCH", 1):
            self.assertEqual(Commit._gc_ended(), (1, 1))
            self.assertEqual(Commit._gc_ended(), (1, 1))
            self.assertEqual(Commit._gc_ended(), (0, 0))
        kept = [(commit.run_id, commit.key) for commit in Commit.search([], order="run_id")]
        self.assertEqual(kept, [(run.id, 2**52 + run.id) for run in runs[:2]])
