"""People choose among fields that mean something to them: in filters, groups and the export."""

from hub_case import HubCase
from lxml import etree

MODELS = ("ihub.integration", "ihub.run", "ihub.event", "ihub.item")
CHOICES = ("searchable", "groupable", "exportable")


class TestInternalFields(HubCase):
    def offered(self, model, choice):
        fields = self.env[model].with_user(self.manager).fields_get()
        return {name for name, field in fields.items() if field[choice]}

    def test_what_only_the_program_reads_is_offered_nowhere(self):
        internal = {
            "ihub.integration": ("stop_before_id", "schedule_anchor", "singleton_key", "can_start"),
            "ihub.run": ("behind_from", "forgiven_attempts", "reached", "can_cancel"),
            "ihub.event": ("open_key", "open_run_id", "related_state"),
            "ihub.item": ("can_change", "handler", "version"),
        }
        for model, names in internal.items():
            for choice in CHOICES:
                self.assertFalse(self.offered(model, choice) & set(names), (model, choice))

    def test_what_a_view_shows_is_exported(self):
        for model in MODELS:
            for kind in ("form", "list"):
                arch = etree.fromstring(
                    self.env[model].with_user(self.manager).get_view(view_type=kind)["arch"]
                )
                shown = {
                    node.get("name")
                    for node in arch.xpath("//field[not(ancestor::field)]")
                    if not (node.get("invisible") or node.get("column_invisible"))
                }
                # What was sent to other systems is read on its page only.
                shown.discard("failed_request_text")
                self.assertGreater(len(shown), 3)
                self.assertLessEqual(shown, self.offered(model, "exportable"))

    def test_what_is_named_for_people_stays(self):
        searchable = self.offered("ihub.integration", "searchable")
        self.assertLessEqual({"active", "failed_since", "health", "user_id"}, searchable)
        self.assertLessEqual({"res_id", "res_model"}, self.offered("ihub.event", "exportable"))

    def test_a_view_of_another_addon_makes_a_field_known(self):
        self.assertNotIn("late_since", self.offered("ihub.integration", "searchable"))
        self.env["ir.ui.view"].create(
            {
                "model": "ihub.integration",
                "type": "list",
                "inherit_id": self.env.ref("ihub.ihub_integration_view_list").id,
                "arch": "<field name='name' position='after'><field name='late_since'/></field>",
            }
        )
        self.assertIn("late_since", self.offered("ihub.integration", "searchable"))
