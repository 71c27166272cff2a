"""Secrets of an integration: entered by people, used by its code, and shown to nobody."""

import os
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hub_case import HubCase
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open
from odoo.tools.sql import column_exists

from odoo.addons.ihub.engine import secrets
from odoo.addons.ihub.engine.secrets import SecretUnavailable

SERVER = "ihub.integration.demo.unreachable"
KEY = "a key of the server"
SECRET = "correct-horse-battery"


class SecretsCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        with patch.dict(os.environ, {"IHUB_SECRET_KEY": KEY}):
            self.integration = self.add(SERVER, token=SECRET, retry_limit=0)
        self.row = self.integration.sudo()._type_record().with_user(self.manager)

    def setUp(self):
        super().setUp()
        self.use_key(KEY)
        self.field = self.registry[SERVER]._fields["token"]

    def use_key(self, key):
        self.startPatcher(patch.dict(os.environ, {"IHUB_SECRET_KEY": key}))

    def stored(self):
        """Return ``{field: what the database has}``."""
        self.env.cr.execute(
            "SELECT name, value FROM ihub_secret WHERE integration_id = %s", [self.integration.id]
        )
        return dict(self.env.cr.fetchall())


class TestSecrets(SecretsCase):
    def test_code_gets_what_was_entered(self):
        self.assertEqual(self.row.token, SECRET)
        self.assertFalse(self.add(SERVER).sudo()._type_record().token)

    def test_so_does_the_code_of_a_run_whoever_it_runs_as(self):
        self.integration.sudo().run_as_id = self.operator
        seen = []
        self.integration.run_manually()
        with self.running_as(lambda this, _from, _to: seen.append(this.token), model=SERVER):
            self.work(self.integration)
        self.assertEqual(seen, [SECRET])

    def test_people_see_that_there_is_one(self):
        for value, shown in ((SECRET, "***"), ("env:IHUB_A", "env:IHUB_A"), ("", False)):
            self.row.token = value
            self.assertEqual(self.row.read(["token"])[0]["token"], shown)

    def test_it_is_encrypted_in_the_database(self):
        self.assertNotIn(SECRET, self.stored()["token"])
        self.assertTrue(self.stored()["token"].startswith("gAAAA"))

    def test_it_is_replaced_and_removed(self):
        self.row.write({"token": "another"})
        self.assertEqual(self.row.token, "another")
        self.row.token = "a third"
        self.assertEqual(self.row.token, "a third")
        self.row.write({"token": False})
        self.assertFalse(self.row.token)
        self.assertNotIn("token", self.stored())

    def test_what_people_see_changes_nothing(self):
        self.row.write({"token": "***", "address": "https://example.com"})
        self.assertEqual(self.row.token, SECRET)
        self.assertEqual(self.row.address, "https://example.com")

    def test_any_text_can_be_one(self):
        for value in ("  spaces  ", "ümläut €", "\ud800", "a\x00b", "x" * 100_000, "0"):
            with self.subTest(value=value[:20]):
                self.row.token = value
                self.env.invalidate_all()
                self.assertEqual(self.row.token, value)

    def test_many_rows_at_once(self):
        other = self.add(SERVER, name="Other")
        rows = self.row + other.sudo()._type_record().with_user(self.manager)
        rows.write({"token": "shared"})
        self.assertEqual([row.token for row in rows], ["shared", "shared"])
        self.assertEqual([row["token"] for row in rows], ["***", "***"])
        self.assertFalse(self.env[SERVER].create([]))

    def test_whoever_may_not_write_the_settings_sets_none(self):
        for user in (self.operator, self.outsider):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.row.with_user(user).write({"token": "mine"})
        with self.assertRaises(AccessError):
            self.env[SERVER].with_user(self.operator).create({"token": "mine"})
        self.assertEqual(self.row.token, SECRET)

    def test_groups_of_the_field_hold(self):
        self.patch(self.field, "groups", "ihub.group_manager")
        access = self.env["ir.model.access"].search(
            [("model_id.model", "=", SERVER), ("group_id", "=", self.env.ref("ihub.group_user").id)]
        )
        access.perm_write = True
        operators = self.row.with_user(self.operator)
        with self.assertRaises(AccessError):
            operators.write({"token": "mine"})
        with self.assertRaises(AccessError):
            operators.read(["token"])
        self.assertEqual(self.row.token, SECRET)

    def test_a_copy_has_none(self):
        self.assertFalse(self.row.copy().token)
        self.assertFalse(self.integration.with_user(self.manager).copy()._type_record().token)

    def test_a_variable_can_be_the_default_a_secret_cannot(self):
        for default, shown in (("env:IHUB_A", "env:IHUB_A"), ("in the code", False)):
            self.patch(self.field, "default", lambda model, default=default: default)
            with self.subTest(default=default):
                added = self.add(SERVER).with_user(self.manager)._type_record()
                self.assertEqual(added["token"], shown)
                self.assertEqual(added.default_get(["token"]).get("token", False), shown)

    def test_it_goes_with_its_integration(self):
        self.integration.sudo().unlink()
        self.assertFalse(self.stored())

    def test_a_neutralized_copy_has_none(self):
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.row.token)

    def test_it_is_asked_for_when_one_is_added(self):
        self.patch(self.field, "required", True)
        wizard = self.env["ihub.integration.add"].with_user(self.manager)
        wizard = wizard.create({"integration_type": SERVER, "name": "New"})
        self.assertEqual(wizard.asks_for, "Access Token")
        self.assertEqual(wizard.action_add()["res_model"], SERVER)

    def test_forms_show_it_in_a_field_of_its_own(self):
        arch = self.row.get_view(view_type="form")["arch"]
        self.assertRegex(arch, '<field name="token"[^>]* widget="ihub_secret"')

    # --- Variables of the environment ---

    def test_a_variable_is_read_when_it_is_used(self):
        self.row.token = "env:IHUB_SHOP"
        for value in ("first", "second"):
            with patch.dict(os.environ, {"IHUB_SHOP": value}):
                self.assertEqual(self.row.token, value)
        self.assertEqual(self.row["token"], "env:IHUB_SHOP")
        self.assertEqual(self.stored()["token"], "env:IHUB_SHOP")

    def test_a_variable_that_is_not_set_is_said(self):
        self.row.token = "env:IHUB_NOT_SET"
        with self.assertRaisesRegex(SecretUnavailable, "IHUB_NOT_SET.*'Access Token' of Orders"):
            print(self.row.token)

    def test_what_is_no_variable_is_refused(self):
        for value in ("env:", "env:A-B", "env:A B", "env:ÄÖ"):
            with self.subTest(value=value), self.assertRaisesRegex(UserError, "env:NAME"):
                self.row.token = value

    def test_a_manager_reads_no_other_variables_of_the_server(self):
        with self.assertRaisesRegex(UserError, "begins with IHUB_"):
            self.row.token = "env:PGPASSWORD"
        self.row.with_user(self.env.ref("base.user_admin")).token = "env:SHOP_PASSWORD"
        self.assertEqual(self.row["token"], "env:SHOP_PASSWORD")

    def test_what_the_developer_has_chosen_is_open_to_managers_what_others_choose_is_not(self):
        self.patch(self.field, "default", lambda model: "env:SHOP_PASSWORD")
        self.assertEqual(self.add(SERVER).sudo()._type_record()["token"], "env:SHOP_PASSWORD")
        self.add(SERVER, token="env:SHOP_PASSWORD")
        self.env["ir.default"].set(SERVER, "token", "env:PGPASSWORD")
        Server = self.env[SERVER].with_context(default_token="env:PGPASSWORD")
        row = Server.with_user(self.manager).create({"name": "By others"})
        self.assertEqual(row["token"], "env:SHOP_PASSWORD")
        with self.assertRaisesRegex(UserError, "begins with IHUB_"):
            row.token = "env:PGPASSWORD"

    def test_it_does_so_too_where_only_others_may_enter_it(self):
        self.patch(self.field, "default", lambda model: "env:SHOP_PASSWORD")
        self.patch(self.field, "groups", "base.group_system")
        self.assertEqual(self.add(SERVER).sudo()._type_record()["token"], "env:SHOP_PASSWORD")
        with self.assertRaises(AccessError):
            self.add(SERVER, token="mine")

    def test_nobody_reads_the_key(self):
        with self.assertRaisesRegex(UserError, "IHUB_SECRET_KEY"):
            self.row.sudo().token = "env:IHUB_SECRET_KEY"

    # --- Keys ---

    def test_the_key_can_stand_in_the_configuration_file(self):
        self.use_key("")
        with patch.object(secrets, "config", {"ihub_secret_key": "one of the file, older"}):
            self.row.token = "by the file"
            self.assertEqual(self.row.token, "by the file")
        with self.assertRaises(SecretUnavailable):
            print(self.row.token)
        self.use_key("one of the file")
        self.assertEqual(self.row.token, "by the file")

    def test_keys_are_rotated(self):
        self.use_key("a newer key, a key of the server")
        self.assertEqual(self.row.token, SECRET)
        before = self.stored()["token"]
        self.env["ihub.secret"]._renew()
        self.assertNotEqual(self.stored()["token"], before)
        self.use_key("a newer key")
        self.assertEqual(self.row.token, SECRET)
        before = self.stored()
        self.env["ihub.secret"]._renew()
        self.assertEqual(self.stored(), before)

    def test_another_key_is_said(self):
        self.use_key("another key")
        with self.assertRaisesRegex(SecretUnavailable, "'Access Token' of Orders .* another key"):
            print(self.row.token)
        self.env["ihub.secret"]._renew()
        self.assertEqual(self.row["token"], "***")

    def test_without_a_key_it_is_hidden_all_the_same_and_that_is_said_once(self):
        self.use_key("")
        secrets._warn_once.cache_clear()
        with self.assertLogs("odoo.addons.ihub.engine.secrets", "WARNING") as logs:
            self.row.token = "without"
            self.row.token = "without a key"
        self.assertEqual(len(logs.output), 1)
        self.assertIn("ihub_secret_key", logs.output[0])
        self.assertEqual(self.row.token, "without a key")
        self.assertEqual(self.row["token"], "***")
        self.assertNotIn("without", self.stored()["token"])
        # Once there is a key, it is used.
        self.use_key("a key of the server")
        self.env["ihub.secret"]._renew()
        self.env["ir.config_parameter"].sudo().set_param("database.secret", "changed")
        self.assertEqual(self.row.token, "without a key")

    def test_the_form_warns_where_there_is_no_key(self):
        for key, warns in (("a key", False), ("", True)):
            self.use_key(key)
            self.registry.clear_cache("templates")
            arch = self.row.get_view(view_type="form")["arch"]
            with self.subTest(key=key):
                self.assertEqual("ihub_secret_key" in arch, warns)


