"""Moments in texts: in the time zone of who reads them, with the integration's where it differs."""

from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from notify_case import NotifyCase
from odoo.tests import Form

from odoo.addons.ihub.report.format import (
    local_moment,
    local_period,
    start_of_today,
    stated_moment,
)

REQUEST = "odoo.addons.ihub.report.format.request"


@contextmanager
def browser_in(zone):
    """Let the code believe that a browser of this time zone asks."""
    with patch(REQUEST, SimpleNamespace(cookies={"tz": zone})):
        yield


# Within that year, which is then not named.
@freeze_time("2025-06-01 12:00")
class TestReaderZone(HubCase):
    def setUp(self):
        super().setUp()
        self.operator.tz = "Europe/Berlin"
        self.integration = self.add(tz="Europe/Berlin")
        # As the web client sends it.
        self.seen = self.integration.with_context(tz="Europe/Berlin")

    def test_the_next_period_is_said_on_both_clocks_where_they_differ(self):
        self.integration.with_user(self.manager).window_from = at("2025-03-01 12:00")
        self.assertFalse(self.seen.window_from_there)
        abroad = self.integration.with_context(tz="America/New_York")
        self.assertEqual(
            abroad.window_from_there, "In your time zone. In Europe/Berlin this is Mar 1, 1:00 PM."
        )
        # While it is edited, too.
        edited = abroad.new({"tz": "Asia/Tokyo"}, origin=abroad)
        self.assertIn("In Asia/Tokyo this is Mar 1, 9:00 PM.", edited.window_from_there)

    def test_a_user_reads_the_time_of_the_own_profile(self):
        self.assertEqual(local_moment(self.seen, at("2025-03-01 12:00")), "Mar 1, 1:00 PM")

    def test_seconds_are_shown_where_there_are_any(self):
        moment = at("2025-03-01 12:00").replace(second=7)
        self.assertEqual(local_moment(self.seen, moment), "Mar 1, 1:00:07 PM")

    def test_in_a_browser_it_is_the_zone_of_the_other_dates_on_screen(self):
        with browser_in("America/New_York"):
            self.assertEqual(local_moment(self.seen, at("2025-03-01 12:00")), "Mar 1, 7:00 AM")

    def test_a_browser_without_a_sensible_zone_changes_nothing(self):
        for zone in ("Mars/Olympus", "../../etc/passwd", "", None):
            with self.subTest(zone=zone), browser_in(zone):
                self.assertEqual(local_moment(self.seen, at("2025-03-01 12:00")), "Mar 1, 1:00 PM")

    def test_what_is_written_for_somebody_else_is_in_their_zone(self):
        notice = self.integration.with_context(tz="Asia/Tokyo")
        with browser_in("America/New_York"):
            self.assertEqual(local_moment(notice, at("2025-03-01 12:00")), "Mar 1, 9:00 PM")

    def test_dates_look_as_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("de_DE")
        german = self.seen.with_context(lang="de_DE")
        self.assertEqual(local_moment(german, at("2025-03-01 12:00")), "1. März, 13:00")

    def test_today_begins_at_midnight_also_when_the_clocks_are_changed(self):
        for now, began in (
            ("2025-03-30 08:00", "2025-03-29 23:00"),
            ("2025-03-31 08:00", "2025-03-30 22:00"),
            ("2025-10-26 00:30", "2025-10-25 22:00"),
            ("2025-10-26 09:00", "2025-10-25 22:00"),
            ("2025-10-27 09:00", "2025-10-26 23:00"),
        ):
            with self.subTest(now), freeze_time(now):
                self.assertEqual(start_of_today(self.seen), at(began))

    def test_texts_that_are_kept_name_their_zone(self):
        with browser_in("America/New_York"):
            self.assertEqual(
                stated_moment(self.seen, at("2025-03-01 12:00")),
                "Mar 1, 2025, 1:00 PM (Europe/Berlin)",
            )


