"""Nothing is green where an item has failed: runs, cards, the page and the time line say so."""

import json
from itertools import product
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from odoo.exceptions import AccessError

from odoo.addons.ihub.models.ihub_run import ENDED, OUTCOME_LOOKS
from odoo.addons.ihub.report import coverage as coverage_module

from .hub_case import at
from .test_items import ItemsCase


class TruthCase(ItemsCase):
    def repair(self, number):
        """Let what is wrong with an order be right, as in the other system."""
        item = self.items(key=str(number))
        item.sudo().data = item.sudo().data.replace('"fail": "no"', '"fail": ""')

    def listed(self, action):
        """Return the items that an action shows to the operator: a list, or the page of one."""
        if action.get("res_id"):
            return self.env["ihub.item"].browse(action["res_id"])
        return self.env["ihub.item"].with_user(self.operator).search(action["domain"], order="id")


@pytest.mark.slow
class TestRuns(TruthCase):
    def test_a_run_with_a_failed_item_is_not_merely_done(self):
        self.orders[2]["fail"] = "no"
        run = self.run_it()
        self.assertEqual((run.state, run.outcome, run.message),
                         ("done", "incomplete", "5 done, 1 to repair."))  # fmt: skip
        self.assertEqual(OUTCOME_LOOKS[run.outcome][1], "warning")
        [[id_, outcome, *__, message]] = json.loads(self.integration.run_strip)
        self.assertEqual((id_, outcome, message), (run.id, "incomplete", run.message))
        self.assertEqual(self.integration.last_run_state, "incomplete")

    def test_its_items_open_from_it_until_they_are_repaired(self):
        self.orders[2]["fail"] = self.orders[3]["fail"] = "no"
        run = self.run_it().with_user(self.operator)
        failed = self.items(state="failed")
        self.assertEqual(run.open_item_count, 2)
        self.assertEqual(self.listed(run.action_open_to_repair()), failed)
        self.repair(2)
        again = self.retry(failed)
        self.env.invalidate_all()
        # A list of one would be a click more.
        self.assertEqual(run.action_open_to_repair()["res_id"], failed[1].id)
        opened = self.integration.with_user(self.operator).action_open_to_repair()
        self.assertEqual(opened["res_id"], failed[1].id)
        # The run that has tried them again has left one, and is not green either.
        self.assertEqual((again.outcome, again.message), ("incomplete", "1 done, 1 to repair."))
        self.assertEqual(self.listed(again.action_open_to_repair()), failed[1])
        # What was, was: only what is still open is of now.
        self.assertEqual((run.outcome, run.failed_items), ("incomplete", 2))

    def test_what_waits_for_its_retry_is_still_open(self):
        self.orders[2]["fail"] = "no"
        run = self.run_it().with_user(self.operator)
        with freeze_time("2025-03-01 13:00"):
            self.items(state="failed").with_user(self.operator).action_retry()
        self.env.invalidate_all()
        self.assertEqual(run.open_item_count, 1)
        again = self.runs(self.integration)[-1]
        self.assertEqual(self.listed(again.action_open_to_repair()), self.items(state="pending"))

    def test_the_error_of_another_integration_is_none_of_the_run(self):
        other = self.add(name="Stock feed")

        def work(this, _from, _to):
            this.ihub_error("The feed is broken.", integration=other)
            other.with_env(this.env).ihub_error("It is.")

        with freeze_time("2025-03-01 12:30"), self.running_as(work):
            run = self.integration.run_manually()
            self.work(self.integration)
        self.assertEqual(run.outcome, "done")
        domain = [("integration_id", "=", other.id), ("level", "=", "error")]
        self.assertEqual(self.env["ihub.event"].search_count(domain), 2)

    def test_a_run_with_errors_is_not_merely_done(self):
        def odd(this, _from, _to):
            this.ihub_error("Half of it is odd.")

        with freeze_time("2025-03-01 12:30"), self.running_as(odd):
            self.integration.run_manually()
            self.work(self.integration)
        run = self.runs(self.integration)[-1]
        self.assertEqual((run.state, run.outcome), ("done", "with_errors"))
        self.assertEqual(json.loads(self.integration.run_strip)[0][1], "with_errors")

    def test_the_database_and_python_mean_the_same_by_an_outcome(self):
        runs = self.env["ihub.run"].sudo().create([
            {
                "integration_id": self.integration.id, "trigger": "manual", "state": state,
                "window_from": at("2025-03-01 08:00"), "window_to": at("2025-03-01 09:00"),
                "due": at("2025-03-01 09:00"), "skipped": skipped, "failed_items": failed,
                "with_errors": with_errors,
            }
            for state, skipped, failed, with_errors in product(
                ENDED, (True, False), (0, 3), (True, False))
        ])  # fmt: skip
        # As in rows from before there was such a thing.
        self.env.flush_all()
        self.cr.execute(
            "UPDATE ihub_run SET skipped = NULL, failed_items = NULL, with_errors = NULL"
            " WHERE id = %s", [runs[-1].id],
        )  # fmt: skip
        self.env.invalidate_all()
        groups = self.env["ihub.run"]._read_group(
            [("id", "in", runs.ids)], ["outcome"], ["id:recordset"]
        )
        self.assertGreater(len(groups), 5)
        for outcome, found in groups:
            with self.subTest(outcome=outcome):
                self.assertEqual(set(found.mapped("outcome")), {outcome})
                domain = [("id", "in", runs.ids), ("outcome", "=", outcome)]
                self.assertEqual(self.env["ihub.run"].search(domain), found.sorted("id", True))
                self.assertEqual(runs.filtered_domain(domain), found.sorted("id"))
                others = [("id", "in", runs.ids), ("outcome", "!=", outcome)]
                self.assertEqual(
                    self.env["ihub.run"].search(others), (runs - found).sorted("id", True)
                )

    def test_the_history_counts_it_apart(self):
        self.orders[2]["fail"] = "no"
        self.run_it()
        with freeze_time("2025-03-01 12:40"):
            found = self.integration.history()
        self.assertEqual([run["state"] for run in found["runs"]], ["incomplete"])
        self.assertEqual(found["days"], [{"day": "2025-03-01", "incomplete": 1}])


