"""Only members of the hub see or touch anything of it, by any route."""

from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError
from odoo.service.model import call_kw

PRIVATE = (
    *("run_from_to", "fail", "checkpoint", "resume_point", "get_state", "set_state"),
    *("ihub_info", "ihub_warning", "ihub_error"),
)
OPERATING = ("start", "stop", "run_manually", "open_settings", "open_runs", "open_events")


class TestAccess(HubCase):
    def test_nothing_of_the_developer_s_interface_can_be_called_remotely(self):
        integration = self.add()
        row = integration.sudo()._type_record()
        for user in (self.outsider, self.operator, self.manager):
            for name in PRIVATE:
                with self.subTest(user=user.login, name=name), self.assertRaises(AccessError):
                    call_kw(self.env[DEMO].with_user(user), name, [row.ids], {})

    def test_logging_cannot_be_called_remotely_on_any_model(self):
        for name in ("ihub_info", "ihub_warning", "ihub_error"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                call_kw(self.env["res.partner"].with_user(self.manager), name, [[]], {})

    def test_outsiders_see_and_do_nothing(self):
        integration = self.add()
        for model in ("ihub.integration", "ihub.run", "ihub.event", DEMO):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.outsider).search([])
        for name in OPERATING:
            with self.subTest(name=name), self.assertRaises(AccessError):
                getattr(integration.with_user(self.outsider), name)()

    def test_operators_operate_but_do_not_configure(self):
        integration = self.add()
        integration.start()
        integration.run_manually()
        integration.stop()
        integration.open_settings()
        for change in ({"name": "X"}, {"interval_number": 5}, {"state": "running"}):
            with self.subTest(change=change), self.assertRaises(AccessError):
                integration.write(change)
        with self.assertRaises(AccessError):
            integration.unlink()
        with self.assertRaises(AccessError):
            self.env[DEMO].with_user(self.operator).create({"name": "X"})

    def test_managers_configure_but_do_not_forge_the_state(self):
        integration = self.add().with_user(self.manager)
        integration.name = "Renamed"
        with self.assertRaisesRegex(AccessError, "Use Start and Stop"):
            integration.write({"state": "running"})
        for model in ("ihub.run", "ihub.event"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.manager).create({})

    def test_companies_are_kept_apart(self):
        company = self.env["res.company"].create({"name": "Second"})
        self.manager.company_ids += company
        integration = self.add(company_id=company.id)
        integration.with_user(self.manager).run_manually()
        operator = self.env["ihub.integration"].with_user(self.operator)
        self.assertNotIn(integration.id, operator.search([]).ids)
        self.assertFalse(
            self.env["ihub.run"]
            .with_user(self.operator)
            .search([("integration_id", "=", integration.id)])
        )
        self.assertFalse(
            self.env[DEMO]
            .with_user(self.operator)
            .search([("integration_id", "=", integration.id)])
        )
        with self.assertRaises(AccessError):
            integration.start()

    def test_an_outsider_cannot_be_the_one_as_whom_it_runs(self):
        integration = self.add().with_user(self.manager)
        with self.assertRaisesRegex(Exception, "is not a user of the Integration Hub"):
            integration.run_as_id = self.outsider
