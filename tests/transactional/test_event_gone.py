"""Events of integrations and runs that are gone: untouched, and shown as of none."""

from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged
from test_event_log import EventCase


@tagged("standard", "post_install", "-at_install")
class TestEventsOfWhatIsGone(EventCase):
    def setUp(self):
        super().setUp()
        with self.scope():
            self.demo.ihub_info("gone")
        self.gone = self.event()
        self.other = self.add(name="Other")
        self.other.ihub_info("there")
        self.partner.ihub_info("none")
        self.there, self.none = self.events() - self.gone
        self.name = self.integration.name
        self.integration.with_user(self.manager).unlink()
        self.mine = [("id", ">", self.before)]
        self.Event = self.Event.with_user(self.operator)

    def found(self, *domain):
        return self.Event.search([*self.mine, *domain], order="id")

    def test_deleting_an_integration_does_not_touch_its_events(self):
        """However many they are, it takes no longer, and locks nothing of the log."""
        queries = []
        execute = Cursor.execute

        def note(cursor, query, *args, **kwargs):
            queries.append(str(cursor._obj.mogrify(query, *args[:1])) if args else str(query))
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", note):
            self.other.with_user(self.manager).unlink()
            self.env.cr.flush()
        self.assertTrue([query for query in queries if "ihub_integration" in query])
        self.assertFalse([query for query in queries if "ihub_event" in query])

    def test_the_name_of_a_deleted_integration_is_kept(self):
        gone, there = self.gone.with_user(self.operator), self.there.with_user(self.operator)
        self.assertEqual(gone.deleted_name, self.name)
        self.assertFalse(there.deleted_name)

    def test_read(self):
        gone = self.gone.with_user(self.operator)
        self.assertEqual(gone.summary, "gone")
        self.assertFalse(gone.integration_id)
        self.assertFalse(gone.run_id)
        names = {name: {"fields": {"display_name": {}}} for name in ("integration_id", "run_id")}
        self.assertEqual(
            gone.web_read(names), [{"id": gone.id, "integration_id": False, "run_id": False}]
        )
        self.assertEqual(gone.read(["integration_id"])[0]["integration_id"], False)
        exported = gone.sudo().export_data(["integration_id", "run_id"])
        self.assertEqual(exported["datas"], [["", ""]])

    def test_search_for_none(self):
        for name in ("integration_id", "run_id"):
            unset = self.found((name, "=", False))
            self.assertEqual(self.gone & unset, self.gone, name)
            self.assertEqual(self.found((name, "!=", False)), self.events() - unset, name)
        self.assertEqual(self.found(("integration_id", "=", False)), self.gone + self.none)
        self.assertEqual(self.found(("integration_id", "!=", False)), self.there)

    def test_search_for_none_or_one(self):
        ids = [False, self.other.id]
        self.assertEqual(self.found(("integration_id", "in", ids)), self.events())
        self.assertFalse(self.found(("integration_id", "not in", ids)))
        self.assertEqual(self.found(("integration_id", "!=", self.other.id)), self.gone + self.none)

    def test_search_by_name(self):
        self.assertFalse(self.found(("integration_id", "ilike", "Orders")))
        self.assertEqual(self.found(("integration_id", "ilike", "other")), self.there)
        self.assertEqual(
            self.found(("integration_id", "not ilike", "other")), self.gone + self.none
        )

    def test_search_by_a_field_of_it(self):
        for Event in (self.Event, self.Event.sudo()):
            found = Event.search([*self.mine, ("integration_id.name", "!=", "x")])
            self.assertEqual(found, self.there)
            found = Event.search([*self.mine, ("integration_id.state", "=", False)])
            self.assertFalse(found & self.there)

    def test_filtered_as_searched(self):
        events = self.events().with_user(self.operator)
        for operator, value in (("=", False), ("!=", False), ("!=", self.other.id)):
            domain = [("integration_id", operator, value)]
            self.assertEqual(events.filtered_domain(domain), self.found(*domain))

    def test_sorted(self):
        for name in ("integration_id", "run_id"):
            events = self.Event.search(self.mine, order=f"{name}, id")
            self.assertEqual(set(events), set(self.events()))

    def test_grouped(self):
        groups = self.Event._read_group(self.mine, ["integration_id"], ["__count"])
        counts = {integration.id: count for integration, count in groups}
        self.assertEqual(counts, {self.other.id: 1, False: 2})

    def test_grouped_in_the_list(self):
        for name in ("integration_id", "run_id", "user_id"):
            self.check_groups_of_the_list(name)

    def check_groups_of_the_list(self, name):
        result = self.Event.web_read_group(
            self.mine, [name], ["__count"],
            opening_info=[{"value": False, "folded": False, "offset": 0, "limit": 80}],
            unfold_read_specification={"summary": {}, name: {"fields": {"display_name": {}}}},
        )  # fmt: skip
        self.assertEqual(sum(group["__count"] for group in result["groups"]), 3)
        self.assertEqual(len({group[name] for group in result["groups"]}), result["length"])
        for group in result["groups"]:
            found = self.found(*group["__extra_domain"])
            self.assertEqual(len(found), group["__count"])
            if not group[name]:
                self.assertEqual({row["id"] for row in group["__records"]}, set(found.ids))

    def test_grouped_in_pivot_and_graph(self):
        sets = self.Event.formatted_read_grouping_sets(
            self.mine, [[], ["integration_id"], ["integration_id", "level"]], ["__count"]
        )
        self.assertEqual(sorted(group["__count"] for group in sets[1]), [1, 2])
        self.assertEqual(len(sets[2]), 2)
        groups = self.Event.formatted_read_group(
            self.mine, ["create_date:day", "run_id"], ["__count"], order="run_id"
        )
        self.assertEqual(sum(group["__count"] for group in groups), 3)

    def test_companies_are_kept_apart(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._user(
            "stranger", "ihub.group_manager", company_id=company.id, company_ids=company.ids
        )
        self.assertFalse(self.Event.with_user(stranger).search(self.mine))

    def test_kept_as_long_as_others(self):
        self.env.cr.execute("UPDATE ihub_event SET create_date = now() - interval '29 days'")
        self.Event.sudo()._gc_expired()
        self.assertEqual(self.found(), self.events())
        self.env.cr.execute("UPDATE ihub_event SET create_date = now() - interval '31 days'")
        self.Event.sudo()._gc_expired()
        self.assertFalse(self.found())
