"""So many runs may wait in a lane, whoever asks for them."""

from unittest.mock import patch

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import UserError
from odoo.tests import Form

LIMIT = "odoo.addons.ihub.models.ihub_operation_mixin.MAX_QUEUED"


@freeze_time("2025-03-01 12:30")
class TestFullQueue(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"))

    def setUp(self):
        super().setUp()
        self.startPatcher(patch(LIMIT, 3))

    def fill(self):
        for _each in range(3):
            self.integration.run_manually()

    def refused(self):
        return self.assertRaisesRegex(UserError, "At most 3 runs of")

    def test_manually(self):
        self.fill()
        with self.refused():
            self.integration.run_manually()

    def test_once_more(self):
        run = self.integration.run_manually()
        self.work(self.integration)
        self.fill()
        with self.refused():
            run.with_user(self.operator).action_run_again()

    def test_the_dialog_says_so_before_it_is_pressed(self):
        self.fill()
        Wizard = self.env["ihub.run.manually"].with_user(self.operator)
        dialog = Form(Wizard.with_context(default_integration_id=self.integration.id))
        self.assertIn("already queued: 3", dialog.preview)
        with self.refused():
            dialog.save().action_run()

    def test_a_backfill_and_what_waits_already_count_together(self):
        self.integration.run_manually()
        windows = list(
            self.integration._schedule().windows(at("2025-03-01 01:00"), at("2025-03-01 04:00"))
        )
        with self.assertRaisesRegex(UserError, "already queued: 1"):
            self.integration.sudo()._queue_manually(windows, "backfill")
        self.integration.sudo()._queue_manually(windows[:2], "backfill")

    def test_from_the_code_of_a_run(self):
        asked = []

        def work(this, _from, _to):
            if not asked:
                try:
                    while len(asked) < 10:
                        asked.append(this.integration_id.run_manually())
                except UserError as error:
                    asked.append(error)

        self.integration.run_manually()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(len(asked), 4)
        self.assertIn("At most 3", asked[-1].args[0])

    def test_stop_makes_room_at_once(self):
        self.fill()
        self.integration.stop()
        self.fill()
        self.assertEqual(self.integration.queued_count, 3)

    def test_what_the_schedule_wants_always_has_room(self):
        self.fill()
        self.integration.start()
        self.work(self.integration)
        self.assertEqual(self.integration.watermark, at("2025-03-01 12:00"))
