"""Each element of a run is dealt with on its own; what cannot be done is left to be repaired."""

import functools
import json
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from items_case import ORDERS, ItemsCase
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.models import MAGIC_COLUMNS
from odoo.tests import Form
from odoo.tools import file_open, html2plaintext, mute_logger
from psycopg2 import DataError

from odoo.addons.ihub.core import masking
from odoo.addons.ihub.core.exceptions import RetryableError, StopRequested
from odoo.addons.ihub.engine import items
from odoo.addons.ihub.lib.exceptions import SettingsError, UsageError


@pytest.mark.slow
class TestProcessEach(ItemsCase):
    def test_all_are_done_and_known_by_their_keys(self):
        run = self.run_it()
        self.assertEqual((run.state, run.message), ("done", "Done: 6 records."))
        self.assertEqual(self.items().mapped("state"), ["done"] * 6)
        self.assertEqual(self.names(), [f"SO-{n}" for n in range(6)])
        item = self.items(key="3")
        self.assertEqual((item.name, item.kind, item.record.name), ("SO-3", "order", "SO-3"))
        self.assertEqual(item.source_run_id, run)

    def test_one_that_fails_is_left_and_the_others_are_done(self):
        self.orders[2]["fail"] = "SKU 'A-1' is unknown."
        run = self.run_it()
        self.assertEqual((run.state, run.message), ("done", "5 done, 1 to repair."))
        self.assertEqual(self.names(), ["SO-0", "SO-1", "SO-3", "SO-4", "SO-5"])
        item = self.items(state="failed")
        self.assertEqual(item.key, "2")
        self.assertEqual(item.message, "SKU 'A-1' is unknown.")
        self.assertEqual(item.cause, "SKU … is unknown.")
        self.assertIn("UserError", item.traceback)
        self.assertEqual((item.attempts, item.failed_since), (1, at("2025-03-01 12:30")))
        self.assertFalse(item.record)
        event = self.env["ihub.event"].search([("item_id", "=", item.id)])
        self.assertEqual((event.level, event.run_id), ("error", run))
        self.assertIn("SO-2", event.summary)

    def test_what_failed_and_what_it_wrote_is_undone_alone(self):
        def write_then_fail(this, data, item):
            this.env["res.partner"].sudo().create({"name": data["number"]})
            this.env.flush_all()
            if data["id"] == 1:
                raise UserError("no")

        self.run_it(write_then_fail)
        self.assertNotIn("SO-1", self.names())
        self.assertEqual(len(self.names()), 5)

    def test_an_error_of_the_database_is_the_items_alone(self):
        def violate(this, data, item):
            if data["id"] == 1:
                this.env.cr.execute("SELECT 1/0", log_exceptions=False)

        run = self.run_it(violate)
        self.assertEqual(run.message, "5 done, 1 to repair.")
        self.assertIn("division by zero", self.items(state="failed").message)

    def test_an_error_of_the_database_that_was_caught_is_the_items_alone(self):
        def swallow(this, data, item):
            this.env["res.partner"].sudo().create({"name": data["number"]})
            if data["id"] == 1:
                with suppress(DataError):
                    this.env.cr.execute("SELECT 1/0", log_exceptions=False)

        run = self.run_it(swallow)
        self.assertEqual(run.message, "5 done, 1 to repair.")
        self.assertIn("A database error was caught", self.items(state="failed").message)
        self.assertEqual(self.names(), [f"SO-{n}" for n in (0, 2, 3, 4, 5)])

    def test_what_people_decide_between_two_commits_counts(self):
        """Also where those are of one hundred that were looked up together."""

        def decide(this, data, item):
            self.called.append(data["id"])
            if data["id"] == 0:
                self.items(key="1").with_user(self.operator)._leave_out("Not ours.")
                self.env.flush_all()
                # Committed before the next one, so nobody's write meets another's.
                self.patch(items, "PAUSE", -1)

        for order in self.orders[:2]:
            order["fail"] = "no"
        self.run_it()
        self.called = []
        self.run_it(decide, moment="2025-03-01 13:30")
        self.assertEqual(self.called, [0, 2, 3, 4, 5])
        self.assertEqual(self.items(key="1").state, "ignored")

    def test_what_is_wiped_during_a_retry_is_not_used_or_written_again(self):
        for order in self.orders[:2]:
            order["fail"] = "no"
        self.run_it()
        for item in self.items(state="failed"):
            item.sudo().data = item.sudo().data.replace('"fail": "no"', '"mail": "secret"')

        def wipe(this, data, item):
            self.called.append(data["id"])
            self.items(key="1").with_user(self.manager).action_wipe_data()
            self.env.flush_all()

        self.called = []
        with freeze_time("2025-03-01 13:00"), self.importing(wipe):
            self.items(state="failed").with_user(self.operator).action_retry()
            self.work(self.integration)
        self.assertEqual(self.called, [0])
        self.assertFalse(self.items(key="1").sudo().data)
        self.assertIn("Its data was not kept", self.items(key="1").message)

    def test_an_outage_is_no_bad_order(self):
        self.orders[3]["fail"] = RetryableError("shop is away")
        with freeze_time("2025-03-01 12:30"), self.importing():
            self.integration.start()
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual((run.state, run.processed), ("pending", 3))
        self.assertFalse(self.items(state="failed"))
        self.assertEqual(self.names(), ["SO-0", "SO-1", "SO-2"])
        # What is done is not done again.
        del self.orders[3]["fail"]
        self.called = []
        with freeze_time("2025-03-01 13:00"), self.importing():
            self.work(self.integration)
        self.assertEqual(self.called, [3, 4, 5])
        self.assertEqual(self.counts.unchanged, 3)

    def test_what_the_source_gave_before_it_failed_is_kept(self):
        orders = self.orders

        def source():
            yield from orders[:2]
            raise ConnectionError("cut off")

        self.orders = source()
        run = self.run_it()
        self.assertEqual(run.state, "failed")
        self.assertEqual(self.names(), ["SO-0", "SO-1"])

    def test_what_the_source_keeps_is_not_ahead_of_what_was_dealt_with(self):
        """A generator may keep where it is with set_state(): nothing that it gave is lost."""
        numbers = [order["id"] for order in self.orders]

        def source(this):
            for order in list(self.orders):
                if order["id"] > this.get_state("last", -1):
                    yield order
                    this.set_state("last", order["id"])

        def work(this, _from, _to):
            this.process_each(source(this), this._import_order, key="id", kind="order")

        self.orders[3]["fail"] = RetryableError("shop is away")
        with freeze_time("2025-03-01 12:30"), self.importing(), self.running_as(work):
            self.integration.start()
            self.work(self.integration)
            self.assertEqual(self.called, numbers[:4])
            del self.orders[3]["fail"]
        with freeze_time("2025-03-01 13:00"), self.importing(), self.running_as(work):
            self.work(self.integration)
        self.assertEqual(self.called, numbers[:4] + numbers[3:])
        self.assertEqual(self.items().mapped("state"), ["done"] * 6)

    def test_what_the_source_keeps_by_a_checkpoint_of_its_own_is_known(self):
        def source(this):
            for order in self.orders:
                if order["id"] >= (this.resume_point() or 0):
                    yield order
                    this.checkpoint(order["id"], resume=order["id"] + 1)

        def work(this, _from, _to):
            this.process_each(source(this), this._import_order, key="id", kind="order")

        with freeze_time("2025-03-01 12:30"), self.importing(), self.running_as(work):
            self.integration.run_manually()
            with self.die_at_checkpoint(3, after=True) as death:
                self.work(self.integration)
        self.assertTrue(death.happened)
        self.assertEqual(self.items().mapped("key"), ["0", "1", "2"])
        self.assertEqual(self.names(), ["SO-0", "SO-1", "SO-2"])

    def test_of_a_source_that_runs_no_code_many_are_looked_up_at_once(self):
        with patch.object(items.item_store, "load", wraps=items.item_store.load) as load:
            for source, times in ((list, 1), (tuple, 1), (iter, 6)):
                with self.subTest(source.__name__):
                    load.reset_mock()
                    self.orders = source(ORDERS)
                    self.run_it()
                    self.assertEqual(load.call_count, times)

    def test_a_hundred_are_committed_together_whatever_the_source(self):
        self.patch(items, "BATCH", 2)
        for source in (list, iter):
            with self.subTest(source.__name__), patch.object(items, "keep") as keep:
                self.orders = source(ORDERS[:5])
                self.run_it()
                self.assertEqual([call.args[1] for call in keep.mock_calls], [2, 4, 5])

    def test_stop_from_the_code_of_one_ends_the_run(self):
        self.orders[1]["fail"] = StopRequested()
        run = self.run_it()
        self.assertEqual(run.state, "failed")
        self.assertFalse(self.items(state="failed"))

    def test_fail_ends_the_run(self):
        def give_up(this, data, item):
            if data["id"] == 2:
                this.fail("This makes no sense.")

        run = self.run_it(give_up)
        self.assertEqual((run.state, run.message), ("failed", "This makes no sense."))
        self.assertEqual(len(self.items()), 2)

    def test_the_same_order_twice_in_one_run_is_done_once(self):
        self.orders = [*self.orders, dict(self.orders[0])]
        self.run_it()
        self.assertEqual(self.called.count(0), 1)
        self.assertEqual((self.counts.done, self.counts.unchanged), (6, 1))

    def test_a_failed_order_twice_in_one_run_is_counted_and_told_once(self):
        self.orders[2]["fail"] = "no"
        self.orders.append(dict(self.orders[2]))
        # Also where it is not one of a hundred that were looked up together.
        self.patch(items, "BATCH", 2)
        self.run_it()
        self.assertEqual(self.called.count(2), 1)
        self.assertEqual((self.counts.done, self.counts.failed), (5, 1))
        item = self.items(state="failed")
        self.assertEqual(item.attempts, 1)
        self.assertEqual(len(self.errors_of(item)), 1)

    def test_a_failed_order_that_comes_otherwise_in_the_same_run_is_tried_again(self):
        self.orders[2]["fail"] = "no"
        self.orders += [{**self.orders[2], "fail": "neither"}, {**ORDERS[2], "mail": "new@b.de"}]
        self.run_it()
        self.assertEqual(self.called.count(2), 3)
        self.assertEqual((self.counts.done, self.counts.failed), (6, 2))
        self.assertEqual(self.items(key="2").state, "done")

    def test_what_failed_is_not_tried_again_by_itself_but_by_start(self):
        self.integration.sudo().failed_items_limit = 1
        self.orders[1]["fail"], self.orders[3]["fail"] = "no", RetryableError("shop is away")
        with freeze_time("2025-03-01 12:30"), self.importing():
            self.integration.start()
            self.work(self.integration)
        self.orders[3]["fail"] = "neither"
        self.orders[4]["fail"] = "nor"
        with freeze_time("2025-03-01 13:00"), self.importing():
            self.work(self.integration)
        self.assertEqual(self.called, [0, 1, 2, 3, 3, 4])
        self.assertEqual(self.runs(self.integration)[0].state, "failed")
        self.assertEqual(self.items(key="1").attempts, 1)
        self.assertEqual(len(self.errors_of(self.items(key="1"))), 1)

        def mended(this, data, item):
            self.called.append(data["id"])

        # The data are the same: whoever presses Start has mended what they failed for.
        self.called = []
        with freeze_time("2025-03-01 13:30"), self.importing(mended):
            self.integration.start()
            self.work(self.integration)
        self.assertEqual(self.called, [1, 3, 4, 5])
        self.assertFalse(self.items(state="failed"))

    def test_an_order_that_has_changed_within_a_run_is_updated(self):
        self.orders = [self.orders[0], {**self.orders[0], "number": "SO-0b"}]
        self.run_it()
        self.assertEqual(self.names(), ["SO-0b"])
        self.assertEqual(len(self.items()), 1)

    def test_a_manual_run_between_two_scheduled_ones_makes_nothing_twice(self):
        with freeze_time("2025-03-01 12:30"), self.importing():
            self.integration.start()
            self.work(self.integration)
        self.run_it(moment="2025-03-01 12:45")
        with freeze_time("2025-03-01 13:30"), self.importing():
            self.work(self.integration)
        self.assertEqual(len(self.called), 18)
        self.assertEqual(self.names(), [f"SO-{n}" for n in range(6)])

    def test_what_has_not_changed_can_be_left_alone(self):
        self.options = {"skip_unchanged": True}
        self.run_it()
        self.orders[4]["mail"] = "new@b.de"
        self.called = []
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(self.called, [4])

    def test_a_handler_that_cannot_take_an_item_is_said_once(self):
        run = self.run_it(lambda this, data: None)
        self.assertEqual(run.state, "failed")
        self.assertIn("def _import_order(self, data, item)", run.message)
        self.assertFalse(self.items())

    def test_what_says_not_where_something_is_found_is_refused(self):
        for name, value in (("version", 0), ("version", "")):
            self.options = {name: value}
            run = self.run_it()
            self.assertEqual(run.state, "failed")
            self.assertIn(f"process_each({name}={value!r})", run.message)
        self.assertFalse(self.items())

    def test_the_key_is_found_by_no_number(self):
        work = self.integration.sudo()._type_record()
        with self.importing(), self.assertRaisesRegex(UsageError, r"key=0.*“0” is the first"):
            work.process_each([("7", "Anna")], work._import_order, key=0)

    def test_of_a_record_nobody_could_tell_whether_it_has_changed(self):
        partner = self.env["res.partner"].create({"name": "Anna"})
        self.options = {"skip_unchanged": True}
        for orders in (partner, [{"id": 7, "customer": [partner]}]):
            self.orders = orders
            run = self.run_it()
            self.assertEqual(run.state, "failed")
            self.assertIn("partners.read(", run.message)
        self.assertFalse(self.called)
        self.assertFalse(self.items())

    def test_an_older_one_does_not_overwrite_a_newer(self):
        self.options = {"version": "version"}
        self.orders = [{"id": 1, "number": "SO-new", "version": "2025-03-02T00:00:00"}]
        self.run_it()
        self.orders = [{"id": 1, "number": "SO-old", "version": "2025-03-01T00:00:00"}]
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(self.names(), ["SO-new"])
        self.orders = [{"id": 1, "number": "SO-newer", "version": "2025-03-03T00:00:00"}]
        self.run_it(moment="2025-03-01 14:30")
        self.assertEqual(self.names(), ["SO-newer"])
        # One that does not say how new it is has not made it forget.
        self.orders = [{"id": 1, "number": "SO-unknown"}]
        self.run_it(moment="2025-03-01 15:30")
        self.orders = [{"id": 1, "number": "SO-old", "version": "2025-03-02T00:00:00"}]
        self.run_it(moment="2025-03-01 16:30")
        self.assertEqual(self.names(), ["SO-unknown"])

    def test_a_version_that_cannot_be_ordered_is_to_be_repaired(self):
        self.options = {"version": "version"}
        self.orders = [{"id": 1, "number": "SO-new", "version": "2025-03-01"}]
        self.run_it()
        for version in ("v10", "28.02.2025", 'W/"10"'):
            self.orders = [{"id": 1, "number": "SO-which", "version": version}]
            self.run_it(moment="2025-03-01 13:30")
            item = self.items(state="failed")
            self.assertIn(f"“{version}”", item.message)
            self.assertIn("ISO 8601", item.message)
        self.assertEqual(self.names(), ["SO-new"])
        # What is known has not been forgotten.
        self.orders = [{"id": 1, "number": "SO-old", "version": "2025-02-28"}]
        self.run_it(moment="2025-03-01 14:30")
        self.assertEqual(self.names(), ["SO-new"])
        self.orders = [{"id": 1, "number": "SO-newer", "version": "2025-03-02"}]
        self.run_it(moment="2025-03-01 15:30")
        self.assertEqual(self.names(), ["SO-newer"])

    def test_a_version_that_is_nowhere_is_told_once(self):
        self.options = {"version": "updated"}
        self.orders = [{**order, "updated_at": "2025-03-01"} for order in self.orders]
        run = self.run_it()
        self.assertEqual(run.message, "Done: 6 records.")
        event = self.assertEvent("warning", "“updated”")
        self.assertEqual((len(event), event.run_id), (1, run))

    def test_without_a_key_it_is_to_be_repaired(self):
        self.orders[2]["id"] = None
        self.run_it()
        item = self.items(state="failed")
        self.assertTrue(item.key.startswith("?"))
        self.assertIn("no key", item.message)
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(len(self.items(state="failed")), 1)

    def test_without_a_key_it_is_not_retried_since_it_would_be_made_twice(self):
        self.orders = [{"id": None, "number": "SO-77"}]
        self.run_it()
        item = self.items()
        self.retry(item)
        self.assertFalse(self.called)
        self.assertEqual((item.state, item.attempts), ("failed", 2))
        self.assertRegex(item.message, "It has no key.* leave this one out")
        self.orders = [{"id": 77, "number": "SO-77"}]
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(self.names(), ["SO-77"])

    def test_a_key_may_look_like_the_substitute_of_one(self):
        key = f"?{'0123456789abcdef'}"
        self.orders = [{"id": key, "number": "SO-1", "fail": "no"}, {"id": "?", "number": "SO-2"}]
        self.orders[1]["fail"] = "no"
        self.run_it()
        self.called = []
        self.retry(self.items())
        self.assertEqual(self.called, [key, "?"])

    def test_each_without_a_key_is_one_of_its_own_whatever_it_is(self):
        class Order(dict):
            """Of a kind that is not kept."""

        self.orders = [Order(id=None, number=f"SO-{n}") for n in range(3)]
        self.run_it()
        self.assertEqual(len(self.items(state="failed")), 3)
        self.items(state="failed").with_user(self.operator)._leave_out("not ours")
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(len(self.items(state="failed")), 3)

    def test_what_fails_in_each_attempt_is_neither_progress_nor_one_more(self):
        class Order(dict):
            """Of a kind that is not kept."""

        def rest():
            yield {"id": 7, "number": "SO-7"}
            raise RetryableError("Down")

        def work(this, _from, _to):
            orders = [Order(id=None, number=f"SO-{n}") for n in range(3)]
            for records, options in ((orders, {}), (rest(), {"cursor": lambda: 1})):
                this.process_each(
                    records, this._import_order, key="id", kind="order", **options
                )  # fmt: skip

        self.integration.sudo().write({"retry_limit": 2, "retry_delay": 1, "retry_growth": 1})
        for minute in range(30, 36):
            with freeze_time(f"2025-03-01 12:{minute}"), self.importing(), self.running_as(work):
                if minute == 30:
                    self.integration.start()
                self.work(self.integration)
        (run,) = self.runs(self.integration, state="failed")
        self.assertEqual((run.attempt, run.processed), (3, 4))
        self.assertEqual(len(self.items(state="failed")), 3)

    def test_strange_data_are_kept(self):
        self.orders[0] |= {"fail": "no", "text": "a\x00b\ud800", "big": "x" * 5_000_000}
        self.orders[0]["keys"] = {f"key {n}": n for n in range(2000)}
        self.run_it()
        item = self.items(state="failed")
        self.assertEqual(item._value(), self.orders[0])
        self.assertLess(len(item.data_html), 2_000_000)
        seen = []

        def look(this, data, item):
            seen.append(data)

        with freeze_time("2025-03-01 13:00"), self.importing(look):
            item.with_user(self.operator).action_retry()
            self.work(self.integration)
        self.assertEqual(seen, [self.orders[0]])
        self.assertEqual(item.state, "done")

    def test_what_is_long_is_not_whole_in_the_chatter(self):
        """The other system says how long it is; Odoo looks through all that is posted."""
        self.orders[0] |= {"fail": "No.", "mail": "<" * 2_000_000}
        self.run_it()
        item = self.items(state="failed")
        item.with_user(self.operator)._change({"mail": "y" * 2_000_000})
        self.assertEqual(item._value()["mail"], "y" * 2_000_000)
        self.assertIn("yyy…", item.message_ids[0].body)
        self.assertLess(len(item.message_ids[0].body), 10_000)

    def test_what_cannot_be_kept_is_done_all_the_same(self):
        self.orders[0]["thing"] = object()
        self.orders[1] |= {"thing": object(), "fail": "no"}
        run = self.run_it()
        self.assertEqual(run.message, "5 done, 1 to repair.")
        item = self.items(state="failed")
        self.assertIn("no longer stored", item.data_html)
        self.retry(item)
        self.assertIn("Its data was not kept", item.message)

    def test_data_that_cannot_be_read_any_more_break_no_page(self):
        self.orders[0]["fail"] = "no"
        self.run_it()
        item = self.items(state="failed")
        item.sudo().data = '{"$": "reference", "of": ["model.of.an.addon.that.is.gone", [1]]}'
        with mute_logger("odoo.addons.ihub.report.format"):
            self.assertTrue(item.with_user(self.operator).data_html)

    def test_records_and_tuples(self):
        partners = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(3)])
        seen = []

        def handler(this, data, item):
            seen.append((data, item.key, item.name))

        self.orders = partners
        self.run_it(handler)
        self.assertEqual([one[1] for one in seen], [str(id_) for id_ in partners.ids])

    def test_a_generator_for_a_handler_is_refused(self):
        def lazy(this, data, item):
            yield data

        self.run_it(lazy)
        self.assertEqual(len(self.items(state="failed")), 6)
        self.assertRegex(self.items()[0].message, r"^_import_order\(\) of .* returned a generator")

    def test_wrong_settings_are_no_fault_of_an_item(self):
        self.orders[2]["fail"] = SettingsError("The key is not accepted.")
        run = self.run_it()
        self.assertEqual((run.state, run.message), ("failed", "The key is not accepted."))
        self.assertTrue(run.blames_settings)
        self.assertEqual(self.items().mapped("state"), ["done", "done"])
        # Nor of one that somebody tries again: it is still to be repaired, and says why.
        self.orders[2]["fail"] = "No address."
        self.run_it(moment="2025-03-01 13:30")
        item = self.items(state="failed")

        def refused(this, data, item):
            raise SettingsError("The key is not accepted.")

        with freeze_time("2025-03-01 13:40"), self.importing(refused):
            item.action_retry()
            self.work(self.integration)
        self.assertEqual((item.state, item.retry_run_id.state), ("failed", "failed"))

    def test_a_handler_that_makes_a_checkpoint_is_told_who_commits(self):
        run = self.run_it(lambda this, data, item: this.checkpoint(1))
        self.assertIn("process_each() commits", run.message)

    def test_a_whole_answer_in_place_of_its_list_is_refused(self):
        record = self.integration.sudo()._type_record()
        with self.importing():
            for answer in ({"orders": self.orders}, '[{"id": 7}]', b"[]"):
                with self.subTest(answer), self.assertRaisesRegex(UsageError, "the list in it"):
                    record.process_each(answer, record._import_order, "id")
            # Whoever says what to make of them means the keys.
            orders = {order["id"]: order for order in self.orders}
            with patch.object(
                self.type_class(), "_import_order", lambda this, data, item: None
            ) as handler:
                handler.__name__ = "_import_order"
                self.assertEqual(record.process_each(orders, record._import_order, str).done, 6)

    def test_a_handler_that_retry_could_not_find_is_refused(self):
        record = self.integration.sudo()._type_record()

        def nested(data, item):
            self.called.append(data)

        with self.importing():
            wrapped = functools.partial(record._import_order)
            for handler in (nested, lambda data, item: None, wrapped, self.run_it, "_import_order"):
                with self.subTest(handler), self.assertRaisesRegex(UsageError, "a method of"):
                    record.process_each(self.orders, handler, "id")
        self.assertFalse(self.called)
        self.assertFalse(self.items())

    def test_a_kind_is_a_text(self):
        record = self.integration.sudo()._type_record()
        for kind in (None, "", 5):
            with self.subTest(kind), self.importing():
                with self.assertRaisesRegex(UsageError, "kind"):
                    record.process_each(self.orders, record._import_order, "id", kind=kind)
                with self.assertRaisesRegex(UsageError, "kind"):
                    record.bind(kind, 1, self.env.user.partner_id)

    def test_what_is_corrected_and_comes_twice_in_a_list_stays_corrected(self):
        self.orders = [{"id": 1, "number": "SO-1", "mail": "bad", "fail": "no"}]
        self.run_it()
        self.items().with_user(self.operator)._change({"mail": "c@d.de"})
        mails = []

        def look(this, data, item):
            mails.append(data["mail"])
            raise UserError("no")

        self.orders *= 2
        self.run_it(look, moment="2025-03-01 13:30")
        self.assertEqual(set(mails), {"c@d.de"})
        self.assertEqual(self.items()._value()["mail"], "c@d.de")
        self.assertTrue(self.items().is_corrected)

    def test_outside_a_run(self):
        record = self.integration.sudo()._type_record()
        with self.importing():
            counts = record.process_each(self.orders, record._import_order, "id", "number", "order")
        self.assertEqual(counts.done, 6)
        self.assertEqual(len(self.items()), 6)

    def test_progress_and_cursor(self):
        seen = []

        def work(this, _from, _to):
            at_ = iter(range(1, 10))
            this.process_each(
                self.orders, this._import_order, "id", kind="order", total=6,
                cursor=lambda: next(at_),
            )  # fmt: skip
            seen.append(this.resume_point())

        patched = patch.object(self.type_class(), "run_from_to", work)
        with freeze_time("2025-03-01 12:30"), self.importing(), patched:
            self.integration.run_manually()
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual((run.processed, run.total, seen), (6, 6, [6]))


