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
        with self.assertRaisesRegex(AccessError, "use Start and Stop"):
            integration.write({"state": "running"})
        for model in ("ihub.run", "ihub.event"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.manager).create({})

    def test_an_outsider_cannot_be_the_one_as_whom_it_runs(self):
        integration = self.add().with_user(self.manager)
        with self.assertRaisesRegex(Exception, "is not a user of the Integration Hub"):
            integration.run_as_id = self.outsider


class TestNarrowedType(HubCase):
    """A type's addon says itself who reads the settings: here managers only."""

    def setUp(self):
        super().setUp()
        self.line = self.bring("ihub.group_user", read=False)
        self.env["ihub.integration"]._grant_access_to_type(DEMO)
        self.integration = self.add(run_as_id=self.operator.id)

    def bring(self, group, read):
        """Let the addon of the type have a line in its ir.model.access.csv."""
        line = self.env["ir.model.access"].create(
            {
                "name": "brought",
                "model_id": self.env["ir.model"]._get_id(DEMO),
                "group_id": self.env.ref(group).id,
                "perm_read": read,
            }
        )
        xmlid = f"ihub_integration_demo.access_of_{line.id}"
        self.env["ir.model.data"]._update_xmlids([{"xml_id": xmlid, "record": line}])
        return line

    def lines(self, group):
        domain = [("model_id.model", "=", DEMO), ("group_id", "=", self.env.ref(group).id)]
        return self.env["ir.model.access"].search(domain)

    def test_the_line_of_an_addon_takes_the_place_of_the_hub_s(self):
        self.assertEqual(self.lines("ihub.group_user"), self.line)
        row = self.integration.sudo()._type_record()
        self.assertFalse(row.with_user(self.operator).has_access("read"))
        self.assertTrue(row.with_user(self.manager).has_access("write"))

    def test_a_line_for_another_group_only_adds(self):
        self.bring("base.group_user", read=True)
        before = self.lines("ihub.group_manager")
        self.env["ihub.integration"]._grant_access_to_type(DEMO)
        self.assertEqual(self.lines("ihub.group_manager"), before)
        self.assertTrue(before.perm_unlink)

    def test_the_hub_s_line_comes_back_when_the_addon_s_is_gone(self):
        self.line.unlink()
        self.env["ihub.integration"]._grant_access_to_type(DEMO)
        self.assertTrue(self.lines("ihub.group_user").perm_read)

    def test_a_line_that_was_switched_off_stays_so(self):
        self.lines("ihub.group_manager").active = False
        self.env["ihub.integration"]._grant_access_to_type(DEMO)
        self.assertFalse(self.lines("ihub.group_manager"))

    def test_what_an_administrator_has_changed_stays(self):
        self.line.unlink()
        own = self.bring("ihub.group_user", read=True)
        own._get_external_ids()
        self.env["ir.model.data"].search(
            [("model", "=", "ir.model.access"), ("res_id", "=", own.id)]
        ).unlink()
        own.perm_write = True
        self.env["ihub.integration"]._grant_access_to_type(DEMO)
        self.assertEqual(self.lines("ihub.group_user"), own)
        self.assertTrue(own.perm_write)

    def test_operators_see_the_board_and_operate(self):
        self.assertTrue(self.integration.read())
        self.assertTrue(self.integration.fields_get())
        self.integration.start()
        self.assertEqual(self.integration.health, "ok")
        self.integration.stop()
        self.assertTrue(self.integration.action_run_manually())

    def test_settings_say_in_words_that_they_are_for_others(self):
        with self.assertRaisesRegex(AccessError, "You do not have access to the settings"):
            self.integration.open_settings()
        self.assertTrue(self.integration.with_user(self.manager).open_settings()["res_id"])

    def test_a_run_works_as_somebody_who_may_not_read_the_settings(self):
        seen = []

        def work(this, _from, _to):
            seen.append((this.env.user, this.resume_point(), this.sudo().a_custom_field))
            this.ihub_info("Told", integration=this)
            this.checkpoint(1, 2, resume=5)
            seen.append(this.resume_point())

        self.integration.sudo()._type_record().a_custom_field = "secret"
        with self.running_as(work):
            run = self.integration.run_manually()
            self.env.invalidate_all()
            self.work(self.integration)
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(seen, [(self.operator, None, "secret"), 5])
        self.assertEqual(run.event_ids.mapped("summary"), ["Told"])

    def test_a_run_fails_as_somebody_who_may_not_read_the_settings(self):
        with self.running_as(lambda this, _from, _to: this.fail("No orders today.")):
            run = self.integration.run_manually()
            self.env.invalidate_all()
            self.work(self.integration)
        self.assertEqual((run.state, run.message), ("failed", "No orders today."))
