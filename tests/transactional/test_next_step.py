"""The next step: the one button that is coloured, the same on page, card, run and mail."""

import pytest
from freezegun import freeze_time
from hub_case import at
from lxml import etree
from notify_case import NotifyCase
from odoo.tests import Form

from odoo.addons.ihub.core.health import STEPS
from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError
from odoo.addons.ihub.lib.rest_client import RequestRefused

NOW = "2025-03-01 12:30"
JANUARY = at("2025-01-01 00:00"), at("2025-02-01 00:00")


def works(this, _from, _to):
    pass


def refused(this, _from, _to):
    error = RequestRefused("The shop refuses access: check the password.")
    error.blames_settings = True
    raise error


def unreachable(this, _from, _to):
    raise RetryableError("The shop cannot be reached.")


def broken(this, _from, _to):
    raise IntegrationError("Order 7 has no customer.")


def faulty(this, _from, _to):
    raise KeyError("customer_id")


class NextStepCase(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        with freeze_time(NOW):
            self.responsible = self.person("ihub_responsible")
            self.integration = self.add(
                window_from=at("2025-03-01 11:00"), user_id=self.responsible.id
            ).with_user(self.manager)
            self.env["mail.mail"].sudo().search([]).unlink()
            self.save_settings(at("2025-03-01 10:00"))

    def setUp(self):
        super().setUp()
        frozen = freeze_time(NOW)
        frozen.start()
        self.addCleanup(frozen.stop)

    def save_settings(self, moment):
        """Let the settings of the type have been saved last at ``moment``."""
        record = self.integration.sudo()._type_record()
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {record._table} SET write_date = %s WHERE id = %s", (moment, record.id)
        )
        self.env.invalidate_all()

    def execute(self, function):
        self.integration.start()
        with self.running_as(function):
            self.work(self.integration)
        self.env.invalidate_all()
        self.save_settings(at("2025-03-01 10:00"))

    def last_run(self):
        return self.runs(self.integration).filtered("started_at")[-1].with_user(self.manager)


