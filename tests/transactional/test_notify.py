"""Who hears of failures and recoveries, how often, in which way and in which language."""

from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import at
from notify_case import NotifyCase
from odoo.exceptions import UserError, ValidationError
from odoo.tests import mute_logger
from odoo.tools.translate import code_translations

from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.tests.common import Killed


@pytest.mark.slow
@freeze_time("2025-03-01 11:30")
class TestFailureAndRecovery(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.responsible = self.person("ihub_responsible")
        self.integration = self.add(window_from=at("2025-03-01 10:00"), user_id=self.responsible.id)
        self.env["mail.mail"].sudo().search([]).unlink()

    def configure(self, **values):
        self.integration.with_user(self.manager).write(values)

    def test_the_first_failure_is_told_at_once_with_reason_next_step_and_link(self):
        self.fails(self.integration)
        mail = self.mails(self.responsible)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.subject, "Orders failed")
        self.assertIn("The price of A1 is not a number", mail.body_html)
        self.assertIn("Once it is corrected, press Start", mail.body_html)
        run = self.runs(self.integration, state="failed")
        self.assertRegex(mail.body_html, rf' href="https?://[^"]+/odoo/ihub-runs/{run.id}"')

    def test_the_mail_is_sent_by_the_mail_queue_at_once(self):
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", queue.id)]).unlink()
        self.fails(self.integration)
        self.assertEqual(self.mails(self.responsible).state, "outgoing")
        self.assertTrue(self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", queue.id)]))

    def test_text_from_outside_is_shown_as_text(self):
        self.fails(self.integration, "<img src=x onerror=alert(1)>")
        body = self.mails(self.responsible).body_html
        self.assertNotIn("<img src", body)
        self.assertIn("&lt;img src", body)

    def test_further_failures_are_counted_and_told_when_it_works_again(self):
        self.fails(self.integration)
        for _again in range(4):
            self.fails(self.integration, "Still broken")
        self.assertEqual(len(self.mails(self.responsible)), 1)
        self.assertEqual(self.integration.failures_since_recovery, 5)
        self.works(self.integration)
        mail = self.mails(self.responsible)[1:]
        self.assertEqual(mail.subject, "Orders is working again")
        self.assertIn("is working again after 5 failures since Mar 1", mail.body_html)
        self.assertEqual(self.integration.failures_since_recovery, 0)
        self.assertFalse(self.integration.failed_since)

    def test_after_a_recovery_the_next_failure_is_told_again(self):
        self.fails(self.integration)
        self.works(self.integration)
        self.works(self.integration)
        self.assertEqual(len(self.mails(self.responsible)), 2)
        with freeze_time("2025-03-01 12:30"):
            self.fails(self.integration)
        subjects = self.mails(self.responsible).mapped("subject")
        self.assertEqual(subjects, ["Orders failed", "Orders is working again", "Orders failed"])

    def test_fail_outside_a_run_is_told_once_as_well(self):
        row = self.integration.sudo()._type_record()
        row.fail("The other side said stop.")
        row.fail("The other side said stop.")
        self.assertEqual(len(self.mails(self.responsible)), 1)
        self.assertEqual(self.integration.failures_since_recovery, 2)

    def test_an_attempt_that_will_be_repeated_is_no_failure(self):
        def unlucky(this, _from, _to):
            raise RetryableError("The shop is being maintained.", delay=600)

        with self.running_as(unlucky):
            self.integration.start()
            self.work(self.integration)
        self.assertEqual(self.integration.state, "running")
        self.assertFalse(self.mails(self.responsible))
        self.assertEqual(self.integration.failures_since_recovery, 0)

    def test_a_run_by_hand_is_no_recovery_of_the_schedule(self):
        self.fails(self.integration)
        with self.running_as(lambda this, _from, _to: None):
            self.integration.run_manually("2025-02-01 00:00:00", "2025-02-02 00:00:00")
            self.work(self.integration)
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(len(self.mails(self.responsible)), 1)
        self.assertEqual(self.integration.failures_since_recovery, 1)

    def test_what_people_do_not_want_to_hear_is_not_told(self):
        self.configure(notify_failure=False)
        self.fails(self.integration)
        self.assertFalse(self.mails(self.responsible))
        self.assertEqual(self.integration.failures_since_recovery, 1)
        self.works(self.integration)
        self.configure(notify_failure=True, notify_recovery=False)
        with freeze_time("2025-03-01 12:30"):
            self.fails(self.integration)
            self.works(self.integration)
        self.assertEqual(
            self.mails(self.responsible).mapped("subject"),
            ["Orders is working again", "Orders failed"],
        )

    def test_a_copy_of_a_database_tells_nobody(self):
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.configure(notify_by_activity=True)
        self.fails(self.integration)
        self.assertEqual(self.integration.state, "failed")
        self.assertFalse(self.mails(self.responsible) or self.activities(self.responsible))

    @mute_logger("odoo.addons.ihub.models.ihub_alert_mixin")
    def test_a_broken_mail_set_up_does_not_hide_the_failure(self):
        with patch.object(
            self.registry["ihub.integration"], "message_notify", side_effect=ValueError("no server")
        ):
            self.fails(self.integration)
        self.assertEqual(self.integration.state, "failed")
        self.assertEqual(self.integration.failures_since_recovery, 1)

    # --- The chatter ---

    def test_the_chatter_tells_of_people_and_changes_but_not_of_every_run(self):
        self.works(self.integration)
        self.flush_tracking()
        before = len(self.integration.sudo().message_ids)
        with freeze_time("2025-03-01 13:30"):
            self.work(self.integration)
        self.assertEqual(len(self.runs(self.integration, state="done")), 2)
        self.assertEqual(len(self.integration.sudo().message_ids), before)
        self.integration.stop()
        self.configure(interval_number=2, user_id=self.operator.id)
        self.flush_tracking()
        self.assertIn("Stopped.", self.chatter(self.integration))
        tracked = self.integration.sudo().message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertLessEqual({"interval_number", "user_id"}, set(tracked))

    def test_the_chatter_says_times_as_times_and_no_limit_as_none(self):
        self.flush_tracking()
        self.configure(interval_type="days", time_of_day=17, late_by=17.5, hang_limit=30)
        self.flush_tracking()
        self.configure(time_of_day=2.25, late_by=0, hang_limit=0, retry_growth=3)
        self.flush_tracking()
        values = self.integration.sudo().message_ids.tracking_value_ids
        said = {
            (value.field_id.name, value._tracking_value_format()[0]["oldValue"]): (
                value._tracking_value_format()[0]["newValue"]
            )
            for value in values
        }
        self.assertEqual(said["time_of_day", "00:00"], "17:00")
        self.assertEqual(said["time_of_day", "17:00"], "02:15")
        # What is empty reads "None".
        self.assertEqual(said["late_by", ""], "17:30")
        self.assertEqual(said["late_by", "17:30"], "")
        self.assertEqual(said["hang_limit", ""], "30")
        self.assertEqual(said["hang_limit", "30"], "")
        self.assertEqual(said["retry_growth", 2.0], 3.0)

    def flush_tracking(self):
        # What a commit would do.
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()

    def test_the_chatter_tells_of_the_first_failure_and_of_the_recovery(self):
        self.fails(self.integration)
        self.fails(self.integration)
        self.works(self.integration)
        chatter = self.chatter(self.integration)
        self.assertEqual(chatter.count("ValueError: The price of A1"), 1)
        self.assertIn("Working again. Earlier failures: 2", chatter)


@pytest.mark.slow
class TestItems(NotifyCase):
    """One mail per run with failures, and one when nothing is left of them."""

    def setUpOnce(self):
        super().setUpOnce()
        self.responsible = self.person("ihub_repairs")
        self.integration = self.add(window_from=at("2025-03-01 10:00"), user_id=self.responsible.id)
        self.env["mail.mail"].sudo().search([]).unlink()

    def setUp(self):
        super().setUp()
        # By number: what is wrong with it, if anything.
        self.orders = {}

    def configure(self, **values):
        self.integration.with_user(self.manager).write(values)

    def work_at(self, moment):
        def import_order(this, number, item):
            if fault := self.orders[number]:
                raise UserError(fault)

        def work(this, _from, _to):
            this.process_each(
                self.orders, this._import_order, key=str, name=lambda n: f"SO-{n}", kind="order"
            )

        import_order.__name__ = "_import_order"
        with (
            freeze_time(f"2025-03-01 {moment}"),
            patch.object(self.type_class(), "_import_order", import_order, create=True),
            self.running_as(work),
        ):
            if self.integration.state != "running":
                self.integration.start()
            self.work(self.integration)

    def subjects(self, user=None):
        return self.mails(user or self.responsible).mapped("subject")

    def items(self):
        domain = [("integration_id", "=", self.integration.id), ("state", "=", "failed")]
        return self.env["ihub.item"].with_user(self.operator).search(domain, order="id")

    def retry(self, items, moment):
        with freeze_time(f"2025-03-01 {moment}"):
            items.action_retry()
        self.work_at(moment)

    def test_what_failed_is_told_by_name_with_reasons_and_links(self):
        self.orders = {n: f"SKU <b>{n}</b> is unknown" for n in range(9)} | {9: "", 10: ""}
        self.work_at("11:30")
        mail = self.mails(self.responsible)
        self.assertEqual(mail.mapped("subject"), ["Orders has something to repair"])
        body = mail.body_html
        self.assertIn("is done, except 9 items", body)
        self.assertIn("Mar 1, 10:00", body)
        self.assertIn("order SO-0</a>: SKU &lt;b&gt;0&lt;/b&gt; is unknown", body)
        for item in self.items():
            self.assertRegex(body, rf'<a href="https?://[^"]+res_id={item.id}[^0-9]')
        self.assertRegex(body, r'<a[^>]+href="https?://[^"]+/odoo/ihub-repair"')
        self.assertNotIn("more.", body.partition("All others")[0])

    def test_of_many_the_first_ten_are_named(self):
        self.configure(failed_items_share=100)
        self.orders = dict.fromkeys(range(13), "It is odd.")
        self.work_at("11:30")
        body = self.mails(self.responsible).body_html
        self.assertEqual(body.count("</a>: It is odd."), 10)
        self.assertIn("And 3 more.", body)

    def test_a_run_in_which_more_fail_is_told_again_but_not_what_is_known(self):
        self.orders = {1: "no", 2: ""}
        self.work_at("11:30")
        # The same one comes again, and still fails.
        self.work_at("12:30")
        self.assertEqual(len(self.subjects()), 1)
        self.orders = {3: "no"}
        self.work_at("13:30")
        self.assertEqual(len(self.subjects()), 2)
        self.assertIn("except one item", self.mails(self.responsible)[-1].body_html)

    def test_it_is_told_once_when_the_last_one_is_repaired(self):
        self.orders = {1: "no", 2: "no"}
        self.work_at("11:30")
        self.orders = {1: "", 2: "no"}
        self.retry(self.items(), "11:40")
        # Whoever has pressed Retry sees what has failed again.
        self.assertEqual(len(self.subjects()), 1)
        self.orders = {2: ""}
        self.retry(self.items(), "11:50")
        self.assertEqual(self.subjects()[1:], ["Orders: nothing left to repair"])
        self.assertIn(
            "<b>Orders</b> has nothing left to repair", self.mails(self.responsible)[1].body_html
        )
        self.work_at("12:30")
        self.assertEqual(len(self.subjects()), 2)
        # And then begins anew.
        self.orders = {2: "no"}
        self.work_at("13:30")
        self.assertEqual(len(self.subjects()), 3)

    def test_it_is_told_when_the_last_one_is_left_out(self):
        self.orders = {1: "no", 2: "no"}
        self.work_at("11:30")
        first, second = self.items()
        first._leave_out("Not ours.")
        self.assertEqual(len(self.subjects()), 1)
        second._leave_out("Not ours.")
        self.assertEqual(self.subjects()[1:], ["Orders: nothing left to repair"])

    def test_one_that_fails_in_the_second_of_the_last_mail_is_told(self):
        self.orders = {1: "no"}
        self.work_at("11:30")
        self.orders = {1: "no", 2: "no"}
        with freeze_time("2025-03-01 11:30"):
            self.integration.run_manually()
        self.work_at("11:30")
        self.assertEqual(len(self.subjects()), 2)
        self.assertIn("except 2 items", self.mails(self.responsible)[-1].body_html)

    def test_one_that_is_taken_up_again_after_it_was_left_out_is_told_when_it_comes(self):
        self.orders = {1: "no", 2: "no"}
        self.work_at("11:30")
        self.items()[0]._leave_out("Not ours.")
        self.retry(self.env["ihub.item"].search([("key", "=", "1")]), "11:40")
        self.assertEqual(len(self.subjects()), 1)
        self.work_at("12:30")
        self.assertEqual(len(self.subjects()), 2)

    def test_the_activity_about_items_goes_when_none_is_left(self):
        def summaries():
            return self.activities(self.responsible).mapped("summary")

        self.configure(notify_by_activity=True)
        self.orders = {1: "no", 2: "no"}
        self.work_at("11:30")
        self.assertEqual(summaries(), ["Orders has something to repair"])
        with freeze_time("2025-03-01 12:30"):
            self.fails(self.integration)
        self.assertEqual(len(summaries()), 2)
        self.orders = {}
        self.work_at("12:40")
        self.assertEqual(summaries(), ["Orders has something to repair"])
        first, second = self.items()
        first._leave_out("Not ours.")
        self.assertEqual(len(summaries()), 1)
        second._leave_out("Not ours.")
        self.assertFalse(summaries())

    def test_that_all_is_repaired_leaves_the_activity_about_a_failure(self):
        self.configure(notify_by_activity=True)
        self.orders = {1: "no"}
        self.work_at("11:30")
        with freeze_time("2025-03-01 12:30"):
            self.fails(self.integration)
        self.items()._leave_out("Not ours.")
        self.assertEqual(self.activities(self.responsible).mapped("summary"), ["Orders failed"])

    def test_who_has_pressed_retry_sees_on_the_screen_what_came_of_it(self):
        def shown(press_at):
            shown = []

            def send(user, kind, message, *args, **kwargs):
                if kind == "simple_notification":
                    shown.append((user.login, message["type"], message["message"]))

            with patch.object(self.registry["res.users"], "_bus_send", send):
                self.retry(self.items(), press_at)
            return shown

        self.orders = {1: "no", 2: "no"}
        self.work_at("11:30")
        self.orders = {1: "no", 2: ""}
        self.assertEqual(shown("11:40"), [(self.operator.login, "warning", "1 done, 1 to repair.")])
        self.orders = {1: ""}
        self.assertEqual(shown("11:50"), [(self.operator.login, "success", "Done: one record.")])

    def test_what_people_do_not_want_to_hear_is_not_told(self):
        self.configure(notify_failure=False)
        self.orders = {1: "no"}
        self.work_at("11:30")
        # Nor that something is repaired of which nobody was told.
        self.items()._leave_out("Not ours.")
        self.assertFalse(self.subjects())
        self.configure(notify_failure=True, notify_recovery=False)
        self.orders = {2: "no"}
        self.work_at("12:30")
        self.items()._leave_out("Not ours.")
        self.assertEqual(self.subjects(), ["Orders has something to repair"])
        # It is forgotten all the same: the next one is told as a first one.
        self.assertFalse(self.integration.items_told)

    def test_each_reads_it_in_their_own_language_and_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.person("ihub_repairs_french", inbox=False)
        french.write({"lang": "fr_FR", "tz": "Europe/Paris"})
        stranger = self.person("ihub_repairs_elsewhere")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        self.follow(self.integration, french, stranger)
        known = code_translations.get_python_translations("ihub", "fr_FR")
        source = "%(name)s has something to repair"
        self.patch(
            code_translations,
            "python_translations",
            {
                **code_translations.python_translations,
                ("ihub", "fr_FR"): {**known, source: "%(name)s : à réparer"},
            },
        )
        self.orders = {1: "no"}
        self.work_at("11:30")
        self.assertEqual(self.subjects(french), ["Orders : à réparer"])
        self.assertIn("1 mars, 11:00", self.mails(french).body_html)
        self.assertFalse(self.mails(stranger))

    def test_that_it_works_again_does_not_say_that_nothing_is_to_do(self):
        self.orders = {1: "no"}
        self.work_at("11:30")
        with freeze_time("2025-03-01 12:30"):
            self.fails(self.integration)
        self.orders = {}
        self.work_at("12:40")
        body = self.mails(self.responsible)[-1].body_html
        self.assertIn("is working again", body)
        self.assertIn(", except one item.", body)
        self.assertNotIn("nothing to do", body)

    def test_errors_of_a_run_that_is_done_are_told_once(self):
        def odd(this, _from, _to):
            this.ihub_error("The price of A1 is <i>odd</i>.")

        for moment in ("11:30", "12:30"):
            with freeze_time(f"2025-03-01 {moment}"), self.running_as(odd):
                if self.integration.state != "running":
                    self.integration.start()
                self.work(self.integration)
        self.assertEqual(self.subjects(), ["A run of Orders reported errors"])
        body = self.mails(self.responsible).body_html
        self.assertIn("is done, but reported errors", body)
        self.assertIn("The price of A1 is &lt;i&gt;odd&lt;/i&gt;.", body)
        self.assertIn("press Dismiss", body)
        self.integration.action_dismiss_failed_run()
        with freeze_time("2025-03-01 13:30"), self.running_as(odd):
            self.work(self.integration)
        self.assertEqual(len(self.subjects()), 2)

    def attempts(self, *functions):
        """Let each be an attempt at the same window."""
        self.configure(retry_limit=24, retry_delay=1, retry_growth=1)
        with freeze_time("2025-03-01 11:30"):
            self.integration.start()
        for number, function in enumerate(functions):
            with freeze_time(f"2025-03-01 11:{30 + number * 2}"), self.running_as(function):
                self.work(self.integration)
        self.assertEqual(self.subjects(), ["A run of Orders reported errors"])
        return self.mails(self.responsible).body_html

    def test_the_errors_that_are_told_are_those_of_the_last_attempt(self):
        def away(this, _from, _to):
            this.ihub_error("The price of B2 is odd.")
            raise RetryableError("The shop does not answer.")

        def odd(this, _from, _to):
            for number in range(12):
                this.ihub_error(f"The price of A{number:02} is odd.")

        body = self.attempts(*[away] * 11, odd)
        self.assertNotIn("B2", body)
        self.assertNotIn("does not answer", body)
        self.assertNotIn("A01", body)
        self.assertLess(body.index("A02"), body.index("A11"))

    def test_where_it_reported_none_those_that_were_kept_before(self):
        def away(this, _from, _to):
            this.ihub_error("The price of A1 is odd.")
            this.checkpoint(1, resume=1)
            this.ihub_error("The price of B2 is odd.")
            raise Killed

        body = self.attempts(away, lambda this, _from, _to: None)
        self.assertIn("The price of A1 is odd.", body)
        self.assertNotIn("B2", body)

    def test_errors_of_items_that_are_tried_again_have_no_period_and_harm_nothing(self):
        self.orders = {1: "no"}
        self.work_at("11:30")

        def import_order(this, number, item):
            this.ihub_error("Done, but odd.")

        with (
            freeze_time("2025-03-01 11:40"),
            patch.object(self.type_class(), "_import_order", import_order, create=True),
        ):
            self.items().action_retry()
            self.work(self.integration)
            self.assertEqual(self.integration.health, "with_errors")
            self.assertIn("Errors were reported while retrying items", self.integration.problem)
        self.orders = {}
        self.work_at("12:30")
        self.assertEqual(self.integration.state, "running")
        self.assertEqual(self.subjects()[1:], ["Orders: nothing left to repair"])


@pytest.mark.slow
@freeze_time("2025-03-01 11:30")
class TestWays(NotifyCase):
    """Mail, inbox, screen and activity."""

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"))
        self.unfollow_all(self.integration)

    def configure(self, **values):
        self.integration.with_user(self.manager).write(values)

    def test_who_handles_notifications_by_mail_gets_a_mail(self):
        user = self.person("ihub_by_mail")
        self.configure(user_id=user.id)
        self.env["mail.mail"].sudo().search([]).unlink()
        self.fails(self.integration)
        self.assertEqual(len(self.mails(user)), 1)
        self.assertNotIn("Orders failed", self.inbox(user).mapped("subject"))

    def test_who_handles_notifications_in_odoo_finds_it_in_the_inbox(self):
        user = self.person("ihub_by_inbox", inbox=True)
        self.configure(user_id=user.id)
        self.fails(self.integration)
        self.assertFalse(self.mails(user))
        self.assertIn("Orders failed", self.inbox(user).mapped("subject"))

    def test_without_a_tick_there_is_no_activity(self):
        user = self.person("ihub_passive")
        self.configure(user_id=user.id)
        self.fails(self.integration)
        self.assertFalse(self.activities(user))

    def test_an_activity_is_made_once_and_goes_away(self):
        user = self.person("ihub_active")
        self.configure(user_id=user.id, notify_by_activity=True)
        self.env["mail.mail"].sudo().search([]).unlink()
        self.fails(self.integration)
        self.fails(self.integration)
        activity = self.activities(user)
        self.assertEqual(activity.summary, "Orders failed")
        self.assertIn("The price of A1", activity.note)
        # One mail that says so; none about the activity.
        self.assertEqual(len(self.mails(user)), 1)
        self.works(self.integration)
        self.assertFalse(self.activities(user))


@pytest.mark.slow
@freeze_time("2025-03-01 12:10")
class TestWhatIsStillOpen(NotifyCase):
    """Nobody is told that there is nothing to do, or loses the activity, while there is."""

    def setUpOnce(self):
        super().setUpOnce()
        self.anna = self.person("ihub_anna")
        self.integration = self.add(
            window_from=at("2025-03-01 11:00"), user_id=self.anna.id, notify_by_activity=True
        )
        self.env["mail.mail"].sudo().search([]).unlink()

    def run_in_february(self, function):
        with self.running_as(function):
            self.integration.run_manually(at("2025-02-01 00:00"), at("2025-02-02 00:00"))
            self.work(self.integration)

    def broken(self, this, _from, _to):
        raise UserError("The price of A1 is not a number")

    def look(self, moment):
        with freeze_time(moment):
            self.env["ihub.integration"]._cron_notify_late()
        self.env.invalidate_all()

    def assertIsOpen(self, subject):
        self.assertEqual(len(self.activities(self.anna)), 1)
        mail = self.mails(self.anna)[-1]
        self.assertEqual(mail.subject, subject)
        self.assertNotIn("nothing to do", mail.body_html)

    def test_errors_of_the_run_that_works_again(self):
        self.fails(self.integration)
        with self.running_as(lambda this, *_window: this.ihub_error("A1 has no price.")):
            self.integration.start()
            self.work(self.integration)
        self.assertIsOpen("Orders is working again")
        self.integration.action_dismiss_failed_run()
        self.assertFalse(self.activities(self.anna))

    def test_a_manual_run_that_has_failed(self):
        self.fails(self.integration)
        self.run_in_february(self.broken)
        self.works(self.integration)
        self.assertIsOpen("Orders is working again")
        self.run_in_february(lambda this, *_window: None)
        self.assertFalse(self.activities(self.anna))
        self.assertIn("nothing to do", self.mails(self.anna)[-1].body_html)

    def test_a_failed_run_when_lateness_ends(self):
        self.integration.sudo().late_after_intervals = 1
        self.works(self.integration)
        self.run_in_february(self.broken)
        self.look("2025-03-01 16:10")
        with freeze_time("2025-03-01 16:11"):
            self.works(self.integration)
        self.look("2025-03-01 16:15")
        self.assertIsOpen("Orders is working again")

    def test_lateness_when_a_failed_run_is_made_up_for(self):
        self.integration.sudo().late_after_intervals = 1
        self.works(self.integration)
        self.run_in_february(self.broken)
        self.look("2025-03-01 16:10")
        self.integration.sudo()._scheduled_run().due = at("2025-03-01 17:00")
        with freeze_time("2025-03-01 16:11"):
            self.run_in_february(lambda this, *_window: None)
        self.assertIsOpen("A failed run of Orders has since been completed")

    def test_a_doubtful_run(self):
        self.fails(self.integration)
        self.integration.sudo().doubtful_run_id = self.runs(self.integration)[0]
        self.works(self.integration)
        self.assertIsOpen("Orders is working again")
        self.integration.action_dismiss_failed_run()
        self.assertFalse(self.activities(self.anna))

    def test_a_failure_when_nothing_is_left_to_repair(self):
        self.fails(self.integration)
        self.integration.sudo().items_told = at("2025-03-01 12:00")
        self.integration.sudo()._tell_repaired_items()
        self.assertIsOpen("Orders: nothing left to repair")

    def test_what_was_late_and_was_stopped_is_over(self):
        self.integration.sudo().late_after_intervals = 1
        self.works(self.integration)
        self.look("2025-03-01 16:10")
        self.assertEqual(self.activities(self.anna).summary, "Orders is late")
        with freeze_time("2025-03-01 16:11"):
            self.integration.stop()
        self.look("2025-03-01 16:15")
        self.assertFalse(self.activities(self.anna))


@pytest.mark.slow
@freeze_time("2025-03-01 11:30")
class TestReaders(NotifyCase):
    """Whom a message reaches."""

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 10:00"), user_id=False)
        self.unfollow_all(self.integration)

    def test_who_adds_an_integration_is_responsible_for_it(self):
        self.assertEqual(self.add(name="Prices").user_id, self.manager)

    def test_the_system_is_responsible_for_nothing(self):
        record = self.env["ihub.integration.demo"].sudo().create({"name": "Installed"})
        self.assertFalse(record.integration_id.user_id)

    def test_only_those_who_may_see_it_can_be_responsible(self):
        stranger = self.person("ihub_other_company", "ihub.group_user")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        for user in (self.outsider, stranger):
            with (
                self.subTest(user=user.login),
                self.assertRaisesRegex(ValidationError, "cannot be responsible"),
            ):
                self.integration.with_user(self.manager).user_id = user

    def test_the_responsible_person_who_follows_gets_one_mail(self):
        user = self.person("ihub_both")
        self.integration.with_user(self.manager).user_id = user
        self.follow(self.integration, user)
        self.env["mail.mail"].sudo().search([]).unlink()
        self.fails(self.integration)
        self.assertEqual(len(self.mails(user)), 1)

    def test_followers_are_told_what_they_follow_in_the_way_they_prefer(self):
        by_mail, by_inbox, not_this = (
            self.person("ihub_follows_by_mail"),
            self.person("ihub_follows_by_inbox", inbox=True),
            self.person("ihub_follows_nothing"),
        )
        self.follow(self.integration, by_mail, by_inbox, not_this)
        self.integration.sudo().message_follower_ids.filtered(
            lambda line: line.partner_id == not_this.partner_id
        ).subtype_ids -= self.env.ref("ihub.mt_integration_failed")
        self.fails(self.integration)
        self.assertEqual(len(self.mails(by_mail)), 1)
        self.assertEqual(self.inbox(by_inbox).mapped("subject"), ["Orders failed"])
        self.assertFalse(self.mails(by_inbox) or self.mails(not_this))

    def test_followers_who_may_not_see_it_are_told_nothing(self):
        former, follower = self.person("ihub_former"), self.person("ihub_stays")
        self.follow(self.integration, former, follower)
        former.group_ids -= self.env.ref("ihub.group_user")
        self.fails(self.integration)
        self.assertEqual(len(self.mails(follower)), 1)
        self.assertFalse(self.mails(former))

    def test_the_page_says_who_is_told(self):
        arch = self.env["ihub.integration"].get_view(view_type="form")["arch"]
        text = " ".join(arch.split())
        self.assertIn('placeholder="Nobody"', text)
        self.assertIn("If there is neither, all managers of the Integration Hub are.", text)

    def test_where_nobody_would_hear_of_it_the_managers_do(self):
        leaver = self.person("ihub_leaver")
        self.integration.with_user(self.manager).user_id = leaver
        self.unfollow_all(self.integration)
        leaver.active = False
        self.env["mail.mail"].sudo().search([]).unlink()
        self.fails(self.integration)
        self.assertFalse(self.mails(leaver))
        self.assertEqual(len(self.mails(self.manager)), 1)

    def test_each_reads_it_in_their_own_language_and_time_zone(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.person("ihub_french")
        french.write({"lang": "fr_FR", "tz": "Europe/Paris"})
        english = self.person("ihub_english")
        self.follow(self.integration, french, english)
        self.translate_code("%(name)s failed", "%(name)s a échoué")
        self.translate_code("%(name)s failed:", "%(name)s a échoué :")
        self.fails(self.integration)
        self.assertEqual(self.mails(french).subject, "Orders a échoué")
        self.assertEqual(self.mails(english).subject, "Orders failed")
        self.assertIn("a échoué :", self.mails(french).body_html)
        self.assertIn("1 mars, 11:00", self.mails(french).body_html)
        self.assertIn("Europe/Paris", self.mails(french).body_html)
        self.assertIn("failed:", self.mails(english).body_html)
        self.assertIn("Mar 1, 10:00", self.mails(english).body_html)