@freeze_time("2026-11-24 12:00")
class TestPeriods(HubCase):
    def say(self, start, end, reader="UTC", tz="UTC"):
        self.operator.tz = reader
        integration = self.add(tz=tz).with_context(tz=reader)
        return local_period(integration, at(start), at(end))

    def test_a_day_is_named_once(self):
        self.assertEqual(
            self.say("2026-11-24 01:00", "2026-11-24 02:00"), "Nov 24, 1:00 AM to 2:00 AM"
        )
        self.assertEqual(
            self.say("2026-11-24 23:00", "2026-11-25 00:00"),
            "Nov 24, 11:00 PM to Nov 25, 12:00 AM",
        )

    def test_the_zone_of_the_integration_is_named_where_its_clocks_differ(self):
        self.assertEqual(
            self.say("2026-11-23 23:00", "2026-11-24 00:00", "Europe/Helsinki", "Europe/Berlin"),
            "Nov 24, 1:00 AM to 2:00 AM (Europe/Berlin: 12:00 AM–1:00 AM)",
        )
        self.assertEqual(
            self.say("2026-11-23 23:00", "2026-11-24 00:00", "America/New_York", "Europe/Berlin"),
            "Nov 23, 6:00 PM to 7:00 PM (Europe/Berlin: Nov 24, 12:00 AM–1:00 AM)",
        )

    def test_zones_with_the_same_clocks_are_not_told_apart(self):
        self.assertEqual(
            self.say("2026-11-24 01:00", "2026-11-24 02:00", "Europe/Paris", "Europe/Berlin"),
            "Nov 24, 2:00 AM to 3:00 AM",
        )

    def test_it_is_the_offset_of_that_moment_that_counts(self):
        # Only one of the two has summer time.
        zones = ("America/Chicago", "America/Mexico_City")
        self.assertNotIn("(", self.say("2026-01-05 12:00", "2026-01-05 13:00", *zones))
        self.assertIn("Mexico_City", self.say("2026-07-05 12:00", "2026-07-05 13:00", *zones))

    def test_the_hour_that_happens_twice_is_told_apart(self):
        berlin = ("Europe/Berlin", "Europe/Berlin")
        self.assertEqual(
            self.say("2026-10-25 00:30", "2026-10-25 01:30", *berlin),
            "Oct 25, 2:30 AM +02:00 to 2:30 AM +01:00",
        )

    def test_a_zone_that_nobody_knows_hinders_nothing(self):
        integration = self.add()
        self.env.cr.execute(
            "UPDATE ihub_integration SET tz = 'Mars/Olympus' WHERE id = %s", [integration.id]
        )
        integration.invalidate_recordset(["tz"])
        self.assertEqual(
            local_period(integration, at("2026-11-24 01:00"), at("2026-11-24 02:00")),
            "Nov 24, 1:00 AM to 2:00 AM",
        )


class TestTextsOnScreen(HubCase):
    @freeze_time("2026-11-24 10:30")
    def test_run_manually_names_both_zones(self):
        self.operator.tz = "America/New_York"
        integration = self.add(tz="Europe/Berlin")
        dialog = Form(
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .with_context(default_integration_id=integration.id, tz="America/New_York")
        )
        dialog.date_from, dialog.date_to = at("2026-11-24 08:00"), at("2026-11-24 09:00")
        self.assertIn("3:00 AM to 4:00 AM (Europe/Berlin: 9:00 AM–10:00 AM)", dialog.preview)

    @freeze_time("2026-11-24 10:30")
    def test_a_run_is_named_by_its_period(self):
        integration = self.add(tz="UTC")
        run = integration.run_manually("2026-11-24 08:00:00", "2026-11-24 09:00:00")
        self.assertEqual(run.display_name, "Orders: Nov 24, 8:00 AM to 9:00 AM")

    @freeze_time("2026-11-24 10:30")
    def test_the_note_about_a_moved_start_can_be_read_anywhere(self):
        integration = self.add(tz="Europe/Berlin").with_user(self.manager)
        integration.with_context(tz="Asia/Tokyo").window_from = at("2026-11-24 08:00")
        note = integration.message_ids[0].body
        self.assertIn("Nov 24, 2026, 9:00 AM (Europe/Berlin)", note)


@pytest.mark.slow
@freeze_time("2025-03-01 11:30")
class TestUnknownZoneOfAUser(NotifyCase):
    """Somebody's profile names a time zone that this server does not know, such as a newer one."""

    def setUpOnce(self):
        super().setUpOnce()
        for user in (self.operator, self.manager):
            user.flush_recordset()
            self.env.cr.execute(
                "UPDATE res_partner SET tz = 'Mars/Olympus' WHERE id = %s", [user.partner_id.id]
            )
        self.env.invalidate_all()

    def test_an_integration_is_added_in_utc(self):
        wizard = self.env["ihub.integration.add"].with_user(self.manager)
        wizard = wizard.create({"integration_type": DEMO, "name": "New"})
        self.assertIn("Then it runs every", wizard.what_next)
        added = self.env["ihub.integration"].browse(wizard.action_add()["res_id"])
        self.assertEqual((added.tz, added.state), ("UTC", "created"))
        self.assertTrue(added.schedule_anchor)

    def test_a_zone_that_cannot_be_chosen_is_no_default(self):
        """The server can reckon with some that Odoo does not offer."""
        self.env.cr.execute("UPDATE res_partner SET tz = 'Factory'")
        self.env.invalidate_all()
        Integration = self.env["ihub.integration"].with_user(self.manager)
        self.assertEqual(Integration.default_get(["tz"]), {"tz": "UTC"})

    def test_everything_can_be_read(self):
        integration = self.add(window_from=at("2025-03-01 10:00"), tz="Europe/Berlin")
        self.fails(integration)
        reader = integration.with_user(self.operator).with_context(tz="Mars/Olympus")
        for record in (reader, reader.run_ids, reader.event_ids):
            shown = {name: {} for name in record.fields_get(attributes=[])}
            self.assertTrue(record.web_read(shown))
        dialog = Form(
            reader.env["ihub.run.manually"].with_context(default_integration_id=integration.id)
        )
        dialog.date_from, dialog.date_to = at("2025-03-01 08:00"), at("2025-03-01 09:00")
        self.assertTrue(reader.coverage("2025-03-01 00:00:00", "2025-03-02 00:00:00"))

    def test_a_mail_names_the_zone_of_its_times(self):
        integration = self.add(window_from=at("2025-03-01 10:00"), user_id=self.operator.id)
        self.fails(integration)
        body = self.mails(self.operator)[-1].body_html
        self.assertIn("Mar 1, 10:00", body)
        self.assertIn("Times are in the time zone UTC.", body)
