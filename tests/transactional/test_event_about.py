"""The name of a related record is seen by who may see the record, on every way to it."""

from odoo.exceptions import AccessError
from odoo.tests import tagged
from test_event_log import EventCase

from odoo.addons.ihub.models.ihub_outside_text import as_cell


@tagged("standard", "post_install", "-at_install")
class TestAbout(EventCase):
    def setUp(self):
        super().setUp()
        self.secret = self.env["res.partner"].create({"name": "Secret Peter"})
        self.demo.ihub_info("open", related=self.partner)
        self.demo.ihub_info("hidden", related=self.secret)
        self.demo.ihub_info("no access", related=self.env["ir.cron"].search([], limit=1))
        self.demo.ihub_info("none")
        self.demo.ihub_info("text", related="some Peter")
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.secret.id})]",
            }
        )
        self.seen = self.events().with_user(self.operator)
        self.open, self.hidden, self.no_access, self.none, self.text = self.seen
        self.mine = [("id", ">", self.before)]

    def found(self, *domain, user=None):
        Event = self.Event.with_user(user or self.operator)
        return Event.search([*self.mine, *domain], order="id")

    def test_only_what_may_be_read_has_its_name(self):
        self.assertEqual(self.open.about, "Peter")
        self.assertEqual(self.hidden.about, f"Contact {self.secret.id}")
        self.assertIn("Scheduled Actions", self.no_access.about)
        self.assertFalse(self.none.about)
        self.assertEqual(self.text.about, "some Peter")
        self.assertEqual(
            self.seen.mapped("related_state"), ["there", "hidden", "hidden", "none", "gone"]
        )

    def test_superuser_sees_all(self):
        self.assertEqual(self.events()[1].about, "Secret Peter")

    def test_no_value_leads_to_the_name(self):
        self.operator.group_ids += self.env.ref("base.group_allow_export")
        specification = {name: {} for name in self.seen.fields_get()}
        specification["related"] = {"fields": {"display_name": {}}}
        self.assertNotIn("Secret Peter", str(self.hidden.web_read(specification)))
        exported = self.hidden.export_data([n for n in specification if n != "related"])
        self.assertNotIn("Secret Peter", str(exported))
        self.assertIn("hidden", str(exported))

    def test_stored_name_is_out_of_reach(self):
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        Event = self.Event.with_user(self.manager)
        ways = (
            lambda: Event.browse(self.hidden.id).read(["related_name"]),
            lambda: Event.search([("related_name", "ilike", "secret")]),
            lambda: Event.search([], order="related_name"),
            lambda: Event._read_group([], ["related_name"], ["__count"]),
            lambda: Event.formatted_read_group([], ["related_name"], ["__count"]),
            lambda: Event.formatted_read_group([], [], ["related_name:max"]),
            lambda: Event.browse(self.hidden.id).export_data(["related_name"]),
            lambda: Event.search([("id", "any", [("related_name", "ilike", "secret")])]),
            lambda: self.env["ihub.run"].with_user(self.manager).search(
                [("event_ids.related_name", "ilike", "secret")]
            ),
        )  # fmt: skip
        for number, way in enumerate(ways):
            with self.subTest(number), self.assertRaises(AccessError):
                way()

    def test_search_finds_what_is_seen(self):
        self.assertEqual(self.found(("about", "ilike", "peter")), self.open + self.text)
        self.assertEqual(self.found(("about", "ilike", "secret")), self.Event)
        self.assertEqual(self.found(("about", "=", "Peter")), self.open)
        self.assertEqual(self.found(("about", "=", "Secret Peter")), self.Event)
        self.assertEqual(self.found(("about", "in", ["Peter", "Secret Peter"])), self.open)
        self.assertEqual(
            self.Event.search([*self.mine, ("about", "ilike", "secret")]).ids, self.hidden.ids
        )

    def test_search_for_what_it_is_not_tells_nothing(self):
        rest = self.found(("about", "not ilike", "secret"))
        self.assertEqual(rest, self.seen)
        self.assertEqual(self.seen.filtered_domain([("about", "ilike", "secret")]), self.Event)
        self.assertEqual(self.found("!", ("about", "ilike", "peter")) & self.open, self.Event)

    def test_archived_record_is_found(self):
        self.partner.active = False
        self.assertEqual(self.open.about, "Peter")
        self.assertEqual(self.found(("about", "=", "Peter")), self.open)

    def test_gone_where_rules_cannot_be_asked_any_more(self):
        (self.partner + self.secret).unlink()
        self.env.invalidate_all()
        self.assertEqual(self.hidden.about, f"Contact {self.secret.id}")
        self.assertEqual(self.open.related_state, "gone")
        self.assertEqual(self.found(("about", "ilike", "peter")), self.text)

    def test_gone_and_seen_by_the_manager(self):
        """Who keeps the hub must be able to say what an old event was about."""
        (self.partner + self.secret).unlink()
        self.assertEqual(self.hidden.with_user(self.manager).about, "Secret Peter")
        found = self.found(("about", "ilike", "peter"), user=self.manager)
        self.assertEqual(found.ids, (self.open + self.hidden + self.text).ids)

    def test_gone_of_a_model_that_the_manager_may_not_read(self):
        self.env.cr.execute(
            "UPDATE ihub_event SET res_id = %s WHERE id = %s", [2**30, self.no_access.id]
        )
        self.env.invalidate_all()
        event = self.no_access.with_user(self.manager)
        self.assertIn(str(2**30), event.about)
        self.assertEqual(event.related_state, "gone")

    def test_gone_where_no_rule_restricts(self):
        country = self.env["res.country"].create({"name": "Utopia", "code": "UU"})
        self.demo.ihub_info("country", related=country)
        country.unlink()
        event = self.found(("summary", "=", "country"))
        self.assertEqual(event.about, "Utopia")
        self.assertEqual(self.found(("about", "=", "Utopia")), event)

    def test_gone_with_its_model(self):
        self.env.cr.execute(
            "UPDATE ihub_event SET res_model = 'no.such.model' WHERE id = %s", [self.open.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self.open.about, f"no.such.model {self.partner.id}")
        self.assertEqual(self.open.with_user(self.manager).about, "Peter")
        self.assertEqual(self.found(("about", "=", "Peter")), self.Event)
        self.assertEqual(self.found(("about", "=", "Peter"), user=self.manager).ids, self.open.ids)

    def test_number_of_queries_does_not_grow_with_the_list(self):
        def count(number):
            partners = self.env["res.partner"].create([{"name": "Paul"}] * number)
            for partner in partners:
                self.demo.ihub_info("many", related=partner)
            events = self.found(("summary", "=", "many"))
            self.env.invalidate_all()
            self.env.flush_all()
            before = self.cr.sql_log_count
            events.read(["about"])
            return self.cr.sql_log_count - before

        count(1)
        few = count(2)
        self.assertLessEqual(count(60), few)


@tagged("standard", "post_install", "-at_install")
class TestSpreadsheets(EventCase):
    def test_text_is_no_formula(self):
        for text in ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "{=1}", '=HYPERLINK("http://x")'):
            self.assertEqual(as_cell(text), f"'{text}")
        for value in ("text", "", "a=1", 5, -5, False, None, "'=1"):
            self.assertEqual(as_cell(value), value)

    def test_every_model_exports_text_as_text(self):
        """Whatever models the hub has: their texts come from outside, or may."""
        models = [m for m in self.registry.values() if self.is_shown(m)]
        self.assertGreater(len(models), 4)
        for model in models:
            self.assertTrue(hasattr(model, "_bounded"), model._name)

    def is_shown(self, model):
        is_own = model._name.startswith("ihub.") or "ihub.integration" in model._inherits
        is_table = not (model._abstract or model._transient)
        # What not even managers may read are rows for the hub alone.
        return is_own and is_table and self.is_read(model)

    def is_read(self, model):
        return self.env[model._name].with_user(self.manager).has_access("read")

    def test_export(self):
        self.operator.group_ids += self.env.ref("base.group_allow_export")
        self.demo.ihub_info("=cmd|' /C calc'!A0", "=1", related="=2")
        run = self.integration.sudo().run_manually()
        run.message = "=3"
        event = self.event().with_user(self.operator)
        (row,) = event.export_data(["summary", "details", "about"])["datas"]
        self.assertEqual(row, ["'=cmd|' /C calc'!A0", "'=1", "'=2"])
        (row,) = run.with_user(self.operator).export_data(["message", "processed"])["datas"]
        self.assertEqual(row, ["'=3", 0])
        rows = self.integration.export_data(["event_ids/summary"])["datas"]
        self.assertIn(["'=cmd|' /C calc'!A0"], rows)

    def test_titles_of_groups(self):
        self.demo.ihub_info("=1+1")
        domain = [("id", ">", self.before)]
        Event = self.Event.with_user(self.operator)
        (group,) = Event.formatted_read_group(domain, ["summary"], ["__count"])
        self.assertEqual(group["summary"], "'=1+1")
        self.assertEqual(Event.search(group["__extra_domain"] + domain), self.event())
