"""Having no company means serving all of them, and never having lost one's own."""

from unittest.mock import patch

from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger
from psycopg2 import IntegrityError


class TestLostCompany(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.company = self.env["res.company"].create({"name": "Second"})
        self.owner = self._user(
            "ihub_owner", "ihub.group_manager",
            company_id=self.company.id, company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        record = self.env[DEMO].with_user(self.owner).create({"name": "Theirs"})
        self.integration = record.integration_id

    def lose(self):
        """Leave it without a company, as deleting the company once did."""
        self.integration.run_manually()
        self.env.flush_all()
        for table in ("ihub_integration", "ihub_run"):
            self.env.cr.execute(
                f"UPDATE {table} SET company_id = NULL WHERE company_id = %s", [self.company.id]
            )
        self.env.invalidate_all()

    def seen_by(self, user):
        models = ("ihub.integration", DEMO, "ihub.run")
        names = ("id", "integration_id", "integration_id")
        return [
            bool(self.env[model].with_user(user).search([(name, "=", self.integration.id)]))
            for model, name in zip(models, names, strict=True)
        ]

    def free_of_users(self):
        self.owner.write(
            {"company_id": self.env.company.id, "company_ids": [(6, 0, self.env.company.ids)]}
        )

    # --- Deleting ---

    def test_a_company_with_integrations_is_not_deleted(self):
        self.free_of_users()
        for archived in (False, True):
            self.integration.sudo().active = not archived
            with self.assertRaisesRegex(UserError, "Theirs.*or archive the company"):
                self.company.unlink()
        self.assertEqual(self.integration.sudo().company_id, self.company)

    def test_not_even_with_sql(self):
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env.cr.execute("DELETE FROM res_company WHERE id = %s", [self.company.id])

    def test_a_company_without_integrations_is_deleted(self):
        self.free_of_users()
        self.integration.sudo().unlink()
        self.company.unlink()
        self.assertFalse(self.company.exists())

    def test_events_of_a_company_that_is_gone_are_nobody_s(self):
        self.integration.ihub_info("secret")
        event = self.env["ihub.event"].search([("summary", "=", "secret")])
        self.free_of_users()
        self.integration.sudo().unlink()
        self.company.unlink()
        self.env.flush_all()
        self.env.invalidate_all()
        for user in (self.operator, self.manager):
            theirs = event.with_user(user)
            self.assertFalse(theirs.search([("id", "=", event.id)]))
            self.assertFalse(theirs.has_access("read"))
            with self.assertRaises(AccessError):
                theirs.read(["summary"])
        self.assertEqual(event.sudo().read(["company_id"])[0]["company_id"], False)

    def test_events_of_a_lost_integration_are_nobody_s(self):
        self.lose()
        self.integration.sudo()._fail("secret")
        self.integration.sudo().ihub_error("secret too")
        domain = [("integration_id", "=", self.integration.id)]
        self.assertTrue(self.env["ihub.event"].search(domain))
        for user in (self.operator, self.manager):
            self.assertFalse(self.env["ihub.event"].with_user(user).search(domain))

    # --- What databases hold from before ---

    def test_what_is_lost_is_seen_only_by_who_may_administer_the_database(self):
        self.lose()
        admin = self._user("ihub_admin", "base.group_system,ihub.group_manager")
        for user in (self.operator, self.manager, self.owner):
            self.assertEqual(self.seen_by(user), [False] * 3)
        self.assertEqual(self.seen_by(admin), [True] * 3)

    def test_what_is_lost_is_given_a_company_and_runs_again(self):
        self.lose()
        admin = self._user("ihub_admin", "base.group_system,ihub.group_manager")
        integration = self.integration.with_user(admin)
        self.assertEqual(integration.health, "blocked")
        self.assertIn("has no company", integration.problem)
        integration.write(
            {"company_id": self.env.company.id, "run_as_id": admin.id, "user_id": admin.id}
        )
        integration.start()
        self.assertEqual(self.seen_by(self.operator), [True] * 3)

    def test_what_is_lost_is_told_to_nobody(self):
        self.lose()
        integration = self.integration.sudo()
        self.assertFalse(integration._may_be_notified(self.manager + self.owner + self.operator))

    # --- Serving all ---

    def for_all(self):
        with patch.object(self.type_class(), "is_multi_company_compatible", True):
            integration = self.add(name="For all")
        self.env.invalidate_all()
        return integration

    def test_what_serves_all_is_seen_by_all(self):
        with patch.object(self.type_class(), "is_multi_company_compatible", True):
            self.integration = self.add(name="For all")
            self.integration.run_manually()
        for user in (self.operator, self.owner):
            self.assertEqual(self.seen_by(user), [True] * 3)

    def test_a_type_that_serves_one_company_from_now_on(self):
        """It is still everybody's, and cannot run before somebody has chosen."""
        integration = self.for_all()
        self.assertEqual(integration.health, "blocked")
        self.assertIn("has no company", integration.problem)
        integration.with_user(self.manager).company_id = self.env.company
        self.assertFalse(integration.problem)

    def test_a_type_that_serves_all_companies_from_now_on(self):
        """What has lost its company is not everybody's all of a sudden."""
        self.lose()
        with patch.object(self.type_class(), "is_multi_company_compatible", True):
            self.env["ihub.integration"]._decide_companies(DEMO)
            self.assertEqual(self.seen_by(self.manager), [False] * 3)
            self.assertIn("has no company", self.integration.sudo()._preflight_error())

    def test_older_databases_decide_once(self):
        self.lose()
        for_all = self.for_all()
        ids = [self.integration.id, for_all.id]
        query = "UPDATE ihub_integration SET serves_all_companies = NULL WHERE id = ANY(%s)"
        for flag in (True, False):
            self.env.flush_all()
            self.env.cr.execute(query, [ids])
            with patch.object(self.type_class(), "is_multi_company_compatible", flag):
                self.env["ihub.integration"]._decide_companies(DEMO)
                self.env["ihub.integration"].invalidate_model()
                self.assertEqual(self.integration.sudo().serves_all_companies, flag)

    # --- Emptying ---

    def test_a_company_is_not_emptied(self):
        for record in (self.integration, self.integration._type_record()):
            with (
                self.assertRaisesRegex(ValidationError, "Choose the company"),
                self.env.cr.savepoint(),
            ):
                record.write({"company_id": False})
            self.env.invalidate_all()

    def test_a_company_is_not_emptied_while_the_type_is_missing(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET integration_type = 'gone.integration' WHERE id = %s",
            [self.integration.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(ValidationError, "Choose the company"):
            self.integration.write({"company_id": False})

    def test_a_company_is_not_emptied_by_import(self):
        row = self.integration._type_record()
        values = {"module": "ihub", "name": "lost", "model": DEMO, "res_id": row.id}
        self.env["ir.model.data"].create(values)
        rows = self.env[DEMO].with_user(self.owner)
        result = rows.load(["id", "company_id/.id"], [["ihub.lost", ""]])
        self.assertFalse(result["ids"])
        self.assertEqual(self.integration.company_id, self.company)
