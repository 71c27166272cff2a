"""The board: how each integration is doing, what comes first, and what to press."""

from datetime import timedelta
from itertools import count
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from lxml import etree
from odoo.exceptions import AccessError
from odoo.tools import file_open

from odoo.addons.ihub.core.health import RANK
from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.report import health as facts

from .hub_case import HubCase, at

NOW = "2025-03-01 12:30"


def nothing(this, _from, _to):
    pass


def broken(this, _from, _to):
    raise ValueError("The price of A1 is missing.")


def unlucky(this, _from, _to):
    raise RetryableError("The shop is being maintained.", delay=600)


class BoardCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.env["ihub.integration"].search([]).stop()
        self.env["ihub.integration"].search([]).active = False
        self.numbers = count()

    def setUp(self):
        super().setUp()
        frozen = freeze_time(NOW)
        frozen.start()
        self.addCleanup(frozen.stop)
        self.board = self.env["ihub.integration"].with_user(self.operator)

    def started(self, name, **values):
        integration = self.add(name=name, **{"window_from": at("2025-03-01 12:00"), **values})
        integration.start()
        return integration

    def stage(self):
        """Return integrations of many healths, by what theirs is expected to be."""
        staged = {
            "ok": self.started("Fine"),
            "created": self.add(name="New"),
            "stopped": self.started("Stopped"),
            "failed": self.started("Failed"),
            "retrying": self.started("Retrying", window_from=at("2025-03-01 11:00")),
            "no_worker": self.started("Switched off"),
            "catching_up": self.started(
                "Behind", catch_up="each", window_from=at("2025-03-01 09:00")
            ),
            "type_missing": self.started("Missing"),
            "blocked": self.started(
                "Blocked", run_as_id=self._user(f"old{next(self.numbers)}", "ihub.group_user").id
            ),
            "queued": self.add(name="Queued"),
            "run_failed": self.started("Run failed"),
            "interrupted": self.started("Dead"),
            "late": self.started("Late", window_from=at("2025-03-01 12:00")),
            "to_repair": self.started("To repair"),
        }
        with self.running_as(broken):
            staged["run_failed"].run_manually()
            self.work(staged["run_failed"])
        staged["stopped"].stop()
        staged["failed"].sudo()._fail("The price of A1 is missing.")
        with self.running_as(unlucky):
            self.work(staged["retrying"])
        staged["no_worker"].sudo().cron_id.active = False
        staged["blocked"].sudo().run_as_id.active = False
        staged["queued"].run_manually()
        self.runs(staged["interrupted"], trigger="schedule").sudo()._begin()
        self.make_late(staged["late"])
        self.add_items(staged["to_repair"])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET integration_type = 'gone' WHERE id = %s",
            [staged["type_missing"].id],
        )
        self.env.invalidate_all()
        return staged

    def add_items(self, integration):
        """As after a run in which some could not be taken over."""
        for __ in range(3):
            values = {"kind": "order", "key": str(next(self.numbers)), "state": "failed"}
            self.env["ihub.item"].sudo().create({"integration_id": integration.id, **values})

    def make_late(self, integration):
        """As after an outage: begun long ago, and its next attempt comes in a moment."""
        integration.sudo().late_after_intervals = 1
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET state_date = '2025-03-01 06:00' WHERE id = %s",
            [integration.id],
        )
        self.runs(integration, trigger="schedule").sudo().write(
            {
                "window_from": at("2025-03-01 07:00"),
                "window_to": at("2025-03-01 08:00"),
                "due": at("2025-03-01 12:31"),
            }
        )

    def cost(self, look=None):
        """Return the number of queries that opening the board, or something else, takes."""
        look = look or self.open_board
        self.env.flush_all()
        # Rights and views are cached by the server, not by the transaction.
        look()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        look()
        return self.env.cr.sql_log_count - before

    def open_page(self):
        arch = self.board.get_view(self.env.ref("ihub.ihub_integration_view_form").id, "form")
        names = {f.get("name") for f in etree.fromstring(arch["arch"]).iter("field")}
        page = self.board.search([("name", "=", "Fine")], limit=1)
        page.web_read({name: {} for name in names})

    def fields_of_cards(self):
        arch = self.board.get_view(self.env.ref("ihub.ihub_integration_view_kanban").id, "kanban")
        return {f.get("name"): {} for f in etree.fromstring(arch["arch"]).iter("field")}

    def open_board(self):
        fields = self.fields_of_cards()
        self.board.web_read_group(
            [], ["state"], auto_unfold=True, unfold_read_specification=fields, order="health"
        )
        self.board.board_summary()


