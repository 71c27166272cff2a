"""Dialogs say what will happen before it happens: which windows, from when to when, how many."""

import re
from datetime import timedelta

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from lxml import etree
from odoo.exceptions import AccessError
from odoo.tests import Form

NOW = "2025-03-01 12:30"


@freeze_time(NOW)
class TestSchedulePreview(HubCase):
    def preview(self, start, **values):
        return self.add(window_from=at(start), **values).schedule_preview

    def test_what_comes_next(self):
        self.assertEqual(
            self.preview("2025-03-01 12:00").splitlines(),
            [
                "Next: Mar 1, 12:00 PM to 1:00 PM, at Mar 1, 1:00:10 PM",
                "Then: Mar 1, 1:00 PM to 2:00 PM",
                "Then: Mar 1, 2:00 PM to 3:00 PM",
            ],
        )

    def test_one_run_for_all_that_was_missed(self):
        self.assertEqual(
            self.preview("2025-03-01 02:00", catch_up="one"),
            "One run for everything that was missed, 10 periods: Mar 1, 2:00 AM to 12:00 PM",
        )

    def test_one_run_per_missed_window(self):
        self.assertEqual(
            self.preview("2025-03-01 02:00", catch_up="each").splitlines(),
            [
                "10 runs, one after the other:",
                "From Mar 1, 2:00 AM to 3:00 AM",
                "From Mar 1, 3:00 AM to 4:00 AM",
                "From Mar 1, 4:00 AM to 5:00 AM",
                "… and 7 more",
            ],
        )

    def test_what_is_skipped(self):
        self.assertEqual(
            self.preview("2025-03-01 02:00", catch_up="skip").splitlines(),
            [
                "Skipped, because it was missed: Mar 1, 2:00 AM to 11:00 AM",
                "Next: Mar 1, 11:00 AM to 12:00 PM",
            ],
        )

    def test_it_follows_what_is_being_edited(self):
        integration = self.add(window_from=at("2025-03-01 02:00"), catch_up="each")
        edited = integration.new({"interval_number": 2}, origin=integration)
        self.assertIn("5 runs", edited.schedule_preview)
        edited.catch_up = "one"
        self.assertIn("One run for everything", edited.schedule_preview)
        edited.window_from = at("2025-03-01 12:00")
        # As saving it does: two hours are counted from midnight.
        self.assertIn("12:00 PM to 2:00 PM", edited.schedule_preview)
        integration.with_user(self.manager).write(
            {"interval_number": 2, "window_from": at("2025-03-01 12:00")}
        )
        self.assertEqual(integration.window_to, at("2025-03-01 14:00"))

    def test_a_million_windows_are_counted_at_once(self):
        preview = self.preview("2023-03-01 12:30", interval_type="minutes", catch_up="each")
        self.assertIn("1052639 runs", preview)

    def test_without_a_schedule_there_is_nothing_to_say(self):
        self.patch(self.type_class(), "is_job", False)
        self.assertFalse(self.add().schedule_preview)

    def test_what_was_begun_is_finished_first(self):
        integration = self.add(window_from=at("2025-03-01 02:00"), catch_up="each")
        self.runs(integration).sudo().resume = {"point": 5}
        integration.invalidate_recordset()
        self.assertIn("9 runs", integration.schedule_preview)


