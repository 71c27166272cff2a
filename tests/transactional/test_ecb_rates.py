"""The European Central Bank's rates: what is fetched, and what is written."""

from datetime import date, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time
from http_server import LocalServer
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.ihub.lib.exceptions import IntegrationError
from odoo.addons.ihub_integration_demo.lib import ecb

DATA = Path(__file__).parents[1] / "data" / "ecb"
THURSDAY_17H = datetime(2026, 3, 12, 16)
FRIDAY_17H = datetime(2026, 3, 13, 16)


class EcbCase(TransactionCase):
    """An integration of a company of its own, whose server is on this machine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = LocalServer()
        cls.addClassCleanup(cls.server.close)
        cls.euro, cls.dollar = cls.env.ref("base.EUR"), cls.env.ref("base.USD")
        cls.pound, cls.franc = cls.env.ref("base.GBP"), cls.env.ref("base.CHF")
        cls.currencies = cls.euro | cls.dollar | cls.pound
        used = cls.env["res.company"].search([]).currency_id
        cls.env["res.currency"].search([("id", "not in", used.ids)]).active = False
        cls.currencies.active = True
        cls.company = cls._create_company(cls.euro)
        cls.integration = cls._create_integration(cls.company)

    @classmethod
    def _create_company(cls, currency, **vals):
        currency.active = True
        values = {"name": f"Company in {currency.name}", "currency_id": currency.id}
        return cls.env["res.company"].create({**values, **vals})

    @classmethod
    def _create_integration(cls, company):
        manager = new_test_user(
            cls.env,
            f"ecb_manager_{company.id}",
            "base.group_user,ihub.group_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        model = cls.env["ihub.integration.ecb.rates"].with_user(manager).with_company(company)
        return model.create({"name": "Rates", "address": cls.server.url, "timeout": 5})

    def setUp(self):
        super().setUp()
        self.server.requests.clear()
        for feed in (ecb.DAILY, ecb.LAST_90_DAYS, ecb.SINCE_1999):
            self.server.reply(feed, body=(DATA / feed).read_bytes())
        frozen = freeze_time("2026-03-13 16:05:00")
        frozen.start()
        self.addCleanup(frozen.stop)

    def rates(self, currency, company=None):
        """Return ``{date: rate}`` as stored for the company."""
        domain = [
            ("currency_id", "=", currency.id),
            ("company_id", "=", (company or self.company).id),
        ]
        return {rate.name: rate.rate for rate in self.env["res.currency.rate"].search(domain)}

    def stored_rows(self):
        """Return where the database keeps each rate: it moves a row with every UPDATE."""
        self.env.flush_all()
        return self.env.execute_query(SQL("SELECT id, ctid FROM res_currency_rate ORDER BY id"))

    def events(self, level, integration=None):
        """Return the summaries of the integration's events."""
        integration_id = (integration or self.integration).integration_id.id
        domain = [("integration_id", "=", integration_id), ("level", "=", level)]
        return self.env["ihub.event"].search(domain, order="id").mapped("summary")


