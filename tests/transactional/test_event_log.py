"""What is reported is there: in the best form, in order, about the right things."""

from unittest.mock import patch

import psycopg2
from freezegun import freeze_time
from hub_case import DEMO, HubCase
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.ihub.engine import context as context
from odoo.addons.ihub.lib.exceptions import IntegrationError
from odoo.addons.ihub.tests.common import IhubCase


class EventCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["ihub.event"]
        cls.partner = cls.env["res.partner"].create({"name": "Peter"})

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add()
        self.demo = self.env[DEMO].search([("integration_id", "=", self.integration.id)])

    def setUp(self):
        super().setUp()
        self.before = self.Event.search([], limit=1).id or 0

    def events(self, *domain):
        """Return what this test has reported, oldest first."""
        return self.Event.search([("id", ">", self.before), *domain], order="id")

    def event(self):
        return self.events().ensure_one()

    def scope(self, **values):
        run = self.env["ihub.run"].search([("integration_id", "=", self.integration.id)], limit=1)
        run = run or self.integration.sudo().run_manually()
        company = self.integration.company_id.id
        scope = context.RunScope(self.env.cr.dbname, run.id, self.integration.id, company, **values)
        return context.executing(scope)


@tagged("standard", "post_install", "-at_install")
class TestEventLog(EventCase):
    def test_levels(self):
        self.demo.ihub_info("one")
        self.demo.ihub_warning("two")
        self.demo.ihub_error("three")
        self.assertEqual(
            self.events().mapped(lambda e: (e.level, e.summary)),
            [("info", "one"), ("warning", "two"), ("error", "three")],
        )

    def test_who_and_which(self):
        self.demo.with_user(self.operator).sudo().ihub_info("one", related=self.partner)
        event = self.event()
        self.assertEqual(event.integration_id, self.integration)
        self.assertEqual(event.company_id, self.integration.company_id)
        self.assertEqual(event.user_id, self.operator)
        self.assertEqual(event.related, self.partner)
        self.assertEqual(event.related_name, "Peter")
        self.assertFalse(event.undone)

    @freeze_time("2025-03-01 12:00:00.123456")
    def test_time_of_reporting_is_kept(self):
        self.demo.ihub_info("one")
        self.assertEqual(str(self.event().create_date), "2025-03-01 12:00:00.123456")

    def test_order_is_kept_across_levels_and_flushes(self):
        for number in range(50):
            (self.demo.ihub_error if number % 7 == 0 else self.demo.ihub_info)(str(number))
        self.assertEqual(self.events().mapped("summary"), [str(n) for n in range(50)])

    # --- Which integration ---

    def test_integration_is_self(self):
        self.integration.ihub_info("one")
        self.assertEqual(self.event().integration_id, self.integration)

    def test_integration_is_given(self):
        for given in (self.demo, self.integration):
            self.partner.ihub_info("one", integration=given)
        self.assertEqual(self.events().integration_id, self.integration)

    def test_given_integration_wins(self):
        other = self.add(name="Other")
        self.demo.ihub_info("one", integration=other)
        self.assertEqual(self.event().integration_id, other)

    def test_integration_is_the_one_that_runs(self):
        with self.scope():
            self.partner.ihub_info("one")
        self.assertEqual(self.event().integration_id, self.integration)
        self.assertEqual(self.event().run_id.integration_id, self.integration)

    def test_run_is_not_that_of_another_integration(self):
        other = self.add(name="Other")
        with self.scope():
            other.ihub_info("one")
        self.assertFalse(self.event().run_id)

    def test_wrong_integrations_are_ignored(self):
        wrong = [self.partner, self.env[DEMO], self.env["ihub.integration"], 7, "x", object(), []]
        with self.scope():
            for number, integration in enumerate(wrong):
                self.partner.ihub_info(str(number), integration=integration)
        self.assertEqual(len(self.events()), len(wrong))
        self.assertEqual(self.events().integration_id, self.integration)

    def test_first_of_many_integrations_counts(self):
        self.partner.ihub_info("one", integration=self.integration + self.add(name="Other"))
        self.assertEqual(self.event().integration_id, self.integration)

    def test_company_outside_any_integration_is_the_users(self):
        self.partner.with_user(self.operator).ihub_info("one")
        self.assertEqual(self.event().company_id, self.operator.company_id)

    # --- What ---

    def test_summary_falls_back_to_details(self):
        self.demo.ihub_info(details="\n first line\nsecond line")
        self.assertEqual(self.event().summary, "first line")

    def test_nothing_at_all_is_an_event(self):
        self.demo.ihub_info()
        self.assertTrue(self.event().summary)

    def test_long_summary_goes_on_in_details(self):
        self.demo.ihub_info("x" * 1000, "more")
        event = self.event()
        self.assertLessEqual(len(event.summary), 300)
        self.assertTrue(event.details.startswith("x" * 1000))
        self.assertTrue(event.details.endswith("more"))

    def test_error_in_handler_has_traceback(self):
        try:
            raise ValueError("broken")
        except ValueError:
            self.demo.ihub_error("Import failed")
        self.assertIn("ValueError: broken", self.event().details)
        self.assertIn("test_error_in_handler_has_traceback", self.event().details)

    def test_exception_as_summary(self):
        self.demo.ihub_error(ValueError("broken"))
        self.assertEqual(self.event().summary, "broken")
        self.assertIn("ValueError: broken", self.event().details)

    def test_unknown_arguments_are_kept(self):
        self.demo.ihub_info("one", order=7)
        self.assertIn('"order": 7', self.event().details)

    def test_a_structure_alone_says_more_than_its_first_bracket(self):
        self.demo.ihub_info(message="one", order=7)
        self.assertEqual(self.event().summary, '{ "message": "one", "order": 7 }')

    def test_changed_later_is_stored_as_it_was(self):
        values = {"state": "before"}
        self.demo.ihub_info("one", values)
        values["state"] = "after"
        self.assertIn("before", self.event().details)

    def test_secrets_are_masked(self):
        self.demo.ihub_info("token=abc", {"password": "abc"})
        self.assertNotIn("abc", self.event().summary + self.event().details)

    def test_in_a_language_that_nobody_knows(self):
        demo = self.demo.with_context(lang="xx_XX")
        demo.ihub_error()
        demo.ihub_info("x" * 2_000_000)
        self.assertEqual(len(self.events()), 2)
        self.assertIn("(no summary)", self.events().mapped("summary"))

    # --- Raising ---

    def test_raised(self):
        for arguments in ({"raised": True}, {"raise": True}):
            with self.assertRaisesRegex(IntegrationError, "broken"):
                self.demo.ihub_error("broken", **arguments)
        self.assertEqual(self.events().mapped("summary"), ["broken", "broken"])

    def test_run_knows_that_an_error_was_reported(self):
        with self.scope() as scope:
            self.partner.ihub_warning("one")
            self.assertFalse(scope.error_logged)
            self.partner.ihub_error("two")
            self.assertTrue(scope.error_logged)

    # --- Related ---

    def test_related_is_any_kind_of_record(self):
        gone = self.env["res.partner"].create({"name": "Gone"})
        gone.unlink()
        related = {
            "Gone": gone,
            "New": self.env["res.partner"].new({"name": "New"}),
            "Peter (+1)": self.partner + self.env["res.partner"].create({"name": "Paul"}),
            False: self.env["res.partner"],
            "some text": "some text",
        }
        for record in related.values():
            self.demo.ihub_info("one", related=record)
        names = self.events().mapped("related_name")
        self.assertEqual(names[1:], list(related)[1:])
        self.assertIn(names[0], ("Gone", f"res.partner,{gone.id}"))

    def test_name_of_related_is_read_without_flushing(self):
        self.partner.invalidate_recordset()
        self.partner.name = "Changed"
        # What is asked of the integration itself is another matter.
        self.integration.read(["company_id"]), self.demo.read(["integration_id"])
        with self.assertQueryCount(0):
            self.demo.ihub_info("one", related=self.partner)
        self.assertEqual(self.event().related_name, "Changed")

    def test_related_of_a_removed_model(self):
        self.demo.ihub_info("one", related=self.partner)
        event = self.event()
        self.env.cr.execute(
            "UPDATE ihub_event SET res_model = 'no.model' WHERE id = %s", [event.id]
        )
        self.Event.invalidate_model()
        self.assertFalse(self.event().related)
        self.assertEqual(self.event().related_state, "gone")
        self.assertEqual(self.event().related_name, "Peter")