@pytest.mark.slow
class TestAllHealths(BoardCase):
    """A board on which there is one of each."""

    def setUpOnce(self):
        super().setUpOnce()
        with freeze_time(NOW):
            self.staged = self.stage()

    def test_each_is_as_it_was_brought_to_be(self):
        self.assertEqual({i.health: i.name for i in self.staged.values()},
                         {word: i.name for word, i in self.staged.items()})  # fmt: skip

    def test_what_needs_attention_comes_first(self):
        found = self.board.search([], order="health, name")
        words = found.mapped("health")
        self.assertEqual(words, sorted(words, key=RANK.get))
        self.assertEqual(len(found), len(self.staged))
        backwards = self.board.search([], order="health desc, name")
        self.assertEqual(backwards[0].health, "stopped")
        self.assertEqual(self.board.search([], order="health, name", limit=1), found[0])

    def test_the_columns_begin_with_what_has_failed(self):
        groups = self.board.web_read_group([], ["state"])["groups"]
        states = [group["state"] for group in groups]
        self.assertEqual(states, ["failed", "running", "stopped", "created"])

    def test_a_click_shows_as_many_as_were_counted(self):
        summary = self.board.board_summary()
        self.assertEqual(set(summary), set(self.staged))
        for word, number in summary.items():
            self.assertEqual(self.board.search_count([("health", "=", word)]), number, word)

    def test_the_opposite_can_be_searched_for(self):
        self.assertEqual(
            self.board.search_count([("health", "!=", "stopped")])
            + self.board.board_summary()["stopped"],
            self.board.search_count([]),
        )

    def test_the_number_of_queries_does_not_depend_on_how_many_there_are(self):
        few = self.cost()
        for __ in range(3):
            self.stage()
        self.assertLessEqual(self.cost(), few)

    def test_the_number_of_queries_does_not_depend_on_items(self):
        few, few_of_page = self.cost(), self.cost(self.open_page)
        for integration in self.staged.values():
            self.add_items(integration)
        self.assertEqual(self.board.board_summary()["to_repair"], 5)
        self.assertLessEqual(self.cost(), few)
        self.assertLessEqual(self.cost(self.open_page), few_of_page)

    def test_one_answer_is_of_one_moment(self):
        search = {"domain": [("health", "!=", "stopped")], "order": "health, name"}
        for read in (
            lambda fields: self.board.web_search_read(specification=fields, **search),
            lambda fields: self.board.web_read_group(
                groupby=["state"], auto_unfold=True, unfold_read_specification=fields, **search
            ),
        ):
            self.env.invalidate_all()
            with patch.object(facts, "facts_of", wraps=facts.facts_of) as look:
                answer = read(self.fields_of_cards())
            self.assertEqual(look.call_count, 1)
            self.assertGreater(answer["ihub_summary"]["failed"], 0)

    def test_there_is_one_obvious_button(self):
        expected = {
            "ok": False,
            "created": "start",
            "stopped": "start",
            "failed": "start",
            "retrying": "retry",
            "no_worker": "start",
            "catching_up": False,
            "type_missing": "open",
            "blocked": "open",
            "queued": False,
            # Its exception was written for nobody.
            "run_failed": "report",
            "interrupted": False,
            "late": "retry",
            "to_repair": "repair",
        }
        self.assertEqual({word: i.next_step for word, i in self.staged.items()}, expected)


