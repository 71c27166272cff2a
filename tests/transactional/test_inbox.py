"""Messages from other systems: received once, taken in order, each with its own waits."""

import json
import socket
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import HubCase
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, mute_logger
from werkzeug.datastructures import Headers

from odoo.addons.ihub.controllers import inbox as controller
from odoo.addons.ihub.core import items as core_items
from odoo.addons.ihub.core import masking
from odoo.addons.ihub.engine import inbox, items, message_store, receiver
from odoo.addons.ihub.lib.exceptions import RetryableError, SettingsError
from odoo.addons.ihub.lib.webhook import Hmac, StandardWebhooks, Webhook
from odoo.addons.ihub.models import ihub_operation_mixin as operation
from odoo.addons.ihub.report.notices import Notice

START = "2025-03-01 11:00"
NOON = "2025-03-01 11:30"
GITHUB = Hmac("X-Hub-Signature-256", prefix="sha256=", id="X-GitHub-Delivery")


class InboxCase(HubCase):
    """An integration to which orders are sent."""

    webhook = Webhook(
        verify=StandardWebhooks(), handler="_import_order", key="id", name="number", kind="order"
    )

    def setUpOnce(self):
        super().setUpOnce()
        with patch.object(self.type_class(), "webhook", self.webhook):
            self.integration = self.add(start=START)

    def setUp(self):
        super().setUp()
        # Once: to stop the clock takes longer than most that happens while it stands.
        self.enterContext(freeze_time(NOON))
        self.called = []
        self.listen(self.webhook)
        self.receiver_cleared()

    def receiver_cleared(self):
        receiver._paces.clear()
        self.addCleanup(receiver._paces.clear)

    def listen(self, webhook):
        """Let the type take messages."""

        def _import_order(this, data, item):
            self.called.append(data)
            if fault := data.get("fail"):
                raise self.faults[fault]
            partner = item.record or this.env["res.partner"].sudo().create({"name": "?"})
            partner.sudo().name = f"SO-{data['id']}"
            item.bind(partner)

        self.faults = {"bad": UserError("The SKU is unknown."), "down": RetryableError("Down")}
        cls = self.type_class()
        self.startPatcher(patch.object(cls, "webhook", webhook))
        self.startPatcher(patch.object(cls, "_import_order", _import_order, create=True))
        self.env.invalidate_all()

    def send(self, *orders, at=NOON, **options):
        return [self.receive(self.integration, order, at=at, **options) for order in orders]

    def take(self, at=NOON):
        with self.running_as(lambda this, _from, _to: self.called.append({"window": True})):
            return self.run_due(self.integration, at)

    def called_kinds(self):
        return ["window" if data.get("window") else "message" for data in self.called]

    def webhook_runs(self):
        return self.runs(self.integration, trigger="webhook")

    def messages(self, **criteria):
        messages = self.env["ihub.message"].sudo().search(
            [("integration_id", "=", self.integration.id)], order="id"
        )  # fmt: skip
        return messages.filtered_domain([(name, "=", one) for name, one in criteria.items()])