@freeze_time(NOW)
class TestStartAsks(HubCase):
    def test_an_ordinary_start_asks_nothing(self):
        integration = self.add()
        self.assertIs(integration.action_start(), True)
        self.assertEqual(integration.state, "running")

    def test_a_large_catch_up_is_asked_for(self):
        for catch_up, words in (("one", "2:00 AM to 12:00 PM"), ("each", "10 runs")):
            with self.subTest(catch_up=catch_up):
                integration = self.add(window_from=at("2025-03-01 02:00"), catch_up=catch_up)
                wizard = self.asked(integration.action_start())
                self.assertIn(words, wizard.preview)
                self.assertEqual(integration.state, "created")
                wizard.action_confirm()
                self.assertEqual(integration.state, "running")

    def test_a_small_catch_up_is_not(self):
        integration = self.add(window_from=at("2025-03-01 09:00"), catch_up="each")
        self.assertIs(integration.action_start(), True)

    def test_whatever_is_skipped_is_asked_for(self):
        integration = self.add(window_from=at("2025-03-01 10:00"), catch_up="skip")
        wizard = self.asked(integration.action_start())
        self.assertIn("Skipped, because it was missed: Mar 1, 10:00 AM", wizard.preview)

    def test_of_many_those_that_surprise_are_named(self):
        plain = self.add(name="Plain")
        late = self.add(name="Late", window_from=at("2025-03-01 02:00"), catch_up="each")
        wizard = self.asked((plain + late).action_start())
        self.assertIn("Late\n10 runs", wizard.preview)
        self.assertNotIn("Plain", wizard.preview)
        wizard.action_confirm()
        self.assertEqual((plain + late).mapped("state"), ["running", "running"])

    def test_what_is_running_is_not_asked_about(self):
        integration = self.add(window_from=at("2025-03-01 02:00"), catch_up="each")
        integration.start()
        self.assertIs(integration.action_start(), True)

    def test_others_cannot_ask(self):
        with self.assertRaises(AccessError):
            self.add().with_user(self.outsider).action_start()

    def asked(self, action):
        self.assertEqual(action["res_model"], "ihub.integration.confirm")
        return self.env[action["res_model"]].with_user(self.operator).browse(action["res_id"])


@freeze_time(NOW)
class TestStopAsks(HubCase):
    def queue(self, integration, count):
        for number in range(count):
            start = at("2025-03-01 02:00") + timedelta(hours=number)
            integration.run_manually(start, start + timedelta(hours=1))

    def test_an_ordinary_stop_asks_nothing(self):
        integration = self.add()
        integration.start()
        self.assertIs(integration.action_stop(), True)
        self.assertEqual(integration.state, "stopped")

    def asked_during(self, run_manually):
        """Return the lines of what Stop asks while a run executes; [] where it asks nothing."""
        integration = self.add(window_from=at("2025-03-01 11:00"))
        integration.start()
        if run_manually:
            integration.run_manually("2025-02-01", "2025-02-02")
        lines = []

        def work(this, _from, _to):
            if not lines:
                page = integration.with_env(this.env(user=self.operator.id))
                page.invalidate_recordset()
                wizards = page._surprises_at_stop() and self.env["ihub.integration.confirm"].browse(
                    page.action_stop()["res_id"]
                )
                lines.append(wizards.preview.splitlines() if wizards else [])

        with self.running_as(work):
            self.work(integration)
        return lines[0]

    def test_a_run_by_hand_is_not_mistaken_for_the_schedule(self):
        self.assertEqual(
            self.asked_during(run_manually=True),
            [
                "Its schedule is turned off: it does not run again until somebody presses "
                "Start. To end only the current run, open the run and press Stop there.",
                "The run in progress ends at its next checkpoint, and keeps what it has done by "
                "then.",
            ],
        )

    def test_the_run_of_the_schedule_is_what_stop_means(self):
        self.assertEqual(self.asked_during(run_manually=False), [])

    def test_queued_runs_would_be_lost(self):
        integration = self.add()
        integration.start()
        self.queue(integration, 5)
        action = integration.action_stop()
        wizard = self.env[action["res_model"]].with_user(self.operator).browse(action["res_id"])
        self.assertEqual(
            wizard.preview.splitlines(),
            [
                "Queued runs to be cancelled: 5",
                "From Mar 1, 2:00 AM to 3:00 AM",
                "From Mar 1, 3:00 AM to 4:00 AM",
                "From Mar 1, 4:00 AM to 5:00 AM",
                "… and 2 more",
            ],
        )
        wizard.action_confirm()
        self.assertEqual(integration.queued_count, 0)
        self.work(integration)
        self.assertEqual(len(self.runs(integration, state="cancelled")), 5)

    def test_what_waits_for_start_is_counted_too(self):
        integration = self.add()
        self.queue(integration, 1)
        integration.trigger()
        wizard = self.env["ihub.integration.confirm"].browse(integration.action_stop()["res_id"])
        first, *queued = wizard.preview.splitlines()
        self.assertEqual((first, len(queued)), ("Queued runs to be cancelled: 2", 2))


