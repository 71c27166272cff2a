"""Checkpoints keep work, progress and where to go on."""

import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import UserError
from psycopg2.errors import SerializationFailure

from odoo.addons.ihub.lib.exceptions import UsageError
from odoo.addons.ihub.tests.common import Killed


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestCheckpoint(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), retry_limit=3, retry_delay=5
        )

    def setUp(self):
        super().setUp()
        self.seen = []

    def partners(self):
        return self.env["res.partner"].search([("name", "=like", "Import %")], order="id")

    def importing(self, fail_at=None, resume=True):
        """Return an import of six records, two per checkpoint, that fails before one of them."""

        def work(this, _from, _to):
            begin = this.resume_point() or 0
            self.seen.append(begin)
            for number in range(begin, 6):
                if number == fail_at:
                    raise TimeoutError("no answer")
                this.env["res.partner"].sudo().create({"name": f"Import {number}"})
                if number % 2:
                    this.checkpoint(number + 1, 6, resume=number + 1 if resume else None)

        return work

    def work_as(self, function, moment="2025-03-01 12:30"):
        with freeze_time(moment), self.running_as(function):
            self.work(self.integration)

    def test_work_and_resume_point_are_kept_and_the_rest_is_not(self):
        self.integration.start()
        self.work_as(self.importing(fail_at=3))
        run = self.runs(self.integration, trigger="schedule")
        self.assertEqual((run.processed, run.total, run.resume), (2, 6, {"point": 2}))
        self.assertEqual(self.partners().mapped("name"), ["Import 0", "Import 1"])

    def test_a_retry_goes_on_behind_the_last_checkpoint(self):
        self.integration.start()
        self.work_as(self.importing(fail_at=5))
        self.work_as(self.importing(), "2025-03-01 12:40")
        self.assertEqual(self.seen, [0, 4])
        self.assertEqual(self.partners().mapped("name"), [f"Import {n}" for n in range(6)])
        done = self.runs(self.integration, state="done")
        self.assertEqual((done.attempt, done.processed, done.resume), (2, 6, False))
        self.assertEqual(done.message, "Done: 6 records.")

    def test_a_new_window_begins_at_its_beginning(self):
        self.integration.start()
        self.work_as(self.importing())
        self.work_as(self.importing(), "2025-03-01 13:10")
        self.assertEqual(self.seen, [0, 0])

    def test_start_after_a_failure_goes_on_too(self):
        self.integration.with_user(self.manager).retry_limit = 0
        self.integration.start()
        self.work_as(self.importing(fail_at=4))
        self.assertEqual(self.integration.state, "failed")
        self.integration.start()
        self.work_as(self.importing())
        self.assertEqual(self.seen, [0, 4])

    def test_any_json_is_handed_over(self):
        """Also what looks like nothing, such as the number of a first page."""
        points = [{"page": 3, "seen": ["a", None, 1.5], "nested": {"ok": True}}, 0, [], "", False]
        given, got = iter(points), []

        def work(this, _from, _to):
            got.append(this.resume_point())
            this.checkpoint(1, resume=next(given))
            raise TimeoutError("no answer")

        self.integration.with_user(self.manager).write({"retry_limit": 9, "retry_growth": 1})
        self.integration.start()
        for attempt in range(len(points)):
            self.work_as(work, f"2025-03-01 {12 + attempt}:50")
        self.assertEqual(got, [None, *points[:-1]])

    def test_progress_is_on_the_card_and_on_the_run_while_it_runs(self):
        shown = []

        def work(this, _from, _to):
            for number in (1, 3):
                this.checkpoint(number, 4)
                card = self.integration.with_env(this.env(user=self.operator.id))
                card.invalidate_recordset()
                shown.append((card.activity, card.progress, card.current_run_id.processed))

        self.integration.start()
        self.work_as(work)
        self.assertEqual(shown, [("Running: 1/4 records", 25, 1), ("Running: 3/4 records", 75, 3)])

    def test_the_last_sign_of_life(self):
        def work(this, _from, _to):
            with freeze_time("2025-03-01 12:45"):
                this.checkpoint(1)
            raise ValueError("broken")

        self.integration.start()
        self.work_as(work)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.last_seen, at("2025-03-01 12:45"))

    def test_outside_a_run_it_does_nothing(self):
        record = self.integration.sudo()._type_record()
        record.checkpoint(1, 2, resume=3)
        self.assertIsNone(record.resume_point())
        self.assertFalse(self.runs(self.integration, trigger="schedule").processed)

    # --- Refused ---

    def failing(self, function):
        """Let a run fail that does ``function``, and return its message."""
        self.integration.start()
        self.work_as(function)
        run = self.runs(self.integration, state="failed")
        self.assertEqual((len(run), run.attempt, run.processed), (1, 1, 0))
        self.assertFalse(self.partners())
        return run.message

    def create(self, this, number=0):
        this.env["res.partner"].sudo().create({"name": f"Import {number}"})

    def test_that_of_another_integration_is_refused(self):
        other = self.add(name="Other").sudo()._type_record()

        def work(this, _from, _to):
            self.create(this)
            other.with_env(this.env(su=True)).checkpoint(5, 9)

        self.assertIn("of Other were called", self.failing(work))

    def test_the_resume_point_of_another_integration_is_refused(self):
        other = self.add(name="Other").sudo()._type_record()

        def work(this, _from, _to):
            other.with_env(this.env(su=True)).resume_point()

        self.assertIn("of Other were called", self.failing(work))

    def test_in_a_savepoint_it_is_refused_before_anything_is_committed(self):
        def work(this, _from, _to):
            self.create(this)
            with this.env.cr.savepoint():
                this.checkpoint(5, 9, resume=5)

        self.assertIn("inside a savepoint", self.failing(work))

    def test_in_a_savepoint_within_another_too(self):
        def work(this, _from, _to):
            with this.env.cr.savepoint(), this.env.cr.savepoint(flush=False):
                this.checkpoint(5)

        self.assertIn("inside a savepoint", self.failing(work))

    def test_a_refusal_that_is_swallowed_has_done_nothing(self):
        def work(this, _from, _to):
            with this.env.cr.savepoint():
                self.create(this)
                with suppress(UsageError):
                    this.checkpoint(5, 9, resume=5)
            self.create(this, 1)

        self.integration.start()
        self.work_as(work)
        done = self.runs(self.integration, state="done")
        self.assertEqual((done.processed, len(self.partners())), (0, 2))

    def test_beside_savepoints_it_works(self):
        def work(this, _from, _to):
            with this.env.cr.savepoint():
                self.create(this)
            this.checkpoint(1)
            with suppress(ValueError), this.env.cr.savepoint():
                self.create(this, 1)
                raise ValueError("undo")
            this.checkpoint(2)

        self.integration.start()
        self.work_as(work)
        self.assertEqual(self.runs(self.integration, state="done").processed, 2)
        self.assertEqual(len(self.partners()), 1)

    def test_in_a_thread_it_is_refused(self):
        """Also in one that knows of the run, as those of asyncio.to_thread() do."""
        for context in (contextvars.Context, contextvars.copy_context):
            with self.subTest(context=context):

                def work(this, _from, _to, context=context):
                    with ThreadPoolExecutor(1) as pool:
                        for ask in (this.resume_point, this.checkpoint):
                            with self.assertRaisesRegex(UsageError, "in a different thread"):
                                pool.submit(context().run, ask).result()
                    raise UserError("asked")

                self.integration.start()
                self.work_as(work)
                self.assertEqual(self.runs(self.integration, state="failed")[-1].message, "asked")

    def test_with_another_cursor_it_is_refused(self):
        def work(this, _from, _to):
            with self.registry.cursor() as cr:
                this.with_env(this.env(cr=cr)).checkpoint(5)

        self.assertIn("a different cursor", self.failing(work))

    def test_a_resume_point_that_would_not_come_back_is_refused(self):
        values = (at("2025-03-01 12:00"), {1}, self.env.user.partner_id, b"x", (1, 2))
        for value in values:
            kind = type(value).__name__
            with self.subTest(kind=kind):

                def work(this, _from, _to, value=value):
                    this.checkpoint(5, resume={"next": value})

                message = self.failing(work)
                self.assertIn(f"resume['next'] is of the type {kind}", message)
                self.runs(self.integration, state="failed").unlink()

    def test_a_huge_resume_point_is_refused(self):
        def work(this, _from, _to):
            this.checkpoint(5, resume=["x" * 100] * 10_000)

        self.assertIn("longer than 1000000 characters", self.failing(work))

    def test_a_count_that_is_none_is_refused(self):
        for value in (-1, "5", float("nan"), [1]):
            with self.subTest(value=value):

                def work(this, _from, _to, value=value):
                    this.checkpoint(value)

                self.assertIn("give a number of records", self.failing(work))
                self.runs(self.integration, state="failed").unlink()

    def test_what_no_database_stores_is_cleaned(self):
        def work(this, _from, _to):
            this.checkpoint(10**12, resume={"page\x00": "a\x00b\ud800", "at": float("nan")})
            raise UserError("kept")

        self.integration.start()
        self.work_as(work)
        run = self.runs(self.integration, state="failed")
        self.assertEqual(run.message, "kept")
        self.assertEqual(run.resume, {"point": {"page\ufffd": "a\ufffdb\ufffd", "at": None}})
        self.assertEqual(run.processed, 2**31 - 1)

    def test_tests_of_a_type_meet_a_refusal_outside_a_run_too(self):
        with self.assertRaisesRegex(UsageError, "of the type set"):
            self.integration.sudo()._type_record().checkpoint(1, resume={1})


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestErrorsThatWereKept(HubCase):
    """A run is done with errors, too, if the attempt that reported them was not the last one."""

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), retry_limit=3, retry_delay=5
        )

    def reporting(self, end=None, is_kept=True):
        """Return an import that reports an error and then ends otherwise, but only once."""

        def work(this, _from, _to):
            if this.resume_point():
                return
            if is_kept:
                this.ihub_error("Customer 17 has no address.")
            this.checkpoint(5, resume=5)
            if not is_kept:
                this.ihub_error("Customer 17 has no address.")
            if end:
                raise end

        return work

    def work_as(self, function, moment="2025-03-01 12:30"):
        with freeze_time(moment), self.running_as(function):
            self.integration.start()
            self.work(self.integration)

    def assertIsDone(self, outcome):
        run = self.runs(self.integration, state="done")
        self.assertEqual(run.outcome, outcome)
        self.assertEqual(self.integration.health, "ok" if outcome == "done" else outcome)

    def test_a_retry_does_not_forget_them(self):
        self.work_as(self.reporting(TimeoutError("no answer")))
        self.work_as(self.reporting(), "2025-03-01 12:40")
        self.assertIsDone("with_errors")

    def test_nor_does_a_conflict(self):
        self.work_as(self.reporting(SerializationFailure("concurrent update")))
        self.assertIsDone("with_errors")

    def test_nor_does_the_death_of_the_process(self):
        self.work_as(self.reporting(Killed()))
        self.work_as(self.reporting())
        self.assertIsDone("with_errors")

    def test_nor_do_stop_and_start(self):
        with self.stop_at_checkpoint(self.integration, 1):
            self.work_as(self.reporting())
        self.assertEqual(len(self.runs(self.integration, state="cancelled")), 1)
        self.work_as(self.reporting())
        self.assertIsDone("with_errors")

    def test_nor_do_a_failure_and_start(self):
        self.work_as(self.reporting(UserError("Bad data.")))
        self.assertEqual(self.integration.state, "failed")
        self.work_as(self.reporting())
        self.assertIsDone("with_errors")

    def test_those_whose_work_was_undone_do_not_count(self):
        for end in (TimeoutError("no answer"), SerializationFailure("concurrent"), Killed()):
            with self.subTest(end), self.undone():
                self.work_as(self.reporting(end, is_kept=False))
                self.work_as(self.reporting(), "2025-03-01 12:40")
                self.assertIsDone("done")

    def test_who_begins_at_the_beginning_begins_without_them(self):
        def work(this, _from, _to):
            this.ihub_error("Customer 17 has no address.")
            this.checkpoint()
            raise UserError("Bad data.")

        self.work_as(work)
        self.work_as(lambda this, _from, _to: None)
        self.assertIsDone("done")

    def test_nor_does_another_window_have_them(self):
        self.work_as(self.reporting(UserError("Bad data.")))
        self.integration.with_user(self.manager).window_from = at("2025-03-01 10:00")
        self.assertFalse(self.integration.sudo()._scheduled_run().with_errors)
