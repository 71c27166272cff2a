"""Attempts and crashes count from the last time that the work moved on."""

from datetime import timedelta
from unittest.mock import patch

import pytest
import requests
from freezegun import freeze_time
from hub_case import HubCase, at

from odoo.addons.ihub.engine.worker import Worker

START = at("2025-03-01 12:30")


def busy(after=None):
    response = requests.Response()
    response.status_code = 429
    if after:
        response.headers["Retry-After"] = after
    return requests.HTTPError("429 Too Many Requests", response=response)


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestProgressInLane(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), retry_limit=3, retry_delay=5, retry_growth=2
        )
        self.integration.start()

    def attempt(self, function, number=0):
        """Let one attempt be made, ``number`` hours after the first; return the open run."""
        with freeze_time(START + timedelta(hours=number)), self.running_as(function):
            self.work(self.integration)
        return self.runs(self.integration)[-1]

    def hundred(self, resume=True):
        """Return an import that is sent away after each hundred records."""

        def work(this, _from, _to):
            done = self.reached = self.reached + 100
            this.checkpoint(done, 2000, resume=done if resume else None)
            if done < 1000:
                raise busy()

        self.reached = 0
        return work

    # --- Attempts ---

    def assertGoesOn(self, work):
        for number in range(9):
            run = self.attempt(work, number)
            self.assertEqual((run.state, run.attempt), ("pending", number + 1))
            self.assertEqual(self.integration.state, "running")
        self.attempt(work, 9)
        done = self.runs(self.integration, state="done")[0]
        self.assertEqual((done.attempt, done.processed), (10, 1000))

    def test_an_import_that_gets_further_each_time_goes_on(self):
        self.assertGoesOn(self.hundred())

    def test_also_one_that_only_counts_its_records(self):
        self.assertGoesOn(self.hundred(resume=False))

    def test_the_waits_begin_anew_after_progress(self):
        work = self.hundred()
        for number in range(5):
            run = self.attempt(work, number)
            wait = run.due - (START + timedelta(hours=number))
            self.assertTrue(timedelta(minutes=5) <= wait < timedelta(minutes=6))

    def test_the_card_says_how_many_attempts_are_left_since_then(self):
        work = self.hundred()
        for number in range(5):
            run = self.attempt(work, number)
        self.assertIn("and up to 2 more after it.", run._retry_text())

    def test_without_progress_it_fails_as_set(self):
        def repeats(this, _from, _to):
            this.checkpoint(100, 200, resume="page 1")
            raise busy()

        states = [self.attempt(repeats, number).state for number in range(3)]
        self.assertEqual(states, ["pending"] * 3)
        self.attempt(repeats, 3)
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.runs(self.integration, state="failed").attempt, 4)

    def test_passing_the_same_checkpoints_again_is_no_progress(self):
        """Each differs from the one before it, but all of them were there already."""

        def from_the_beginning(this, _from, _to):
            for page in (1, 2, 3):
                this.checkpoint(page * 100, 400, resume=page)
            raise busy()

        for number in range(4):
            self.attempt(from_the_beginning, number)
        self.assertEqual(self.integration.state, "failed")

    def test_a_checkpoint_that_says_nothing_is_no_progress(self):
        def silent(this, _from, _to):
            this.checkpoint()
            raise busy()

        for number in range(4):
            self.attempt(silent, number)
        self.assertEqual(self.integration.state, "failed")

    def test_attempts_after_the_last_progress_count(self):
        def stuck(this, _from, _to):
            if this.resume_point() is None:
                this.checkpoint(100, resume=1)
            raise busy()

        for number in range(4):
            self.assertEqual(self.integration.state, "running")
            self.attempt(stuck, number)
        self.assertEqual(self.integration.state, "failed")

    def test_start_after_a_failure_begins_to_count_again(self):
        def stuck(this, _from, _to):
            raise busy()

        for number in range(4):
            self.attempt(stuck, number)
        self.integration.start()
        run = self.attempt(stuck, 5)
        self.assertEqual((run.state, run._tries()), ("pending", 1))

    # --- Retry-After ---

    def test_a_retry_after_of_a_second_is_kept(self):
        def work(this, _from, _to):
            raise busy("1")

        run = self.attempt(work)
        self.assertEqual(run.due, START + timedelta(seconds=1))

    def test_a_second_is_never_less_than_one(self):
        def work(this, _from, _to):
            raise busy("1")

        with freeze_time("2025-03-01 12:30:00.900"), self.running_as(work):
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual(run.due, START + timedelta(seconds=2))

    # --- Deaths ---

    def die(self, number, processed=0, point=None):
        """Let a process die behind a checkpoint, and the lane find that out."""
        with freeze_time(START + timedelta(hours=number)):
            run = self.runs(self.integration, state="pending")
            run._begin()
            if processed or point:
                run._record_progress(processed, None, point)
            self.env.flush_all()
            nothing = patch.object(Worker, "_claim", lambda worker: worker.env["ihub.run"])
            with nothing:
                self.work(self.integration)

    def test_deaths_that_get_further_are_not_deaths_in_a_row(self):
        for number in range(6):
            self.die(number, 100 * (number + 1), number)
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.runs(self.integration, state="pending").crash_count, 1)

    def test_deaths_at_the_same_point_are(self):
        for number in range(3):
            self.assertEqual(self.integration.state, "running")
            self.die(number, 100, "a")
        self.assertEqual(self.integration.state, "failed")

    def test_deaths_after_the_last_progress_count(self):
        self.die(0)
        self.die(1, 100, "a")
        self.die(2)
        self.assertEqual(self.integration.state, "running")
        self.die(3)
        self.assertEqual(self.integration.state, "failed")