@tagged("standard", "post_install", "-at_install")
class TestEventTransactions(EventCase):
    def fail(self):
        with self.env.cr.savepoint():
            self.demo.ihub_info("inside")
            raise ZeroDivisionError

    def test_savepoint_that_is_rolled_back_marks_what_is_inside(self):
        self.demo.ihub_info("before")
        with self.assertRaises(ZeroDivisionError):
            self.fail()
        self.demo.ihub_info("after")
        self.assertEqual(
            self.events().mapped(lambda e: (e.summary, e.undone)),
            [("before", False), ("inside", True), ("after", False)],
        )

    def test_savepoint_that_is_kept_marks_nothing(self):
        with self.env.cr.savepoint():
            self.demo.ihub_info("inside")
            with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
                self.demo.ihub_info("deeper")
                raise ZeroDivisionError
        self.assertEqual(self.events().mapped("undone"), [False, True])

    def test_written_before_it_was_undone(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.demo.ihub_info("inside")
            self.assertEqual(len(self.events()), 1)
            raise ZeroDivisionError
        self.assertTrue(self.event().undone)

    def test_aborted_transaction(self):
        cr = self.env.cr
        with mute_logger("odoo.sql_db"), self.assertRaises(ZeroDivisionError), cr.savepoint():
            with self.assertRaises(psycopg2.Error):
                cr.execute("SELECT 1/0")
            self.partner.invalidate_recordset(flush=False)
            self.demo.ihub_info("one", related=self.partner)
            self.demo.ihub_error("two")
            raise ZeroDivisionError
        self.assertEqual(self.events().mapped("summary"), ["one", "two"])
        self.assertEqual(self.events().mapped("undone"), [True, True])

    def test_other_cursors_of_a_test(self):
        with self.enter_registry_test_mode():
            with self.registry.cursor() as cr:
                self.demo.with_env(self.env(cr=cr)).ihub_info("committed")
            cr = self.registry.cursor()
            self.demo.with_env(self.env(cr=cr)).ihub_info("rolled back")
            cr.close()
        self.assertEqual(
            self.events().mapped(lambda e: (e.summary, e.undone)),
            [("committed", False), ("rolled back", True)],
        )

    def test_events_of_a_run_that_fails(self):
        def run_from_to(self, _from, _to):
            self.ihub_info("work")
            raise ValueError("broken")

        with self.running_as(run_from_to):
            self.integration.run_manually()
            self.work(self.integration)
        work = self.events(("summary", "=", "work")).ensure_one()
        self.assertTrue(work.undone)
        self.assertTrue(work.run_id)
        error = self.events(("level", "=", "error")).ensure_one()
        self.assertFalse(error.undone)


@tagged("standard", "post_install", "-at_install")
class TestEventsVanish(EventCase):
    """Two tests that must not see each other's events."""

    def test_one(self):
        self.assertFalse(self.Event.search([("summary", "=", "vanishes")]))
        self.demo.ihub_info("vanishes")
        self.assertTrue(self.Event.search([("summary", "=", "vanishes")]))

    test_two = test_one


@tagged("standard", "post_install", "-at_install")
class TestWithoutTheKit(TransactionCase):
    """Test cases of others: events are there, and harm nothing."""

    def setUp(self):
        super().setUp()
        self.demo = self.env[DEMO].create({"name": "Orders"})

    def summaries(self):
        domain = [("integration_id", "=", self.demo.integration_id.id), ("level", "!=", "warning")]
        return self.env["ihub.event"].search(domain, order="id").mapped("summary")

    def work(self, **values):
        self.demo.write(values)
        run = self.demo.integration_id.run_manually()
        with self.enter_registry_test_mode():
            self.demo.cron_id.method_direct_trigger()
        self.env.invalidate_all()
        return run

    def test_events_are_there_at_once_and_cost_no_queries(self):
        self.demo.integration_id.company_id  # noqa: B018
        with self.assertQueryCount(0):
            self.demo.ihub_info("one")
            self.demo.ihub_error("two", "x" * 100_000)
        self.assertEqual(self.summaries(), ["one", "two"])

    def test_what_is_rolled_back_takes_its_events_along(self):
        self.demo.ihub_info("before")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.demo.ihub_info("inside")
            raise ZeroDivisionError
        self.demo.ihub_info("after")
        self.assertEqual(self.summaries(), ["before", "after"])

    def test_an_aborted_transaction_takes_none(self):
        cr = self.env.cr
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.Error), cr.savepoint():
            try:
                cr.execute("SELECT 1/0")
            finally:
                self.demo.ihub_error("lost")
        self.demo.ihub_info("after")
        self.assertEqual(self.summaries(), ["after"])

    def test_a_run_and_its_checkpoints(self):
        def run_from_to(this, _from, _to):
            this.ihub_info("first")
            this.checkpoint(1, resume=1)
            this.ihub_info("second")

        with patch.object(self.registry[DEMO], "run_from_to", run_from_to):
            run = self.work()
        self.assertEqual((run.state, run.processed), ("done", 1))
        self.assertEqual(self.summaries(), ["first", "second"])

    def test_a_run_that_fails_keeps_the_reason(self):
        def run_from_to(this, _from, _to):
            this.ihub_info("work")
            raise ValueError("broken")

        with patch.object(self.registry[DEMO], "run_from_to", run_from_to):
            self.assertEqual(self.work().state, "failed")
        self.assertEqual(self.summaries(), ["ValueError: broken"])


@tagged("standard", "post_install", "-at_install")
class TestKitInTheBrowser(IhubCase, HttpCase):
    def test_what_a_request_reports_is_there(self):
        integration = self.env[DEMO].create({"name": "Orders"}).integration_id
        integration.ihub_info("before")
        new_test_user(self.env, "ihub_kit", "base.group_user,ihub.group_user", password="ihub_kit")
        self.authenticate("ihub_kit", "ihub_kit")
        call = {"model": integration._name, "method": "open_events", "args": [integration.ids]}
        with patch.object(self.registry[integration._name], "open_events", report):
            self.make_jsonrpc_request("/web/dataset/call_kw", {**call, "kwargs": {}})
        events = integration.event_ids.sorted("id")
        self.assertEqual(events.mapped("summary"), ["before", "inside"])
        self.assertEqual(events[1].user_id.login, "ihub_kit")


def report(records):
    records.ihub_info("inside")
