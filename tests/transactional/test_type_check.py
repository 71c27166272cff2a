"""A type that is wrong says so on the cards of its own integrations, and harms no other."""

import functools
import re
import textwrap
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.ihub.lib.webhook import Hmac, Webhook

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "developer-guide.md"
ECB = "ihub.integration.ecb.rates"
CHECK = "odoo.addons.ihub.models.ihub_integration"


class TypeCase(HubCase):
    def set_up_registry(self):
        """Let the hub judge the types as it does when the registry is set up."""
        self.env["ihub.integration"]._register_hook()

    def define(self, model=DEMO, **attributes):
        """Let a type have other attributes, as after an update of its addon."""
        # Called after the attributes were put back: what is added last is called first.
        self.addCleanup(self.judge_quietly)
        for name, value in attributes.items():
            self.patch(self.type_class(model), name, value)
        self.judge_quietly()

    def judge_quietly(self):
        with mute_logger(CHECK):
            self.set_up_registry()

    def sentence(self, model=DEMO):
        return self.env["ihub.integration"]._type_fault_text(model)


class TestVerdict(TypeCase):
    def test_the_types_of_this_project_are_sound(self):
        for name in self.env["ihub.integration"]._type_names():
            self.assertFalse(self.sentence(name), name)

    def test_the_log_of_the_server_names_model_attribute_and_what_is_expected(self):
        self.define(is_job="no")
        with self.assertLogs(CHECK, "ERROR") as logged:
            self.set_up_registry()
        (line,) = logged.output
        self.assertIn(f"The integration type {DEMO} cannot be used.", line)
        self.assertIn("is_job is 'no'; expected True or False.", line)

    def test_a_helper_that_replaces_a_method_of_the_hub_is_said(self):
        for name in ("_checked", "_secrets", "_own_names", "checkpoint", "_text_length"):
            with self.defined(name, lambda self, order: True):
                self.assertIn(f"{name}() has the same name as a method of the hub", self.sentence())
        self.assertFalse(self.sentence())

    def test_methods_of_odoo_may_be_extended(self):
        for name in ("create", "write", "unlink", "default_get", "_get_view", "_search"):
            with self.defined(name, lambda self, *args, **kwargs: None):
                self.assertFalse(self.sentence())

    def test_what_is_wrong_of_a_webhook_is_said(self):
        self.define(webhook=Webhook(verify=Hmac, handler="run_from_to", key="id", rate="5/s"))
        self.assertIn("expected a signature such as StandardWebhooks().", self.sentence())
        self.assertIn("webhook is rate='5/s'; expected a whole number", self.sentence())

    @contextmanager
    def defined(self, name, value):
        """Let the addon's class of the type define something."""
        definition = self.type_class()._model_classes__[0]
        with patch.object(definition, name, value, create=True):
            self.judge_quietly()
            yield
        self.judge_quietly()

    def test_several_faults_are_all_said(self):
        self.define(is_job="no", delay="soon")
        self.assertIn("is_job is 'no'", self.sentence())
        self.assertIn("delay is 'soon'; expected a timedelta or a number", self.sentence())

    def test_a_negative_delay_is_said_on_the_card(self):
        integration = self.add()
        self.define(delay=timedelta(hours=-1))
        self.assertIn("delay is datetime.timedelta(", integration.problem)
        self.assertIn("not negative. Its developer must fix this.", integration.problem)

    def test_a_misspelt_flag_is_said_with_the_right_one(self):
        self.addCleanup(self.judge_quietly)
        # Of the class that the addon defines, not of the one that Odoo makes of them.
        definition = self.type_class()._model_classes__[0]
        with patch.object(definition, "is_jobb", False, create=True):
            self.judge_quietly()
            self.assertIn("is_jobb is unknown. Did you mean is_job?", self.sentence())

    def test_what_raises_while_it_is_judged_is_said(self):
        def refuse(*args):
            raise KeyError("nothing here")

        for method in ("_type_title", "_type_description", "_default_schedule"):
            with self.subTest(method):
                self.define(**{method: refuse})
                self.assertIn(f"{method} fails with KeyError('nothing here').", self.sentence())

    def test_a_query_that_fails_while_it_is_judged_breaks_nothing(self):
        def ask(model):
            model.env.cr.execute("SELECT 1 / 0", log_exceptions=False)

        self.define(_default_schedule=ask)
        self.assertIn("_default_schedule fails with DivisionByZero", self.sentence())
        self.assertTrue(self.add(ECB).name)

    def test_what_a_type_tells_must_be_of_the_right_kind(self):
        cases = {
            "_type_title": (5, "_type_title is 5; expected a string."),
            "_type_description": (None, "_type_description is None; expected a string."),
            "_default_schedule": (None, "_default_schedule is None; expected a dictionary."),
        }
        for method, (value, words) in cases.items():
            with self.subTest(method):
                self.define(**{method: lambda model, value=value: value})
                self.assertIn(words, self.sentence())

    def test_settings_that_no_integration_has_are_said(self):
        self.define(_default_schedule=lambda model: {"interval": 5, "state": "running"})
        self.assertIn("returns 'interval', which is not a setting", self.sentence())
        self.assertIn("returns 'state', which is not a setting", self.sentence())

    def test_any_setting_of_an_integration_can_have_a_default(self):
        self.define(_default_schedule=lambda model: {"retry_limit": 7, "interval_type": "days"})
        self.assertFalse(self.sentence())
        record = self.env[DEMO].with_user(self.manager).create({})
        self.assertEqual((record.retry_limit, record.interval_type), (7, "days"))

    def test_a_number_as_delay_is_seconds(self):
        self.define(delay=90)
        self.assertFalse(self.sentence())
        self.assertEqual(self.add().sudo()._schedule().delay, timedelta(seconds=90))

    def test_the_guide_lists_the_names_that_are_taken(self):
        text = GUIDE.read_text()
        (listed,) = re.findall(r"<!-- names that are taken -->\n(.*?)\n\n", text, re.S)
        taken = sorted(self.env["ihub.integration"]._reserved_names())
        self.assertEqual(
            re.findall(r"`(\w+)`", listed),
            taken,
            "For the guide:\n" + textwrap.fill(", ".join(f"`{name}`" for name in taken), 100) + ".",
        )