@pytest.mark.slow
class TestTaking(InboxCase):
    def setUp(self):
        super().setUp()
        # As many as are taken at a time: some such times, without hundreds of messages.
        self.startPatcher(patch.object(inbox, "BATCH", 10))

    def test_a_message_is_an_item_when_the_lane_has_taken_it(self):
        self.assertEqual(self.send({"id": 1, "number": "SO-1"}), [202])
        self.assertFalse(self.items(self.integration))
        (run,) = self.take()
        self.assertEqual((run.trigger, run.state, run.processed), ("webhook", "done", 1))
        item = self.assertItem(1, state="done", kind="order", name="SO-1", source_run_id=run)
        self.assertEqual(item.record.name, "SO-1")
        self.assertEqual(self.messages().mapped("state"), ["done"])

    def test_one_run_takes_all(self):
        self.send(*({"id": number} for number in range(23)))
        (run,) = self.take()
        self.assertEqual(run.processed, 23)
        self.assertEqual([data["id"] for data in self.called], list(range(23)))

    def test_the_same_message_twice_is_one(self):
        answers = self.send({"id": 1}, {"id": 1}, message_id="msg_1")
        self.assertEqual(answers, [202, 202])
        self.take()
        self.assertEqual(len(self.called), 1)
        self.send({"id": 1}, message_id="msg_1")
        self.take()
        self.assertEqual(len(self.called), 1)

    def test_what_could_not_be_read_is_taken_when_it_is_sent_again(self):
        def fails(body):
            raise ValueError("A fault of ours")

        for number, fault in enumerate(({"parse": fails}, {"key": "order.id"})):
            self.listen(replace(self.webhook, **fault))
            with self.subTest(fault=list(fault)):
                message = {"message_id": f"msg_{number}"}
                self.send({"id": number}, **message)
                self.take()
                self.assertFalse(self.called)
                self.listen(self.webhook)
                for _time in range(2):
                    self.assertEqual(self.send({"id": number}, **message), [202])
                    self.take()
                    self.assertEqual(self.called, [{"id": number}])
                self.called.clear()

    def test_two_messages_of_a_key_are_both_done_in_their_order(self):
        self.send({"id": 1, "is": "created"}, {"id": 2}, {"id": 1, "is": "paid"})
        self.take()
        self.assertEqual(
            self.called, [{"id": 1, "is": "created"}, {"id": 2}, {"id": 1, "is": "paid"}]
        )
        self.assertItem(1, state="done")

    def test_nothing_is_taken_while_it_is_off(self):
        self.integration.stop()
        self.assertEqual(self.send({"id": 1}), [202])
        self.take()
        self.assertFalse(self.called)
        self.assertEqual(self.integration.waiting_messages, 1)
        self.integration.start()
        self.take()
        self.assertEqual(self.called, [{"id": 1}])
        self.integration.invalidate_recordset()
        self.assertEqual(self.integration.waiting_messages, 0)

    def test_a_message_after_stop_is_not_lost_with_the_run(self):
        self.send(*({"id": number} for number in range(15)))
        with self.stop_at_checkpoint(self.integration, 1):
            self.take()
        self.assertEqual(len(self.called), 10)
        self.integration.start()
        self.take()
        self.assertEqual([data["id"] for data in self.called], list(range(15)))

    def test_killed_in_the_midst_each_is_done_once(self):
        self.send(*({"id": number} for number in range(25)))
        with self.die_at_checkpoint(2) as death:
            self.take()
        self.assertTrue(death.happened)
        self.take("2025-03-01 11:32")
        self.assertEqual(self.webhook_runs().mapped("state"), ["interrupted", "done"])
        partners = self.env["res.partner"].search([("name", "=like", "SO-%")])
        self.assertEqual(len(partners), 25)

    def test_killed_while_each_takes_long_those_before_are_kept(self):
        self.send(*({"id": number} for number in range(8)))
        self.patch(items, "PAUSE", -1)
        with self.die_at(8, self.type_class(), "_import_order") as death:
            self.take()
        self.assertTrue(death.happened)
        self.assertEqual(len(self.items(self.integration, state="done")), 7)
        self.assertEqual(len(self.messages(state="pending")), 1)
        self.called.clear()
        self.take("2025-03-01 11:32")
        self.assertEqual(self.called, [{"id": 7}])

    def test_who_leaves_one_out_while_others_are_taken_is_heard(self):
        self.send({"id": 2, "number": "SO-2"})
        self.take()

        def import_order(this, data, item):
            self.called.append(data)
            self.items(self.integration, key="2").sudo().state = "ignored"
            self.env.flush_all()

        self.patch(items, "PAUSE", -1)
        self.called.clear()
        with patch.object(self.type_class(), "_import_order", import_order, create=True):
            self.send({"id": 1}, {"id": 2})
            self.take("2025-03-01 11:32")
        self.assertEqual(self.called, [{"id": 1}])

    def test_the_kit_returns_the_run_of_the_retry(self):
        self.send({"id": 1, "fail": "bad"})
        self.take()
        with self.running_as(lambda this, _from, _to: None):
            run = self.retry(self.items(self.integration), at="2025-03-01 13:30")
        self.assertEqual((run.trigger, run.state), ("items", "done"))

    def test_messages_without_an_end_let_the_schedule_have_its_turn(self):
        self.send(*({"id": number} for number in range(15)), at="2025-03-01 12:30")
        with patch.object(inbox, "LONGEST_RUN", -1.0):
            runs = self.take("2025-03-01 12:30")
        self.assertEqual(runs.mapped("state"), ["done"] * 3)
        self.assertEqual(self.called_kinds(), ["message"] * 10 + ["window"] + ["message"] * 5)


class TestHealth(InboxCase):
    def test_messages_that_nobody_takes_are_not_well(self):
        self.send({"id": 1})
        for at, word in (("2025-03-01 11:31", "queued"), ("2025-03-01 11:40", "no_worker")):
            with freeze_time(at):
                self.integration.invalidate_recordset()
                self.assertEqual(self.integration.health, word)
        with freeze_time("2025-03-01 11:40"):
            self.assertIn("scheduler", self.integration.problem)
        self.take("2025-03-01 11:41")
        with freeze_time("2025-03-01 11:42"):
            self.integration.invalidate_recordset()
            self.assertEqual(self.integration.health, "ok")