@pytest.mark.slow
class TestLimit(ItemsCase):
    def test_too_many_failures_end_the_run(self):
        self.integration.sudo().failed_items_limit = 2
        for order in self.orders[1:]:
            order["fail"] = "no"
        run = self.run_it()
        self.assertEqual(run.state, "failed")
        self.assertIn("Too many items failed (3 of 4)", run.message)
        self.assertEqual(self.called, [0, 1, 2, 3])
        self.assertEqual(len(self.items(state="failed")), 3)
        self.assertEqual(self.names(), ["SO-0"])

    def test_whoever_catches_it_has_not_done_the_rest(self):
        self.integration.sudo().failed_items_limit = 2
        for order in self.orders[1:]:
            order["fail"] = "no"

        def work(this, _from, _to):
            with suppress(Exception):
                this.process_each(self.orders, this._import_order, "id", kind="order")

        patched = patch.object(self.type_class(), "run_from_to", work)
        with freeze_time("2025-03-01 12:30"), self.importing(), patched:
            run = self.integration.run_manually()
            self.work(self.integration)
        self.assertEqual(run.state, "failed")
        self.assertIn("Too many items failed (3 of 4)", run.message)
        self.assertEqual(len(self.items(state="failed")), 3)

    def test_all_bad_is_not_mostly_done(self):
        self.orders = [{"id": n, "number": "?", "fail": "no"} for n in range(10_000)]
        run = self.run_it()
        self.assertEqual(run.state, "failed")
        self.assertEqual(len(self.called), 10)
        self.assertFalse(self.names())

    def test_the_limits_are_bounded(self):
        with self.assertRaisesRegex(UserError, "0 and 100"):
            self.integration.sudo().failed_items_share = 101


