"""Nobody has work done with rights, or in a company, that they do not have themselves."""

from unittest.mock import patch

import pytest
from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw


class RightsCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.ours = self.env.company
        self.theirs = self.env["res.company"].create({"name": "Theirs"})
        self.root = self.env.ref("base.user_root")
        self.peer = self._user("ihub_peer", "ihub.group_manager")
        self.stranger = self._user(
            "ihub_stranger", "ihub.group_manager",
            company_id=self.theirs.id, company_ids=[(6, 0, self.theirs.ids)],
        )  # fmt: skip
        self.admin = self._user("ihub_admin", "base.group_system,ihub.group_manager")
        self.powerful = self._user(
            "ihub_powerful", "ihub.group_manager,base.group_partner_manager,base.group_erp_manager"
        )
        integration = self.add(company_id=self.ours.id, user_id=False)
        self.integration = integration.with_user(self.manager)

    def refused(self, function, text=None):
        with self.assertRaisesRegex(AccessError, text or ""):
            function()

    def call(self, model, method, *args, **kwargs):
        return call_kw(self.env[model].with_user(self.manager), method, args, kwargs)


class TestWhoMaySay(RightsCase):
    def test_as_oneself(self):
        self.integration.run_as_id = self.manager
        self.integration.with_user(self.peer).run_as_id = self.peer
        self.assertEqual(self.integration.run_as_id, self.peer)

    def test_as_somebody_with_no_more_rights(self):
        self.integration.run_as_id = self.operator
        self.assertEqual(self.integration.run_as_id, self.operator)

    def test_not_as_somebody_with_more_rights(self):
        for user in (self.root, self.powerful, self.admin):
            with self.subTest(user=user.login):
                vals = {"run_as_id": user.id}
                self.refused(lambda v=vals: self.integration.write(v), "rights that you do not")
                row = self.integration._type_record()
                self.refused(lambda v=vals, r=row: r.write(v), "rights that you do not have")
                new = {"name": "New", **vals}
                self.refused(lambda v=new: self.call(DEMO, "create", v))
                self.refused(lambda v=vals: self.integration.copy(v))
                typed = {"integration_type": DEMO, **new}
                self.refused(lambda v=typed: self.call("ihub.integration", "create", v))
                context = {f"default_{name}": value for name, value in vals.items()}
                self.refused(lambda c=context: self.call(DEMO, "create", {"name": "N"}, context=c))

    def test_not_as_somebody_of_more_companies(self):
        self.operator.company_ids += self.theirs
        self.refused(lambda: self.integration.write({"run_as_id": self.operator.id}))

    def test_not_by_a_default_of_one_s_own(self):
        Default = self.env["ir.default"].with_user(self.manager)
        Default.set("ihub.integration", "run_as_id", self.root.id, user_id=True)
        self.refused(lambda: self.call(DEMO, "create", {"name": "New"}))

    def test_not_by_import(self):
        result = self.call(DEMO, "load", ["name", "run_as_id/.id"], [["New", str(self.root.id)]])
        self.assertFalse(result["ids"])

    def test_as_odoobot_by_who_may_administer_the_database(self):
        integration = self.integration.with_user(self.admin)
        integration.run_as_id = self.root
        self.assertEqual(integration.run_as_id, self.root)

    def test_not_in_a_company_of_others(self):
        vals = {"company_id": self.theirs.id}
        for user in (self.manager, self.admin):
            for record in (self.integration, self.integration._type_record()):
                with self.subTest(user=user.login, record=record), self.assertRaises(UserError):
                    record.with_user(user).write(vals)
        with self.assertRaises(UserError):
            self.call(DEMO, "create", {"name": "New", **vals})
        with self.assertRaises(UserError):
            self.integration.copy(vals)
        self.integration.invalidate_recordset()
        self.assertEqual(self.integration.company_id, self.ours)

    def test_not_in_a_company_of_others_as_somebody_who_belongs_to_both(self):
        self.root.company_ids += self.theirs
        self.integration.sudo().run_as_id = self.root
        self.refused(lambda: self.integration.write({"company_id": self.theirs.id}), "not belong")

    def test_moving_what_somebody_else_has_set_up(self):
        self.manager.company_ids += self.theirs
        self.integration.sudo().run_as_id = self.root
        self.refused(lambda: self.integration.write({"company_id": self.theirs.id}), "rights that")
        self.integration.write({"company_id": self.theirs.id, "run_as_id": self.manager.id})
        self.assertEqual(self.integration.company_id, self.theirs)

    def test_a_user_works_in_no_company_of_others(self):
        self.manager.company_ids += self.theirs
        with self.assertRaisesRegex(ValidationError, "does not belong to its company"):
            self.integration.write({"company_id": self.theirs.id, "run_as_id": self.operator.id})

    def test_other_settings_of_what_somebody_else_has_set_up(self):
        self.integration.sudo().run_as_id = self.root
        self.integration.write({"name": "Renamed", "hang_limit": 7})
        self.integration.write({"run_as_id": self.root.id, "company_id": self.ours.id})
        self.assertEqual(self.integration.name, "Renamed")

    def test_a_duplicate_runs_as_whoever_made_it(self):
        self.integration.sudo().run_as_id = self.root
        self.assertEqual(self.integration.copy().run_as_id, self.manager)

    def test_an_operator_presses_the_buttons_of_what_a_manager_has_set_up(self):
        integration = self.integration.with_user(self.operator)
        integration.start()
        integration.run_manually()
        self.assertEqual(integration.state, "running")

    def test_code_that_the_hub_trusts_decides_for_itself(self):
        self.integration.sudo().write({"run_as_id": self.root.id, "company_id": self.theirs.id})
        self.assertEqual(self.integration.sudo().company_id, self.theirs)