@pytest.mark.slow
class TestWrongType(TypeCase):
    """What becomes of integrations whose type has become wrong, and of the others."""

    def setUp(self):
        super().setUp()
        self.wrong = self.add()
        self.wrong.start()
        self.other = self.add(ECB, name="Rates")
        self.define(
            is_job="no",
            has_time_period=None,
            is_singleton=property(lambda model: 1 / 0),
            delay="soon",
            description=5,
            _type_title=lambda model: 1 / 0,
            _default_schedule=lambda model: None,
        )

    def test_its_card_says_cannot_run_and_why(self):
        self.assertEqual(self.wrong.health, "blocked")
        self.assertEqual(self.wrong.problem, self.sentence())
        self.assertEqual(self.wrong.next_step, "open")

    def test_the_board_and_the_page_can_be_read(self):
        both = self.wrong + self.other
        self.assertEqual(len(both.read()), 2)
        self.env["ihub.integration"].with_user(self.operator).web_search_read(
            [],
            {
                name: {}
                for name in self.wrong._fields
                if self.wrong._has_field_access(self.wrong._fields[name], "read")
            },
        )
        titles = dict(self.other.fields_get(["integration_type"])["integration_type"]["selection"])
        self.assertEqual(titles[ECB], "ECB Exchange Rates")
        self.assertEqual(titles[DEMO], DEMO)

    def test_other_types_are_as_before(self):
        self.assertFalse(self.other.problem)
        self.other.start()
        self.assertEqual(self.other.health, "ok")
        wizard = Form(self.env["ihub.integration.add"].with_user(self.manager))
        wizard.integration_type = ECB
        wizard.save().action_add()

    def test_nothing_of_it_can_be_started_or_run(self):
        self.wrong.stop()
        self.assertEqual(self.wrong.state, "stopped")
        for press in (self.wrong.start, self.wrong.run_manually, self.wrong.action_start):
            with self.subTest(press), self.assertRaisesRegex(UserError, "is_job is 'no'"):
                press()

    def test_its_lane_begins_nothing(self):
        self.wrong.sudo().scheduled_run_id.due = self.wrong.create_date
        self.work(self.wrong)
        self.assertFalse(
            self.runs(self.wrong, state="running") + self.runs(self.wrong, state="done")
        )
        self.assertEqual(self.wrong.state, "running")

    def test_the_dialog_of_run_manually_opens(self):
        dialog = Form(
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .with_context(default_integration_id=self.wrong.id)
        )
        with self.assertRaisesRegex(UserError, "is_job is 'no'"):
            dialog.save().action_run()

    def test_none_can_be_added_on_any_route(self):
        manager = self.env(user=self.manager)
        wizard = Form(manager["ihub.integration.add"])
        wizard.integration_type = DEMO
        self.assertIn("is_job is 'no'", wizard.problem)
        routes = (
            wizard.save().action_add,
            lambda: manager[DEMO].create({"name": "New"}),
            lambda: manager["ihub.integration"].create({"name": "N", "integration_type": DEMO}),
            self.wrong.with_user(self.manager).copy,
        )
        for route in routes:
            with self.assertRaisesRegex(UserError, "is_job is 'no'"):
                route()

    def test_it_can_be_stopped_and_deleted(self):
        self.wrong.stop()
        self.wrong.with_user(self.manager).unlink()
        self.assertFalse(self.wrong.exists())

    def test_it_works_again_when_the_type_is_corrected(self):
        right = {"is_job": True, "has_time_period": True, "is_singleton": False}
        self.define(
            **right,
            delay=timedelta(0),
            description="",
            _type_title=lambda model: "Demo",
            _default_schedule=lambda model: {},
        )
        self.env.invalidate_all()
        self.assertEqual(self.wrong.health, "ok")


