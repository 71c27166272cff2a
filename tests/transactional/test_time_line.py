"""One time line tells what happened to a record, to an item and to an integration."""

import pytest
from freezegun import freeze_time
from hub_case import HubCase, at
from items_case import ItemsCase
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.report import time_line
from odoo.addons.ihub.report.sentences import stored

REASON = "SKU 'A-1' is unknown."


class TimeLineCase(ItemsCase):
    def story(self, record, user=None, limit=time_line.PAGE):
        Event = self.env["ihub.event"].with_user(user or self.operator)
        return Event.time_line(record._name, record.id, limit)

    def titles(self, record, **options):
        return [entry["title"] for entry in self.story(record, **options)["entries"]]

    def flush_tracking(self):
        """Let what was tracked in this transaction become messages, as its end would."""
        self.env.flush_all()
        self.cr.flush()

    def count_queries(self, record):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.story(record)
        return self.cr.sql_log_count - before


@pytest.mark.slow
class TestRecord(TimeLineCase):
    def test_what_came_without_trouble_is_there(self):
        self.run_it()
        item = self.items(key="2")
        story = self.story(item.record)
        self.assertEqual(story["title"], "Where SO-2 came from")
        self.assertFalse(story["more"])
        (entry,) = story["entries"]
        self.assertEqual(entry["title"], "Order SO-2 came from Orders.")
        self.assertEqual((entry["at"], entry["detail"]), ("2025-03-01 12:30:00", ""))
        self.assertEqual((entry["icon"], entry["severity"]), ("fa-check", "success"))
        self.assertEqual(entry["open"], {"model": "ihub.item", "id": item.id})

    def test_what_led_to_it_is_there(self):
        """Also what was reported before there was a record, and each thing once."""
        self.orders[2]["fail"] = REASON
        self.run_it()
        del self.orders[2]["fail"]
        self.run_it(moment="2025-03-01 13:30")
        record = self.items(key="2").record
        self.assertEqual(
            self.titles(record),
            [
                "Order SO-2 came from Orders.",
                "Order SO-2 came for the first time.",
                f"order SO-2: {REASON}",
            ],
        )

    def test_what_was_reported_about_it_is_there(self):
        partner = self.env["res.partner"].create({"name": "Peter"})
        self.integration.sudo().ihub_warning("Has no VAT number", related=partner)
        (entry,) = self.story(partner)["entries"]
        self.assertEqual((entry["title"], entry["severity"]), ("Has no VAT number", "warning"))
        self.assertEqual(entry["open"]["model"], "ihub.event")

    def test_bound_without_having_come(self):
        partner = self.env["res.partner"].create({"name": "Peter"})
        self.integration.sudo()._type_record().bind("customer", "7", partner)
        self.assertEqual(self.titles(partner), ["Orders knows it as customer 7."])

    def test_what_is_left_to_do_is_said(self):
        self.run_it()
        self.orders[2] |= {"fail": REASON, "new": True}
        self.run_it(moment="2025-03-01 13:30")
        item = self.items(key="2")
        entries = self.story(item.record)["entries"]
        self.assertEqual(entries[0]["detail"], f"To Repair: {REASON}")
        self.assertEqual(entries[0]["severity"], "warning")
        self.assertEqual(len(entries), 2, "What failed is said once.")
        item.with_user(self.operator)._leave_out("A test")
        newest = self.story(item.record)["entries"]
        self.assertIn("Left Out: A test", [entry["detail"] for entry in newest])

    def test_undone_is_said(self):
        partner = self.env["res.partner"].create({"name": "Peter"})
        self.integration.sudo().ihub_info("Written", related=partner)
        self.env["ihub.event"].search([], limit=1).sudo().undone = True
        (entry,) = self.story(partner)["entries"]
        self.assertIn("rolled back", entry["detail"])

    def test_what_may_not_be_seen_has_no_name(self):
        self.run_it()
        record = self.items(key="2").record
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {record.id})]",
            }
        )
        self.assertEqual(self.story(record)["title"], f"Where Contact {record.id} came from")

    def test_what_is_gone_breaks_nothing(self):
        self.run_it()
        record = self.items(key="2").record
        record.unlink()
        self.assertEqual(self.titles(record), ["Order SO-2 came from Orders."])
        Event = self.env["ihub.event"].with_user(self.operator)
        self.assertEqual(Event.time_line("no.such.model", 5)["entries"], [])

    def test_only_members_of_the_hub(self):
        with self.assertRaises(AccessError):
            self.story(self.env.user.partner_id, user=self.outsider)

    def test_not_what_another_company_has_done(self):
        self.run_it()
        record = self.items(key="2").record
        self.integration.sudo().ihub_info("Secret", related=record, integration=self.integration)
        company = self.env["res.company"].create({"name": "Others"})
        stranger = self._user(
            "stranger", "ihub.group_user", company_id=company.id, company_ids=company.ids
        )
        self.assertTrue(self.integration.company_id)
        self.assertEqual(self.titles(record, user=stranger), [])
        for hidden in (self.integration, self.items(key="2")):
            with self.assertRaises(AccessError):
                self.story(hidden, user=stranger)

    def test_in_the_language_of_the_reader(self):
        self.orders[2]["fail"] = REASON
        self.run_it()
        item = self.items(key="2")
        self.env["res.lang"]._activate_lang("de_DE")
        label = self.env["ir.model.fields.selection"].search(
            [("field_id.model", "=", "ihub.item"), ("value", "=", "failed")]
        )
        label.with_context(lang="de_DE").name = "Zu reparieren"
        Event = self.env["ihub.event"].with_user(self.operator).with_context(lang="de_DE")
        entry = Event.time_line("ihub.item", item.id)["entries"][0]
        self.assertEqual(entry["detail"], f"Zu reparieren: {REASON}")

    def test_bound_and_older(self):
        partner = self.env["res.partner"].create({"name": "Peter"})
        for number in range(7):
            with freeze_time(f"2025-03-01 12:0{number}"):
                self.integration.sudo().ihub_info(f"No {number}", related=partner)
        story = self.story(partner, limit=3)
        self.assertEqual([e["title"] for e in story["entries"]], ["No 6", "No 5", "No 4"])
        self.assertTrue(story["more"])
        story = self.story(partner, limit=10)
        self.assertEqual(len(story["entries"]), 7)
        self.assertFalse(story["more"])
        self.assertLessEqual(len(self.story(partner, limit=10**9)["entries"]), time_line.MOST)

    def test_queries_do_not_grow(self):
        self.run_it()
        record = self.items(key="2").record
        about = {"related": record, "integration": self.integration.sudo()}
        self.env["res.partner"].ihub_info("one", **about)
        self.count_queries(record)
        few = self.count_queries(record)
        for __ in range(60):
            self.env["res.partner"].ihub_info("more", **about)
        self.integration.sudo()._type_record().bind("order", "another", record)
        self.assertLessEqual(self.count_queries(record), few)


