"""The clock of the server ran ahead, and is right again."""

from freezegun import freeze_time
from hub_case import HubCase, at


def nothing(this, _from, _to):
    pass


class TestClock(HubCase):
    def setUp(self):
        super().setUp()
        frozen = freeze_time("2025-03-01 12:30")
        frozen.start()
        self.addCleanup(frozen.stop)
        self.integration = self.add(window_from=at("2025-03-01 11:00"), catch_up="each")
        self.integration.start()
        with self.running_as(nothing):
            self.work(self.integration)

    def run_ahead(self, moment):
        with freeze_time(moment), self.running_as(nothing):
            self.work(self.integration)
        self.env.invalidate_all()

    def test_a_right_clock_is_not_doubted(self):
        self.assertEqual(self.integration.health, "ok")
        self.assertEqual(self.integration.window_from, at("2025-03-01 12:00"))

    def test_the_board_says_so_and_start_leads_back(self):
        self.run_ahead("2025-03-01 15:10")
        self.assertEqual(self.integration.window_from, at("2025-03-01 15:00"))
        self.assertEqual(self.integration.health, "ahead")
        self.assertEqual(self.integration.next_step, "start")
        self.assertIn("clock ran ahead", self.integration.problem)

        self.integration.action_start()
        self.env.invalidate_all()
        self.assertEqual(self.integration.health, "ok")
        self.assertEqual(self.integration.window_from, at("2025-03-01 12:00"))
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))
        states = self.runs(self.integration, trigger="schedule").sorted("id").mapped("state")
        self.assertEqual(states, ["done", "cancelled", "cancelled", "cancelled", "pending"])
        with freeze_time("2025-03-01 13:01"), self.running_as(nothing):
            self.work(self.integration)
        done = self.runs(self.integration, trigger="schedule", state="done").sorted("id")[-1]
        self.assertEqual(done.window_from, at("2025-03-01 12:00"))
