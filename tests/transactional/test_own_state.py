"""What an integration keeps for itself from run to run."""

import json

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from odoo.addons.ihub.lib.exceptions import UsageError

STATE = "ihub.integration.state"


@freeze_time("2025-03-01 12:30")
class TestOwnState(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"), retry_limit=0)
        self.record = self.integration.sudo()._type_record().with_user(self.operator)

    def kept(self):
        return self.env[STATE].search([("integration_id", "=", self.integration.id)])

    def test_what_was_kept_comes_back_equal(self):
        for value in ({"page": 3, "seen": ["a", None, 1.5]}, 0, [], "", False, "text", 10**30):
            with self.subTest(value=value):
                self.record.set_state("cursor", value)
                self.env.invalidate_all()
                self.assertEqual(self.record.get_state("cursor"), value)
        self.assertEqual(len(self.kept()), 1)

    def test_keys_are_kept_apart_and_so_are_integrations(self):
        other = self.add(name="Other").sudo()._type_record().with_user(self.operator)
        self.record.set_state("etag", "a")
        self.record.set_state("token", "b")
        other.set_state("etag", "c")
        self.assertEqual(
            [self.record.get_state("etag"), self.record.get_state("token")], ["a", "b"]
        )
        self.assertEqual(other.get_state("etag"), "c")

    def test_without_a_value_there_is_the_default(self):
        self.assertIsNone(self.record.get_state("etag"))
        self.assertEqual(self.record.get_state("page", 1), 1)

    def test_none_forgets(self):
        self.record.set_state("etag", "a")
        self.record.set_state("etag", None)
        self.record.set_state("never", None)
        self.assertEqual(self.record.get_state("etag", "gone"), "gone")
        self.assertFalse(self.kept())

    def test_a_value_that_would_not_come_back_is_refused(self):
        with self.assertRaisesRegex(UsageError, r"(?i)value\['at'\] is of the type \w*datetime"):
            self.record.set_state("cursor", {"at": at("2025-03-01 12:00")})
        self.assertFalse(self.kept())

    def test_a_key_that_is_no_short_text_is_refused(self):
        for key in (None, 5, "", "x" * 201, "a\x00"):
            with self.subTest(key=key):
                with self.assertRaisesRegex(UsageError, "at most 200 characters"):
                    self.record.set_state(key, 1)
                with self.assertRaisesRegex(UsageError, "at most 200 characters"):
                    self.record.get_state(key)

    def run_as(self, function):
        self.integration.start()
        with self.running_as(function):
            self.work(self.integration)

    def test_it_is_written_with_the_work(self):
        def work(this, _from, _to):
            this.set_state("cursor", "kept")
            this.checkpoint(1)
            this.set_state("cursor", "undone")
            raise UserError("Bad data.")

        self.run_as(work)
        self.assertEqual(self.record.get_state("cursor"), "kept")

    def test_it_is_there_in_the_next_run(self):
        seen = []

        def work(this, _from, _to):
            seen.append(this.get_state("count", 0))
            this.set_state("count", seen[-1] + 1)

        self.integration.run_manually()
        self.integration.run_manually()
        with self.running_as(work):
            self.work(self.integration)
        self.assertEqual(seen, [0, 1])

    def test_nobody_reads_or_writes_it_remotely(self):
        self.record.set_state("token", "hunter2")
        admin = self.env.ref("base.user_admin")
        for user in (self.outsider, self.operator, self.manager, admin):
            State = self.env[STATE].with_user(user)
            entry = State.browse(self.kept().ids)
            for ask in (
                lambda State=State: State.search_read([]),
                lambda entry=entry: entry.read(["value"]),
                lambda entry=entry: entry.write({"key": "x"}),
                lambda entry=entry: entry.unlink(),
                lambda State=State: State.create({"integration_id": self.integration.id}),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    ask()

    # --- On the page ---

    def page(self, user=None):
        self.env.invalidate_all()
        return self.integration.with_user(user or self.manager)

    def test_managers_see_it_without_its_secrets(self):
        self.assertFalse(self.page().own_state)
        self.record.set_state("etag", "abc")
        self.record.set_state("cursor", {"page": 3, "access_token": "hunter2"})
        self.record.set_state("token", "hunter2")
        self.assertEqual(
            json.loads(self.page().own_state),
            {"cursor": {"page": 3, "access_token": "***"}, "etag": "abc", "token": "***"},
        )
        self.assertFalse(self.page(self.operator).own_state)

    def test_one_is_not_shown_what_another_keeps(self):
        other = self.add(name="Other")
        self.record.set_state("etag", "abc")
        self.assertFalse(other.with_user(self.manager).own_state)

    def test_a_manager_resets_it_and_the_chatter_says_who(self):
        self.record.set_state("etag", "abc")
        self.record.set_state("cursor", 7)
        self.page().action_reset_own_state()
        self.assertFalse(self.kept())
        self.assertFalse(self.page().own_state)
        message = self.integration.sudo().message_ids[0]
        self.assertEqual(message.author_id, self.manager.partner_id)
        self.assertIn("cursor, etag", message.body)

    def test_where_there_is_nothing_nothing_is_said(self):
        before = self.integration.sudo().message_ids
        self.page().action_reset_own_state()
        self.assertEqual(self.integration.sudo().message_ids, before)

    def test_nobody_else_resets_it(self):
        self.record.set_state("etag", "abc")
        for user in (self.operator, self.outsider):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.page(user).action_reset_own_state()
        self.assertTrue(self.kept())

    def test_it_is_not_reset_under_a_run(self):
        self.record.set_state("cursor", 7)
        tried = []

        def work(this, _from, _to):
            with self.assertRaisesRegex(UserError, "Press Stop"):
                this.integration_id.with_user(self.manager).action_reset_own_state()
            tried.append(this.get_state("cursor"))

        self.run_as(work)
        self.assertEqual(tried, [7])

    def test_it_goes_with_its_integration(self):
        self.record.set_state("token", "hunter2")
        self.integration.sudo().unlink()
        self.assertFalse(self.env[STATE].search([("key", "=", "token")]))

    def test_a_copy_of_the_integration_has_none(self):
        self.record.set_state("token", "hunter2")
        copy = self.record.with_user(self.manager).copy()
        self.assertIsNone(copy.get_state("token"))

    def test_a_copy_of_the_database_has_none(self):
        self.record.set_state("token", "hunter2")
        self.env.flush_all()
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.kept())