@pytest.mark.slow
class TestWhatIsLostLater(RightsCase):
    def losses(self):
        """Return what can be lost, as functions, and what the card says then."""
        everyone = self.env.ref("base.group_user")
        return {
            "company": (
                lambda: self.manager.write(
                    {"company_id": self.theirs.id, "company_ids": [(6, 0, self.theirs.ids)]}
                ),
                "does not belong to its company",
            ),
            "group": (
                lambda: self.manager.write({"group_ids": [(6, 0, everyone.ids)]}),
                "no longer a user of the Integration Hub",
            ),
            "own company": (self.forget_company, "has no company"),
            "archived user": (lambda: self.manager.write({"active": False}), "is archived"),
            "archived company": (self.archive_company, "is archived"),
        }

    def forget_company(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET company_id = NULL WHERE id = %s", [self.integration.id]
        )
        self.env.invalidate_all()

    def archive_company(self):
        closed = self.env["res.company"].create({"name": "Closed"})
        self.manager.company_ids += closed
        self.integration.sudo().company_id = closed
        closed.active = False

    def test_it_cannot_run_and_says_why(self):
        for name, (lose, text) in self.losses().items():
            with self.subTest(name):
                self.integration = self.add(name=name, user_id=False).with_user(self.manager)
                self.integration.start()
                integration = self.integration.sudo()
                savepoint = self.env.cr.savepoint()
                lose()
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertIn(text, integration._preflight_error())
                self.assertEqual(integration.health, "blocked")
                self.assertIn(text, integration.problem)
                with self.assertRaisesRegex(UserError, text):
                    integration.run_manually()
                ran = []
                with self.running_as(lambda this, _from, _to, r=ran: r.append(this)):
                    self.work(integration)
                self.assertFalse(ran)
                self.env.invalidate_all()
                savepoint.rollback()
                savepoint.close()
                self.env.registry.clear_all_caches()
                self.env.invalidate_all()

    def test_what_is_lost_between_claim_and_work(self):
        """The code is never called in a company that its user does not have."""
        self.integration.run_manually()
        self.manager.write({"company_id": self.theirs.id, "company_ids": [(6, 0, self.theirs.ids)]})
        integration = self.integration.sudo()
        with self.assertRaisesRegex(UserError, "does not belong to its company"):
            integration._record_for_work()

    def test_who_serves_all_companies_works_in_those_of_the_user(self):
        self.archived = self.env["res.company"].create({"name": "Archived", "active": False})
        self.manager.company_ids += self.archived
        with patch.object(self.type_class(), "is_multi_company_compatible", True):
            integration = self.add(name="All")
            seen = []
            with self.running_as(lambda this, _from, _to: seen.append(this.env.companies)):
                integration.run_manually()
                self.work(integration)
        self.assertEqual(seen, [self.ours])