@pytest.mark.slow
class TestBinding(ItemsCase):
    def test_bound_and_key_of(self):
        self.run_it()
        record = self.integration.sudo()._type_record()
        partner = record.bound("order", 3)
        self.assertEqual(partner.name, "SO-3")
        self.assertEqual(record.key_of(partner), "3")
        self.assertIsNone(record.bound("order", 99))
        self.assertIsNone(record.bound("product", 3))
        self.assertIsNone(record.key_of(self.env.user.partner_id))

    def test_a_binding_lives_as_long_as_the_record(self):
        self.run_it()
        record = self.integration.sudo()._type_record()
        record.bound("order", 3).unlink()
        self.assertIsNone(record.bound("order", 3))
        self.called = []
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual(record.bound("order", 3).name, "SO-3")

    def test_a_binding_to_a_model_that_is_gone_breaks_no_page(self):
        self.run_it()
        item = self.items(key="3").with_user(self.operator)
        self.env.cr.execute(
            "UPDATE ihub_item SET record = 'model.that.is.gone,7' WHERE id = %s", [item.id]
        )
        self.env.invalidate_all()
        spec = {"record": {"fields": {"display_name": {}}}}
        self.assertFalse(item.web_read(spec)[0]["record"])
        self.assertIsNone(self.integration.sudo()._type_record().bound("order", 3))
        with self.assertRaisesRegex(UserError, "no record"):
            item.action_open_record()

    def test_bindings_that_a_company_has_are_taken_over(self):
        record = self.integration.sudo()._type_record()
        partner = self.env["res.partner"].create({"name": "Known"})
        record.bind("order", 3, partner)
        record.bind("order", "old-3", partner)
        self.run_it()
        self.assertEqual(partner.name, "SO-3")
        self.assertEqual(record.key_of(partner), "3")
        self.assertEqual(record.bound("order", "old-3"), partner)

    def test_what_an_item_has_bound_before_it_failed_is_undone(self):
        partner = self.env["res.partner"].create({"name": "Known"})

        def bind_then_fail(this, data, item):
            item.bind(partner)
            raise UserError("no")

        self.run_it(bind_then_fail)
        record = self.integration.sudo()._type_record()
        self.assertIsNone(record.bound("order", 1))
        self.assertIsNone(record.key_of(partner))

    def import_by_number(self, this, data, item, fail=False):
        """Deal with an order as whoever does without ``item`` would."""
        partner = this.bound("order", data["id"])
        partner = partner or this.env["res.partner"].sudo().create({"name": data["number"]})
        this.bind("order", data["id"], partner)
        self.called.append((this.bound("order", data["id"]), this.key_of(partner, "order")))
        if fail:
            raise UserError("no")
        return partner

    def test_the_one_in_hand_is_known(self):
        def handler(this, data, item):
            partner = self.import_by_number(this, data, item)
            self.assertEqual(self.called.pop(), (partner, str(data["id"])))
            self.assertEqual(item.record, partner)

        self.run_it(handler)
        self.assertEqual([item.record.name for item in self.items()], self.names())
        self.run_it(handler, moment="2025-03-01 13:30")
        self.assertEqual(len(self.names()), 6)

    def test_those_before_it_are_known_and_may_be_bound_otherwise(self):
        seen, other = [], self.env["res.partner"].create({"name": "Other"})

        def handler(this, data, item):
            id_ = data["id"]
            if id_ == 1:
                raise UserError("no")
            before = this.bound("order", id_ - 1)
            seen.append((before and before.name, before and this.key_of(before)))
            item.bind(this.env["res.partner"].sudo().create({"name": data["number"]}))
            if id_ in (3, 4):
                this.bind("order", id_ - 1, other)
            if id_ == 4:
                raise UserError("no")

        for source in (list, iter):
            with self.subTest(source.__name__), self.undone():
                self.orders = source(ORDERS)
                self.run_it(handler)
                expected = [None, None, "SO-2", "SO-3", None]
                self.assertEqual([name for name, __ in seen], expected)
                self.assertEqual([key for __, key in seen], [None, None, "2", "3", None])
                found = [item.record and item.record.name for item in self.items()]
                self.assertEqual(found, ["SO-0", None, "Other", "SO-3", None, "SO-5"])
                self.assertEqual(len(self.items(state="failed")), 2)
                self.assertEqual(self.names(), ["SO-0", "SO-2", "SO-3", "SO-5"])
            seen.clear()

    def test_one_that_is_bound_before_it_comes_is_known_to_be(self):
        known = self.env["res.partner"].create({"name": "Known"})

        def handler(this, data, item):
            if data["id"] == 1:
                this.bind("order", 3, known)
            if not item.record:
                item.bind(this.env["res.partner"].sudo().create({"name": data["number"]}))

        self.run_it(handler)
        self.assertEqual(self.items(key="3").record, known)
        self.assertEqual(self.names(), ["SO-0", "SO-1", "SO-2", "SO-4", "SO-5"])

    def test_what_one_has_bound_of_others_before_it_failed_is_undone(self):
        known = self.env["res.partner"].create({"name": "Known"})

        def handler(this, data, item):
            if data["id"] == 2:
                this.bind("order", 0, known)
                this.bind("order", 2, known)
                this.bind("order", 4, known)
                this.bind("order", 99, known)
                raise data["fail"]
            partner = item.record or this.env["res.partner"].sudo().create({"name": "?"})
            partner.sudo().name = data["number"]
            item.bind(partner)

        for error in (UserError("no"), RetryableError("shop is away")):
            with self.subTest(error), self.undone():
                self.orders[2]["fail"] = error
                self.run_it(handler)
                record = self.integration.sudo()._type_record()
                self.assertIsNone(record.key_of(known))
                self.assertEqual(record.bound("order", 0).name, "SO-0")
                self.assertEqual(record.bound("order", 1).name, "SO-1")

    def test_the_source_knows_those_that_it_has_given(self):
        found = []

        def source(this):
            for order in self.orders:
                yield order
                found.append(this.bound("order", order["id"]).name)

        def work(this, _from, _to):
            this.process_each(source(this), this._import_order, key="id", kind="order")

        with freeze_time("2025-03-01 12:30"), self.importing(), self.running_as(work):
            self.integration.run_manually()
            self.work(self.integration)
        self.assertEqual(found, self.names())

    def test_in_a_retry_the_one_in_hand_is_known(self):
        def fail(this, data, item):
            self.import_by_number(this, data, item, fail=True)

        self.orders = self.orders[:2]
        self.run_it(fail)
        self.assertFalse(self.names())
        self.assertIsNone(self.integration.sudo()._type_record().bound("order", 0))

        def mended(this, data, item):
            self.import_by_number(this, data, item)

        with freeze_time("2025-03-01 13:00"), self.importing(mended):
            self.items().with_user(self.operator).action_retry()
            self.work(self.integration)
        self.assertEqual([item.record.name for item in self.items()], ["SO-0", "SO-1"])

    def test_merged_partners_keep_both_keys(self):
        self.run_it()
        record = self.integration.sudo()._type_record()
        one, other = record.bound("order", 1), record.bound("order", 2)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((one + other).ids, one)
        self.env.invalidate_all()
        self.assertEqual(record.bound("order", 2), one)
        self.assertEqual(record.bound("order", 1), one)