class TestHealth(BoardCase):
    def test_equals_are_in_the_order_of_their_names(self):
        for name in ("C", "A", "B"):
            self.started(name)
        self.assertEqual(self.board.search([], order="health, name").mapped("name"), [*"ABC"])

    def test_an_empty_board(self):
        self.assertFalse(self.board.search([], order="health, name"))
        self.assertEqual(self.board.board_summary(), {})

    def test_a_copy_says_that_nothing_starts_by_itself(self):
        integration = self.started("Orders")
        stopped = self.started("Stopped before")
        stopped.stop()
        self.neutralize()
        self.assertEqual(stopped.health, "stopped")
        self.assertEqual(integration.health, "copy")
        self.assertIn("copy of a database", integration.problem)
        self.assertIn("because this is a copy", integration.state_reason)
        self.assertEqual(integration.next_step, "start")

    def notice(self):
        return self.board.web_search_read([], {"health": {}})["ihub_notice"]

    def test_a_copy_says_so_once_for_all(self):
        integration = self.started("Orders")
        self.assertFalse(self.notice())
        self.neutralize()
        self.assertIn("copy of a database", self.notice())
        self.assertTrue(integration.is_said_above)

    def test_without_a_scheduler_nobody_says_that_all_is_well(self):
        integration = self.started("Orders")
        self.assertEqual(integration.health, "ok")
        self.env.cr.execute("UPDATE ir_cron SET lastcall = NULL, nextcall = %s", (at(NOW),))
        with freeze_time(at(NOW) + timedelta(minutes=2)):
            self.env.invalidate_all()
            self.assertEqual(integration.health, "no_worker")
            self.assertIn("No scheduler picks up what is due", self.notice())
            self.assertIn("No scheduler picks up what is due", integration.problem)
            self.assertTrue(integration.is_said_above)
            self.assertFalse(integration.next_step)

    def test_what_is_due_and_not_begun_is_queued(self):
        integration = self.started("Orders", window_from=at("2025-03-01 11:00"))
        with freeze_time(at(NOW) + timedelta(seconds=5)):
            self.env.invalidate_all()
            self.assertEqual(integration.health, "queued")

    def test_what_is_started_in_a_copy_runs_as_ever(self):
        integration = self.started("Orders", window_from=at("2025-03-01 11:00"))
        self.neutralize()
        integration.start()
        with self.running_as(nothing):
            self.work(integration)
        self.assertEqual(integration.health, "ok")

    def neutralize(self):
        """As ``odoo neutralize`` does."""
        self.env.flush_all()
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", "True")
        self.env.invalidate_all()

    def test_what_was_stopped_is_not_tried_again(self):
        integration = self.started("Orders", window_from=at("2025-03-01 11:00"))
        with self.running_as(unlucky):
            self.work(integration)
        self.assertEqual(integration.health, "retrying")
        integration.stop()
        self.assertEqual(integration.health, "stopped")
        self.assertFalse(integration.problem)
        self.assertFalse(integration.next_run)

    def test_an_unsaved_one_can_be_shown(self):
        draft = self.env["ihub.integration"].new({"name": "Draft"})
        self.assertEqual(draft.health, "created")


@pytest.mark.slow
class TestKnown(BoardCase):
    """What is known of runs and items is looked up again when one of them changes."""

    def assertNothingIsOld(self, step):
        # As superuser: also fields that are for managers alone, and rows that only the hub writes.
        shown = self.integration.sudo()
        names = [name for name, field in shown._fields.items() if field.compute and not field.store]
        known, of_type = shown.read(names), self.row.sudo().read(self.of_type)
        self.env.invalidate_all()
        self.assertEqual(known, shown.read(names), step)
        self.assertEqual(of_type, self.row.sudo().read(self.of_type), step)

    def test_after_every_step(self):
        self.integration = self.started("Fine")
        self.row = self.integration._type_record()
        self.of_type = ["health", "next_step", "activity", "queued_count", "window_from"]
        # As the lane has them.
        scheduled = self.runs(self.integration, trigger="schedule").sudo()
        runs = self.env["ihub.run"].sudo()
        self.add_items(self.integration)
        item = self.env["ihub.item"].sudo().search([("kind", "=", "order")], limit=1)
        steps = {
            "begun": lambda: scheduled._begin(),
            "counted": lambda: scheduled.write({"processed": 3, "total": 9}),
            "failed": lambda: scheduled._end("failed", "The price is missing."),
            "asked for": lambda: self.integration.run_manually(),
            "put off": lambda: runs.search([("trigger", "=", "manual")]).write(
                {"due": at("2025-03-02 12:00")}
            ),
            "deleted": lambda: runs.search([("trigger", "=", "manual")]).unlink(),
            "left out": lambda: item.write({"state": "ignored"}),
            "item deleted": lambda: item.unlink(),
        }
        self.assertNothingIsOld("at first")
        for name, step in steps.items():
            step()
            with self.subTest(name):
                self.assertNothingIsOld(name)