@pytest.mark.slow
class TestTimeLine(TruthCase):
    PERIOD = ("2025-03-01 08:00:00", "2025-03-01 12:00:00")

    def run_for(self, start, end):
        with freeze_time("2025-03-01 12:30"), self.importing():
            self.integration.run_manually(f"2025-03-01 {start}:00", f"2025-03-01 {end}:00")
            self.work(self.integration)
        return self.runs(self.integration)[-1]

    @freeze_time("2025-03-01 12:40")
    def line(self):
        found = self.integration.coverage(*self.PERIOD)["segments"]
        return [(s["from"][11:16], s["to"][11:16], s["status"], s["to_repair"]) for s in found]

    def test_a_window_with_a_failed_item_is_not_green_until_it_is_repaired(self):
        self.run_for("08:00", "09:00")
        self.orders = [{"id": n, "number": f"SO-{n}", "fail": "no"} for n in (10, 11)]
        self.orders.append({"id": 12, "number": "SO-12"})
        run = self.run_for("09:00", "10:00")
        self.orders = []
        self.run_for("10:00", "11:00")
        expected = [
            ("08:00", "09:00", "done", 0),
            ("09:00", "10:00", "incomplete", 2),
            ("10:00", "11:00", "done", 0),
            ("11:00", "12:00", "pending", 0),
        ]
        self.assertEqual(self.line(), expected)
        with patch.object(coverage_module, "MAX_SINGLE", 0):
            self.assertEqual(self.line(), expected)
        action = self.integration.action_open_items_of("2025-03-01 09:00:00", "2025-03-01 10:00:00")
        self.assertEqual(self.listed(action), self.items(state="failed"))
        action = self.integration.action_open_items_of("2025-03-01 10:00:00", "2025-03-01 11:00:00")
        self.assertFalse(self.listed(action))
        # What is queued is not repaired yet.
        self.repair(10)
        with freeze_time("2025-03-01 12:35"):
            self.items(key="10").with_user(self.operator).action_retry()
        self.assertEqual(self.line(), expected)
        with freeze_time("2025-03-01 12:35"), self.importing():
            self.work(self.integration)
        self.assertEqual(self.line()[1], ("09:00", "10:00", "incomplete", 1))
        self.items(key="11").with_user(self.operator)._leave_out("It was a test.")
        self.assertEqual(self.line()[1], ("09:00", "10:00", "done", 0))
        self.assertEqual(run.outcome, "incomplete")

    def test_the_only_one_to_repair_of_a_period_is_opened_at_once(self):
        for hour in (8, 9):
            self.orders = [{"id": hour, "number": f"SO-{hour}", "fail": "no"}]
            self.run_for(f"{hour:02}:00", f"{hour + 1:02}:00")
            action = self.integration.action_open_items_of(
                f"2025-03-01 {hour:02}:00:00", f"2025-03-01 {hour + 1:02}:00:00"
            )
            self.assertEqual(action["res_id"], self.items(key=str(hour)).id)

    def test_items_that_came_before_an_attempt_was_cut_off_count_too(self):
        self.options = {"cursor": lambda: 1}
        self.orders[0]["fail"] = "no"
        orders = self.orders

        def source():
            yield from orders[:2]
            raise ConnectionError("cut off")

        self.orders = source()
        self.run_for("09:00", "10:00")
        self.orders = []
        again = self.run_for("09:00", "10:00")
        self.assertEqual(again.state, "done")
        self.assertEqual(self.line()[1], ("09:00", "10:00", "incomplete", 1))

    def test_the_number_of_queries_does_not_depend_on_items(self):
        def cost():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.line()
            return self.env.cr.sql_log_count - before

        self.run_for("09:00", "10:00")
        cost()
        none = cost()
        for n, order in enumerate(self.orders):
            order |= {"fail": "no", "id": 100 + n}
        self.run_for("10:00", "11:00")
        self.run_for("08:00", "09:00")
        self.assertEqual(len(self.items(state="failed")), 6)
        self.assertEqual(cost(), none)

    def test_other_companies_see_nothing_of_it(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.integration.sudo().write({"company_id": company.id, "user_id": False})
        with self.assertRaises(AccessError):
            self.integration.action_open_items_of(*self.PERIOD)


@pytest.mark.slow
class TestCard(TruthCase):
    def setUp(self):
        super().setUp()
        self.orders[2]["fail"] = self.orders[3]["fail"] = "no"
        with freeze_time("2025-03-01 12:30"), self.importing():
            self.integration.start()
            self.work(self.integration)
        self.startPatcher(freeze_time("2025-03-01 12:40"))

    def test_data_are_complete_except_what_is_to_be_repaired(self):
        self.assertEqual(self.integration.health, "to_repair")
        self.assertRegex(self.integration.problem, r"^Complete until .*, except 2 items\.$")
        self.items(key="2").with_user(self.operator)._leave_out("Not ours.")
        self.env.invalidate_all()
        self.assertRegex(self.integration.problem, r"^Complete until .*, except one item\.$")
        self.items(key="3").with_user(self.operator)._leave_out("Not ours.")
        self.env.invalidate_all()
        self.assertFalse(self.integration.problem)
        self.assertEqual(self.integration.health, "ok")

    def test_while_it_runs_the_number_is_still_there(self):
        seen = []

        def look(this, _from, _to):
            this.env.invalidate_all()
            card = this.env(user=self.operator.id)["ihub.integration"].browse(self.integration.id)
            seen.append((card.health, card.to_repair_count))

        with freeze_time("2025-03-01 13:30"), self.running_as(look):
            self.work(self.integration)
        self.assertEqual(seen, [("working", 2)])

    def test_a_stopped_one_is_amber_too(self):
        self.integration.stop()
        self.assertEqual(self.integration.health, "to_repair")
        self.assertEqual(self.integration.health_severity, "warning")
        self.assertEqual(self.integration.next_step, "repair")