@pytest.mark.slow
class TestTrouble(InboxCase):
    def test_one_that_is_bad_is_to_be_repaired(self):
        self.send({"id": 1, "fail": "bad"}, {"id": 2})
        (run,) = self.take()
        self.assertEqual((run.state, run.failed_items), ("done", 1))
        item = self.assertItem(1, state="failed", message="The SKU is unknown.")
        self.assertItem(2, state="done")
        self.faults["bad"] = None
        with patch.object(self.type_class(), "item_fields", {"fail": "Fail"}):
            self.correct(item, {"fail": ""})
        self.retry(item, at=NOON)
        self.assertItem(1, state="done")

    def test_people_are_told_of_one_to_repair_and_of_errors(self):
        self.send({"id": 1, "fail": "bad"})
        with self.assertNoLogs("odoo.addons.ihub.models.ihub_alert_mixin", "ERROR"):
            self.take()
        run = self.webhook_runs()
        notice = Notice(self.integration)
        self.assertIn("Items to repair: 1", notice.items(run, 1))
        self.assertIn("reported errors", notice.run_errors(run))

    def test_what_comes_behind_one_to_repair_waits_for_it(self):
        self.send({"id": 1, "fail": "bad"}, {"id": 1, "is": "paid"}, {"id": 2})
        self.take()
        self.assertEqual([data["id"] for data in self.called], [1, 2])
        self.send({"id": 1, "is": "sent"})
        self.take()
        self.assertEqual([data["id"] for data in self.called], [1, 2])
        item = self.assertItem(1, state="failed")
        with patch.object(self.type_class(), "item_fields", {"fail": "Fail"}):
            self.correct(item, {"fail": ""})
        self.retry(item, at=NOON)
        self.assertEqual([data.get("is") for data in self.called[2:]], [None, "paid", "sent"])
        self.assertItem(1, state="done")

    def test_what_is_left_out_lets_nothing_of_its_key_through(self):
        self.send({"id": 1, "fail": "bad"}, {"id": 1, "is": "paid"})
        self.take()
        self.assertItem(1)._leave_out("A test order.")
        self.take()
        self.assertEqual(len(self.called), 1)
        self.assertFalse(self.messages(state="pending"))

    def test_one_whose_server_is_down_waits_and_the_others_pass(self):
        self.send({"id": 1, "fail": "down"}, {"id": 1, "is": "paid"}, {"id": 2})
        (run,) = self.take()
        self.assertEqual(run.state, "done")
        self.assertEqual([data["id"] for data in self.called], [1, 2])
        self.assertItem(1, state="pending", message="Down", attempts=1)
        self.assertEvent("warning", "Down")
        self.take("2025-03-01 11:32")
        self.assertEqual(len(self.called), 2)
        self.take("2025-03-01 11:36")
        self.assertEqual([data["id"] for data in self.called], [1, 2, 1])
        self.assertItem(1, state="pending", attempts=2)
        with patch.dict(self.faults, {"down": UserError("It was bad all the time.")}):
            self.take("2025-03-01 11:59")
        self.assertItem(1, state="failed")

    def test_what_each_has_failed_by_is_looked_at_once(self):
        """It takes milliseconds: a traceback is formatted and masked."""
        self.send({"id": 1, "fail": "down"}, {"id": 2, "fail": "bad"})
        with patch.object(items, "readable", side_effect=items.readable) as look:
            self.take()
        self.assertEqual(
            [call.args[0] for call in look.call_args_list],
            [self.faults["down"], self.faults["bad"]],
        )

    def test_what_waits_is_done_in_its_order_when_the_server_is_back(self):
        self.send({"id": 1, "fail": "down"}, {"id": 1, "is": "paid"})
        self.take()
        with patch.object(self.type_class(), "_import_order", self.working()):
            self.take("2025-03-01 11:40")
        self.assertEqual([data.get("is") for data in self.called], [None, None, "paid"])
        self.assertItem(1, state="done", attempts=1)
        self.assertFalse(self.messages(state="pending"))

    def working(self):
        def _import_order(this, data, item):
            self.called.append(data)

        return _import_order

    def test_waits_end_at_the_limit_of_the_integration(self):
        self.integration.sudo().retry_limit = 1
        self.send({"id": 1, "fail": "down"})
        self.take()
        self.take("2025-03-01 11:40")
        self.assertItem(1, state="failed", attempts=2)

    def test_fail_ends_the_run_and_keeps_the_message(self):
        self.send({"id": 1}, {"id": 2}, {"id": 3})

        def _import_order(this, data, item):
            self.called.append(data["id"])
            if data["id"] == 2:
                this.fail("The shop is closed.")

        with patch.object(self.type_class(), "_import_order", _import_order):
            self.take()
        self.assertEqual(self.called, [1, 2])
        self.assertEqual(self.integration.state, "failed")
        mail = self.env["mail.mail"].sudo().search([("subject", "=", "Orders failed")])
        self.assertEqual(mail.recipient_ids, self.manager.partner_id)
        self.assertIn("The shop is closed.", mail.body_html)
        self.assertIn("Received messages that are not processed yet are kept", mail.body_html)
        self.take("2025-03-01 11:50")
        self.assertEqual(self.called, [1, 2])
        self.integration.start()
        self.take("2025-03-01 11:50")
        self.assertEqual(len(self.called), 4)
        self.assertFalse(self.messages(state="pending"))

    def test_wrong_settings_end_the_run_and_keep_the_message(self):
        self.faults["key"] = SettingsError("The key is not accepted.")
        self.send({"id": 1}, {"id": 2, "fail": "key"}, {"id": 3})
        self.take()
        self.assertEqual([data["id"] for data in self.called], [1, 2])
        self.assertEqual((self.integration.state, self.integration.health), ("failed", "failed"))
        self.take("2025-03-01 11:50")
        self.assertEqual(len(self.called), 2, "Nothing tries again by itself.")
        self.faults["key"] = UserError("The SKU is unknown.")
        self.integration.start()
        self.take("2025-03-01 11:50")
        self.assertItem(3, state="done")
        self.assertItem(2, state="failed", message="The SKU is unknown.")
        self.assertFalse(self.messages(state="pending"))

    def test_errors_that_are_reported_meanwhile_are_on_the_card(self):
        def _import_order(this, data, item):
            this.ihub_error("The customer has no address.")

        self.send({"id": 1})
        with patch.object(self.type_class(), "_import_order", _import_order):
            (run,) = self.take()
        self.assertTrue(run.with_errors)
        self.assertIn("while processing received messages", self.integration.problem)
        self.assertIn("received messages", self.integration.failed_run_id.display_name)

    def test_what_parse_makes_of_it_that_cannot_be_kept_is_said(self):
        self.listen(replace(self.webhook, parse=lambda body: {"id": 1, "of": object()}))
        self.send({"id": 1})
        self.take()
        (item,) = self.items(self.integration)
        self.assertIn("parse() returned data of the class object", item.message)

    def test_what_cannot_be_read_is_to_be_repaired(self):
        deep = b"[" * 100_000 + b"]" * 100_000
        bodies = (b"no json", b"", b"\xff\xfe", deep, b'{"id": ' + b"9" * 5000 + b"}", b"[1]")
        for body in bodies:
            self.assertEqual(self.receive(self.integration, body, at=NOON), 202)
        (run,) = self.take()
        self.assertEqual((run.state, run.failed_items), ("done", len(bodies)))
        self.assertFalse(self.called)
        item = self.items(self.integration)[0]
        self.assertIn("no json", item.data)
        self.retry(item)
        self.assertFalse(self.called)
        self.assertEqual(item.state, "failed")
        self.assertIn("send it again", item.message)

    def test_one_without_a_key_is_not_retried_since_it_would_be_made_twice(self):
        self.send({"number": "SO-1"}, {"number": "SO-1"})
        self.take()
        items = self.items(self.integration)
        self.assertEqual(len(items), 2)
        self.retry(items, at=NOON)
        self.assertFalse(self.called)
        for item in items:
            self.assertRegex(item.message, "It has no key.* leave this one out")

    def test_nothing_of_what_is_long_and_no_text_is_lost(self):
        """As text it would be six times as long."""
        body = b"\xff\x00" * 2_200_000
        self.assertEqual(self.receive(self.integration, body, at=NOON), 202)
        self.take()
        item = self.items(self.integration)
        self.assertEqual(core_items.unpacked(item.data, None), body)
        self.retry(item)
        self.assertIn("send it again", item.message)
        # Its page opens.
        self.assertTrue(item.with_user(self.operator).read())

    def test_one_that_was_stored_late_waits_behind_a_newer_one(self):
        """Of two that come at once, the one with the lower number may be committed later."""
        self.send({"id": 1, "fail": "down"})
        self.take()
        self.send({"id": 1, "is": "late"})
        self.env.cr.execute("UPDATE ihub_message SET id = -id WHERE key IS NULL")
        with (
            patch.object(message_store, "save", wraps=message_store.save) as save,
            patch.object(inbox, "LONGEST_RUN", 1.0),
        ):
            self.take("2025-03-01 11:32")
        self.assertLess(save.call_count, 3, "It was looked at again and again.")
        self.assertEqual(len(self.called), 1)
        self.faults["down"] = None
        with patch.object(self.type_class(), "_import_order", self.working()):
            self.take("2025-03-01 11:40")
        self.assertEqual([data.get("is") for data in self.called[1:]], ["late", None])

    def test_what_waits_behind_an_item_is_taken_when_that_is_deleted(self):
        self.send({"id": 1, "fail": "bad"}, {"id": 1, "is": "paid"})
        self.take()
        item = self.assertItem(1, state="failed")
        triggers = self.env["ir.cron.trigger"].sudo()
        cron = [("cron_id", "=", self.integration.sudo().cron_id.id)]
        triggers.search(cron).unlink()
        item.with_user(self.manager).unlink()
        self.assertTrue(triggers.search(cron), "Nobody wakes the lane.")
        self.take()
        self.assertItem(1, state="done")

    def test_large_ones_are_read_a_few_at_a_time(self):
        self.send(*({"id": number, "is": "x" * 1000} for number in range(7)))
        with patch.object(message_store, "MAX_BYTES", 2500):
            read = message_store.ready(self.env.cr, self.integration, self.webhook, 100)
            self.assertEqual(len(read), 3)
            self.take()
        self.assertEqual([data["id"] for data in self.called], list(range(7)))

    def test_a_conflict_begins_the_run_again_and_does_each_once(self):
        import psycopg2

        conflicts = [psycopg2.errors.SerializationFailure("conflict")]
        original = self.type_class()._import_order

        def _import_order(this, data, item):
            if data["id"] == 2 and conflicts:
                raise conflicts.pop()
            original(this, data, item)

        self.send({"id": 1}, {"id": 2})
        with patch.object(self.type_class(), "_import_order", _import_order):
            self.take()
        self.assertEqual([data["id"] for data in self.called], [1, 2])
        self.assertFalse(self.messages(state="pending"))


