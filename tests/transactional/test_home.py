"""A copy of the database that nobody has neutralized asks before it does the original's work."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tools import SQL

from odoo.addons.ihub.engine import home
from odoo.addons.ihub.engine.worker import Worker
from odoo.addons.ihub.report import health as facts

from .hub_case import at
from .test_board import BoardCase


class TestHome(BoardCase):
    def setUpOnce(self):
        super().setUpOnce()
        # Nothing has run so far. As superuser: the parameter belongs to administrators.
        self.env["ir.config_parameter"].sudo().set_param(home.PARAMETER, False)

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(facts, "is_served", return_value=True))
        self.calls = []
        self.integration = self.started("Orders", window_from=at("2025-03-01 11:00"))
        self.hub = self.env["ihub.integration"]

    def serve(self):
        """As its cron does."""
        with self.running_as(lambda this, _from, _to: self.calls.append(_from)):
            self.integration.sudo()._cron_lane()

    def copy(self):
        """As restored somewhere else, after it has run here."""
        home.settle_once(self.env)
        parameter = self.env["ir.config_parameter"].sudo()
        parameter.set_param(home.PARAMETER, "elsewhere/1/2")
        self.env.invalidate_all()

    def answer_of(self, user):
        found = self.hub.with_user(user).web_search_read([], {"health": {}})
        return found["ihub_notice"], [method for method, *__ in found["ihub_answers"]]

    def test_it_is_at_home_where_it_ran_first(self):
        self.assertTrue(home.is_at_home(self.env))
        home.settle_once(self.env)
        known = self.env["ir.config_parameter"].sudo().get_param(home.PARAMETER)
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        self.assertTrue(known.startswith(f"{uuid}/"))
        self.assertEqual(known.count("/"), 2)
        self.assertTrue(home.is_at_home(self.env))
        self.assertEqual(self.answer_of(self.manager), (False, []))

    def test_of_two_that_begin_at_once_the_first_counts(self):
        home.settle_once(self.env)
        with patch.object(home, "_home_and_here", return_value=(None, "here")):
            home.settle_once(self.env)
        self.assertTrue(home.is_at_home(self.env))

    def test_an_answer_counts_before_the_cache_has_heard_of_it(self):
        """A process learns from Odoo that a cache is stale, but after the answer has woken it."""
        self.copy()
        self.serve()
        self.assertEqual(self.calls, [])
        here = self.env.execute_query(SQL(home._HERE))[0][0]
        query = "UPDATE ir_config_parameter SET value = %s WHERE key = %s"
        self.env.cr.execute(query, [here, home.PARAMETER])
        with patch.object(Worker, "serve", lambda worker: self.calls.append(worker)):
            self.serve()
        self.assertEqual(len(self.calls), 1)

    def test_a_copy_by_odoo_is_recognized(self):
        home.settle_once(self.env)
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "another")
        self.assertFalse(home.is_at_home(self.env))

    def test_nothing_runs_before_somebody_says_which_it_is(self):
        self.copy()
        self.serve()
        self.assertFalse(self.calls)
        self.assertEqual(self.integration.health, "copy")
        self.assertFalse(self.integration.next_step)
        notice, answers = self.answer_of(self.manager)
        self.assertIn("copied or moved", notice)
        self.assertEqual(answers, ["action_is_copy", "action_is_original"])

    def test_what_has_moved_goes_on(self):
        self.copy()
        self.hub.with_user(self.manager).action_is_original()
        self.env.invalidate_all()
        self.assertEqual(self.answer_of(self.manager), (False, []))
        triggers = self.env["ir.cron.trigger"].sudo()
        self.assertTrue(
            triggers.search_count([("cron_id", "=", self.integration.sudo().cron_id.id)])
        )
        self.assertNotEqual(self.integration.health, "copy")
        self.assertTrue(home.is_at_home(self.env))

    def test_a_copy_is_left_as_neutralized(self):
        self.copy()
        secret = {"integration_id": self.integration.id, "name": "token"}
        self.env["ihub.secret"].sudo().create(secret)
        self.hub.with_user(self.manager).action_is_copy()
        self.assertEqual(self.integration.state, "stopped")
        self.assertIn("because this is a copy", self.integration.state_reason)
        self.assertFalse(self.env["ihub.secret"].sudo().search_count([]))
        self.assertEqual(self.answer_of(self.manager), (False, []))

    def test_a_neutralized_copy_asks_nothing_and_runs_what_is_started(self):
        self.copy()
        self.env.flush_all()
        for query in get_neutralization_queries(["ihub"]):
            self.env.cr.execute(query)
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.env.registry.clear_all_caches()
        self.env.invalidate_all()
        notice, answers = self.answer_of(self.manager)
        self.assertIn("Press Start", notice)
        self.assertEqual(answers, [])
        self.integration.with_user(self.manager).start()
        with patch.object(Worker, "serve", lambda worker: self.calls.append(worker)):
            self.serve()
        self.assertTrue(self.calls)

    def test_where_nothing_is_asked_nothing_is_stopped(self):
        home.settle_once(self.env)
        for method in ("action_is_copy", "action_is_original"):
            getattr(self.hub.with_user(self.manager), method)()
        self.assertEqual(self.integration.state, "running")

    def test_operators_see_the_question_and_cannot_answer(self):
        self.copy()
        notice, answers = self.answer_of(self.operator)
        self.assertIn("until a manager", notice)
        self.assertFalse(answers)
        for method in ("action_is_copy", "action_is_original"):
            with self.assertRaises(AccessError):
                getattr(self.hub.with_user(self.operator), method)()
        with self.assertRaises(AccessError):
            self.hub.with_user(self.outsider).action_is_copy()
