"""The European Central Bank's rates: no window is done before those that belong to it are there."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from odoo.tests import tagged
from test_ecb_rates import FRIDAY_17H, THURSDAY_17H, EcbCase

from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub_integration_demo.lib import ecb

BANK = ZoneInfo(ecb.FRANKFURT)
HEAD = (
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
    'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
)


def feed(days):
    cubes = "".join(
        f'<Cube time="{day}"><Cube currency="USD" rate="1.0840"/>'
        '<Cube currency="GBP" rate="0.8400"/></Cube>'
        for day in sorted(days, reverse=True)
    )
    return f"{HEAD}<Cube>{cubes}</Cube></gesmes:Envelope>".encode()


def working_days(first, last):
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    return [day for day in days if ecb.is_working_day(day)]


class PublicationCase(EcbCase):
    def publish(self, now, late=timedelta(0), without=()):
        """Let the bank's server have what is published at ``now``."""
        days = [
            day
            for day in working_days(now.date() - timedelta(days=20), now.date())
            if ecb.published_at(day, BANK) + late <= now and day not in without
        ]
        self.server.reply(ecb.DAILY, body=feed(days[-1:]))
        self.server.reply(ecb.LAST_90_DAYS, body=feed(days))

    def run_at(self, now, window, **published):
        with freeze_time(now):
            self.publish(now, **published)
            self.integration.run_from_to(*window)


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestEcbPublication(PublicationCase):
    def test_daily_at_midnight_gets_every_rate_wherever_that_is(self):
        for zone in (
            "Australia/Sydney",
            "Pacific/Auckland",
            "Asia/Tokyo",
            "Europe/Berlin",
            "America/Los_Angeles",
            "Pacific/Kiritimati",
        ):
            # A winter and a summer of the bank, with Easter and a week's end.
            for first in (date(2026, 3, 9), date(2026, 3, 30), date(2026, 7, 6)):
                with self.subTest(zone=zone, first=first):
                    self.env["res.currency.rate"].search([]).unlink()
                    self.integration.integration_id.tz = zone
                    start = datetime.combine(first, datetime.min.time(), ZoneInfo(zone))
                    windows = [
                        [
                            (start + timedelta(days=day)).astimezone(ZoneInfo("UTC"))
                            .replace(tzinfo=None)
                            for day in (number, number + 1)
                        ]
                        for number in range(9)
                    ]  # fmt: skip
                    for window in windows:
                        self.run_at(window[1] + timedelta(minutes=5), window)
                    self.assertLessEqual(
                        set(working_days(first, first + timedelta(days=7))),
                        set(self.rates(self.dollar)),
                    )

    def test_a_bank_that_is_late_is_waited_for(self):
        window = (THURSDAY_17H, FRIDAY_17H)
        hour = timedelta(hours=1)
        with self.assertRaisesRegex(RetryableError, "not published.*2026-03-13.*later") as caught:
            self.run_at(FRIDAY_17H + timedelta(minutes=5), window, late=3 * hour)
        self.assertEqual(caught.exception.delay, 65 * 60)
        self.assertEqual(set(self.rates(self.dollar)), {date(2026, 3, 12)})
        self.run_at(FRIDAY_17H + 3 * hour, window, late=3 * hour)
        self.assertIn(date(2026, 3, 13), self.rates(self.dollar))
        self.assertFalse(self.events("error") + self.events("warning"))

    def test_tokyo_waits_for_a_late_bank_in_summer(self):
        window = (datetime(2026, 7, 8, 15), datetime(2026, 7, 9, 15))
        with self.assertRaisesRegex(RetryableError, "2026-07-09"):
            self.run_at(window[1] + timedelta(minutes=5), window, late=timedelta(hours=2))

    def test_a_window_before_the_publication_does_not_wait(self):
        window = (datetime(2026, 3, 13, 8), datetime(2026, 3, 13, 9))
        self.run_at(datetime(2026, 3, 13, 9, 5), window)
        self.assertIn("none are missing", self.events("info")[-1])

    def test_a_period_by_hand_that_reaches_into_the_future_is_not_done(self):
        window = (datetime(2026, 3, 9), datetime(2026, 3, 20))
        with self.assertRaisesRegex(RetryableError, "2026-03-13.*so far were entered"):
            self.run_at(datetime(2026, 3, 13, 9), window)
        self.assertEqual(
            set(self.rates(self.dollar)), {date(2026, 3, day) for day in (9, 10, 11, 12)}
        )

    def test_holidays_only_are_rightly_done_without_rates_and_it_says_so(self):
        window = (datetime(2026, 4, 2, 22), datetime(2026, 4, 6, 22))
        self.run_at(window[1] + timedelta(minutes=5), window)
        self.assertIn("none are missing", self.events("info")[-1])
        self.assertFalse(self.rates(self.dollar))

    def test_a_day_that_the_bank_left_out_is_not_waited_for_once_the_next_is_there(self):
        """A holiday that nobody foresaw must not stop the integration for good."""
        window = (datetime(2026, 3, 10, 23), datetime(2026, 3, 11, 23))
        without = [date(2026, 3, 11)]
        with self.assertRaises(RetryableError):
            self.run_at(datetime(2026, 3, 11, 23, 5), window, without=without)
        self.run_at(datetime(2026, 3, 12, 15, 5), window, without=without)
        self.assertIn("none are missing", self.events("info")[-1])

    def test_a_feed_of_90_days_that_lags_behind_is_waited_for(self):
        with freeze_time(FRIDAY_17H + timedelta(minutes=5)):
            self.publish(FRIDAY_17H)
            self.server.reply(ecb.LAST_90_DAYS, body=feed([date(2026, 3, 12)]))
            with self.assertRaises(RetryableError):
                self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestEcbInItsLane(PublicationCase):
    """What the operator sees, and which days count as covered."""

    def work_at(self, now, **published):
        integration = self.integration.integration_id
        with freeze_time(now):
            self.publish(now, **published)
            if integration.state != "running":
                integration.window_from = THURSDAY_17H
                integration.start()
            with self.enter_registry_test_mode():
                integration.sudo().cron_id.method_direct_trigger()
        self.env.invalidate_all()
        return integration

    def test_a_late_bank_leaves_the_window_open_and_then_it_is_done(self):
        late = timedelta(hours=2)
        now = FRIDAY_17H + timedelta(minutes=6)
        integration = self.work_at(now, late=late)
        run = integration.run_ids.filtered("attempt")
        self.assertEqual((run.state, integration.state), ("pending", "running"))
        self.assertIn("has not published the rates for 2026-03-13 yet", run.message)
        self.assertEqual(integration.window_from, THURSDAY_17H)
        self.assertFalse(integration.watermark)
        self.work_at(run.due, late=late)
        self.assertEqual(run.state, "done")
        self.assertEqual(integration.watermark, FRIDAY_17H)
        self.assertIn(date(2026, 3, 13), self.rates(self.dollar))

    def test_without_a_currency_no_day_is_covered(self):
        own = self.company.currency_id
        others = self.env["res.currency"].search([("id", "!=", own.id)])
        others.with_context(force_deactivate=True).active = False
        now = FRIDAY_17H + timedelta(minutes=6)
        integration = self.work_at(now)
        self.assertEqual(integration.state, "failed")
        self.assertIn("Activate the currencies", integration.state_reason)
        self.assertFalse(integration.watermark)
        self.dollar.active = True
        self.work_at(now)
        self.assertEqual(integration.watermark, FRIDAY_17H)
        self.assertIn(date(2026, 3, 13), self.rates(self.dollar))