@pytest.mark.slow
class TestWholeMessages(InboxCase):
    webhook = Webhook(
        verify=StandardWebhooks(), handler="_import_order", key="id", kind="order", version="at"
    )

    def test_an_older_one_is_left_alone(self):
        self.send({"id": 1, "at": 5}, {"id": 1, "at": 4}, {"id": 1, "at": 10})
        self.take()
        self.assertEqual([data["at"] for data in self.called], [5, 10])

    def test_one_that_cannot_be_ordered_is_to_be_repaired(self):
        self.send({"id": 1, "at": 5}, {"id": 1, "at": "v10"}, {"id": 2})
        self.take()
        self.assertEqual([data["at"] for data in self.called if "at" in data], [5])
        self.assertIn("“v10”", self.assertItem(1, state="failed").message)
        self.assertItem(2, state="done")
        self.assertEqual(len(self.assertEvent("warning", "“at”")), 1)

    def test_a_newer_one_need_not_wait_for_one_to_repair(self):
        self.send({"id": 1, "at": 5, "fail": "bad"}, {"id": 1, "at": 6})
        self.take()
        self.assertItem(1, state="done")

    def test_a_newer_one_has_waits_of_its_own(self):
        self.integration.sudo().retry_limit = 1
        self.send({"id": 1, "at": 5, "fail": "down"})
        self.take()
        self.take("2025-03-01 11:40")
        self.assertItem(1, state="failed", attempts=2)
        self.send({"id": 1, "at": 6, "fail": "down"}, at="2025-03-01 11:41")
        self.take("2025-03-01 11:41")
        self.assertItem(1, state="pending", attempts=1)


