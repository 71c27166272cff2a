"""What the buttons do can be done by other programs, over JSON-2 with an API key."""

import json
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from hub_case import at
from items_case import ItemsCase
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tests import HttpCase
from odoo.tools import mute_logger

KEY = "nightly-2025-03-01"


class TestIdempotencyKey(ItemsCase):
    def test_the_same_key_is_the_same_run(self):
        run = self.integration.run_manually(idempotency_key=KEY)
        self.assertEqual(self.integration.run_manually(idempotency_key=KEY), run)
        with self.importing():
            self.work(self.integration)
        self.assertEqual(run.state, "done")
        self.assertEqual(self.integration.run_manually(idempotency_key=KEY), run)
        self.assertEqual(len(self.runs(self.integration, trigger="manual")), 1)

    def test_another_key_or_none_is_another_run(self):
        runs = {self.integration.run_manually(idempotency_key=key) for key in (KEY, "b", None, "")}
        self.assertEqual(len(runs), 4)

    def test_each_integration_has_keys_of_its_own(self):
        run = self.integration.run_manually(idempotency_key=KEY)
        self.assertNotEqual(self.add().run_manually(idempotency_key=KEY), run)

    def test_it_needs_the_same_rights(self):
        self.integration.run_manually(idempotency_key=KEY)
        with self.assertRaisesRegex(Exception, "Only users of the Integration Hub"):
            self.integration.with_user(self.outsider).run_manually(idempotency_key=KEY)

    def test_what_cannot_be_kept_is_refused(self):
        for key in ("x" * 201, 7, 0, ["a"], [], {"a": 1}, "a\0", "\ud800"):
            with self.assertRaisesRegex(UserError, "up to 200 characters"):
                self.integration.run_manually(idempotency_key=key)
        self.assertTrue(self.integration.run_manually(idempotency_key="x" * 200))

    @mute_logger("odoo.sql_db")
    def test_one_that_another_request_has_just_used_lets_odoo_begin_again(self):
        self.integration.run_manually(idempotency_key=KEY)
        cls = type(self.env["ihub.integration"])
        # As a request sees it that has begun before the other was committed.
        unseen = patch.object(cls, "_run_asked_for_by", lambda this, key: this.env["ihub.run"])
        with unseen, self.assertRaises(ConcurrencyError):
            self.integration.run_manually(idempotency_key=KEY)


