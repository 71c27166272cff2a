"""The European Central Bank's rates: each trouble ends in words that an accountant understands."""

from http_server import Reply, closed_port_url
from odoo.tests import tagged
from test_ecb_rates import DATA, FRIDAY_17H, THURSDAY_17H, EcbCase

from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError
from odoo.addons.ihub_integration_demo.lib import ecb


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
        self.run_with_reply(
            Reply(hang=True), RetryableError, "did not answer within 1 seconds.*time-out"
        )

    def test_server_out_of_order_is_tried_again_when_it_asks_to(self):
        self.server.reply(ecb.LAST_90_DAYS, Reply(503, headers={"Retry-After": "600"}))
        with self.assertRaisesRegex(RetryableError, "out of order or overloaded") as caught:
            self.integration.run_from_to(THURSDAY_17H, FRIDAY_17H)
        self.assertEqual(caught.exception.delay, 600)

    def test_connection_that_breaks_off(self):
        content = (DATA / ecb.LAST_90_DAYS).read_bytes()
        self.run_with_reply(Reply(body=content, cut=900), RetryableError, "could not be reached")

    def test_wrong_address(self):
        self.integration.address = self.server.url + "elsewhere/"
        self.run_and_fail(IntegrationError, f"has no file {ecb.LAST_90_DAYS}.*Correct the address")

    def test_refused_access(self):
        self.run_with_reply(Reply(403), IntegrationError, "did not give out the file")

    def test_web_page_in_place_of_rates(self):
        page = (DATA / "web-page.html").read_bytes()
        self.run_with_reply(Reply(body=page), IntegrationError, "not a list of exchange rates")

    def test_broken_xml(self):
        content = (DATA / "truncated.xml").read_bytes()
        self.run_with_reply(Reply(body=content), IntegrationError, "damaged.*no wrong rate")

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