class TestRefusing(InboxCase):
    def refused(self):
        self.env.flush_all()
        counts = self.env["ihub.message.count"].sudo().search([])
        return {count.cause: count.number for count in counts}

    def test_what_is_signed_wrongly_is_refused_and_counted(self):
        for _each in range(3):
            self.assertEqual(self.send({"id": 1}, webhook_signature="v1,AAAA"), [404])
        self.assertEqual(self.refused(), {"signature": 3})
        self.assertFalse(self.messages())
        with freeze_time(NOON):
            self.integration.invalidate_recordset()
            self.assertIn("3 (Wrong signature)", self.integration.refused_messages)

    def test_what_is_outdated_is_refused(self):
        headers, body = self.signed({"id": 1}, NOON)
        with freeze_time("2025-03-01 11:36"):
            self.assertEqual(receiver.receive(self.env, self.token(), headers, body), 404)
        self.assertEqual(self.refused(), {"outdated": 1})

    def token(self):
        return self.integration.sudo().webhook_token

    def signed(self, data, at):
        """Return headers and body as they were sent at a moment."""
        import json

        caught = []

        def keep(env, token, headers, body):
            caught.append((headers, body))
            return 202

        with patch.object(receiver, "receive", keep):
            self.receive(self.integration, json.dumps(data).encode(), at=at)
        return caught[0]

    def test_an_unknown_token_is_answered_alike(self):
        headers, body = self.signed({"id": 1}, NOON)
        self.assertEqual(receiver.receive(self.env, "nobody", headers, body), 404)
        self.assertEqual(self.refused(), {})

    def test_what_is_archived_takes_nothing(self):
        self.send({"id": 1})
        self.integration.sudo().active = False
        self.assertEqual(self.send({"id": 2}), [404])
        self.assertEqual(self.refused(), {"inactive": 1})

    def test_without_a_secret_nothing_is_taken(self):
        headers, body = self.signed({"id": 1}, NOON)
        self.env.cr.execute("DELETE FROM ihub_secret")
        self.assertEqual(receiver.receive(self.env, self.token(), headers, body), 404)
        self.assertEqual(self.refused(), {"no_secret": 1})

    def test_a_first_secret_has_none_before_it(self):
        new_secret = self.webhook.verify.new_secret
        other = self.add(name="Other").sudo()
        for is_replaced in (False, True):
            other._set_webhook_secret(new_secret(), overlap=24)
            self.assertEqual(bool(other.webhook_secret_until), is_replaced)

    def test_the_secret_of_another_integration_is_refused(self):
        other = self.add(start=START, name="Other")
        self.receive(other, {"id": 1}, at=NOON)
        headers, body = self.signed({"id": 2}, NOON)
        token = other.sudo().webhook_token
        self.assertEqual(receiver.receive(self.env, token, headers, body), 404)

    def test_more_than_the_rate_is_asked_to_come_later(self):
        self.startPatcher(patch.object(receiver.time, "monotonic", lambda: 1000.0))
        receiver._paces.clear()
        webhook = Webhook(verify=StandardWebhooks(), handler="_import_order", key="id", rate=2)
        with patch.object(self.type_class(), "webhook", webhook):
            answers = self.send(*({"id": number} for number in range(4)))
        self.assertEqual(answers, [202, 202, 429, 429])
        self.assertEqual(self.refused(), {"too_many": 2})

    def test_what_waits_is_limited(self):
        with patch.object(receiver, "MAX_WAITING", 2), patch.object(receiver, "LOOK", -1.0):
            answers = self.send(*({"id": number} for number in range(4)))
        self.assertEqual(answers, [202, 202, 429, 429])

    def test_nothing_is_left_to_watch_of_one_that_has_come(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for _each in range(3):
                with controller._limited(ours):
                    self.assertEqual(len(controller._readings.pending()), 1)
        self.assertFalse(controller._readings.pending())

    def test_a_neutralized_copy_takes_nothing(self):
        from pathlib import Path

        self.send({"id": 1})
        headers, body = self.signed({"id": 2}, NOON)
        token = self.token()
        sql = Path(__file__).parents[2] / "ihub" / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(sql.read_text())
        self.env.invalidate_all()
        self.assertEqual(receiver.receive(self.env, token, headers, body), 404)
        self.assertFalse(self.messages(), "The original takes them.")


class TestSecret(InboxCase):
    def test_it_is_kept_encrypted_and_read_by_nobody(self):
        integration = self.integration.with_user(self.manager)
        integration._set_webhook_secret("whsec_" + "Hush" * 8)
        self.env.flush_all()
        self.env.cr.execute("SELECT value FROM ihub_secret")
        self.assertNotIn("HushHush", str(self.env.cr.fetchall()))
        self.assertNotIn("HushHush", str(integration.read()))
        self.assertNoSecret("whsec_" + "Hush" * 8)

    def test_the_one_before_is_valid_for_a_day(self):
        headers, body = TestRefusing.signed(self, {"id": 1}, NOON)
        self.set_secret(at=NOON, overlap=24)
        for moment, status in (("2025-03-03 11:31", 404), ("2025-03-02 11:29", 202)):
            with patch.object(StandardWebhooks, "_check_moment"), freeze_time(moment):
                found = receiver.receive(
                    self.env, self.integration.sudo().webhook_token, headers, body
                )
            self.assertEqual(found, status, moment)

    def test_the_one_before_is_deleted_when_it_is_not_valid_any_more(self):
        query = "SELECT count(*) FROM ihub_secret WHERE name = 'webhook.secret.before'"
        TestRefusing.signed(self, {"id": 1}, NOON)
        self.set_secret(at=NOON, overlap=24)
        for moment, count in (("2025-03-02 11:29", 1), ("2025-03-03 11:31", 0)):
            with freeze_time(moment):
                self.env["ihub.secret"]._gc_before()
            self.assertEqual(self.env.execute_query(SQL(query)), [(count,)], moment)
        self.assertTrue(self.integration.with_user(self.manager).has_webhook_secret)

    def test_a_leaked_one_ends_at_once(self):
        headers, body = TestRefusing.signed(self, {"id": 1}, NOON)
        self.set_secret(at=NOON, overlap=0)
        with freeze_time(NOON):
            token = self.integration.sudo().webhook_token
            self.assertEqual(receiver.receive(self.env, token, headers, body), 404)

    def set_secret(self, at, **options):
        with freeze_time(at):
            integration = self.integration.with_user(self.manager)
            integration._set_webhook_secret(StandardWebhooks().new_secret(), **options)
            self.env.flush_all()

    def test_the_dialog_shows_a_new_one_once_and_keeps_none(self):
        integration = self.integration.with_user(self.manager)
        action = integration.action_webhook_secret()
        Dialog = integration.env[action["res_model"]].with_context(**action["context"])
        proposed = Dialog.default_get(["integration_id", "secret", "overlap"])
        self.assertTrue(proposed["secret"].startswith("whsec_"))
        dialog = Dialog.create(dict(proposed))
        self.env.flush_all()
        self.env.cr.execute("SELECT row_to_json(d)::text FROM ihub_webhook_secret d")
        self.assertNotIn(proposed["secret"], str(self.env.cr.fetchall()))
        dialog.invalidate_recordset()
        self.assertFalse(dialog.read(["secret"])[0]["secret"])
        self.assertEqual(integration.has_webhook_secret, True)
        self.assertNoSecret(proposed["secret"])

    def test_one_that_is_none_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "not a secret of the kind"):
            self.integration.with_user(self.manager)._set_webhook_secret("whsec_§")

    def test_only_managers_set_it(self):
        for method in ("action_webhook_secret", "action_send_sample"):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                getattr(self.integration, method)()
        self.assertNotIn("webhook_address", self.integration.read()[0])

    def test_a_page_that_is_older_than_its_type_says_so(self):
        """Its type receives no messages any more, or has a fault by now."""
        integration = self.integration.with_user(self.manager)
        dialogs = [integration.action_webhook_secret(), integration.action_send_sample()]
        integration._set_webhook_secret(StandardWebhooks().new_secret())
        with patch.object(self.type_class(), "webhook", None):
            self.env.invalidate_all()
            doors = [integration.action_webhook_secret, integration.action_send_sample]
            for action in dialogs:
                Dialog = integration.env[action["res_model"]].with_context(**action["context"])
                values = {"integration_id": integration.id, "body": "{}", "secret": "whsec_AAAA"}
                known = {name: values[name] for name in values if name in Dialog._fields}
                doors.append(partial(Dialog.default_get, list(known)))
                doors.append(lambda Dialog=Dialog, known=known: Dialog.create(known).action_send())
            for door in doors:
                with self.assertRaisesRegex(UserError, "receives no messages"):
                    door()

    def test_one_that_is_empty_is_refused_as_it_signs_nothing(self):
        integration = self.integration.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "not a secret of the kind"):
            integration._set_webhook_secret("whsec_")
        headers, body = TestRefusing.signed(self, {"id": 1}, NOON)
        integration._set_webhook_secret("env:IHUB_HOOK")
        with patch.dict("os.environ", {"IHUB_HOOK": "whsec_"}), freeze_time(NOON):
            forged = StandardWebhooks().sign(body, "whsec_", fields.Datetime.now(), "forged")
            self.assertEqual(self.status_of(forged, body), 404)
        masking.forget()

    def status_of(self, headers, body):
        token = self.integration.sudo().webhook_token
        return receiver.receive(self.env, token, Headers(headers), body)

    def test_one_before_that_is_none_does_not_keep_the_new_one_from_working(self):
        integration = self.integration.with_user(self.manager)
        integration._set_webhook_secret("env:IHUB_HOOK")
        with patch.dict("os.environ", {"IHUB_HOOK": "of another kind"}), freeze_time(NOON):
            integration._set_webhook_secret(StandardWebhooks().new_secret(), overlap=24)
            self.assertEqual(self.send({"id": 1}), [202])
        masking.forget()

    def test_an_id_of_blanks_is_as_good_as_none(self):
        with patch.object(self.type_class(), "webhook", replace(self.webhook, verify=GITHUB)):
            self.assertEqual(self.send({"id": 1}, X_GitHub_Delivery="\xa0"), [202])

    def test_one_from_the_environment_is_read_there(self):
        secret = StandardWebhooks().new_secret()
        self.integration.with_user(self.manager)._set_webhook_secret("env:IHUB_HOOK")
        with patch.dict("os.environ", {"IHUB_HOOK": secret}):
            self.assertEqual(self.send({"id": 1}), [202])
        masking.forget()

    def test_a_sample_is_taken_like_any_other(self):
        integration = self.integration.with_user(self.manager)
        with freeze_time(NOON):
            integration._set_webhook_secret(StandardWebhooks().new_secret())
            action = integration.action_send_sample()
            Dialog = integration.env[action["res_model"]].with_context(**action["context"])
            Dialog.create({"integration_id": integration.id, "body": '{"id": 5}'}).action_send()
        self.take()
        self.assertItem(5, state="done")
        self.items(integration).sudo().data = json.dumps({"id": 5, "name": "a\ud83d"})
        self.assertTrue(Dialog.default_get(["integration_id", "body"])["body"].encode())