@pytest.mark.slow
class TestNextStep(NextStepCase):
    def test_each_step_is_a_method(self):
        for step in STEPS.values():
            self.assertTrue(callable(getattr(self.integration, step.method)), step)

    def test_what_the_settings_are_to_blame_for_leads_there(self):
        self.execute(refused)
        run = self.last_run()
        self.assertEqual(self.integration.health, "failed")
        self.assertEqual((self.integration.next_step, run.next_step), ("settings", "settings"))
        self.assertIn("press Start", self.integration.advice)
        self.assertEqual(run.advice, self.integration.advice)
        for record in (self.integration, run):
            self.assertEqual(record.action_next_step()["res_model"], "ihub.integration.demo")

    def test_once_they_are_corrected_it_is_started(self):
        self.execute(refused)
        self.save_settings(at("2025-03-01 12:31"))
        self.assertEqual(self.integration.next_step, "start")
        self.integration.action_next_step()
        with self.running_as(works):
            self.work(self.integration)
        self.assertEqual(self.integration.health, "ok")
        self.assertFalse(self.runs(self.integration, state="failed").next_step)

    def test_what_failed_in_the_second_in_which_they_were_saved_still_blames_them(self):
        self.execute(refused)
        self.save_settings(at(NOW).replace(microsecond=900_000))
        self.assertEqual(self.integration.next_step, "settings")

    def test_whoever_may_not_correct_them_is_told_whom_to_ask(self):
        self.execute(refused)
        seen = self.integration.with_user(self.operator)
        self.assertEqual(seen.next_step, "open")
        self.assertIn("Ask a manager", seen.advice)

    def test_what_has_failed_otherwise_is_started(self):
        self.execute(broken)
        self.assertEqual((self.integration.next_step, self.last_run().next_step), ("start",) * 2)

    def test_what_nobody_expected_is_sent_to_the_developer(self):
        self.execute(faulty)
        run = self.last_run()
        self.assertEqual((self.integration.next_step, run.next_step), ("report", "report"))
        self.assertIn("press Start", self.integration.advice)
        for record in (self.integration, run):
            action = record.action_next_step()
            self.assertEqual(action["res_model"], "mail.compose.message")
            self.assertIn("KeyError: &#39;customer_id&#39;", action["context"]["default_body"])

    def test_what_is_tried_again_can_be_tried_now(self):
        self.execute(unreachable)
        run = self.last_run()
        self.assertEqual((self.integration.next_step, run.next_step), ("retry", "retry"))
        run.action_next_step()
        self.assertLessEqual(run.due, at(NOW))

    def test_what_is_late_can_be_tried_now(self):
        self.execute(unreachable)
        self.last_run().sudo().due = at("2025-03-01 23:05")
        with freeze_time("2025-03-01 23:00"):
            self.env.invalidate_all()
            self.assertEqual(self.integration.health, "late")
            self.assertEqual(self.integration.next_step, "retry")
            self.integration.action_next_step()
            self.assertLessEqual(self.last_run().due, at("2025-03-01 23:00"))

    def test_a_manual_run_that_has_failed_is_run_again_with_its_period(self):
        run = self.integration.run_manually(*JANUARY)
        with self.running_as(broken):
            self.work(self.integration)
        self.assertEqual((self.integration.next_step, run.next_step), ("run_again", "run_again"))
        for record in (self.integration, run):
            context = record.action_next_step()["context"]
            self.assertEqual(context["default_date_from"], "2025-01-01 00:00:00")
            self.assertEqual(context["default_date_to"], "2025-02-01 00:00:00")

    def test_where_none_has_failed_it_is_run_manually(self):
        action = self.integration.action_run_again()
        self.assertEqual(action, self.integration.action_run_manually())

    def test_a_done_run_asks_for_nothing_and_runs_nothing_at_once(self):
        self.execute(works)
        run = self.last_run()
        self.assertEqual(run.state, "done")
        self.assertFalse(run.next_step)
        count = len(self.runs(self.integration))
        action = run.action_run_again()
        self.assertEqual(action["res_model"], "ihub.run.manually")
        self.assertEqual(len(self.runs(self.integration)), count)
        wizard = self.env[action["res_model"]].with_user(self.manager)
        wizard = wizard.with_context(**action["context"]).create({})
        self.assertEqual((wizard.date_from, wizard.date_to), (run.window_from, run.window_to))
        self.assertIn("Run again, although already complete", wizard.preview)

    def test_reported_errors_are_looked_at_then_dismissed(self):
        def reports(this, _from, _to):
            this.ihub_error(summary="Order 7 has no price.")

        self.execute(reports)
        run = self.last_run()
        self.assertEqual((self.integration.next_step, run.next_step), ("errors", "dismiss"))
        self.assertEqual(self.integration.action_next_step()["res_id"], run.id)
        run.action_next_step()
        self.assertEqual(self.integration.health, "ok")
        self.assertFalse(run.next_step)

    def test_a_button_does_nothing_else_than_it_says(self):
        """The screen may be a minute old."""
        self.execute(broken)
        run = self.last_run()
        for record in (self.integration, run):
            action = record.with_context(ihub_step="watch").action_next_step()
            self.assertIn("changed in the meantime", action["params"]["message"])
            self.assertEqual(self.integration.state, "failed")
        run.with_context(ihub_step="start").action_next_step()
        self.assertEqual(self.integration.state, "running")
        # A button that was there is pressed when there is nothing to do any more.
        with self.running_as(works):
            self.work(self.integration)
        self.env.invalidate_all()
        action = self.integration.with_context(ihub_step="start").action_next_step()
        self.assertIn("changed in the meantime", action["params"]["message"])

    def test_each_button_tells_what_it_says(self):
        views = self.env["ir.ui.view"].search([("arch_db", "like", 'name="action_next_step"')])
        buttons = [
            button
            for view in views
            for button in etree.fromstring(view.arch).iter("button")
            if button.get("name") == "action_next_step"
        ]
        self.assertGreaterEqual(len(buttons), 3)
        self.assertEqual({each.get("context") for each in buttons}, {"{'ihub_step': next_step}"})