@tagged("standard", "post_install", "-at_install")
class TestEcbRates(EcbCase):
    def test_rates_of_the_days_in_the_window_are_written(self):
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(
            self.rates(self.dollar), {date(2026, 3, 12): 1.0829, date(2026, 3, 13): 1.084}
        )
        self.assertIn("2026-03-12 – 2026-03-13", self.events("info")[-1])

    def test_odoo_converts_with_these_rates(self):
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        amount = self.euro._convert(100, self.dollar, self.company, date(2026, 3, 13))
        self.assertAlmostEqual(amount, 108.4)

    def test_only_active_currencies_get_rates(self):
        self.franc.active = False
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertTrue(self.rates(self.pound))
        self.assertFalse(self.rates(self.franc))

    def test_rates_of_another_company_stay_as_they_are(self):
        other = self._create_company(self.dollar)
        day = date(2026, 3, 13)
        values = {"name": day, "currency_id": self.pound.id, "rate": 7.0, "company_id": other.id}
        self.env["res.currency.rate"].create(values)
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.rates(self.pound, other), {day: 7.0})

    def test_the_second_run_writes_nothing(self):
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        before = self.stored_rows()
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.stored_rows(), before)
        self.assertIn("0 new, 0 changed", self.events("info")[-1])

    def test_overlapping_windows_write_each_day_once(self):
        self.integration.run_from_to(datetime(2026, 3, 9, 16), THURSDAY_17H)
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(len(self.rates(self.dollar)), 5)
        self.assertIn("3 new, 0 changed, 3 unchanged", self.events("info")[-1])

    def test_a_rate_edited_by_hand_is_set_to_the_banks(self):
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        record = self.env["res.currency.rate"].search(
            [("currency_id", "=", self.dollar.id), ("company_id", "=", self.company.id)], limit=1
        )
        record.rate = 9.9
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.rates(self.dollar)[date(2026, 3, 13)], 1.084)
        self.assertIn("0 new, 1 changed", self.events("info")[-1])

    def test_rates_of_other_days_stay_as_they_are(self):
        values = {"currency_id": self.dollar.id, "company_id": self.company.id, "rate": 5.0}
        self.env["res.currency.rate"].create({**values, "name": "2026-03-11"})
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.rates(self.dollar)[date(2026, 3, 11)], 5.0)

    def test_a_weekend_without_rates_is_fine(self):
        self.integration.run_from_to(datetime(2026, 3, 7, 10), datetime(2026, 3, 8, 10))
        self.assertFalse(self.rates(self.dollar))
        self.assertIn("has published no rates for 2026-03-07", self.events("info")[-1])
        self.assertFalse(self.events("error") + self.events("warning"))

    def test_days_without_rates_inside_the_window_are_left_out(self):
        self.integration.run_from_to(datetime(2026, 3, 6, 10), datetime(2026, 3, 9, 10))
        self.assertEqual(set(self.rates(self.dollar)), {date(2026, 3, 6), date(2026, 3, 9)})

    def test_the_day_is_that_of_the_bank_wherever_the_integration_is(self):
        self.integration.integration_id.tz = "Pacific/Auckland"
        self.integration.run_from_to(datetime(2026, 3, 11, 12), datetime(2026, 3, 11, 13))
        self.assertEqual(set(self.rates(self.dollar)), {date(2026, 3, 11)})

    def test_the_feed_fits_the_window(self):
        windows = [
            (datetime(2026, 3, 13, 9), ecb.DAILY),
            (THURSDAY_17H, ecb.LAST_90_DAYS),
            (datetime(2022, 2, 28, 9), ecb.SINCE_1999),
        ]
        for start, _feed in windows:
            self.integration.run_from_to(start, FRIDAY_17H)
        self.assertEqual(self.server.paths, [f"/{feed}" for _start, feed in windows])

    def test_history_since_1999(self):
        self.integration.run_from_to(datetime(1999, 1, 1), FRIDAY_17H)
        self.assertEqual(len(self.rates(self.dollar)), 11)
        self.assertEqual(self.rates(self.dollar)[date(1999, 1, 4)], 1.1789)

    def test_the_users_own_rights_on_rates_do_not_matter(self):
        manager = self.integration.env.user
        with self.assertRaises(AccessError):
            self.env["res.currency.rate"].with_user(manager).create(
                {"name": "2026-03-13", "currency_id": self.dollar.id}
            )
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertTrue(self.rates(self.dollar))

    def test_a_branch_writes_the_rates_of_its_main_company(self):
        branch = self._create_company(self.euro, name="Branch", parent_id=self.company.id)
        integration = self._create_integration(branch)
        integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(len(self.rates(self.dollar)), 2)

    def test_without_a_currency_to_fetch_it_says_what_to_do_and_is_not_done(self):
        own = self.company.currency_id
        self.env["res.currency"].search([("id", "!=", own.id)]).with_context(
            force_deactivate=True
        ).active = False
        with self.assertRaisesRegex(IntegrationError, "No currency other than.*press Start"):
            self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertFalse(self.server.requests)

    def test_what_the_bank_corrects_is_taken_over_by_the_next_window(self):
        self.integration.run_from_to(datetime(2026, 3, 11, 16), THURSDAY_17H)
        content = (DATA / ecb.LAST_90_DAYS).read_bytes()
        self.assertIn(b"1.0829", content)
        self.server.reply(ecb.LAST_90_DAYS, body=content.replace(b"1.0829", b"1.0830"))
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.rates(self.dollar)[date(2026, 3, 12)], 1.083)
        self.assertIn("1 changed", self.events("info")[-1])


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestEcbRatesOfOtherCurrencies(EcbCase):
    def test_rates_are_converted_through_the_euro(self):
        company = self._create_company(self.pound)
        integration = self._create_integration(company)
        integration.run_from_to(datetime(2026, 3, 13, 9), FRIDAY_17H)
        day = date(2026, 3, 13)
        self.assertAlmostEqual(self.rates(self.euro, company)[day], 1 / 0.84)
        self.assertAlmostEqual(self.rates(self.dollar, company)[day], 1.084 / 0.84)
        self.assertAlmostEqual(self.pound._convert(84, self.euro, company, day), 100)
        self.assertAlmostEqual(self.euro._convert(100, self.dollar, company, day), 108.4)

    def test_conversion_is_right_whatever_older_rate_the_own_currency_has(self):
        values = {"name": "2010-01-01", "company_id": self.company.id}
        self.env["res.currency.rate"].create(
            {**values, "currency_id": self.euro.id, "rate": 0.7086}
        )
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        amount = self.euro._convert(100, self.dollar, self.company, date(2026, 3, 13))
        self.assertAlmostEqual(amount, 108.4)

    def test_a_company_whose_currency_the_bank_does_not_publish(self):
        company = self._create_company(self.env.ref("base.XAF"))
        integration = self._create_integration(company)
        with self.assertRaisesRegex(Exception, "no rate for XAF, the currency of Company in XAF"):
            integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertFalse(self.rates(self.dollar, company))
        self.assertEqual(len(self.events("error", integration)), 1)

    def test_days_on_which_the_companys_currency_has_no_rate_are_left_out(self):
        company = self._create_company(self.env.ref("base.RUB"))
        integration = self._create_integration(company)
        integration.run_from_to(datetime(2022, 3, 1, 9), FRIDAY_17H)
        self.assertEqual(set(self.rates(self.euro, company)), {date(2022, 3, 1)})
        (warning,) = self.events("warning", integration)
        self.assertIn("On 8 days", warning)

    def test_currencies_that_the_bank_does_not_publish_are_listed_in_one_warning(self):
        self.env.ref("base.XAF").active = True
        self.env.ref("base.XOF").active = True
        self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        (warning,) = self.events("warning")
        self.assertIn("no rate for XAF, XOF.", warning)
        self.assertTrue(self.rates(self.dollar))

    def test_a_currency_published_on_some_days_only_is_not_worth_a_warning(self):
        self.env.ref("base.RUB").active = True
        self.integration.run_from_to(datetime(2022, 2, 28, 9), FRIDAY_17H)
        self.assertFalse(self.events("warning"))
        self.assertEqual(len(self.rates(self.env.ref("base.RUB"))), 2)


@tagged("standard", "post_install", "-at_install")
class TestEcbSettings(EcbCase):
    def test_default_schedule_is_daily_after_publication(self):
        integration = self.integration.integration_id
        self.assertEqual(
            (integration.interval_number, integration.interval_type, integration.time_of_day),
            (1, "days", 17.0),
        )
        self.assertEqual(integration.tz, "Europe/Berlin")

    def test_the_form_shows_which_currencies_get_rates(self):
        with Form(self.integration) as form:
            self.assertIn(self.dollar, form.currency_ids[:])
            self.assertNotIn(self.euro, form.currency_ids[:])
            form.timeout = 7
        self.assertEqual(self.integration.timeout, 7)

    def test_an_address_that_is_none_is_refused(self):
        for address in ("www.ecb.europa.eu", "ftp://www.ecb.europa.eu/", "file:///etc/passwd"):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.integration.address = address

    def test_the_address_of_one_file_serves_as_well(self):
        for address in (self.server.url + ecb.DAILY, self.server.url[:-1], f" {self.server.url} "):
            self.integration.address = address
            self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(self.server.paths, [f"/{ecb.LAST_90_DAYS}"] * 3)