@pytest.mark.slow
class TestItem(TimeLineCase):
    def fail_and_repair(self):
        self.orders[2]["fail"] = REASON
        self.run_it()
        item = self.items(key="2")
        with freeze_time("2025-03-01 12:45"):
            item.with_user(self.operator)._change({"mail": "c@d.de"})
        # Its data as they were kept would fail again.
        item.sudo().data = item.sudo().data.replace(REASON, "")
        with freeze_time("2025-03-01 13:00"), self.importing():
            item.with_user(self.operator).action_retry()
            self.flush_tracking()
            self.work(self.integration)
        return item

    def test_its_whole_story(self):
        item = self.fail_and_repair()
        story = self.story(item)
        self.assertEqual(story["title"], "What happened to order SO-2")
        self.assertEqual(
            [(entry["at"][11:16], entry["title"], entry["who"]) for entry in story["entries"]],
            [
                ("13:00", "Order SO-2 came from Orders.", ""),
                ("13:00", "State: To Repair → Queued", "ihub_operator (ihub.group_user)"),
                ("13:00", "It was tried again.", "ihub_operator (ihub.group_user)"),
                ("12:45", "Corrected: Email: a@b.de → c@d.de", "ihub_operator (ihub.group_user)"),
                ("12:30", "Order SO-2 came for the first time.", ""),
                ("12:30", f"order SO-2: {REASON}", ""),
                ("12:30", "It came with a run.", "ihub_operator (ihub.group_user)"),
            ],
        )

    def test_who_left_it_out_and_why(self):
        self.orders[2]["fail"] = REASON
        self.run_it()
        item = self.items(key="2")
        with freeze_time("2025-03-01 12:45"):
            item.with_user(self.operator)._leave_out("A test")
            self.flush_tracking()
        entry = self.story(item)["entries"][0]
        self.assertEqual(entry["title"], "State: To Repair → Left Out")
        self.assertIn("A test", entry["detail"])
        self.assertIn("ihub_operator", entry["who"])

    def test_it_waits(self):
        self.orders[2]["fail"] = REASON
        self.run_it()
        item = self.items(key="2")
        item.with_user(self.operator).action_retry()
        self.assertIn("It waits to be tried again.", self.titles(item))
        self.integration.stop()
        self.work(self.integration)
        self.assertIn("The run that was to try it again was cancelled.", self.titles(item))

    def test_no_name_of_a_person_who_may_not_be_seen(self):
        item = self.fail_and_repair()
        hidden = self.operator.partner_id
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
            }
        )
        (entry,) = (
            one
            for one in self.story(item, user=self.manager)["entries"]
            if one["title"].startswith("Corrected")
        )
        self.assertEqual(entry["who"], "")

    def test_queries_do_not_grow(self):
        item = self.fail_and_repair()
        self.count_queries(item)
        few = self.count_queries(item)
        for number in range(20):
            item.with_user(self.operator).message_post(body=f"note {number}")
        self.retry_failing(item)
        self.assertLessEqual(self.count_queries(item), few)

    def retry_failing(self, item):
        for number in range(3):
            item.sudo().write({"state": "failed"})
            self.retry(item, f"2025-03-01 14:0{number}")