@pytest.mark.slow
@freeze_time(NOW)
class TestRunManuallySays(HubCase):
    def dialog(self, integration):
        return Form(
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .with_context(default_integration_id=integration.id)
        )

    def done_until(self, moment):
        integration = self.add(window_from=at("2025-03-01 08:00"))
        with freeze_time(moment):
            integration.start()
            self.work(integration)
        return integration

    def test_what_is_done_again(self):
        integration = self.done_until("2025-03-01 11:00:20")
        dialog = self.dialog(integration)
        self.assertNotIn("again", dialog.preview)
        dialog.date_from = at("2025-03-01 09:00")
        self.assertIn(
            "Run again, although already complete: Mar 1, 9:00 AM to 11:00 AM", dialog.preview
        )

    def test_what_was_skipped_is_not_called_complete(self):
        integration = self.done_until("2025-03-01 09:00:20")
        integration.stop()
        integration.with_user(self.manager).window_from = at("2025-03-01 11:00")
        with freeze_time("2025-03-01 12:00:20"):
            integration.start()
            self.work(integration)
            dialog = self.dialog(integration)
            dialog.date_from = at("2025-03-01 09:00")
            dialog.date_to = at("2025-03-01 11:00")
            self.assertNotIn("complete", dialog.preview)
            dialog.date_from = at("2025-03-01 08:00")
            self.assertIn("complete: Mar 1, 8:00 AM to 9:00 AM", dialog.preview)

    def test_too_many_runs_at_once(self):
        dialog = self.dialog(self.add())
        dialog.date_from = at("2024-01-01")
        dialog.split = True
        self.assertEqual(
            dialog.preview,
            "That would be more than 1,000 runs. Choose a shorter period, or uncheck “Split into "
            "one run per scheduled period” to do it in a single run.",
        )
        # Without it, Run Now is not there.
        self.assertFalse(dialog.window_count)
        dialog.split = False
        self.assertEqual(dialog.window_count, 1)

    def test_what_comes_before(self):
        integration = self.add()
        self.assertNotIn("before", self.dialog(integration).preview)
        integration.run_manually("2025-03-01 09:00:00", "2025-03-01 10:00:00")
        self.assertIn("Queued ahead of it: 1", self.dialog(integration).preview)

    def test_a_type_without_a_period_says_so(self):
        self.patch(self.type_class(), "has_time_period", False)
        dialog = self.dialog(self.add())
        self.assertEqual(dialog.preview, "One run, in the background.")


class TestWords(HubCase):
    def test_people_read_of_periods_and_only_code_of_windows(self):
        texts = []
        for model in self.env:
            if not model.startswith("ihub.") or self.env[model]._abstract:
                continue
            for name, field in self.env[model].fields_get().items():
                labels = dict(field.get("selection") or ()).values()
                for text in (field["string"], field.get("help") or "", *labels):
                    texts.append((model, name, text))
        for view in self.env["ir.ui.view"].search([("model", "=like", "ihub.%")]):
            arch = etree.fromstring(view.arch)
            named = [*arch.xpath("//@string"), *arch.xpath("//@help"), *arch.xpath("//@title")]
            texts += [(view.model, view.name, text) for text in (*named, *arch.itertext())]
        self.assertGreater(len(texts), 500)
        found = [each for each in texts if re.search(r"\bwindows?\b", each[2], re.IGNORECASE)]
        self.assertEqual(found, [])


class TestAddSays(HubCase):
    def dialog(self):
        return Form(self.env["ihub.integration.add"].with_user(self.manager))

    def test_what_start_will_do(self):
        dialog = self.dialog()
        dialog.integration_type = "ihub.integration.ecb.rates"
        self.assertEqual(
            dialog.what_next,
            "Nothing runs until you press Start on its page. Then it runs every day at 5:00 PM "
            "(Europe/Berlin); you can change that first.",
        )
        dialog.integration_type = "ihub.integration.demo"
        self.assertIn("Then it runs every hour;", dialog.what_next)

    def test_what_runs_by_hand_only(self):
        self.patch(self.type_class(), "is_job", False)
        dialog = self.dialog()
        dialog.integration_type = "ihub.integration.demo"
        self.assertEqual(dialog.what_next, "Nothing runs until you press Run Manually on its page.")
