"""Whoever tries to read a secret, by whatever route, does not get it: not even an administrator."""

import json
import logging
from datetime import datetime, timedelta

from odoo import Command, http
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase
from test_secrets import SECRET, SERVER, SecretsCase

FORMS = ({"token": {}}, {"token": {}, "display_name": {}, "integration_id": {"fields": {}}})


class TestNobodyReadsIt(SecretsCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.admin = self.env.ref("base.user_admin")
        self.people = (self.operator, self.manager, self.admin)
        self.writers = (self.manager, self.admin)
        for user in self.people:
            user.group_ids += self.env.ref("base.group_allow_export")

    def call(self, user, method, *args, model=SERVER, **kwargs):
        """Call a method as a client does, and return what is sent to it as text."""
        result = call_kw(self.env[model].with_user(user), method, args, kwargs)
        self.env.flush_all()
        return json.dumps(result, default=str)

    def check(self, method, *args, users=None, **kwargs):
        """Check that a call neither answers with the secret nor depends on it."""
        for user in users or self.people:
            with self.subTest(user=user.login, method=method, args=args):
                self.env.invalidate_all()
                text = self.call(user, method, *args, **kwargs)
                self.assertNotIn(SECRET, text)
                self.assertNotIn("gAAAA", text)
                self.row.sudo().token = "quite another one"
                self.assertEqual(text, self.call(user, method, *args, **kwargs))
                self.row.sudo().token = SECRET

    def refused(self, method, *args, **kwargs):
        for user in self.people:
            with self.subTest(user=user.login, method=method, args=args):
                with self.assertRaises(Exception) as caught, self.cr.savepoint():
                    self.call(user, method, *args, **kwargs)
                self.assertIsInstance(caught.exception, (UserError, ValueError))
                self.assertNotIn(SECRET, str(caught.exception).replace(repr(args), ""))

    # --- Reading ---

    def test_read(self):
        ids = self.row.ids
        self.check("read", ids, ["token"])
        self.check("read", ids, ["token"], load=None)
        self.check("search_read", [], ["token"])
        self.check("web_search_read", [], {"token": {}})
        for specification in FORMS:
            self.check("web_read", ids, specification)
        self.check("export_data", ids, ["token", "name"])

    def test_exports_have_no_sign_of_it(self):
        (row,) = self.row.with_user(self.admin).export_data(["token", "name"])["datas"]
        self.assertEqual(row, ["", "Orders"])
        described = self.row.fields_get(["token"])["token"]
        for choice in ("exportable", "searchable", "sortable", "groupable"):
            self.assertFalse(described[choice], choice)

    def test_saving_answers_without_it(self):
        answer = self.call(
            self.manager, "web_save", self.row.ids, {"token": "typed just now"}, {"token": {}}
        )
        self.assertNotIn("typed", answer)
        answer = self.call(self.manager, "web_save", [], {"token": "typed"}, {"token": {}})
        self.assertNotIn("typed", answer)

    def test_forms_that_are_edited(self):
        for values in ({}, {"token": "***"}, {"name": "x", "token": "typed"}):
            for ids in (self.row.ids, []):
                for names in ([], *([name] for name in values)):
                    form = {"token": {}, "name": {}}
                    self.check("onchange", ids, values, names, form, users=self.writers)

    def test_defaults(self):
        self.check("default_get", ["token"])
        self.env["ir.default"].set(SERVER, "token", "a default of all")
        for user in self.writers:
            self.assertNotIn("default", self.call(user, "default_get", ["token"]))
            self.assertNotIn("default", self.call(user, "onchange", [], {}, [], {"token": {}}))

    def test_copies(self):
        answer = self.call(self.manager, "copy", self.row.ids)
        copy = self.env[SERVER].browse(json.loads(answer))
        self.assertFalse(copy.sudo().token)

    # --- Searching: whether something is found must not depend on the value ---

    def test_searches_are_refused(self):
        for operator, value in (
            ("=", SECRET),
            ("=like", "c%"),
            ("ilike", "correct"),
            ("in", [SECRET, "x"]),
            ("!=", False),
            (">", "b"),
        ):
            domain = [("token", operator, value)]
            for method in ("search", "search_count", "search_read"):
                self.refused(method, domain)
            self.refused("web_search_read", domain, {"name": {}})
            self.refused("name_search", "", domain)
            self.refused("formatted_read_group", domain, [], ["__count"])
        self.refused("search", [], order="token")
        self.refused("search_read", [("integration_id.name", "=", "x"), ("token", "=", "y")])

    def test_groups_are_refused(self):
        self.refused("formatted_read_group", [], ["token"], ["__count"])
        self.refused("formatted_read_group", [], [], ["token:array_agg"])
        self.refused("formatted_read_group", [], [], ["token:max"])
        self.refused("web_read_group", [], ["token"], ["__count"])
        self.refused("formatted_read_group", [], ["name"], ["__count"], having=[("token", "=", 1)])

    def test_what_is_filtered_in_memory_does_not_depend_on_it(self):
        self.assertFalse(self.row.filtered_domain([("token", "=", SECRET)]))
        self.assertEqual(self.row.mapped("token"), ["***"])
        self.assertEqual(list(self.row.grouped("token")), ["***"])

    # --- The table ---

    def test_the_table_is_closed_and_has_no_field_for_the_value(self):
        for user in self.people:
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.call(user, "search_read", model="ihub.secret")
        root = self.env.ref("base.user_root")
        self.assertNotIn("gAAAA", self.call(root, "search_read", model="ihub.secret"))

    # --- What people write: templates, actions, fields ---

    def test_mail_templates(self):
        template = self.env["mail.template"].create(
            {
                "name": "x",
                "model_id": self.env["ir.model"]._get_id(SERVER),
                "subject": "{{ object.token }} {{ object.sudo().token }}",
                "body_html": '<p t-out="object.token"/><p t-field="object.token"/>'
                "<p t-out=\"object['token']\"/><p t-out=\"object.mapped('token')[0]\"/>"
                '<p t-out="[o.token for o in object]"/><p t-out="(lambda o: o.token)(object)"/>',
            }
        )
        for user in (self.manager, self.admin):
            with self.subTest(user=user.login):
                rendered = (
                    template.with_user(user)
                    .sudo()
                    ._generate_template(self.row.ids, ["subject", "body_html"])[self.row.id]
                )
                self.assertEqual(rendered["subject"], "*** ***")
                self.assertNotIn(SECRET, rendered["body_html"])
                self.assertIn("***", rendered["body_html"])

    def test_server_actions(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "x",
                "model_id": self.env["ir.model"]._get_id(SERVER),
                "state": "code",
                "code": "record.write({'address': 'http://%s' % record.token})\n"
                "record['name'] = ''.join(c for c in record.sudo().token)\n"
                "log(record.token)",
            }
        )
        action.with_context(active_model=SERVER, active_id=self.row.id).run()
        self.assertEqual((self.row.address, self.row.name), ("http://***", "***"))

    def test_fields_of_administrators(self):
        model = self.env["ir.model"]._get_id(SERVER)
        for name, values in (
            ("x_related", {"related": "token"}),
            ("x_computed", {"compute": "for r in self: r['x_computed'] = r.token"}),
        ):
            self.env["ir.model.fields"].create(
                {"name": name, "model_id": model, "ttype": "char", "store": False, **values}
            )
            self.assertEqual(self.row.sudo().read([name])[0][name], "***")

    # --- What is kept of changes ---

    def test_the_chatter_and_the_log_do_not_tell(self):
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())
        logging.root.addHandler(handler)
        self.addCleanup(logging.root.removeHandler, handler)
        self.row.write({"token": "typed just now", "name": "Renamed"})
        self.env.flush_all()
        self.env.cr.precommit.run()
        messages = self.integration.sudo().message_ids
        self.assertNotIn("typed", repr(messages.tracking_value_ids.read()))
        self.assertNotIn("typed", repr(messages.read(["body"])))
        self.assertFalse([line for line in lines if "typed" in line])

    def test_an_import_answers_without_it(self):
        answer = self.call(self.manager, "load", ["name", "token"], [["Imported", "typed"]])
        self.assertNotIn("typed", answer)
        (id_,) = json.loads(answer)["ids"]
        self.assertEqual(self.env[SERVER].browse(id_).token, "typed")


