"""The European Central Bank's rates: each trouble ends in words that an accountant understands."""

import gzip

import pytest
from http_server import Reply, closed_port_url
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from test_ecb_rates import DATA, FRIDAY_17H, THURSDAY_17H, EcbCase

from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError
from odoo.addons.ihub_integration_demo.lib import ecb


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestEcbFailures(EcbCase):
    def run_and_fail(self, exception, words):
        """Run a window that must fail with ``exception`` and leave no rate; return the message."""
        with self.assertRaisesRegex(exception, words) as caught:
            self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertFalse(self.rates(self.dollar))
        return str(caught.exception)

    def run_with_reply(self, reply, exception, words):
        self.server.reply(ecb.LAST_90_DAYS, reply)
        return self.run_and_fail(exception, words)

    def test_unreachable_server(self):
        self.integration.address = closed_port_url()
        self.run_and_fail(RetryableError, "could not be reached.*Check the internet connection")

    def test_server_that_does_not_exist(self):
        self.integration.address = "http://name.invalid/"
        self.run_and_fail(RetryableError, "The server name.invalid.*could not be reached")

    def test_time_out(self):
        self.integration.timeout = 1
        self.run_with_reply(Reply(hang=True), RetryableError, "did not respond within 1 s.*timeout")

    def test_server_out_of_order_is_tried_again_when_it_asks_to(self):
        self.server.reply(ecb.LAST_90_DAYS, Reply(503, headers={"Retry-After": "600"}))
        with self.assertRaisesRegex(RetryableError, "down or overloaded") as caught:
            self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(caught.exception.delay, 600)

    def test_connection_that_breaks_off(self):
        content = (DATA / ecb.LAST_90_DAYS).read_bytes()
        self.run_with_reply(Reply(body=content, cut=900), RetryableError, "could not be reached")

    def test_an_address_that_is_none_is_refused_in_words(self):
        for address in (False, "", "  ", "ecb.europa.eu"):
            with self.subTest(address), self.assertRaisesRegex(ValidationError, "must begin with"):
                self.integration.address = address

    def test_wrong_address(self):
        self.integration.address = self.server.url + "elsewhere/"
        self.run_and_fail(IntegrationError, f"has no file {ecb.LAST_90_DAYS}.*Correct the address")

    def test_refused_access(self):
        self.run_with_reply(Reply(403), IntegrationError, "did not provide the file")

    def test_what_a_server_under_maintenance_sends_is_asked_for_again(self):
        page = (DATA / "web-page.html").read_bytes()
        for reply in (
            Reply(body=page),
            Reply(),
            Reply(204),
            Reply(body=b"{}", headers={"Content-Encoding": "gzip"}),
            Reply(body=b"<rss/>"),
            Reply(302, headers={"Location": "http://maintenance.invalid/"}),
        ):
            with self.subTest(reply=reply):
                words = "(?s)(not a list of exchange rates.*correct the address)|(is damaged)"
                self.run_with_reply(reply, RetryableError, words)

    def test_a_file_that_is_cut_off_is_asked_for_again(self):
        content = (DATA / ecb.LAST_90_DAYS).read_bytes()
        packed = {"Content-Encoding": "gzip"}
        for reply, words in (
            (Reply(body=(DATA / "truncated.xml").read_bytes()), "damaged.*no wrong rate"),
            (Reply(body=content[: len(content) // 2]), "damaged.*no wrong rate"),
            (Reply(body=gzip.compress(content)[:-9], headers=packed), "could not be reached"),
        ):
            with self.subTest(words=words):
                self.run_with_reply(reply, RetryableError, words)

    def test_hostile_xml(self):
        for name in ("billion-laughs.xml", "external-entity.xml"):
            content = (DATA / name).read_bytes()
            self.run_with_reply(Reply(body=content), IntegrationError, "may be an attack")

    def test_endless_answer(self):
        self.patch(ecb, "MAX_BYTES", 1000)
        self.run_with_reply(Reply(body=b"x" * 5000), IntegrationError, "not a list of exchange")

    def test_an_error_that_stays_is_reported_once_with_its_technical_reason(self):
        self.run_with_reply(Reply(404), IntegrationError, "has no file")
        (summary,) = self.events("error")
        self.assertIn("has no file", summary)
        event = self.env["ihub.event"].search([("summary", "=", summary)], limit=1)
        self.assertIn("HTTP 404", event.details)

    def test_no_secret_of_the_address_is_shown(self):
        secret = "hunter2-hunter2"
        base = self.server.url.replace("//", f"//user:{secret}@")
        for reply in (Reply(404), Reply(503), Reply(body=b"<html>")):
            self.integration.address = base
            message = self.run_with_reply(reply, Exception, "127.0.0.1")
            self.assertNotIn(secret, message)
        self.assertNotIn(secret, "".join(self.events("error")))

    def test_an_address_without_a_server_is_not_shown_either(self):
        self.integration.address = "http://:hunter2-hunter2@/"
        self.assertNotIn("hunter2", self.run_and_fail(IntegrationError, "address"))

    def test_those_who_only_operate_do_not_read_the_address(self):
        operator = new_test_user(
            self.env,
            "ecb_operator",
            "base.group_user,ihub.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        seen = self.integration.with_user(operator)
        self.assertNotIn("address", seen.fields_get())
        self.assertNotIn('name="address"', seen.get_view(view_type="form")["arch"])
        with self.assertRaises(AccessError):
            seen.read(["address"])
        seen.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertTrue(self.rates(self.dollar))