@pytest.mark.slow
class TestOverHttp(ItemsCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.keys = {user: self.key_of(user) for user in (self.operator, self.outsider)}

    def key_of(self, user):
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        return keys._generate("rpc", "test", datetime.now() + timedelta(days=1))

    def call(self, path, user=None, **arguments):
        """Return status and answer of a call."""
        key = self.keys.get(user or self.operator)
        self.env.flush_all()
        answer = self.url_open(
            f"/json/2/{path}",
            json.dumps(arguments),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        self.env.invalidate_all()
        return answer.status_code, answer.json()

    def test_on_and_off(self):
        for method, state in (("start", "running"), ("start", "running"), ("stop", "stopped")):
            answer = self.call(f"ihub.integration/{method}", ids=self.integration.ids)
            self.assertEqual(answer, (200, True))
            self.assertEqual(self.integration.state, state)
        self.assertEqual(self.integration.state_user_id, self.operator)

    def test_a_run_is_queued_once_and_waited_for(self):
        arguments = {
            "ids": self.integration.ids,
            "_from": "2025-02-28T01:00:00+01:00",
            "_to": "2025-03-01",
            "idempotency_key": KEY,
        }
        status, ids = self.call("ihub.integration/run_manually", **arguments)
        self.assertEqual(status, 200)
        self.assertEqual(self.call("ihub.integration/run_manually", **arguments), (200, ids))
        run = self.env["ihub.run"].browse(ids)
        self.assertEqual(run.window_from, at("2025-02-28 00:00"))
        fields = ["state", "explanation"]
        self.assertEqual(self.state(ids, fields)["state"], "pending")
        with self.importing():
            self.work(self.integration)
        self.assertEqual(
            self.state(ids, fields),
            {"id": run.id, "state": "done", "explanation": "Done: 6 records."},
        )

    def state(self, ids, fields):
        status, (row,) = self.call("ihub.run/read", ids=ids, fields=fields)
        self.assertEqual(status, 200)
        return row

    def test_how_they_are_doing(self):
        self.integration.start()
        with self.importing():
            self.work(self.integration)
        fields = ["health", "problem", "watermark", "next_run", "to_repair_count"]
        status, (row,) = self.call("ihub.integration/read", ids=self.integration.ids, fields=fields)
        self.assertEqual((status, row["health"], row["to_repair_count"]), (200, "ok", 0))
        self.assertGreater(row["watermark"], "2025-03-01")
        status, counts = self.call("ihub.integration/board_summary")
        self.assertEqual(status, 200)
        self.assertGreaterEqual(counts["ok"], 1)

    def test_what_is_to_be_repaired_is_tried_again(self):
        self.orders[2]["fail"] = "no"
        self.run_it()
        self.assertEqual(self.call("ihub.item/count_to_repair"), (200, 1))
        item = self.items(state="failed")
        status, ids = self.call("ihub.item/retry", ids=item.ids)
        self.assertEqual(status, 200)
        self.assertEqual((item.state, item.retry_run_id.ids), ("pending", ids))
        self.assertEqual(item.retry_run_id.user_id, self.operator)

    @mute_logger("odoo.http")
    def test_what_is_refused_says_why(self):
        ids = self.integration.ids
        # Half a character, which no answer can carry.
        for asked in ({"_from": "\ud800"}, {"idempotency_key": "\ud800"}):
            status, __ = self.call("ihub.integration/run_manually", ids=ids, **asked)
            self.assertEqual(status, 422)
        self.integration.sudo().run_as_id.active = False
        status, answer = self.call("ihub.integration/run_manually", ids=ids)
        self.assertEqual(status, 422)
        self.assertIn("archived", answer["message"])
        for method in ("start", "run_manually", "read"):
            status, __ = self.call(f"ihub.integration/{method}", self.outsider, ids=ids)
            self.assertEqual(status, 403)
        self.keys.clear()
        self.assertEqual(self.call("ihub.integration/start", ids=ids)[0], 401)

    def test_what_only_reads_is_readonly(self):
        Integration, Item = self.env["ihub.integration"], self.env["ihub.item"]
        readers = (
            Integration.history, Integration.grid, Item.count_to_repair, Item.read,
        )  # fmt: skip
        for method in readers:
            self.assertTrue(method._readonly, method)

    def test_what_says_who_is_at_work_is_not_asked_of_a_replica(self):
        for model in ("ihub.integration", "ihub.run"):
            for name in ("read", "search_read", "web_read", "web_search_read", "web_read_group"):
                self.assertEqual(self.is_readonly(model, name), False, (model, name))
        for name in ("board_summary", "check_health", "metrics", "coverage"):
            self.assertEqual(self.is_readonly("ihub.integration", name), False, name)

    def is_readonly(self, model, name):
        """Return what Odoo finds when it chooses the database."""
        methods = (getattr(cls, name, None) for cls in self.registry[model].mro())
        return next((each._readonly for each in methods if hasattr(each, "_readonly")), None)

    def test_the_documentation_of_the_server_lists_it(self):
        admin = self.env.ref("base.user_admin")
        self.keys[admin] = self.key_of(admin)
        # Of what cannot be read there.
        with self.assertNoLogs("odoo.addons.api_doc", "WARNING"):
            self.assertTrue(self.documented("ihub.item", admin)["retry"]["doc"])
            self.assertTrue(self.documented("ihub.run", admin)["action_cancel"]["doc"])
            methods = self.documented("ihub.integration", admin)
        for name in ("start", "stop", "run_manually", "coverage", "board_summary"):
            self.assertTrue(methods[name]["doc"], name)
        parameters = methods["run_manually"]["parameters"]
        self.assertIn("the same one again", parameters["idempotency_key"]["doc"])
        self.assertEqual(methods["history"]["api"], ["readonly"])

    def documented(self, model, user):
        key = self.keys[user]
        address = f"/doc-bearer/{model}.json"
        answer = self.url_open(address, headers={"Authorization": f"Bearer {key}"})
        return answer.json()["methods"]