@pytest.mark.slow
class TestWhatRunsReturn(TypeCase):
    def fails(self, function):
        """Run ``function``, and return the run that failed because of what it returned."""
        integration = self.add()
        with self.running_as(function):
            run = integration.run_manually()
            self.work(integration)
        self.assertEqual(run.state, "failed")
        self.assertIn("instead of doing its work", run.message)
        return run

    def test_a_generator_is_no_work(self):
        def generator(this, _from, _to):
            yield this.integration_id.sudo().write({"name": "Written"})

        self.assertIn("a generator", self.fails(generator).message)

    def test_a_coroutine_is_no_work(self):
        async def coroutine(this, _from, _to):
            pass

        self.assertIn("a coroutine", self.fails(coroutine).message)

    def test_a_decorator_does_not_hide_it(self):
        async def coroutine(this, _from, _to):
            pass

        @functools.wraps(coroutine)
        def decorated(*args):
            return coroutine(*args)

        self.fails(decorated)

    def test_a_lambda_and_a_lazy_map_are_no_work(self):
        self.fails(lambda this, _from, _to: (record for record in this))
        self.fails(lambda this, _from, _to: map(print, this))

    def test_an_awaitable_object_is_no_work(self):
        class Promise:
            def __await__(self):
                yield

        self.assertIn("a Promise", self.fails(lambda this, _from, _to: Promise()).message)

    def test_the_window_of_the_schedule_stays_to_be_done(self):
        start = at("2025-03-01 11:00")
        with (
            freeze_time("2025-03-01 12:10"),
            self.running_as(lambda this, _from, _to: iter([])),
        ):
            integration = self.add(window_from=start)
            integration.start()
            self.work(integration)
        self.assertEqual(integration.state, "failed")
        self.assertEqual(integration.window_from, start)
        self.assertFalse(self.runs(integration, state="done"))

    def test_any_other_result_is_as_good_as_none(self):
        for result in (None, True, 5, [1], {"a": 1}, self.env["res.partner"]):
            integration = self.add()
            with self.running_as(lambda this, _from, _to, result=result: result):
                run = integration.run_manually()
                self.work(integration)
            self.assertEqual(run.state, "done", result)


class TestSettings(TypeCase):
    def test_code_that_raises_is_said_in_words(self):
        integration = self.add()
        self.patch(self.type_class(), "open_settings", lambda this: {}["gone"])
        with (
            mute_logger(CHECK),
            self.assertRaisesRegex(UserError, r"Orders cannot be opened: KeyError\('gone'\)"),
        ):
            integration.open_settings()

    def test_words_for_people_are_passed_on(self):
        integration = self.add()

        def refuse(this):
            raise UserError("Log in to the shop first.")

        self.patch(self.type_class(), "open_settings", refuse)
        with self.assertRaisesRegex(UserError, "^Log in to the shop first.$"):
            integration.open_settings()

    def test_what_is_no_action_is_said_in_words(self):
        integration = self.add()
        for value in (None, True, "ihub.some_action", {}, []):
            self.patch(self.type_class(), "open_settings", lambda this, value=value: value)
            with self.subTest(value), self.assertRaisesRegex(UserError, "instead of an action"):
                integration.open_settings()

    def test_a_type_without_a_view_shows_its_own_settings(self):
        view = self.env[ECB]._get_default_form_view()
        own = {"address", "timeout", "company_currency_id", "currency_ids"}
        self.assertEqual({node.get("name") for node in view.iter("field")}, {"name", *own})


class TestRequiredSettings(TypeCase):
    """A type has a required field of its own, for which there is no default."""

    def setUp(self):
        super().setUp()
        self.patch(self.env[ECB]._fields["address"], "default", None)

    def test_add_says_what_it_asks_for_and_asks(self):
        wizard = Form(self.env["ihub.integration.add"].with_user(self.manager))
        wizard.integration_type = ECB
        wizard.name = "Rates"
        self.assertEqual(wizard.asks_for, "Address")
        action = wizard.save().action_add()
        self.assertEqual((action["res_model"], action["target"]), (ECB, "new"))
        form = Form(self.env[ECB].with_user(self.manager).with_context(**action["context"]))
        form.address = "https://example.com/"
        integration = form.save().integration_id
        self.assertEqual(integration.name, "Rates")
        self.assertEqual(integration.company_id, self.manager.company_id)
        self.assertEqual((integration.interval_type, integration.time_of_day), ("days", 17.0))

    def test_nothing_is_asked_where_there_are_defaults(self):
        wizard = Form(self.env["ihub.integration.add"].with_user(self.manager))
        wizard.integration_type = DEMO
        self.assertFalse(wizard.asks_for)

    def test_settings_that_are_gone_are_asked_for_again(self):
        integration = self.add(ECB, name="Rates", address="https://example.com/")
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM ihub_integration_ecb_rates WHERE integration_id = %s", [integration.id]
        )
        self.env.invalidate_all()
        run = integration.run_manually()
        self.work(integration)
        self.assertIn("The settings of Rates are missing. Press Settings", run.message)
        action = integration.open_settings()
        form = Form(self.env[ECB].with_user(self.manager).with_context(**action["context"]))
        form.address = "https://example.org/"
        row = form.save()
        self.assertEqual(row.integration_id.id, integration.id)
        self.assertEqual(integration.open_settings()["res_id"], row.id)