class TestSummary(BoardCase):
    def test_a_search_that_finds_nothing_is_not_told_that_there_is_nothing(self):
        actions = self.env["ir.actions.act_window"].search([("res_model", "=like", "ihub.%")])
        texts = " ".join(filter(None, actions.mapped("help")))
        self.assertIn("No integrations to show", texts)
        self.assertIn("If you have searched or filtered, remove that first.", texts)
        self.assertNotIn(" yet</p>", texts)

    def test_archived_ones_and_those_of_other_companies_do_not_count(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.started("Here")
        away = self.started("Away")
        away.sudo().write({"company_id": company.id, "user_id": False})
        gone = self.started("Gone")
        gone.with_user(self.manager).active = False
        self.env.invalidate_all()
        self.assertEqual(sum(self.board.board_summary().values()), 1)

    def test_only_for_users_of_the_hub(self):
        with self.assertRaises(AccessError):
            self.env["ihub.integration"].with_user(self.outsider).board_summary()

    def test_opening_it_takes_few_queries(self):
        self.add(name="New")
        self.started("Stopped").stop()
        self.started("Failed").sudo()._fail("The price of A1 is missing.")
        for name in ("Fine", "Well"):
            self.started(name)
        # As the web client does.
        board = self.board.with_context(tz="UTC")
        fields = self.fields_of_cards()
        search = {"domain": [], "order": "health, name"}
        columns = {"groupby": ["state"], "auto_unfold": True, "unfold_read_specification": fields}
        in_columns = self.cost(lambda: board.web_read_group(**search, **columns))
        # One of them asks whether the database is a copy, as it does in each that has run before.
        self.assertEqual(in_columns, 13)
        ungrouped = self.cost(lambda: board.web_search_read(specification=fields, **search))
        self.assertEqual(ungrouped, 8)

    def test_thousands_do_not_make_the_database_compile_its_queries(self):
        self.env.cr.execute("SET LOCAL jit = on")
        self.board.search([], order="health")
        self.env.cr.execute("SHOW jit")
        self.assertEqual(self.env.cr.fetchone(), ("off",))

    def test_one_page_is_of_one_moment(self):
        self.started("Fine")
        with patch.object(facts, "facts_of", wraps=facts.facts_of) as look:
            self.open_page()
        self.assertEqual(look.call_count, 1)

    def test_nobody_can_say_what_is_known(self):
        integration = self.started("Fine")
        forged = self.board.with_context(ihub_snapshot={integration.id: (None, "failed")})
        self.assertFalse(forged.search([("health", "=", "failed")]))
        self.assertEqual(forged.browse(integration.id).health, "ok")


class TestColumns(BoardCase):
    def columns(self, domain):
        # As the web client does, to have a column for each state.
        answer = self.board.with_context(read_group_expand=True).web_read_group(
            domain, ["state"], auto_unfold=True, unfold_read_specification={"name": {}}
        )
        return {group["state"]: group for group in answer["groups"]}

    def test_what_needs_somebody_comes_first(self):
        columns = self.columns([("id", "=", self.started("Here").id)])
        self.assertEqual(list(columns), ["failed", "running", "stopped", "created"])


class TestNextStep(BoardCase):
    def test_what_waits_for_a_retry_can_be_tried_now(self):
        integration = self.started("Orders", window_from=at("2025-03-01 11:00"))
        with self.running_as(unlucky):
            self.work(integration)
        self.assertGreater(integration.next_run, at(NOW))
        integration.action_try_now()
        with self.running_as(nothing):
            self.work(integration)
        self.assertEqual(integration.last_run_state, "done")
        self.assertEqual(integration.health, "ok")
        self.assertEqual(self.runs(integration, state="done").attempt, 2)

    def test_trying_now_where_nothing_waits_is_harmless(self):
        integration = self.started("Orders")
        due = integration.next_run
        integration.action_try_now()
        self.assertEqual(integration.next_run, due)

    def test_who_is_not_of_the_hub_cannot_try(self):
        integration = self.started("Orders")
        with self.assertRaises(AccessError):
            integration.with_user(self.outsider).action_try_now()


@pytest.mark.slow
class TestCatchingUp(BoardCase):
    def test_it_says_how_far_it_is(self):
        integration = self.started("Orders", catch_up="each", window_from=at("2025-03-01 02:00"))
        seen = []

        def look(this, _from, _to):
            this.env.invalidate_all()
            seen.append(self.board.with_env(this.env(user=self.operator.id)).browse(integration.id)
                        .activity)  # fmt: skip

        self.assertEqual(integration.activity, "Catching up: 0 of 10 missed runs done")
        with self.running_as(look):
            self.work(integration)
        self.assertEqual(seen[0], "Running now · Catching up: 0 of 10 missed runs done")
        self.assertEqual(seen[4], "Running now · Catching up: 4 of 10 missed runs done")
        self.assertEqual(seen[9], "Running now")
        self.assertFalse(integration.activity)
        with freeze_time("2025-03-01 15:30"):
            self.env.invalidate_all()
            self.assertEqual(
                integration.activity,
                "Catching up: 0 of 3 missed runs done",
                "Another outage counts anew.",
            )

    def test_a_failed_attempt_does_not_begin_the_count_again(self):
        integration = self.started("Orders", catch_up="each", window_from=at("2025-03-01 08:00"))

        def third_fails(this, _from, _to):
            if _from == at("2025-03-01 10:00"):
                raise RetryableError("Not now.", delay=600)

        with self.running_as(third_fails):
            self.work(integration)
        self.assertEqual(integration.activity, "Catching up: 2 of 4 missed runs done")