class TestOverHttp(SecretsCase, HttpCase):
    def test_json_2(self):
        Keys = self.env["res.users.apikeys"].with_user(self.manager)
        key = Keys.sudo()._generate("rpc", "x", datetime.now() + timedelta(days=1))
        for method, arguments in (
            ("read", {"ids": self.row.ids, "fields": ["token"]}),
            ("search_read", {"domain": [], "fields": ["token", "name"]}),
            ("web_read", {"ids": self.row.ids, "specification": {"token": {}}}),
        ):
            answer = self.url_open(
                f"/json/2/{SERVER}/{method}",
                json.dumps(arguments),
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            )
            with self.subTest(method=method):
                self.assertEqual(answer.status_code, 200, answer.text)
                self.assertIn("***", answer.text)
                self.assertNotIn(SECRET, answer.text)

    def test_spreadsheets(self):
        self.env["ir.exports"].create(
            {
                "name": "Template",
                "resource": SERVER,
                "export_fields": [Command.create({"name": "token"})],
            }
        )
        self.authenticate("admin", "admin")
        token = http.Request.csrf_token(self)
        data = {
            "model": SERVER,
            "fields": [{"name": "token", "label": "Token"}, {"name": "name", "label": "Name"}],
            "ids": self.row.ids,
            "domain": [],
            "import_compat": False,
            "context": {},
        }
        answer = self.url_open("/web/export/csv", {"data": json.dumps(data), "csrf_token": token})
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertIn("Orders", answer.text)
        self.assertNotIn(SECRET, answer.text)
        self.assertNotIn("***", answer.text)
