"""What a type says of itself holds, through the API and for the screens."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from hub_case import DEMO, HubCase, at
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form


class TestFlags(HubCase):
    def flag(self, **flags):
        for name, value in flags.items():
            patcher = patch.object(self.type_class(), name, value)
            patcher.start()
            self.addCleanup(patcher.stop)

    def remove_all(self):
        records = self.env[DEMO].with_context(active_test=False).search([])
        records.integration_id.stop()
        records.unlink()

    def test_a_job_has_a_window_and_can_be_started(self):
        integration = self.add()
        self.assertTrue(integration.runs_on_schedule)
        self.assertTrue(integration.window_from < integration.window_to)
        self.assertTrue(integration.can_start)

    def test_what_is_no_job_has_no_window_and_cannot_be_started(self):
        self.flag(is_job=False)
        integration = self.add()
        self.assertFalse(integration.window_from)
        self.assertFalse(integration.can_start)
        with self.assertRaisesRegex(UserError, "has no schedule"):
            integration.start()

    def test_run_manually_is_refused_where_the_type_does_not_allow_it(self):
        self.flag(is_manually_runnable=False)
        integration = self.add()
        self.assertFalse(integration.runs_manually)
        with self.assertRaisesRegex(UserError, "cannot be run manually"):
            integration.run_manually()

    def test_a_period_is_refused_where_the_type_takes_none(self):
        self.flag(has_time_period=False)
        integration = self.add()
        self.assertFalse(integration.takes_period)
        with self.assertRaisesRegex(UserError, "does not take a period"):
            integration.run_manually("2025-01-01", "2025-01-02")
        self.assertEqual(integration.run_manually().state, "pending")

    def test_the_dialog_asks_for_no_period_where_the_type_takes_none(self):
        self.flag(has_time_period=False)
        integration = self.add()
        dialog = Form(
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .with_context(default_integration_id=integration.id)
        )
        self.assertFalse(dialog.takes_period)
        self.assertTrue(dialog._get_modifier("date_from", "invisible"))
        dialog.save().action_run()
        self.assertEqual(len(self.runs(integration, trigger="manual")), 1)

    def test_one_company_type_gets_the_company_of_whoever_adds_it(self):
        integration = self.add()
        self.assertTrue(integration.needs_company)
        self.assertEqual(integration.company_id, self.manager.company_id)

    def test_one_company_type_cannot_lose_its_company(self):
        integration = self.add()
        with self.assertRaisesRegex(ValidationError, "Choose the company"):
            integration.with_user(self.manager).company_id = False

    def test_multi_company_type_has_no_company(self):
        self.flag(is_multi_company_compatible=True)
        integration = self.add(company_id=self.env.company.id)
        self.assertFalse(integration.needs_company)
        self.assertFalse(integration.company_id)

    def test_the_code_runs_in_the_integration_s_company(self):
        company = self.env["res.company"].create({"name": "Second"})
        self.manager.company_ids += company
        integration = self.add(company_id=company.id)
        seen = []
        with self.running_as(lambda this, _from, _to: seen.append(this.env.companies)):
            integration.with_user(self.manager).run_manually()
            self.work(integration)
        self.assertEqual(seen, [company])

    def test_a_second_singleton_is_refused(self):
        self.flag(is_singleton=True)
        self.remove_all()
        self.add()
        with self.assertRaisesRegex(ValidationError, "only one"), self.env.cr.savepoint():
            self.add(name="Second")

    def test_an_archived_singleton_counts(self):
        self.flag(is_singleton=True)
        self.remove_all()
        self.add().with_user(self.manager).active = False
        with self.assertRaisesRegex(ValidationError, "only one"), self.env.cr.savepoint():
            self.add(name="Second")

    def test_a_singleton_that_exists_is_not_offered(self):
        self.flag(is_singleton=True)
        self.remove_all()
        wizard = self.env["ihub.integration.add"].with_user(self.manager)
        self.assertIn(DEMO, dict(wizard._selection_type()))
        self.add()
        self.assertNotIn(DEMO, dict(wizard._selection_type()))

    def test_delay_is_waited_for_after_the_end_of_the_window(self):
        self.flag(delay=timedelta(minutes=20))
        with freeze_time("2025-03-01 12:10"):
            integration = self.add(window_from=at("2025-03-01 11:00"))
            integration.start()
            self.work(integration)
            self.assertEqual(integration.next_run, at("2025-03-01 12:20"))
            self.assertFalse(self.runs(integration, state="done"))
        with freeze_time("2025-03-01 12:20"):
            self.work(integration)
        done = self.runs(integration, state="done")
        self.assertEqual(done.mapped("window_to"), [at("2025-03-01 12:00")])

    def test_description_is_shown_as_html(self):
        integration = self.add()
        self.assertIn("<b>demo</b>", integration.type_description)
        wizard = Form(self.env["ihub.integration.add"].with_user(self.manager))
        wizard.integration_type = DEMO
        self.assertIn("<b>demo</b>", wizard.type_description)


class TestTypes(HubCase):
    def test_types_are_found_by_inheritance(self):
        names = self.env["ihub.integration"]._type_names()
        self.assertIn(DEMO, names)
        self.assertNotIn("ihub.abstract_integration", names)
        self.assertNotIn("ihub.integration", names)

    def test_settings_open_the_type_s_own_row(self):
        integration = self.add()
        action = integration.open_settings()
        self.assertEqual(action["res_model"], DEMO)
        row = self.env[DEMO].browse(action["res_id"])
        self.assertEqual(row.integration_id.id, integration.id)

    def test_settings_have_a_default(self):
        integration = self.add()
        with patch.object(
            self.type_class(),
            "open_settings",
            self.registry["ihub.abstract_integration"].open_settings,
        ):
            action = integration.open_settings()
        self.assertEqual((action["res_model"], action["views"]), (DEMO, [[False, "form"]]))

    def test_a_missing_type_is_said_and_breaks_nothing_else(self):
        integration, other = self.add(), self.add(name="Other")
        self.env.cr.execute(
            "UPDATE ihub_integration SET integration_type = 'gone.integration' WHERE id = %s",
            [integration.id],
        )
        self.env.invalidate_all()
        both = integration + other
        self.assertTrue(both.read(["type_name", "problem", "next_run", "can_start"]))
        self.assertIn("no longer installed", integration.problem)
        with self.assertRaisesRegex(UserError, "no longer installed"):
            integration.start()
        self.assertFalse(other.problem)

    def test_an_unknown_type_is_refused(self):
        with self.assertRaisesRegex(UserError, "There is no integration type res.partner"):
            self.env["ihub.integration"].with_user(self.manager).create(
                {"name": "Wrong", "integration_type": "res.partner"}
            )

    def test_duplicating_takes_the_settings_along(self):
        integration = self.add(a_custom_field="kept").with_user(self.manager)
        copy = integration.copy()
        self.assertEqual(copy.name, "Orders (copy)")
        self.assertEqual(copy._type_record().a_custom_field, "kept")
        self.assertEqual(copy.state, "created")

    def test_deleting_either_side_deletes_both(self):
        for side in ("integration", "type"):
            with self.subTest(side=side):
                integration = self.add().with_user(self.manager)
                row = integration._type_record()
                (integration if side == "integration" else row).unlink()
                self.assertFalse(integration.exists())
                self.assertFalse(row.exists())

    def test_adding_leads_to_a_page_from_which_start_works(self):
        wizard = Form(self.env["ihub.integration.add"].with_user(self.manager))
        wizard.integration_type = DEMO
        wizard.name = "Added"
        action = wizard.save().action_add()
        integration = self.env["ihub.integration"].browse(action["res_id"])
        self.assertEqual(integration.name, "Added")
        integration.with_user(self.operator).start()
        self.assertEqual(integration.state, "running")
        self.assertTrue(integration.next_run)
