"""Who sees events, and that nobody but the hub writes them."""

from odoo.exceptions import AccessError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from test_event_log import EventCase


@tagged("standard", "post_install", "-at_install")
class TestEventAccess(EventCase):
    def setUp(self):
        super().setUp()
        self.demo.ihub_info("one", "x" * 100_000, related=self.partner)
        self.one = self.event()

    def test_hub_users_read(self):
        for user in (self.operator, self.manager):
            self.assertEqual(self.one.with_user(user).summary, "one")

    def test_others_do_not(self):
        for method in ("search", "search_count"):
            with self.assertRaises(AccessError):
                getattr(self.Event.with_user(self.outsider), method)([])
        with self.assertRaises(AccessError):
            self.one.with_user(self.outsider).read(["summary"])
        with self.assertRaises(AccessError):
            self.Event.with_user(self.outsider).action_about_records("res.partner", [1])
        with self.assertRaises(AccessError):
            self.one.with_user(self.outsider).action_download_details()
        with self.assertRaises(AccessError):
            self.one.with_user(self.outsider).action_open_related()

    def test_nobody_writes_or_deletes(self):
        for user in (self.operator, self.manager):
            with self.assertRaises(AccessError):
                self.Event.with_user(user).create({"summary": "forged"})
            with self.assertRaises(AccessError):
                self.one.with_user(user).write({"summary": "changed"})
            with self.assertRaises(AccessError):
                self.one.with_user(user).unlink()

    def test_nothing_of_the_mixin_is_called_remotely(self):
        for model in ("res.partner", "ihub.event", "ihub.integration", "ihub.integration.demo"):
            for method in ("ihub_info", "ihub_warning", "ihub_error"):
                with self.assertRaises(AccessError):
                    get_public_method(self.env[model], method)

    def test_attachment_follows_the_event(self):
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", "ihub.event"), ("res_id", "=", self.one.id)]
        )
        self.assertTrue(attachment.with_user(self.operator).raw)
        with self.assertRaises(AccessError):
            attachment.with_user(self.outsider).read(["raw"])

    def test_companies_are_kept_apart(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._user(
            "stranger", "ihub.group_manager", company_id=company.id, company_ids=company.ids
        )
        self.partner.with_user(stranger).ihub_info("two")
        Event = self.Event.with_user(stranger)
        mine = [("id", ">", self.before)]
        self.assertEqual(Event.search(mine).mapped("summary"), ["two"])
        self.assertEqual(self.Event.with_user(self.operator).search(mine), self.one)

    def test_events_about_records(self):
        Event = self.Event.with_user(self.operator)
        action = Event.action_about_records("res.partner", self.partner.ids)
        self.assertEqual(Event.search(action["domain"]), self.one)

    def test_related_that_the_user_may_not_see(self):
        rule = self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.partner.id})]",
            }
        )
        self.assertTrue(rule)
        one = self.one.with_user(self.operator)
        self.assertEqual(one.related_state, "hidden")
        self.assertEqual(one.about, f"Contact {self.partner.id}")
        self.assertFalse(one.related)
        with self.assertRaises(AccessError):
            one.action_open_related()

    def test_related_that_is_there(self):
        one = self.one.with_user(self.operator)
        self.assertEqual(one.related_state, "there")
        self.assertEqual(one.action_open_related()["res_id"], self.partner.id)

    def test_related_that_is_gone(self):
        self.partner.unlink()
        self.assertEqual(self.one.related_state, "gone")
        self.assertEqual(self.one.related_name, "Peter")

    def test_search_by_related(self):
        domain = [("related", "=", f"res.partner,{self.partner.id}"), ("id", ">", self.before)]
        self.assertEqual(self.Event.search(domain), self.one)

    def test_grouped_counts(self):
        self.demo.ihub_error("two")
        groups = self.Event.with_user(self.operator)._read_group(
            [("id", ">", self.before)], ["level", "integration_id", "create_date:day"], ["__count"]
        )
        self.assertEqual(len(groups), 2)

    def test_events_of_what_is_gone_can_be_read(self):
        gone = {"integration_id": 2**30, "run_id": 2**30, "user_id": 2**30, "company_id": None}
        self.env.cr.execute(
            "UPDATE ihub_event SET integration_id = %(integration_id)s, run_id = %(run_id)s,"
            " user_id = %(user_id)s, company_id = %(company_id)s WHERE id = %(id)s",
            {**gone, "id": self.one.id},
        )
        self.Event.invalidate_model()
        names = {name: {"fields": {"display_name": {}}} for name in gone}
        (values,) = self.one.with_user(self.operator).web_read(names)
        self.assertEqual([values[name] for name in gone], [False] * 4)