@pytest.mark.slow
class TestSecretsAreMasked(SecretsCase):
    """Whatever a run writes does not have the secret in it, whatever it is called there."""

    def texts(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.cr.execute(
            """
            SELECT table_name, column_name FROM information_schema.columns
              JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
               AND data_type IN ('text', 'character varying', 'jsonb')
               AND table_name ~ '^(ihub|mail|bus|ir_attachment|ir_cron|ir_logging)'
            """
        )
        for table, column in self.env.cr.fetchall():
            self.env.cr.execute(f'SELECT "{column}"::text FROM "{table}"')
            yield from ((f"{table}.{column}", text) for (text,) in self.env.cr.fetchall() if text)

    def check(self, function, *places):
        self.integration.run_manually()
        with self.running_as(function, model=SERVER):
            self.work(self.integration)
        found = list(self.texts())
        self.assertFalse([place for place, text in found if SECRET in text])
        self.assertLessEqual(set(places), {place for place, text in found if "***" in text})

    def test_events(self):
        def run(this, _from, _to):
            this.ihub_info(f"Signed in with {this.token}", {"note": [this.token]})

        self.check(run, "ihub_event.summary", "ihub_event.details")

    def test_exceptions(self):
        def run(this, _from, _to):
            raise ValueError(f"The server said: {this.token} is wrong.")

        self.check(run, "ihub_run.traceback", "ihub_run.message", "ihub_event.details")

    def test_fail(self):
        self.check(lambda this, _from, _to: this.fail(f"No: {this.token}"), "ihub_run.message")

    def test_items(self):
        def run(this, _from, _to):
            data = {"id": 1, "name": f"the {this.token}", "echo": this.token}
            this.process_each([data], this.divide, key="id", name="name")

        def divide(this, data, item):
            return 1 / 0

        self.startPatcher(patch.object(self.type_class(SERVER), "divide", divide, create=True))
        self.check(run, "ihub_item.data", "ihub_item.name")


class TestTakenOver(SecretsCase):
    """A setting was no secret in the version before, so its column is still there."""

    TABLE = "ihub_integration_demo_unreachable"

    def setUp(self):
        super().setUp()
        self.other = self.add(SERVER)

    def upgrade(self, value, column_type="varchar"):
        """Look at the type as when its addon is upgraded; return whether the column is left."""
        self.env.cr.execute(f"ALTER TABLE {self.TABLE} ADD COLUMN token {column_type}")
        self.env.cr.execute(f"UPDATE {self.TABLE} SET token = %s", [value])
        self.env["ihub.secret"].sudo().take_over(self.env[SERVER])
        self.env.invalidate_all()
        return column_exists(self.env.cr, self.TABLE, "token")

    def token(self, integration):
        return integration.sudo()._type_record().token

    def test_it_is_moved(self):
        self.assertFalse(self.upgrade("hush-hush"))
        self.assertEqual(self.token(self.other), "hush-hush")
        self.env.cr.execute("SELECT 1 FROM ihub_secret WHERE value LIKE '%hush%'")
        self.assertFalse(self.env.cr.fetchall())

    def test_what_was_entered_since_stays(self):
        self.upgrade("hush-hush")
        self.assertEqual(self.token(self.integration), SECRET)

    def test_an_empty_one_is_none(self):
        for value in ("", None):
            self.assertFalse(self.upgrade(value))
            self.assertFalse(self.token(self.other))

    def test_what_looks_like_a_reference_was_none(self):
        self.upgrade("env:IHUB_SECRET_KEY")
        self.assertEqual(self.token(self.other), "env:IHUB_SECRET_KEY")

    def test_without_a_key_of_the_server_it_is_moved_all_the_same(self):
        self.use_key("")
        secrets._warn_once.cache_clear()
        with self.assertLogs("odoo.addons.ihub.engine.secrets", "WARNING"):
            self.assertFalse(self.upgrade("hush-hush"))
        self.assertEqual(self.token(self.other), "hush-hush")

    def test_a_neutralized_copy_has_none(self):
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.assertFalse(self.upgrade("hush-hush"))
        self.assertFalse(self.token(self.other))

    def test_what_cannot_be_a_secret_as_it_is_stays_and_the_log_says_so(self):
        with self.assertLogs("odoo.addons.ihub.models.ihub_secret", "WARNING") as log:
            self.assertTrue(self.upgrade('{"1": "hush-hush"}', "jsonb"))
        self.assertIn(f"{self.TABLE}.token", log.output[0])
        self.assertFalse(self.token(self.other))

    def test_a_table_that_another_model_has_too_keeps_its_column(self):
        other = self.registry["ihub.integration.demo"]
        fields = {**other._fields, "token": SimpleNamespace(store=True)}
        with patch.multiple(other, _table=self.TABLE, _fields=fields):
            self.assertTrue(self.upgrade("hush-hush"))