class TestIntegration(TimeLineCase):
    def setUpOnce(self):
        super().setUpOnce()
        # That it was created today is of no interest here.
        self.flush_tracking()
        self.integration.sudo().message_ids.unlink()
        values = {"integration_id": self.integration.id, "kind": "order", "key": "1"}
        self.item = self.env["ihub.item"].create(values)

    def ended(self, state, moment, trigger="schedule", **values):
        """Add a run that has ended at a moment of 1 March 2025."""
        ended = at(f"2025-03-01 {moment}")
        run = self.env["ihub.run"].create(
            {
                "integration_id": self.integration.id,
                "trigger": trigger,
                "state": state,
                "window_from": at("2025-02-01 00:00"),
                "window_to": at("2025-02-02 00:00"),
                "due": ended,
                "started_at": ended,
                "ended_at": ended,
                **values,
            }
        )
        if state == "done":
            said = run._outcome(run.failed_items, run.with_errors, usual=0)
            run.write(stored(self.integration, said))
        return run

    def report(self, level, summary, second=0, **values):
        """Add an event of 1 March 2025, 11:00."""
        values |= {"company_id": self.integration.company_id.id}
        values |= {"integration_id": self.integration.id, "level": level, "summary": summary}
        moment = at("2025-03-01 11:00").replace(second=second)
        self.env["ihub.event"].create({"create_date": moment, **values})

    def fail_on_schedule(self, error):
        def broken(*_window):
            raise error

        self.integration.start()
        with self.running_as(broken):
            self.work(self.integration)

    def runs_told(self, **options):
        entries = self.story(self.integration, **options)["entries"]
        return [(e["title"], e["detail"]) for e in entries if e["key"].startswith("ihub.run")]

    def test_what_is_as_usual_is_one_line(self):
        for minute in range(10, 15):
            self.ended("done", f"11:{minute}", processed=3)
        (entry,) = self.story(self.integration)["entries"]
        self.assertEqual(entry["title"], "5 runs, all done.")
        self.assertIn("11:10", entry["detail"])
        self.assertIn("11:14", entry["detail"])
        self.assertIsNone(entry["open"])

    def test_what_is_not_as_usual_has_its_own(self):
        self.ended("done", "11:00")
        self.ended("done", "11:01")
        self.ended("done", "11:02", "manual", user_id=self.operator.id, processed=7)
        self.ended("failed", "11:03", message="No route to host")
        self.ended("done", "11:04")
        self.ended("done", "11:05")
        self.ended("done", "11:06", failed_items=2, processed=9)
        self.ended("done", "11:07", with_errors=True)
        self.ended("done", "11:08", "backfill")
        self.ended("done", "11:09")
        self.assertEqual(
            [title for title, __ in self.runs_told()],
            [
                "2 runs, all done.",
                "Scheduled run: With Errors",
                "Scheduled run: Incomplete",
                "A run, done.",
                "Scheduled run: done again, after a failure",
                "Scheduled run: Failed",
                "Manual run: Done",
                "2 runs, all done.",
            ],
        )
        details = dict(self.runs_told())
        self.assertEqual(details["Scheduled run: Failed"], "No route to host")
        self.assertEqual(details["Scheduled run: Incomplete"], "7 done, 2 to repair.")
        self.assertEqual(details["Manual run: Done"], "Done: 7 records.")
        who = {e["title"]: e["who"] for e in self.story(self.integration)["entries"]}
        self.assertIn("ihub_operator", who["Manual run: Done"])
        self.assertEqual(who["Scheduled run: Failed"], "")

    def test_done_after_some_attempts_is_worth_knowing(self):
        self.ended("done", "11:00", attempt=3)
        self.ended("done", "11:01", attempt=3, forgiven_attempts=2)
        titles = [title for title, __ in self.runs_told()]
        self.assertEqual(titles, ["A run, done.", "Scheduled run: done again, after a failure"])

    def test_what_is_queued_is_not_told_but_what_is_tried_again(self):
        run = self.integration.with_user(self.operator).run_manually()
        self.assertEqual(self.runs_told(), [])
        # One that was put off says so, on its own page.
        run.sudo().message = "60 runs started within a minute"
        self.assertEqual(self.runs_told(), [])
        run.sudo().write({"attempt": 1, "message": "No route to host", "ended_at": run.due})
        self.assertEqual(
            self.runs_told(),
            [("Manual run: failed, will be retried automatically", "No route to host")],
        )

    def test_what_waits_for_start_is_not_retried_automatically(self):
        self.fail_on_schedule(RetryableError("busy"))
        retried = "Scheduled run: failed, will be retried automatically"
        self.assertEqual(self.runs_told(), [(retried, "busy")])
        self.integration.stop()
        self.assertEqual(self.runs_told(), [("Scheduled run: Attempt Failed", "busy")])

    def test_the_next_run_after_one_that_has_failed_for_good_is_not_told(self):
        """It waits for Start, and nothing tries it again by itself."""
        self.fail_on_schedule(UserError("broken"))
        self.assertTrue(self.runs(self.integration, state="pending").message)
        self.assertEqual([title for title, _ in self.runs_told()], ["Scheduled run: Failed"])

    def test_warnings_of_one_run_are_one_line(self):
        run = self.ended("done", "11:00")
        self.report("warning", "Odd 1", run_id=run.id)
        self.report("warning", "Odd 2", run_id=run.id)
        self.report("error", "Alone", second=1)
        self.report("error", "Of an item", run_id=run.id, item_id=self.item.id)
        entries = self.story(self.integration)["entries"]
        self.assertEqual(
            [(entry["title"], entry["detail"]) for entry in entries],
            [("Alone", ""), ("A run, done.", ""), ("Odd 2", "1 more of the same run.")],
        )
        self.assertEqual(entries[2]["open"], {"model": "ihub.run", "id": run.id})

    @mute_logger("odoo.addons.ihub.engine.worker")
    def test_failure_of_a_run_is_told_once(self):
        def fail(this, _from, _to):
            raise UserError("No route to host")

        with self.running_as(fail):
            self.integration.run_manually()
            self.work(self.integration)
        self.assertEqual(self.titles(self.integration), ["Manual run: Failed"])

    def test_who_changed_what(self):
        with freeze_time("2025-03-01 11:00"):
            integration = self.integration.with_user(self.manager)
            integration.write({"name": "Purchases", "active": False})
            self.flush_tracking()
        entry = self.story(self.integration)["entries"][0]
        texts = [entry["title"], *entry["detail"].split("\n")]
        self.assertEqual(set(texts), {"Name: Orders → Purchases", "Active: Yes → No"})
        self.assertIn("ihub_manager", entry["who"])

    def test_nothing_is_left_out_between_what_is_shown(self):
        """Where the bound cuts off one kind, what is older of another kind waits with it."""
        self.ended("failed", "10:00", message="Early")
        limit = 2
        for __ in range(limit * time_line.EVENTS_PER_ENTRY + 5):
            self.report("error", "Odd", item_id=self.item.id)
        self.ended("failed", "12:00", message="Late")
        story = self.story(self.integration, limit=limit)
        self.assertEqual([e["detail"] for e in story["entries"]], ["Late"])
        self.assertTrue(story["more"])
        self.assertEqual([d for __, d in self.runs_told()], ["Late", "Early"])

    def test_queries_do_not_grow(self):
        def more(count):
            for number in range(count):
                self.ended("failed", f"11:{number:02}", message="No")
                self.ended("done", f"11:{number:02}", "manual", user_id=self.operator.id)
                self.integration.sudo().ihub_warning("Odd")
                self.integration.with_user(self.manager).message_post(body="Seen")

        more(2)
        self.count_queries(self.integration)
        few = self.count_queries(self.integration)
        more(30)
        self.assertLessEqual(self.count_queries(self.integration), few)


class TestEvents(HubCase):
    def test_all_events_of_what_a_time_line_is_about(self):
        integration = self.add()
        integration.sudo().ihub_info("Told")
        Event = self.env["ihub.event"].with_user(self.operator)
        action = Event.action_about_records("ihub.integration", integration.ids)
        self.assertEqual(Event.search(action["domain"]).mapped("summary"), ["Told"])