class TestMadeUpFor(InboxCase):
    def run_window(self, orders, at):
        def work(this, _from, _to):
            this.process_each(orders, this._import_order, key="id", name="number", kind="order")

        with self.running_as(work):
            return self.run_due(self.integration, at)

    def test_what_the_webhook_missed_is_done_and_counted(self):
        self.send({"id": 1}, at="2025-03-01 10:30")
        self.run_window([{"id": 1}, {"id": 2}, {"id": 3}], "2025-03-01 12:01")
        self.assertEqual([data["id"] for data in self.called], [1, 2, 3])
        self.assertEvent("warning", "No webhook was received for 2 items so far.")
        with self.page_at("2025-03-01 12:01"):
            self.assertIn("2 (all made up for", self.integration.missed_messages)

    @contextmanager
    def page_at(self, at):
        with freeze_time(at):
            self.integration.invalidate_recordset()
            yield

    def test_before_the_first_message_nothing_is_missed(self):
        self.run_window([{"id": 1}], "2025-03-01 12:01")
        self.assertEqual(len(self.called), 1)
        self.assertFalse(self.integration.missed_messages)

    def test_what_a_message_has_said_is_not_done_again(self):
        self.send({"id": 1, "number": "SO-1"}, at="2025-03-01 10:30")
        self.take("2025-03-01 10:31")
        self.run_window([{"number": "SO-1", "id": 1}], "2025-03-01 12:01")
        self.assertEqual(len(self.called), 1)


