"""The schedule of an integration in one sentence."""

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at


@pytest.mark.slow
@freeze_time("2025-03-01 12:30")
class TestScheduleSentence(HubCase):
    def say(self, reader="UTC", **values):
        integration = self.add(window_from=at("2025-03-01 12:00"), **values)
        integration.start()
        return integration.with_context(tz=reader).schedule_sentence

    def test_how_often_and_when_next(self):
        self.assertEqual(self.say(), "Every hour. Next: Mar 1, 1:00:10 PM")

    def test_on_whose_clocks(self):
        daily = {"interval_type": "days", "time_of_day": 2, "tz": "America/New_York"}
        self.assertEqual(
            self.say("Europe/Brussels", **daily),
            "Every day at 2:00 AM (America/New_York). Next: Mar 2, 8:00:10 AM",
        )

    def test_what_is_off_has_no_next(self):
        self.assertEqual(self.add(interval_number=5).schedule_sentence, "Every 5 hours")

    def test_what_is_tried_again_says_so_elsewhere(self):
        integration = self.add(window_from=at("2025-03-01 11:00"))
        integration.start()
        with self.running_as(unlucky):
            self.work(integration)
        self.assertIn("Next attempt at", integration.problem)
        self.assertEqual(integration.schedule_sentence, "Every hour")


def unlucky(this, _from, _to):
    raise ConnectionError("The shop does not respond.")
