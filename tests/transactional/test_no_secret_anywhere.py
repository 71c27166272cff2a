"""What an integration says, and what its exceptions say, is masked wherever it is kept or shown."""

import logging
from datetime import timedelta
from unittest.mock import patch

import pytest
from http_server import local_server
from hub_case import HubCase
from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.ihub.engine.log_masking import MaskingFilter
from odoo.addons.ihub.lib.auth import HeaderKey
from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError
from odoo.addons.ihub.lib.rest_client import RestClient

SECRET = "hunter2"
TEXT = f"401 for https://user:{SECRET}@shop/?api_key={SECRET} password='{SECRET} and {SECRET}'"


class Failure(Exception):
    """An exception of a library that keeps the request."""

    def __init__(self):
        super().__init__({"headers": {"Authorization": f"Bearer {SECRET}"}, "said": TEXT})


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestNoSecretAnywhere(HubCase):
    def setUp(self):
        super().setUp()
        yesterday = fields.Datetime.now() - timedelta(days=1)
        self.integration = self.add(retry_limit=0, window_from=yesterday)
        self.integration.sudo().write({"notify_by_activity": True, "user_id": self.operator.id})

    def texts(self):
        """Return all that is kept in tables of the hub, of mail and of the bus, by column."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.cr.execute(
            """
            SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb')
               AND table_name ~ '^(ihub|mail|bus|ir_attachment|ir_cron|ir_logging)'
               AND table_name IN (
                   SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')
            """
        )
        for table, column in self.env.cr.fetchall():
            self.env.cr.execute(
                f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL'
            )
            for (text,) in self.env.cr.fetchall():
                yield f"{table}.{column}", text

    def check(self, *kept_in):
        found = [place for place, text in self.texts() if SECRET in text]
        self.assertFalse(found)
        masked = {place for place, text in self.texts() if "***" in text}
        self.assertLessEqual(set(kept_in), masked)

    def fail_with(self, function):
        self.integration.run_manually()
        with self.running_as(function):
            self.work(self.integration)
        self.assertEqual(self.integration.last_run_id.state, "failed")

    def test_exceptions(self):
        for error in (Failure(), ValueError(TEXT), IntegrationError(TEXT), RetryableError(TEXT)):

            def run(record, _from, _to, error=error):
                raise error

            self.fail_with(run)
        # A failed run of the schedule also says on the card why it has stopped.
        self.integration.start()
        with self.running_as(run):
            self.work(self.integration)
        self.check(
            "ihub_run.message", "ihub_run.traceback", "ihub_event.summary", "ihub_event.details",
            "ihub_integration.state_reason", "mail_message.body",
        )  # fmt: skip

    def test_fail_inside_a_run(self):
        self.fail_with(lambda record, _from, _to: record.fail(TEXT))
        self.check("ihub_run.message", "ihub_event.summary", "ihub_integration.state_reason")

    def test_fail_outside_a_run(self):
        self.integration.sudo()._type_record().fail(TEXT)
        self.assertEqual(self.integration.state, "failed")
        self.check("ihub_integration.state_reason", "mail_message.body")

    def test_fail_with_anything(self):
        self.integration.sudo()._type_record().fail({"password": SECRET, "code": 401})
        self.assertIn("401", self.integration.state_reason)
        self.check("ihub_integration.state_reason")

    def test_events(self):
        def run(record, _from, _to):
            partner = record.env["res.partner"].sudo().create({"name": f"token={SECRET}"})
            record.ihub_info(TEXT, {"password": SECRET, "note": TEXT}, related=partner)
            record.ihub_warning(Failure(), related=TEXT)
            record.ihub_error(TEXT, TEXT, raised=True, secret_key=SECRET)

        self.fail_with(run)
        self.check("ihub_event.related_name", "ihub_event.summary", "ihub_event.details")

    def test_a_failed_request_and_its_answer(self):
        server = self.enterContext(local_server())
        headers = {"Set-Cookie": f"sid={SECRET}", "X-Token": SECRET}
        server.reply("orders", status=422, headers=headers, json={"said": TEXT, "was": SECRET})
        address = server.url.replace("//", f"//user:{SECRET}@")

        def ask(record, data=None, item=None):
            with RestClient(address, auth=HeaderKey(SECRET, "X-Shop")) as client:
                client.post("orders", json={"password": SECRET}, params={"api_key": SECRET})

        def ask_for_each(record, _from, _to):
            record.process_each([{"id": 1}], record.ask, key="id")
            ask(record)

        self.startPatcher(patch.object(self.type_class(), "ask", ask, create=True))
        self.fail_with(ask_for_each)
        self.check("ihub_run.failed_request", "ihub_item.failed_request")

    def test_resume_point_is_not_the_operators_to_read(self):
        run = self.integration.run_manually()
        for user in (self.operator, self.manager):
            fields = run.with_user(user).fields_get()
            self.assertNotIn("resume", fields)
        self.assertIn("resume", run.with_user(self.env.ref("base.user_admin")).fields_get())

    @mute_logger("odoo.addons.ihub.engine.worker")
    def test_lines_of_the_servers_log(self):
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(logging.Formatter().format(record))
        logger = logging.getLogger("odoo.addons.ihub.engine.worker")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        try:
            raise ValueError(TEXT)
        except ValueError:
            logger.exception("The lane failed: %s", TEXT)
        self.assertNotIn(SECRET, lines[0])
        self.assertIn("Traceback", lines[0])
        self.assertIn("ValueError: 401 for https://user:***@shop", lines[0])

    def test_what_the_library_below_says_of_an_answer_in_the_servers_log(self):
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nThis is no header\r\n\r\nok"
        server = self.enterContext(local_server())
        server.reply("orders", raw=lambda: [answer])
        with self.assertLogs("urllib3", "WARNING") as logs, RestClient(server.url) as client:
            self.assertEqual(client.get("orders", params={"api_key": SECRET}).text, "ok")
        self.assertIn("/orders?api_key=***", logs.output[0])
        self.assertNotIn(SECRET, "".join(logs.output))

    def test_every_logger_of_the_hub_is_masked(self):
        names = [n for n in logging.root.manager.loggerDict if n.startswith("odoo.addons.ihub.")]
        # The kit for tests is never part of a server.
        names = [name for name in names if not name.startswith("odoo.addons.ihub.tests.")]
        loggers = [logging.getLogger(name) for name in names if self.has_module(name)]
        self.assertGreater(len(loggers), 5)
        for logger in loggers:
            kinds = [type(one) for one in logger.filters]
            self.assertIn(MaskingFilter, kinds, logger.name)

    def has_module(self, name):
        import sys

        return getattr(sys.modules.get(name), "_logger", None) is not None
