"""What is late is told once, also when many are at the same time, and shown without a cron."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import at
from notify_case import NotifyCase
from odoo.tests import mute_logger
from psycopg2 import errors

from odoo.addons.ihub.lib.exceptions import RetryableError


@pytest.mark.slow
class TestLate(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.responsible = self.person("ihub_responsible")

    def setUp(self):
        super().setUp()
        self.patch(self.type_class(), "delay", timedelta(0))

    def started(self, when="2025-03-01 10:30", **values):
        """Return an integration whose window from 10 to 11 is the next one."""
        values = {"user_id": self.responsible.id, "late_after_intervals": 2, **values}
        with freeze_time(when):
            integration = self.add(window_from=at("2025-03-01 10:00"), **values)
            integration.start()
        self.env["mail.mail"].sudo().search([]).unlink()
        return integration

    def look(self, when):
        with freeze_time(when):
            # As if an administrator had made somebody else the user of the scheduled action.
            self.env["ihub.integration"].with_user(self.outsider)._cron_notify_late()
        self.env.invalidate_all()

    def is_late(self, integration, when):
        self.env.invalidate_all()
        with freeze_time(when):
            return integration.with_user(self.operator)._known().facts_of(integration).is_late

    def subjects(self):
        return self.mails(self.responsible).mapped("subject")

    def test_lateness_is_told_once(self):
        integration = self.started()
        self.look("2025-03-01 12:59")
        self.assertFalse(self.subjects())
        for minute in range(0, 60, 5):
            self.look(f"2025-03-01 13:{minute:02}")
        self.assertEqual(self.subjects(), ["Orders is late"])
        self.assertEqual(integration.late_since, at("2025-03-01 13:00"))
        body = self.mails(self.responsible).body_html
        self.assertIn("Mar 1, 10:00", body)
        self.assertIn("no scheduler has picked it up", body)
        self.assertRegex(body, rf' href="https?://[^"]+res_id={integration.id}"')

    def test_it_is_told_when_it_is_on_time_again_and_then_a_new_occurrence_counts(self):
        integration = self.started()
        self.look("2025-03-01 13:00")
        with freeze_time("2025-03-01 13:10"):
            self.works(integration)
        self.look("2025-03-01 13:15")
        self.look("2025-03-01 13:20")
        self.assertEqual(self.subjects(), ["Orders is late", "Orders is working again"])
        self.assertIn("is on time again", self.mails(self.responsible)[1].body_html)
        self.assertFalse(integration.late_since)
        self.look("2025-03-01 17:00")
        self.assertEqual(self.subjects()[2:], ["Orders is late"])

    def test_late_by_a_time_of_day_in_the_zone_of_the_integration(self):
        integration = self.started(
            when="2025-03-01 10:30",
            interval_type="days",
            tz="Europe/Paris",
            late_after_intervals=0,
            late_by=8.0,
        )
        # The day ends at 23:00 UTC; eight o'clock is at 7:00 UTC.
        self.assertFalse(self.is_late(integration, "2025-03-02 06:59"))
        self.assertTrue(self.is_late(integration, "2025-03-02 07:00"))

    def test_it_is_seen_without_a_cron(self):
        integration = self.started()
        self.assertFalse(self.is_late(integration, "2025-03-01 12:59"))
        self.assertTrue(self.is_late(integration, "2025-03-01 13:00"))

    def test_what_is_not_watched_is_not_late(self):
        integration = self.started(late_after_intervals=0)
        self.assertFalse(self.is_late(integration, "2025-06-01 00:00"))

    def test_what_was_stopped_is_not_late_and_nobody_is_told(self):
        integration = self.started()
        self.look("2025-03-01 13:00")
        with freeze_time("2025-03-01 13:10"):
            integration.stop()
        # On the board at once, whenever the next look is.
        self.assertFalse(self.is_late(integration, "2025-03-01 15:30"))
        self.look("2025-03-01 13:15")
        self.assertFalse(integration.late_since)
        self.assertFalse(self.is_late(integration, "2025-03-01 15:00"))
        self.assertEqual(self.subjects(), ["Orders is late"])

    def test_a_failure_that_was_told_is_not_told_as_lateness_too(self):
        integration = self.started()
        with freeze_time("2025-03-01 11:00"):
            self.fails(integration)
        self.look("2025-03-01 13:00")
        self.assertEqual(self.subjects(), ["Orders failed"])

    def test_a_late_one_that_works_after_failing_is_told_once(self):
        integration = self.started()
        self.look("2025-03-01 13:00")
        with freeze_time("2025-03-01 13:10"):
            self.fails(integration)
            self.works(integration)
        self.look("2025-03-01 13:15")
        self.assertEqual(
            self.subjects(), ["Orders is late", "Orders failed", "Orders is working again"]
        )

    def test_waiting_for_a_retry_becomes_late_with_its_reason(self):
        integration = self.started(interval_type="minutes")

        def unlucky(this, _from, _to):
            raise RetryableError("The shop is being maintained.", delay=3600)

        with freeze_time("2025-03-01 10:45"), self.running_as(unlucky):
            self.work(integration)
        self.look("2025-03-01 11:00")
        self.assertEqual(self.subjects(), ["Orders is late"])
        self.assertIn("The shop is being maintained.", self.mails(self.responsible).body_html)

    def test_many_at_once_are_one_mail(self):
        for number in range(5):
            self.started(name=f"Orders {number}")
        self.look("2025-03-01 13:00")
        self.assertEqual(self.subjects(), ["5 integrations are late"])
        body = self.mails(self.responsible).body_html
        for number in range(5):
            self.assertIn(f"Open Orders {number}</a>", body)

    def test_who_does_not_want_to_hear_of_it_still_sees_it(self):
        integration = self.started(notify_late=False)
        self.look("2025-03-01 13:00")
        self.assertTrue(self.is_late(integration, "2025-03-01 13:00"))
        with freeze_time("2025-03-01 13:10"):
            self.works(integration)
        self.look("2025-03-01 13:15")
        self.assertFalse(self.subjects())

    def test_what_was_told_is_taken_back_although_nobody_wants_to_hear_of_more(self):
        integration = self.started(notify_by_activity=True)
        self.look("2025-03-01 13:00")
        integration.sudo().notify_late = False
        with freeze_time("2025-03-01 13:10"):
            self.works(integration)
        self.look("2025-03-01 13:15")
        self.assertEqual(self.subjects(), ["Orders is late", "Orders is working again"])
        self.assertFalse(self.activities(self.responsible))

    def test_a_copy_of_a_database_tells_nobody(self):
        self.started()
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.look("2025-03-01 13:00")
        self.assertFalse(self.subjects())

    def test_the_cron_is_there_and_finds_what_is_late(self):
        self.started()
        with freeze_time("2025-03-01 13:00"), self.enter_registry_test_mode():
            self.env.ref("ihub.ir_cron_tell_late").method_direct_trigger()
        self.assertEqual(self.subjects(), ["Orders is late"])

    def test_a_conflict_with_somebody_else_is_left_to_the_next_call(self):
        integration = self.started()
        model = self.registry["ihub.integration"]
        conflict = errors.SerializationFailure("could not serialize access")
        with (
            patch.object(model, "_notify_late", side_effect=conflict),
            patch.object(self.cr, "rollback"),
        ):
            self.look("2025-03-01 13:00")
        self.assertFalse(integration.late_since)
        self.look("2025-03-01 13:05")
        self.assertEqual(self.subjects(), ["Orders is late"])

    def test_a_schedule_that_cannot_be_used_does_not_hide_the_others(self):
        broken, _good = self.started(name="Broken"), self.started(name="Good")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET tz = 'Mars/Olympus' WHERE id = %s", (broken.id,)
        )
        self.env.invalidate_all()
        self.look("2025-03-01 13:00")
        self.assertEqual(self.subjects(), ["Good is late"])

    def test_looking_costs_the_same_for_any_number(self):
        @freeze_time("2025-03-01 13:00")
        def count():
            self.env.flush_all()
            # Groups are cached by the server, not by the transaction.
            self.env["ihub.integration"].sudo()._all_known()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["ihub.integration"].sudo()._all_known()
            return self.cr.sql_log_count - before

        self.started()
        one = count()
        for number in range(5):
            self.started(name=f"Orders {number}")
        self.assertEqual(count(), one)

    def test_impossible_limits_are_refused(self):
        integration = self.started().with_user(self.manager)
        for values in ({"late_after_intervals": -1}, {"late_by": 25}, {"late_by": -1}):
            with (
                self.subTest(values=values),
                self.assertRaises(errors.CheckViolation),
                mute_logger("odoo.sql_db"),
            ):
                integration.write(values)
                self.env.flush_all()
