"""Tokens: kept whatever becomes of the run, shared, read by nobody, not in a copy."""

import json
import os
from unittest.mock import patch

from freezegun import freeze_time
from http_server import Reply, local_server
from hub_case import HubCase
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from odoo.addons.ihub.core.masking import MASK, mask_values
from odoo.addons.ihub.engine import secrets
from odoo.addons.ihub.lib.auth import OAuth2
from odoo.addons.ihub.lib.rest_client import RestClient


@freeze_time("2025-03-01 12:30")
class TestHttpTokens(HubCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(local_server())
        self.server.reply("orders", Reply(body=b"ok"))
        self.issuer = self.enterContext(local_server())
        self.issuer.reply("token", self.grant("one"), self.grant("two"), Reply(400))

    def grant(self, name):
        token = {"access_token": name, "refresh_token": f"after {name}", "expires_in": 3600}
        return Reply(body=json.dumps(token).encode())

    def ask(self, refresh_token="first"):
        """Ask the server as another process would, which remembers nothing."""
        auth = OAuth2(self.issuer.url + "token", "shop", refresh_token=refresh_token)
        with RestClient(self.server.url, auth=auth) as client:
            client.get("orders")

    def sent(self):
        return [request.headers["Authorization"] for request in self.server.requests]

    def kept(self):
        return self.env["ihub.token"].search([])

    def test_the_next_one_finds_the_token(self):
        self.ask()
        self.ask()
        self.assertEqual(self.sent(), ["Bearer one", "Bearer one"])
        self.assertEqual(len(self.issuer.requests), 1)

    def test_another_sign_in_has_a_token_of_its_own(self):
        self.ask()
        self.ask("entered anew")
        self.assertEqual(self.sent(), ["Bearer one", "Bearer two"])

    def test_it_is_renewed_with_what_it_was_exchanged_for(self):
        self.ask()
        with freeze_time("2025-03-01 14:30"):
            self.ask()
        self.assertEqual(self.sent(), ["Bearer one", "Bearer two"])
        self.assertIn(b"refresh_token=after+one", self.issuer.requests[1].body)

    def test_one_that_another_process_has_renewed_is_used(self):
        auth = OAuth2(self.issuer.url + "token", "shop", refresh_token="first")
        with RestClient(self.server.url, auth=auth) as client:
            client.get("orders")
            self.server.reply("orders", Reply(401), Reply(body=b"ok"))
            self.ask()
            self.server.reply("orders", Reply(401), Reply(body=b"ok"))
            client.get("orders")
        self.assertEqual(
            self.sent(), ["Bearer one", "Bearer one", "Bearer two", "Bearer one", "Bearer two"]
        )

    def test_a_sign_in_that_fails_leaves_what_was_kept(self):
        self.ask()
        self.issuer.reply("token", Reply(400))
        with freeze_time("2025-03-01 14:30"), self.assertRaisesRegex(UserError, "gives no token"):
            self.ask()
        self.ask()
        self.assertEqual(self.sent()[-1], "Bearer one")

    def test_it_is_encrypted_and_masked(self):
        self.issuer.reply("token", Reply(body=b'{"access_token": "a-long-token"}'))
        self.ask("another")
        self.assertNotIn("a-long-token", str(self.kept().mapped("value")))
        self.assertEqual(mask_values("Signed in with a-long-token."), f"Signed in with {MASK}.")

    def test_one_that_cannot_be_decrypted_any_more_is_asked_for_anew(self):
        self.ask()
        with patch.dict(os.environ, {secrets.VARIABLE: "new"}):
            self.env["ir.config_parameter"].sudo().set_param("database.secret", "another")
            self.ask()
        self.assertEqual(self.sent(), ["Bearer one", "Bearer two"])

    def test_it_is_encrypted_anew_when_the_key_is_replaced(self):
        def stored():
            self.env.cr.execute("SELECT key, value FROM ihub_token WHERE value IS NOT NULL")
            return self.env.cr.fetchall()

        self.env.cr.execute("INSERT INTO ihub_token (key, renewed_at) VALUES ('empty', now())")
        for key in ("older", "new, older", "new"):
            with patch.dict(os.environ, {secrets.VARIABLE: key}):
                self.ask()
                before = stored()
                self.env["ihub.token"]._encrypt_anew()
                self.assertEqual(stored() == before, key != "new, older")
        self.assertEqual(self.sent(), ["Bearer one"] * 3)

    def test_nobody_reads_it_remotely(self):
        self.ask()
        for user in (self.outsider, self.operator, self.manager, self.env.ref("base.user_admin")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["ihub.token"].with_user(user).search_read([])

    def test_its_key_holds_nothing_of_what_it_was_asked_for_with(self):
        self.ask()
        self.assertRegex(self.kept().key, r"^[0-9a-f]{64}$")

    def test_a_copy_of_the_database_has_none(self):
        self.ask()
        self.env.flush_all()
        with file_open("ihub/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.kept())

    def test_what_was_not_renewed_for_a_year_is_given_up(self):
        self.ask()
        with freeze_time("2026-03-01 12:30"):
            self.env["ihub.token"]._gc_unused()
            self.assertTrue(self.kept())
        with freeze_time("2026-06-01 12:30"):
            self.env["ihub.token"]._gc_unused()
            self.assertFalse(self.kept())

    def test_one_that_is_used_is_kept_though_it_never_ends(self):
        self.issuer.reply("token", Reply(json={"access_token": "one", "refresh_token": "second"}))
        for day in ("2025-03-01", "2026-03-01", "2027-03-01"):
            with freeze_time(day):
                self.ask()
                self.ask()
        with freeze_time("2027-03-02"):
            self.env["ihub.token"]._gc_unused()
            self.ask()
        self.assertEqual(len(self.issuer.requests), 1)
