"""Checkpoints keep work, progress and where to go on."""

from freezegun import freeze_time
from hub_case import HubCase, at


@freeze_time("2025-03-01 12:30")
class TestCheckpoint(HubCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), retry_limit=3, retry_delay=5
        )
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
        self.assertEqual(
            shown, [("Running: 1 of 4 records", 25, 1), ("Running: 3 of 4 records", 75, 3)]
        )

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

    def test_that_of_another_integration_does_nothing(self):
        other = self.add(name="Other").sudo()._type_record()

        def work(this, _from, _to):
            other.with_env(this.env(su=True)).checkpoint(5, 9)

        self.integration.start()
        self.work_as(work)
        self.assertEqual(self.runs(self.integration, state="done").processed, 0)