class TestTimeLine(ItemsCase):
    def test_a_record_tells_where_it_came_from(self):
        self.orders[2]["fail"] = "SKU 'A-1' is unknown."
        self.run_it()
        del self.orders[2]["fail"]
        self.run_it(moment="2025-03-01 13:30")
        item = self.items(key="2")
        Event = self.env["ihub.event"].with_user(self.operator)
        action = Event.action_about_records("res.partner", item.record.ids)
        found = Event.search(action["domain"], order="id")
        self.assertEqual(found.mapped("level"), ["error", "info"])
        self.assertEqual(found.item_id, item)


class TestRepair(ItemsCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.start_anew()
        self.run_it()
        self.item = self.items(state="failed")

    def start_anew(self):
        super().start_anew()
        self.orders[2]["fail"] = "SKU 'A-1' is unknown."

    def test_the_card_says_so_until_it_is_repaired(self):
        self.assertEqual(self.integration.health, "to_repair")
        self.assertIn("To repair: 1", self.integration.problem)
        self.assertEqual(self.integration.next_step, "repair")
        self.item.with_user(self.operator)._leave_out("a test")
        self.env.invalidate_all()
        self.assertNotEqual(self.integration.health, "to_repair")

    def test_retry_with_the_data_as_they_came(self):
        run = self.retry(self.item)
        self.assertEqual(
            (run.trigger, run.state, run.message), ("items", "done", "0 done, 1 to repair.")
        )
        self.assertEqual((self.item.state, self.item.attempts), ("failed", 2))
        self.assertEqual(self.item.failed_since, at("2025-03-01 12:30"))

    def retry_in_vain(self):
        def gives_up(this, data, item):
            this.fail("The shop is closed.")

        with freeze_time("2025-03-01 13:00"):
            self.integration.start()
            with self.importing(gives_up):
                self.item.with_user(self.operator).retry()
                self.work(self.integration)

    def test_a_retry_that_gives_up(self):
        self.env["mail.mail"].sudo().search([]).unlink()
        self.retry_in_vain()
        self.assertEqual((self.item.state, self.integration.state), ("failed", "failed"))
        mail = self.env["mail.mail"].sudo().search([("subject", "=", "Orders failed")])
        self.assertIn("still to be repaired, so nothing is lost", mail.body_html)
        with freeze_time("2025-03-01 13:01"):
            self.integration.start()
            self.assertEqual(self.integration.health, "run_failed")
            self.assertEqual(self.integration.problem, "Retrying items failed: The shop is closed.")

    def test_stop_names_what_waits(self):
        self.item.with_user(self.operator).retry()
        action = self.integration.action_stop()
        wizard = self.env[action["res_model"]].with_user(self.operator).browse(action["res_id"])
        lines = wizard.preview.splitlines()
        self.assertEqual(lines, ["Queued runs to be cancelled: 1", "Orders: retried items"])

    def test_data_that_hold_a_record_can_be_corrected(self):
        partner = self.env["res.partner"].create({"name": "Anna"})
        self.orders[3] |= {"fail": "No price.", "customer": partner}
        self.run_it(moment="2025-03-01 12:40")
        item = self.items(key="3")
        item.with_user(self.operator)._change({"mail": "c@d.de"})
        self.assertEqual((item._value()["mail"], item._value()["customer"]), ("c@d.de", partner))

    def change(self, item, **values):
        dialog = (
            self.env["ihub.item.change"].with_user(self.operator).create({"item_ids": item.ids})
        )
        for line in dialog.line_ids.filtered(lambda line: line.path in values):
            line.value = values[line.path]
        dialog.action_save()
        self.env.invalidate_all()
        return item._value()

    def test_an_item_that_is_deleted_while_somebody_repairs_it(self):
        model = self.env["ihub.item.change"].with_user(self.operator)
        dialog = model.create({"item_ids": self.item.ids})
        self.item.with_user(self.manager).unlink()
        for save in (dialog.action_save, dialog.action_save_and_retry):
            with self.assertRaisesRegex(UserError, "nothing left to repair"):
                save()
        self.assertFalse(model.create({}).line_ids)

    def test_half_a_character_and_a_null_byte_keep_nobody_from_repairing(self):
        """Who cuts a text in the midst of an emoji sends the half of it."""
        fields = {"mail": "Email", "phone": "Phone"}
        self.startPatcher(patch.object(self.type_class(), "item_fields", fields))
        odd = {"mail": "a\ud83d\0b", "phone": "1\0", "k\ud83d\0": "x", "rows": [{"c\ud83d": 1}]}
        self.item.sudo().data = json.dumps({**self.item._value(), **odd})
        self.assertTrue(self.item.with_user(self.operator).data_html.encode())
        value = self.change(self.item, mail="c@d.de")
        self.assertEqual((value["mail"], value["phone"]), ("c@d.de", "1\0"))
        self.assertIn("a\ufffd␀b → c@d.de", html2plaintext(self.item.message_ids[0].body))

    def test_a_value_that_is_missing_can_be_entered(self):
        fields = {"mail": "Email", "phone": "Phone", "customer.city": "City"}
        self.startPatcher(patch.object(self.type_class(), "item_fields", fields))
        value = self.change(self.item, mail="c@d.de")
        self.assertEqual((value["mail"], "phone" in value), ("c@d.de", False))
        self.assertEqual(self.change(self.item, phone="030")["phone"], "030")
        with self.assertRaisesRegex(UserError, "no place for City"):
            self.change(self.item, **{"customer.city": "Bonn"})

    def test_what_came_while_somebody_repaired_it_is_kept(self):
        fields = {"mail": "Email", "number": "Number", "phone": "Phone"}
        self.startPatcher(patch.object(self.type_class(), "item_fields", fields))
        dialogs = []
        for _person in range(3):
            model = self.env["ihub.item.change"].with_user(self.operator)
            dialogs.append(Form(model.with_context(default_item_ids=self.item.ids)))
        self.orders[2] |= {"number": "SO-2-NEW"}
        self.run_it(moment="2025-03-01 12:40")
        for dialog, path, text in zip(
            dialogs, ("mail", "mail", "number"), ("c@d.de", "e@f.de", "SO-3"), strict=True
        ):
            index = list(fields).index(path)
            with dialog.line_ids.edit(index) as line:
                line.value = text
        dialogs[0].save().action_save()
        self.env.invalidate_all()
        value = self.item._value()
        self.assertEqual((value["mail"], value["number"]), ("c@d.de", "SO-2-NEW"))
        self.assertNotIn("phone", value)
        for dialog, now in ((dialogs[1], "“c@d.de”"), (dialogs[2], "“SO-2-NEW”")):
            with self.assertRaisesRegex(UserError, f"It is now {now}"):
                dialog.save().action_save()
        self.assertEqual(self.item._value(), value)

    def test_an_address_of_several_lines_is_corrected_as_such(self):
        """Browsers make one line of what is edited where there is room for one only."""
        fields = {"street": "Street", "mail": "Email"}
        self.startPatcher(patch.object(self.type_class(), "item_fields", fields))
        self.orders[3] |= {"fail": "No.", "street": "Main St 1\nBerlin"}
        self.run_it(moment="2025-03-01 12:40")
        view = self.env["ihub.item.change"].get_view(view_type="form")
        found = view["models"]["ihub.item.change.line"]
        self.assertIn("value", found)
        self.assertEqual(self.env["ihub.item.change.line"]._fields["value"].type, "text")
        value = self.change(self.items(key="3"), street="Main St 2\nBerlin\n")
        self.assertEqual(value["street"], "Main St 2\nBerlin\n")
        value = self.change(self.items(key="3"), mail="c@d.de\n")
        self.assertEqual(value["mail"], "c@d.de")

    def test_what_is_corrected_stays_of_its_kind(self):
        fields = dict.fromkeys(("paid", "price", "day", "lines", "a.b"), "Value")
        self.startPatcher(patch.object(self.type_class(), "item_fields", fields))
        day = date(2025, 3, 1)
        self.orders[3] |= {"fail": "No.", "paid": True, "price": Decimal("1.5"), "day": day}
        self.orders[3] |= {"lines": [1], "a.b": "x"}
        self.run_it(moment="2025-03-01 12:40")
        item = self.items(key="3")
        value = self.change(
            item, paid="False", price="2.5", day="2025-03-02", **{"a.b": "y"}
        )  # fmt: skip
        found = value["paid"], value["price"], value["day"], value["a.b"]
        self.assertEqual(found, (False, Decimal("2.5"), date(2025, 3, 2), "y"))
        for path, text in (("paid", "perhaps"), ("price", "much"), ("day", "soon"), ("lines", "2")):
            with self.subTest(path), self.assertRaisesRegex(UserError, "cannot take the place"):
                self.change(item, **{path: text})

    def test_what_was_masked_in_its_midst_ends_no_retry(self):
        self.orders[3] |= {"fail": "No.", "day": datetime(2024, 5, 1), "price": Decimal("2024")}
        masking.know("2024")
        self.run_it(moment="2025-03-01 12:40")
        item = self.items(key="3")
        self.assertEqual(item._value()["day"], datetime(2024, 5, 1))
        item.sudo().data = item.data.replace("2024-05-01T", "***T")
        run = self.retry(item + self.item)
        self.assertEqual((run.state, item.state), ("done", "failed"))
        self.assertIn("data was not kept", item.message)

    def test_what_was_masked_is_never_taken_for_data(self):
        """A secret of any integration may stand in an order by chance."""
        masking.know("4711")
        self.orders[3] |= {"fail": "No product.", "zip": "4711", "paper": b"4711"}
        self.run_it(moment="2025-03-01 12:40")
        item = self.items(key="3")
        self.assertIn("***", item.data_html)
        del self.orders[3]["fail"]
        run = self.retry(item)
        self.assertEqual((run.state, item.state), ("done", "failed"))
        self.assertIn("data was not kept", item.message)
        # Its period has all of it.
        self.run_it(moment="2025-03-01 13:40")
        self.assertEqual(item.state, "done")
        self.assertFalse(item.can_replay)

    def test_what_is_corrected_beside_a_masked_value_is_done_when_it_comes_again(self):
        masking.know("4711")
        self.orders[3] |= {"fail": "No product.", "zip": "4711"}
        self.run_it(moment="2025-03-01 12:40")
        item = self.items(key="3")
        item.with_user(self.operator)._change({"mail": "c@d.de"})
        seen = []

        def look(this, order, item):
            seen.append((order.get("zip"), order["mail"]))
            item.bind(this.env["res.partner"].sudo().create({"name": order["number"]}))

        self.run_it(look, moment="2025-03-01 13:40")
        self.assertIn(("4711", "c@d.de"), seen)
        self.assertEqual(item.state, "done")

    def test_a_retry_makes_up_for_one_that_gave_up(self):
        self.retry_in_vain()
        with freeze_time("2025-03-01 13:01"):
            self.integration.start()
            self.env.invalidate_all()
            self.assertEqual(self.integration.next_step, "repair")
            data = self.item._value()
            del data["fail"]
            self.item.sudo().data = json.dumps(data)
        self.retry(self.item, "2025-03-01 13:10")
        self.assertFalse(self.integration.failed_run_id)

    def test_to_delete_the_last_one_tells_that_nothing_is_left(self):
        self.assertTrue(self.integration.sudo().items_told)
        self.item.with_user(self.manager).unlink()
        self.assertFalse(self.integration.sudo().items_told)

    def test_what_was_left_out_and_wiped_was_not_done(self):
        self.item.with_user(self.operator)._leave_out("a test")
        self.item.with_user(self.manager).action_wipe_data()
        self.item.with_user(self.operator).retry()
        self.integration.stop()
        self.work(self.integration)
        self.assertEqual(self.item.state, "failed")

    def test_in_a_copy_nothing_waits_for_what_is_cancelled(self):
        self.item.with_user(self.operator).retry()
        self.env.flush_all()
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual((self.item.state, bool(self.item.retry_run_id)), ("failed", False))

    def test_repair_and_retry(self):
        change = (
            self.env["ihub.item.change"]
            .with_user(self.operator)
            .create({"item_ids": self.item.ids})
        )
        self.assertEqual(change.line_ids.mapped("label"), ["Email"])
        self.assertEqual(change.line_ids.value, "a@b.de")
        # As the other system would: here what is wrong is no field that people may change.
        data = self.item._value()
        del data["fail"]
        self.item.sudo().data = json.dumps(data)
        change.line_ids.value = "repaired@b.de"
        with freeze_time("2025-03-01 13:00"), self.importing():
            change.action_save_and_retry()
            self.assertEqual(self.item.state, "pending")
            self.work(self.integration)
        self.assertEqual((self.item.state, self.item.message), ("done", False))
        self.assertEqual(self.item.record.name, "SO-2")
        self.assertIn("repaired@b.de", self.item.message_ids[0].body)
        self.assertEqual(self.item._value()["mail"], "repaired@b.de")
        # The same again from the other system does not undo it.
        self.called = []
        self.run_it(moment="2025-03-01 14:00")
        self.assertNotIn(2, self.called)
        self.assertEqual(self.item.state, "done")

    def test_a_later_success_of_the_same_key_resolves_it(self):
        del self.orders[2]["fail"]
        self.run_it(moment="2025-03-01 13:30")
        self.assertEqual((self.item.state, self.item.failed_since), ("done", False))
        self.assertEqual(self.item.record.name, "SO-2")

    def test_left_out_stays_left_out(self):
        wizard = (
            self.env["ihub.item.leave.out"]
            .with_user(self.operator)
            .create({"item_ids": self.item.ids, "reason": "A test order"})
        )
        wizard.action_confirm()
        self.assertEqual((self.item.state, self.item.reason), ("ignored", "A test order"))
        del self.orders[2]["fail"]
        self.called = []
        self.run_it(moment="2025-03-01 13:30")
        self.assertNotIn(2, self.called)
        self.assertEqual(self.counts.ignored, 1)

    def test_who_leaves_out_without_a_reason_is_told_to_give_one(self):
        dialog = Form(
            self.env["ihub.item.leave.out"]
            .with_user(self.operator)
            .with_context(**self.item.with_user(self.operator).action_leave_out()["context"])
        )
        for reason in ("", "  "):
            dialog.reason = reason
            # Saved as the button does before it is pressed.
            wizard = dialog.save()
            with self.assertRaisesRegex(UserError, "Say why, so that others know"):
                wizard.action_confirm()
        self.assertEqual(self.item.state, "failed")

    def test_all_of_a_cause(self):
        self.orders[3]["fail"] = "SKU 'B-2' is unknown."
        self.orders[4]["fail"] = "Something else"
        self.run_it(moment="2025-03-01 12:40")
        with freeze_time("2025-03-01 13:00"), self.importing():
            self.item.with_user(self.operator).action_retry_cause()
        self.assertEqual(self.items(state="pending").mapped("key"), ["2", "3"])

    def test_all_of_a_cause_cost_the_same_however_many_are_ticked(self):
        def count(items):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            with self.importing():
                items.with_user(self.operator).action_retry_cause()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        self.orders = [
            {"id": number, "number": f"SO-{number}", "fail": f"Cause {number % 26 * 'x'}"}
            for number in range(90)
        ]
        self.run_it(moment="2025-03-01 12:40")
        failed = self.items(state="failed").filtered(lambda item: "Cause" in item.message)
        with freeze_time("2025-03-01 13:00"):
            count(failed[:1])
            few = count(failed.filtered(lambda item: item.state == "failed")[:2])
            many = count(failed.filtered(lambda item: item.state == "failed"))
        self.assertEqual(set(failed.mapped("state")), {"pending"})
        self.assertLessEqual(many, few)

    def test_what_is_done_meanwhile_has_no_cause_that_others_share(self):
        self.orders[3]["fail"] = "Something else"
        self.run_it(moment="2025-03-01 12:40")
        other = self.items(key="3")
        # As one that failed without any words has none.
        other.sudo().cause = False
        done = self.items(key="0")
        self.assertEqual((done.state, done.cause), ("done", False))
        with freeze_time("2025-03-01 13:00"), self.importing():
            (self.item + done).with_user(self.operator).action_retry_cause()
            self.assertEqual((self.item.state, other.state), ("pending", "failed"))
            with self.assertRaisesRegex(UserError, "nothing left to repair"):
                done.with_user(self.operator).action_retry_cause()

    def test_a_method_that_an_upgrade_has_renamed(self):
        self.item.sudo().handler = "_import_order_of_yesterday"
        self.retry(self.item)
        self.assertEqual(self.item.state, "failed")
        self.assertIn("type has changed", self.item.message)
        # An addon that comes back has it again.
        self.assertEqual(self.item.sudo().handler, "_import_order_of_yesterday")
        # Its period, run once more, finds the method under its new name.
        self.assertEqual(self.run_it(moment="2025-03-01 13:30").message, "5 done, 1 to repair.")
        self.assertEqual(self.item.sudo().handler, "_import_order")
        self.retry(self.item, moment="2025-03-01 14:00")
        self.assertEqual(self.item.message, "SKU 'A-1' is unknown.")

    def test_data_of_a_model_that_is_gone(self):
        self.item.sudo().data = '{"$": "reference", "of": ["model.that.is.gone", [1]]}'
        run = self.retry(self.item)
        self.assertEqual((run.state, self.item.state), ("done", "failed"))
        self.assertIn("was not kept", self.item.message)
        self.assertTrue(self.item.sudo().data, "The addon may come back.")

    def test_an_item_that_is_deleted_before_it_is_tried_again(self):
        with freeze_time("2025-03-01 13:00"), self.importing():
            self.item.with_user(self.operator).action_retry()
            self.item.with_user(self.manager).unlink()
            self.work(self.integration)
        self.assertEqual(self.runs(self.integration)[-1].state, "done")

    def test_a_retry_that_is_stopped_gives_the_items_back(self):
        with freeze_time("2025-03-01 13:00"), self.importing():
            self.item.with_user(self.operator).action_retry()
            self.integration.stop()
            self.work(self.integration)
        self.assertEqual(self.runs(self.integration)[-1].state, "cancelled")
        self.assertEqual(self.item.state, "failed")

    def test_an_outage_during_a_retry_blames_no_item(self):
        def away(this, data, item):
            raise RetryableError("shop is away")

        with freeze_time("2025-03-01 13:00"), self.importing(away):
            self.item.with_user(self.operator).action_retry()
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual((run.state, self.item.state), ("pending", "pending"))
        self.assertEqual(self.item.message, "SKU 'A-1' is unknown.")
        self.assertEqual(self.item.attempts, 1)

    def test_what_nobody_may_do(self):
        with self.assertRaises(AccessError):
            self.item.with_user(self.outsider).action_retry()
        with self.assertRaises(AccessError):
            self.item.with_user(self.operator).write({"state": "done"})
        with self.assertRaises(AccessError):
            self.item.with_user(self.operator).read(["data"])
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.item.with_user(self.operator)._change({"number": "x"})

    def test_who_sees_how_many_are_to_be_repaired(self):
        Item = self.env["ihub.item"]
        self.assertEqual(Item.with_user(self.operator).count_to_repair(), 1)
        theirs = self.env["res.company"].create({"name": "Theirs"})
        other = self._user(
            "ihub_other", "ihub.group_user", company_id=theirs.id, company_ids=[(6, 0, theirs.ids)]
        )
        self.assertEqual(Item.with_user(other).count_to_repair(), 0)
        with self.assertRaises(AccessError):
            Item.with_user(self.outsider).count_to_repair()
        self.item.with_user(self.operator)._leave_out("A test order.")
        self.assertEqual(Item.with_user(self.operator).count_to_repair(), 0)

    def test_a_run_leads_to_what_it_has_left(self):
        def left(run):
            action = run.with_user(self.operator).action_open_to_repair()
            if action.get("res_id"):
                return self.env["ihub.item"].browse(action["res_id"])
            return self.env["ihub.item"].search([*action["domain"], ("state", "=", "failed")])

        first = self.runs(self.integration)[-1]
        self.assertEqual(left(first), self.item)
        self.assertEqual(left(self.retry(self.item)), self.item)
        self.orders = []
        self.assertFalse(left(self.run_it(moment="2025-03-02 12:30")))

    def test_a_page_offers_items_where_there_are_some(self):
        self.assertTrue(self.integration.has_items)
        self.assertFalse(self.add(name="Parcels").has_items)

    def test_it_is_assigned(self):
        self.item.with_user(self.operator).action_assign_to_me()
        self.assertEqual(self.item.user_id, self.operator)

    def test_it_is_assigned_to_somebody_else(self):
        colleague = self._user("colleague", "ihub.group_user")
        self.item.with_user(self.operator).user_id = colleague
        self.assertEqual(self.item.user_id, colleague)
        # As Odoo tells of what is assigned.
        self.assertIn(colleague.partner_id, self.item.message_partner_ids)

    def test_it_is_not_assigned_to_who_may_not_see_it(self):
        with self.assertRaisesRegex(ValidationError, "does not have access to order SO-2"):
            self.item.with_user(self.operator).user_id = self.outsider

    def test_nothing_else_of_it_is_written(self):
        for name in self.item._fields.keys() - {"user_id", *MAGIC_COLUMNS}:
            with self.assertRaises(AccessError, msg=name):
                self.item.with_user(self.manager).write({name: False, "user_id": False})

    def test_search_finds_it_by_key_and_name(self):
        found = self.env["ihub.item"].with_user(self.operator).name_search("SO-2")
        self.assertEqual(found, [(self.item.id, "order SO-2")])

    def test_retention_forgets_what_was_left_out(self):
        self.item.with_user(self.operator)._leave_out("A test order.")
        with freeze_time("2025-05-01 12:00"):
            self.env["ihub.item"]._gc_data()
        self.assertFalse(self.item.sudo().data)

    def test_retention_forgets_data_and_keeps_bindings(self):
        items = self.items(state="done")
        with freeze_time("2025-05-01 12:00"):
            self.env["ihub.item"]._gc_data()
        self.assertEqual(set(items.sudo().mapped("data")), {False})
        self.assertTrue(all(items.mapped("record")))
        self.assertTrue(self.item.sudo().data)


@pytest.mark.slow
class TestCompanies(ItemsCase):
    """A type that serves all companies deals with each element in the company that it is of."""

    def setUp(self):
        super().setUp()
        cls = self.type_class()
        self.startPatcher(patch.object(cls, "is_multi_company_compatible", True))
        self.others = self.env["res.company"].create([{"name": "North"}, {"name": "South"}])
        self.manager.company_ids |= self.others
        self.integration = self.add()
        self.assertEqual(self.integration.run_as_id, self.manager)
        self.run_it()

    @contextmanager
    def importing(self, handler=None):
        def import_order(this, data, item):
            self.called.append((data["id"], this.env.company.name))
            raise UserError("no")

        def work(this, _from, _to):
            this.process_each(self.orders[:1], this._import_order, "id", kind="order")
            for company, order in zip(self.others, self.orders[1:], strict=False):
                there = this.with_company(company)
                there.process_each([order], there._import_order, "id", kind="order")

        with super().importing(import_order), self.running_as(work):
            yield

    def test_retry_is_in_the_company_of_each(self):
        found, self.called = self.called, []
        self.assertEqual(found[1:], [(1, "North"), (2, "South")])
        self.retry(self.items())
        self.assertEqual(self.called, found)
        # Nor is it another one when the user has become at home elsewhere.
        self.manager.company_id = self.others[1]
        self.called = []
        self.retry(self.items())
        self.assertEqual(self.called, found)

    def test_what_belongs_to_a_company_that_is_not_the_users_any_more_stays_failed(self):
        self.manager.company_ids -= self.others[0]
        self.called = []
        run = self.retry(self.items())
        self.assertEqual((run.state, [id_ for id_, __ in self.called]), ("done", [0, 2]))
        item = self.items(key="1")
        self.assertEqual(item.state, "failed")
        self.assertIn("company North", item.message)
        self.manager.company_ids |= self.others[0]
        self.called = []
        self.retry(item)
        self.assertEqual(self.called, [(1, "North")])


@pytest.mark.slow
class TestDoneWithErrors(ItemsCase):
    def test_a_reported_error_is_not_plainly_done(self):
        def work(this, _from, _to):
            this.ihub_error("Something is wrong")

        with freeze_time("2025-03-01 12:30"), patch.object(self.type_class(), "run_from_to", work):
            self.integration.run_manually()
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual((run.state, run.with_errors), ("done", True))
        self.assertIn("with errors", run.message)
        self.assertEqual(self.integration.health, "with_errors")
        self.integration.action_dismiss_failed_run()
        self.env.invalidate_all()
        self.assertNotEqual(self.integration.health, "with_errors")

    def test_what_an_item_told_whose_work_was_undone_is_no_error_of_the_run(self):
        """The others are kept when it ends the attempt."""

        def away(this, data, item):
            if data["id"] == 3:
                this.ihub_error("The shop does not answer.")
                raise RetryableError("The shop does not answer.")

        self.integration.start()
        for moment, handler in (("12:30", away), ("13:00", lambda this, data, item: None)):
            with freeze_time(f"2025-03-01 {moment}"), self.importing(handler):
                self.work(self.integration)
        run = self.runs(self.integration)[0]
        self.assertEqual((run.outcome, run.attempt, run.processed), ("done", 2, 6))

    def test_what_was_told_before_it_is(self):
        def away(this, data, item):
            if data["id"] == 2:
                this.ihub_error("Customer 17 has no address.")
            if data["id"] == 3:
                raise RetryableError("The shop does not answer.")

        self.integration.start()
        for moment, handler in (("12:30", away), ("13:00", lambda this, data, item: None)):
            with freeze_time(f"2025-03-01 {moment}"), self.importing(handler):
                self.work(self.integration)
        self.assertEqual(self.runs(self.integration)[0].outcome, "with_errors")


class TestDemoShop(HubCase):
    def test_one_order_is_to_be_repaired(self):
        integration = self.add("ihub.integration.demo.shop")
        integration.run_manually()
        self.work(integration)
        run = self.runs(integration)[-1]
        self.assertEqual(run.message, "11 done, 1 to repair.")
        item = self.env["ihub.item"].search(
            [("integration_id", "=", integration.id), ("state", "=", "failed")]
        )
        change = (
            self.env["ihub.item.change"].with_user(self.operator).create({"item_ids": item.ids})
        )
        line = change.line_ids.filtered(lambda line: line.path == "customer.email")
        self.assertEqual((line.label, line.value), ("Email", "fatima.haddad(at)example.com"))
        line.value = "fatima.haddad@example.com"
        change.action_save_and_retry()
        self.work(integration)
        self.assertEqual(item.state, "done")
        self.assertEqual(item.record.email, "fatima.haddad@example.com")
        self.assertEqual(integration.health, "created")


@pytest.mark.slow
class TestPersonalData(ItemsCase):
    def test_data_are_wiped_and_the_binding_stays(self):
        self.orders[2]["fail"] = "Anna Berger is unknown"
        self.run_it()
        items = self.items(key="1") + self.items(key="2")
        with self.assertRaises(AccessError):
            items.with_user(self.operator).action_wipe_data()
        items.with_user(self.manager).action_wipe_data()
        self.assertEqual(items.sudo().mapped("data"), [False, False])
        self.assertFalse(items[1].message)
        self.assertEqual(items[0].record.name, "SO-1")

    def test_nothing_that_was_told_of_wiped_data_is_left(self):
        problem = 'Anna\'s <sister> Berger & Co is "unknown"'
        self.orders[2] |= {"fail": problem, "mail": "anna@example.com"}
        self.orders[3]["fail"] = "No price."
        reader = self._user("ihub_reader", "ihub.group_user", notification_type="email")
        self.integration.sudo().write({"user_id": reader.id, "notify_by_activity": True})
        self.run_it()
        item = self.items(key="2")
        item.with_user(self.operator)._change({"mail": "berger@example.com"})
        item.with_user(self.operator).message_post(body="Anna has called.")
        item.with_user(self.operator)._leave_out("Anna has cancelled.")
        self.env.flush_all()
        item.with_user(self.manager).action_wipe_data()
        self.env.flush_all()
        self.env.invalidate_all()
        of_integration = [("model", "=", "ihub.integration")]
        notices = self.env["mail.message"].sudo().search(of_integration)
        told = [
            *notices.read(),
            *notices.mail_ids.read(["body_html"]),
            *self.integration.sudo().activity_ids.read(["note"]),
            *item.sudo().read(),
            *item.sudo().message_ids.read(),
            *item.sudo().message_ids.tracking_value_ids.read(),
            *self.env["ihub.event"].sudo().search([("item_id", "=", item.id)]).read(),
            *self.env["ihub.event"].time_line("ihub.item", item.id)["entries"],
        ]
        self.assertNotRegex(str(told), "(?i)anna|berger")
        self.assertIn("wiped", item.sudo().message_ids.body)
        self.assertIn("No price.", str(notices.mapped("body")))
        self.assertIn("No price.", self.integration.sudo().activity_ids.note)

    def test_nor_of_the_run_that_too_many_of_them_have_ended(self):
        self.integration.sudo().failed_items_limit = 1
        for order in self.orders:
            order["fail"] = "Anna Berger is unknown."
        run = self.run_it()
        self.assertEqual(run.state, "failed")
        self.items(state="failed").with_user(self.manager).action_wipe_data()
        self.env.flush_all()
        self.env.invalidate_all()
        told = [
            *run.sudo().read(),
            *self.integration.sudo().read(),
            *self.integration.sudo().message_ids.read(),
            *self.env["ihub.event"].sudo().search([]).read(),
        ]
        self.assertNotRegex(str(told), "(?i)anna|berger")
        self.assertIn("Too many items failed", str(told))

    def test_everybody_who_sees_it_may_comment_on_it(self):
        self.run_it()
        self.items(key="1").with_user(self.operator).message_post(body="I have asked the shop.")


@pytest.mark.slow
class TestColumns(ItemsCase):
    """A type adds columns to lists of its items."""

    def setUp(self):
        super().setUp()
        columns = {"number": "Number", "customer.name": "Customer"}
        self.startPatcher(patch.object(self.type_class(), "item_columns", columns))
        self.orders[1].update(customer={"name": "Anna"}, fail="no")

    def test_they_are_read_from_the_data_of_done_and_failed_ones(self):
        self.run_it()
        self.assertEqual(dict(self.items(key="0").columns), {"number": "SO-0"})
        item = self.items(key="1").with_user(self.operator)
        found = item.read(["columns"])[0]["columns"]
        self.assertEqual(
            [(one["name"], one["string"], one["value"]) for one in found],
            [("number", "Number", "SO-1"), ("customer_name", "Customer", "Anna")],
        )

    def test_they_follow_what_is_corrected(self):
        self.run_it()
        item = self.items(key="1")
        self.startPatcher(patch.object(self.type_class(), "item_fields", {"customer.name": "C"}))
        item._change({"customer.name": "Berta"})
        self.retry(item)
        self.assertEqual(dict(item.columns)["customer_name"], "Berta")

    def test_they_show_what_came_and_not_what_its_method_has_made_of_it(self):
        def change(this, data, item):
            data["number"] = "changed"
            data.pop("customer", None)
            if data["id"] == 1:
                raise UserError("no")

        self.run_it(change)
        self.assertEqual(dict(self.items(key="0").columns), {"number": "SO-0"})
        columns = dict(self.items(key="1").columns)
        self.assertEqual(columns, {"number": "SO-1", "customer_name": "Anna"})

    def test_an_element_may_be_deleted_when_it_is_done(self):
        """As a record of what is to be sent."""

        def sent(this, data, item):
            data.sudo().unlink()

        columns = {"name": "Name"}
        self.startPatcher(patch.object(self.type_class(), "item_columns", columns))
        self.orders = self.env["res.partner"].create([{"name": "A"}, {"name": "B"}])
        run = self.run_it(sent)
        self.assertEqual((run.state, run.message), ("done", "Done: 2 records."))
        shown = {item.columns["name"] for item in self.items()}
        self.assertEqual(shown, {"A", "B"})

    def test_one_searches_and_groups_by_them(self):
        self.run_it()
        Item = self.env["ihub.item"].with_user(self.operator)
        mine = [("integration_id", "=", self.integration.id)]
        self.assertEqual(Item.search([*mine, ("columns.customer_name", "ilike", "ann")]).key, "1")
        groups = Item.formatted_read_group(mine, ["columns.customer_name"], ["__count"])
        counts = {group["columns.customer_name"]: group["__count"] for group in groups}
        self.assertEqual(counts, {"Anna": 1, False: 5})

    def test_the_web_client_finds_who_has_any(self):
        Integration = self.env["ihub.integration"].with_user(self.operator)
        found = Integration.search([("item_column_definitions", "!=", False)])
        self.assertIn(self.integration, found)
        types = {
            model for model in Integration._type_names() if Integration._item_columns_of(model)
        }
        self.assertEqual(set(found.mapped("integration_type")), types)

    def test_wiping_the_data_wipes_them(self):
        self.run_it()
        self.items(key="1").action_wipe_data()
        self.assertFalse(dict(self.items(key="1").columns))


class TestSearch(ItemsCase):
    """One box finds an item by its key, its name, and the name of its record."""

    def found(self, text):
        mine = [("integration_id", "=", self.integration.id)]
        domain = [*mine, ("display_name", "ilike", text)]
        return self.env["ihub.item"].with_user(self.operator).search(domain).mapped("key")

    def setUpOnce(self):
        super().setUpOnce()
        self.start_anew()
        self.orders = [{"id": f"K-{n}-7", "number": f"SO-{n}"} for n in range(3)]
        self.run_it()

    def test_by_key_and_by_name(self):
        self.assertEqual(self.found("k-1-7"), ["K-1-7"])
        self.assertEqual(self.found("so-2"), ["K-2-7"])

    def test_by_what_the_record_is_called_today(self):
        self.items(key="K-1-7").record.name = "Zebra Ltd"
        self.assertEqual(self.found("zebra"), ["K-1-7"])

    def test_by_a_record_that_is_archived(self):
        self.items(key="K-1-7").record.write({"name": "Zebra Ltd", "active": False})
        self.assertEqual(self.found("zebra"), ["K-1-7"])

    def test_not_by_the_name_of_a_record_that_one_may_not_see(self):
        record = self.items(key="K-1-7").record
        record.name = "Zebra Ltd"
        other = self.env["res.company"].create({"name": "Other"})
        record.company_id = other
        self.assertEqual(self.found("zebra"), [])