class TestReplay(InboxCase):
    def test_an_item_that_is_done_is_dealt_with_once_more(self):
        self.send({"id": 1})
        self.take()
        item = self.assertItem(1, state="done", can_replay=True)
        with freeze_time(NOON):
            item.with_user(self.operator).action_replay()
        self.take()
        self.assertEqual(self.called, [{"id": 1}, {"id": 1}])
        self.assertItem(1, state="done")

    def test_one_that_was_not_come_to_is_done_still(self):
        self.send({"id": 1})
        self.take()
        item = self.assertItem(1)
        item.with_user(self.operator).action_replay()
        self.integration.stop()
        self.take()
        self.assertItem(1, state="done")

    def test_without_data_it_says_so(self):
        self.send({"id": 1})
        self.take()
        item = self.assertItem(1)
        item.sudo().data = False
        with self.assertRaisesRegex(UserError, "no longer kept"):
            item.with_user(self.operator).action_replay()


class TestTrigger(InboxCase):
    def test_code_lets_it_run_once_however_often_it_asks(self):
        windows = []
        with self.running_as(lambda this, _from, _to: windows.append((_from, _to))):
            with freeze_time("2025-03-01 11:10"):
                for _each in range(5):
                    self.integration.with_user(self.outsider).trigger()
            (run,) = self.run_due(self.integration, "2025-03-01 11:20")
        self.assertEqual((run.trigger, run.state), ("code", "done"))
        self.assertFalse(run.user_id)
        self.assertEqual(str(run.window_to), "2025-03-01 11:20:00")
        self.assertEqual(len(windows), 1)

    def test_it_is_tried_again(self):
        def work(this, _from, _to):
            raise RetryableError("Down")

        with self.running_as(work), freeze_time("2025-03-01 11:10"):
            self.integration.trigger()
            self.work(self.integration)
        (run,) = self.runs(self.integration, trigger="code")
        self.assertEqual((run.state, run.attempt), ("pending", 1))

    def test_what_waits_while_it_is_off_is_no_trouble(self):
        self.integration.stop()
        with freeze_time("2025-03-01 11:10"):
            self.integration.trigger()
        with freeze_time("2025-03-01 11:40"):
            self.env.invalidate_all()
            self.assertEqual(self.integration.health, "stopped")
            self.assertEqual(self.integration.next_step, "start")

    def test_without_a_schedule_it_goes_on_where_it_was(self):
        self.patch(self.type_class(), "is_job", False)
        self.patch(self.type_class(), "webhook", None)
        integration = self.add(name="Export")
        windows = []
        with self.running_as(lambda this, _from, _to: windows.append((_from, _to))):
            for minute in ("11:35", "11:55"):
                with freeze_time(f"2025-03-01 {minute}"):
                    integration.trigger()
                    self.work(integration)
        self.assertEqual(windows[1][0], windows[0][1])

    def test_it_waits_while_it_is_off(self):
        self.integration.stop()
        with self.running_as(lambda this, _from, _to: None), freeze_time("2025-03-01 11:10"):
            self.integration.trigger()
            self.work(self.integration)
        self.assertEqual(self.runs(self.integration, trigger="code").state, "pending")

    def test_what_stop_has_ended_is_asked_for_anew(self):
        with self.running_as(lambda this, _from, _to: None), freeze_time("2025-03-01 11:10"):
            self.integration.trigger()
            self.integration.stop()
            self.integration.trigger()
            self.work(self.integration)
            runs = self.runs(self.integration, trigger="code")
            self.assertEqual(runs.mapped("state"), ["cancelled", "pending"])
            self.integration.start()
            self.work(self.integration)
        self.assertEqual(runs.mapped("state"), ["cancelled", "done"])

    def test_a_run_that_begins_before_the_work_can_be_seen_is_not_the_last(self):
        with freeze_time("2025-03-01 11:10"):
            self.integration.trigger()
            run = self.runs(self.integration, trigger="code")
            self.integration.with_user(self.outsider).trigger()
            self.look_again()
            self.assertEqual(self.runs(self.integration, trigger="code"), run)
            run._begin()
            self.env.flush_all()
            self.look_again()
        self.env.invalidate_all()
        runs = self.runs(self.integration, trigger="code")
        self.assertEqual(runs.mapped("state"), ["running", "pending"])

    def look_again(self):
        """What follows the commit."""
        waiting = self.env.cr.postcommit.data[operation._TRIGGERED]
        self.assertEqual(waiting, {self.integration.id})
        with self.enter_registry_test_mode():
            operation._trigger_those_without_run(self.env.cr.dbname, waiting)
        self.env.invalidate_all()

    def test_the_type_has_it_too(self):
        row = self.integration.sudo()._type_record()
        row.with_user(self.outsider).trigger()
        self.assertTrue(self.runs(self.integration, trigger="code"))


class TestRetention(InboxCase):
    def test_what_was_done_is_forgotten_after_a_month(self):
        self.send({"id": 1}, at="2025-01-01 11:30")
        self.send({"id": 2, "fail": "down"}, at="2025-01-01 11:30")
        self.take()
        self.env["ihub.message"].sudo()._gc_done()
        self.assertEqual(self.messages().mapped("state"), ["pending"])