class TestArchived(NextStepCase):
    def test_nothing_is_offered_that_can_only_be_refused(self):
        for function in (works, broken):
            with self.subTest(function=function.__name__):
                self.execute(function)
                self.integration.active = False
                self.env.invalidate_all()
                self.assertFalse(self.integration.next_step)
                self.assertFalse(self.integration.can_start)
                self.assertFalse(self.integration.can_test_connection)
                period = (at("2025-02-01"), at("2025-02-02"))
                self.assertFalse(self.integration.coverage(*period)["can_fill"])
                self.assertFalse(any(self.runs(self.integration).mapped("can_run_again")))
                self.integration.active = True

    def test_every_button_of_the_page_that_would_run_it_is_hidden(self):
        arch = etree.fromstring(self.integration.get_view(view_type="form")["arch"])
        for name in ("action_start", "action_run_manually", "action_test_connection"):
            for button in arch.xpath(f"//header/button[@name='{name}']"):
                hidden = button.get("invisible")
                self.assertTrue("not active" in hidden or "not can_" in hidden, name)

    def test_the_page_says_what_to_do_first(self):
        arch = etree.fromstring(self.integration.get_view(view_type="form")["arch"])
        (notice,) = arch.xpath("//div[@role='status'][@invisible='active']")
        text = " ".join("".join(notice.itertext()).split())
        self.assertEqual(
            text,
            "Archived: it does not run. Choose Unarchive in the menu behind the cog, then press "
            "Start.",
        )


@pytest.mark.slow
class TestBlocked(NextStepCase):
    def assertLeads(self, step, *names):
        self.env.invalidate_all()
        self.assertEqual(self.integration.health, "blocked")
        self.assertEqual(self.integration.next_step, step)
        if names:
            action = self.integration.action_next_step()
            self.assertEqual((action["target"], action["res_id"]), ("new", self.integration.id))
            arch = self.integration.get_view(action["views"][0][0], "form")["arch"]
            for name in names:
                self.assertIn(f'name="{name}"', arch)

    def test_an_archived_user_is_replaced(self):
        user = self._user("ihub_former", "ihub.group_user")
        self.integration.sudo().run_as_id = user
        user.active = False
        self.assertLeads("user", "run_as_id", "company_id")
        self.assertEqual(self.integration.with_user(self.operator).next_step, "open")
        self.assertIn("Ask a manager", self.integration.with_user(self.operator).advice)

    def test_whoever_has_chosen_may_choose_again(self):
        former, other = (self._user(f"ihub_{name}", "ihub.group_user") for name in ("past", "next"))
        self.integration.start()
        self.integration.sudo().run_as_id = former
        former.active = False
        self.env.invalidate_all()
        action = self.integration.action_next_step()
        integration = self.integration.with_context(**action["context"])
        with Form(integration, view=self.env["ir.ui.view"].browse(action["views"][0][0])) as form:
            form.run_as_id = other
            form.run_as_id = self.manager
        self.assertEqual(self.integration.run_as_id, self.manager)

    def test_a_wrong_schedule_is_corrected_once_it_is_stopped(self):
        self.integration.start()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET tz = 'Mars/Phobos' WHERE id = %s", (self.integration.id,)
        )
        self.assertLeads("stop")
        self.assertIn("Press Stop first", self.integration.advice)
        self.integration.action_next_step()
        self.assertLeads("schedule", "tz", "interval_number")


class TestMail(NextStepCase):
    def mail(self):
        return self.env["mail.mail"].sudo().search([]).body_html

    def test_the_error_is_one_click_away_and_the_only_button(self):
        self.execute(refused)
        mail = self.mail()
        self.assertEqual(mail.count("background-color:#875A7B"), 1)
        self.assertIn(f"/odoo/ihub-runs/{self.last_run().id}", mail)
        self.assertIn("View Error", mail)
        self.assertIn("Correct the settings, then press Start", mail)
