"""Test Connection: the type's code says whether the other system answers, and nothing is kept."""

from unittest.mock import patch

from http_server import closed_port_url
from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError, UserError

from odoo.addons.ihub.lib.exceptions import StopRequested

SERVER = "ihub.integration.demo.unreachable"
SECRET = "correct-horse-battery"


class TestConnection(HubCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add(SERVER, token=SECRET)

    def test(self, check=None, record=None):
        """Press the button; return of which kind the answer is, and the answer."""
        record = record or self.integration
        check = check or self.type_class(SERVER).check_connection
        with (
            patch.object(self.type_class(SERVER), "check_connection", check),
            self.enter_registry_test_mode(),
        ):
            shown = record.action_test_connection()["params"]
        self.assertEqual(shown["title"], "Orders")
        self.assertEqual(shown["sticky"], shown["type"] == "danger")
        return shown["type"], shown["message"]

    def test_it_works(self):
        self.assertEqual(self.test(lambda this: None), ("success", "The connection works."))
        self.assertEqual(self.test(lambda this: 7), ("success", "The connection works."))

    def test_the_type_says_so_itself(self):
        self.assertEqual(
            self.test(lambda this: "Signed in as Ann."), ("success", "Signed in as Ann.")
        )

    def test_a_type_that_tests_nothing_does_not_say_that_it_works(self):
        with self.assertRaisesRegex(UserError, r"a method check_connection\(\)"):
            self.add(DEMO).action_test_connection()

    def test_it_does_not_work(self):
        kind, message = self.test(lambda this: False)
        self.assertEqual((kind, message), ("danger", "The connection does not work."))

    def test_an_exception_is_said_in_its_own_words(self):
        def check(this):
            raise UserError("The password is wrong.\nMore of that.")

        self.assertEqual(self.test(check), ("danger", "The password is wrong."))

    def test_what_nobody_wrote_for_people_is_in_the_log_as_well(self):
        with self.assertLogs("odoo.addons.ihub.models.ihub_connection_mixin", "ERROR") as logs:
            self.assertEqual(self.test(lambda this: {}["token"])[0], "danger")
        self.assertIn("KeyError: 'token'", logs.output[0])

    def test_what_is_no_exception_is_an_answer_all_the_same(self):
        def check(this):
            raise StopRequested

        self.assertEqual(self.test(check)[0], "danger")

    def test_a_server_that_does_not_answer(self):
        self.integration.sudo()._type_record().address = closed_port_url()
        kind, message = self.test()
        self.assertEqual(kind, "danger")
        self.assertRegex(message, r"^The server 127\.0\.0\.1:\d+ does not ")

    def test_secrets_are_not_said(self):
        self.assertEqual(self.test(lambda this: f"It is {this.token}."), ("success", "It is ***."))

        def check(this):
            raise UserError(f"It is not {this.token}.")

        self.assertEqual(self.test(check), ("danger", "It is not ***."))

    def test_nothing_is_kept(self):
        def check(this):
            this.sudo().address = "http://changed"
            this.set_state("token", "new")
            this.env["res.partner"].sudo().create({"name": "Created by a test"})
            this.ihub_info("Asked.")

        before = self.runs(self.integration)
        self.test(check)
        row = self.integration.sudo()._type_record()
        row.invalidate_recordset()
        self.assertNotEqual(row.address, "http://changed")
        self.assertIsNone(row.get_state("token"))
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Created by a test")]))
        self.assertEqual(self.runs(self.integration), before)

    def test_it_is_done_as_a_run_would_do_it(self):
        seen = []
        self.manager.lang = "en_US"
        self.integration.sudo().tz = "Asia/Tokyo"
        self.test(lambda this: seen.append((this.env.user, this.env.company, this.env.context)))
        ((user, company, context),) = seen
        self.assertEqual((user, company), (self.manager, self.integration.company_id))
        self.assertEqual(context["tz"], "Asia/Tokyo")

    def test_it_is_said_what_is_missing(self):
        self.manager.group_ids -= self.env.ref("ihub.group_manager")
        kind, message = self.test(lambda this: "never asked")
        self.assertEqual(kind, "danger")
        self.assertIn("no longer a user of the Integration Hub", message)

    def test_a_required_secret_that_is_missing_is_said_here_and_in_a_run(self):
        field = self.registry[SERVER]._fields["token"]
        self.patch(field, "required", True)
        self.integration.sudo()._type_record().token = False
        kind, message = self.test(lambda this: "never asked")
        self.assertEqual(kind, "danger")
        self.assertEqual(
            message, "'Access Token' of Orders is not set. Press Settings and enter it."
        )
        run = self.integration.run_manually()
        self.work(self.integration)
        self.assertEqual((run.state, run.message), ("failed", message))
        self.assertTrue(run.blames_settings)

    def test_whoever_may_run_it_may_test_it(self):
        for record in (self.integration, self.integration.sudo()._type_record()):
            for user in (self.operator, self.manager):
                answer = self.test(lambda this: "Yes.", record.with_user(user))
                self.assertEqual(answer, ("success", "Yes."))
        with self.assertRaises(AccessError):
            self.integration.with_user(self.outsider).action_test_connection()

    def test_nobody_calls_the_code_itself(self):
        row = self.integration.sudo()._type_record().with_user(self.manager)
        with self.assertRaises(AccessError):
            self.call_public(row, "check_connection")

    def call_public(self, record, method):
        from odoo.service.model import call_kw

        return call_kw(record.browse(), method, [record.ids], {})

    def test_of_an_archived_one_nothing_untrue_is_said(self):
        """Its page offers no button, but one that is open, or the settings, may still have it."""
        # As superuser: operators do not archive.
        self.integration.sudo().active = False
        self.assertFalse(self.integration.can_test_connection)
        action = self.integration.action_test_connection()
        self.assertEqual(action["tag"], "display_notification")

    def test_the_button_is_there_for_types_that_can(self):
        self.assertTrue(self.integration.can_test_connection)
        self.assertFalse(self.add(DEMO).can_test_connection)
        for model, count in ((SERVER, 1), (DEMO, 0)):
            arch = self.env[model].get_view(view_type="form")["arch"]
            self.assertEqual(arch.count('name="action_test_connection"'), count, model)
