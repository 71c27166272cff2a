"""What only the hub sets is refused to everybody else, on every route, for every such field."""

import json

import pytest
from freezegun import freeze_time
from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS, Command
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from odoo.addons.ihub.engine.context import RunScope, executing


@pytest.mark.slow
class TestHubFields(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(company_id=self.env.company.id)
        self.integration.start()
        self.integration.stop()
        self.queue = self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()

    def hub_fields(self):
        """Return the names of the fields that are declared as read-only, stored or not."""
        fields = self.registry["ihub.integration"]._fields.items()
        magic = {"id", "create_uid", "create_date", "write_uid", "write_date", "display_name"}
        names = sorted(name for name, field in fields if field.readonly and name not in magic)
        self.assertTrue({"cron_id", "singleton_key", "schedule_anchor", "run_ids"} <= set(names))
        return names

    def forged(self, name):
        """Return a value of the field's kind that it does not have yet."""
        field = self.registry["ihub.integration"]._fields[name]
        if field.type in ("one2many", "many2many"):
            return [Command.clear()]
        if field.type == "many2one":
            domain = [("id", "!=", self.integration.sudo()[name].id)]
            others = self.env[field.comodel_name].sudo().with_context(active_test=False)
            return self.queue.id if name == "cron_id" else others.search(domain, limit=1).id
        if field.type == "selection":
            values = field.get_values(self.env)
            return next(value for value in values if value != self.integration.sudo()[name])
        return {
            "boolean": not self.integration.sudo()[name],
            "integer": 7,
            "float": 7.0,
            "date": "2020-02-02",
            "datetime": "2020-02-02 02:02:02",
            "properties_definition": [{"name": "forged", "type": "char"}],
        }.get(field.type, "forged")

    def stored(self, integration):
        """Return what the database has of an integration."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(i)::text FROM ihub_integration i WHERE id = %s", [integration.id]
        )
        values = json.loads(self.env.cr.fetchone()[0])
        return {name: value for name, value in values.items() if name != "write_date"}

    def refuses(self, function, name, route):
        with (
            self.subTest(field=name, route=route),
            mute_logger("odoo.models"),
            self.assertRaises(UserError),
        ):
            function()

    def call(self, model, method, *args, user=None, **kwargs):
        return call_kw(self.env[model].with_user(user or self.manager), method, args, kwargs)

    # --- Routes ---

    def test_a_write_is_refused(self):
        row = self.integration.sudo()._type_record()
        before = self.stored(self.integration)
        models = [("ihub.integration", self.integration.id), (DEMO, row.id)]
        for name in self.hub_fields():
            vals = {name: self.forged(name)}
            # The one with one, the other with the other; for the next field the other way round.
            models.reverse()
            for (model, id_), method in zip(models, ("write", "web_save"), strict=True):
                args = ([id_], vals, *([{}] if method == "web_save" else []))
                self.refuses(lambda a=args, m=model, d=method: self.call(m, d, *a), name,
                             f"{model}.{method}")  # fmt: skip
        self.assertEqual(self.stored(self.integration), before)

    def test_a_create_is_refused(self):
        for name in set(self.hub_fields()) - {"integration_type"}:
            vals = {"name": "Forged", name: self.forged(name)}
            self.refuses(lambda v=vals: self.call(DEMO, "create", [v]), name, "type")
            vals["integration_type"] = DEMO
            self.refuses(lambda v=vals: self.call("ihub.integration", "create", [v]), name, "own")

    def test_a_duplicate_is_refused(self):
        row = self.integration.sudo()._type_record()
        for name in self.hub_fields():
            vals = {name: self.forged(name)}
            for model, id_ in (("ihub.integration", self.integration.id), (DEMO, row.id)):
                self.refuses(
                    lambda v=vals, m=model, i=id_: self.call(m, "copy", [i], v), name, "copy"
                )

    def test_an_import_is_refused(self):
        for name in ("singleton_key", "state_reason", "schedule_anchor", "failed_since"):
            value = str(self.forged(name))
            with self.subTest(field=name):
                result = self.call(DEMO, "load", ["name", name], [["Imported", value]])
                self.assertFalse(result["ids"])
                self.assertTrue(result["messages"])

    @freeze_time("2025-03-01 12:30")
    def test_defaults_of_the_context_do_not_count(self):
        clean = self.stored(self.add(name="Fresh"))
        context = {}
        for name in self.hub_fields():
            default = {f"default_{name}": self.forged(name)}
            if self.env[DEMO]._fields[name].groups != NO_ACCESS:
                context |= default
                continue
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.call(DEMO, "create", {"name": "Fresh"}, context=default)
        id_ = self.call(DEMO, "create", {"name": "Fresh"}, context=context)
        fresh = self.stored(self.env[DEMO].browse(id_).integration_id)
        for name in self.hub_fields():
            with self.subTest(field=name):
                self.assertEqual(fresh.get(name), clean.get(name))

    def test_defaults_that_people_have_set_for_themselves_do_not_count(self):
        Default = self.env["ir.default"].with_user(self.manager)
        Default.set("ihub.integration", "cron_id", self.queue.id, user_id=True)
        Default.set("ihub.integration", "state", "running", user_id=True)
        fresh = self.add(name="Fresh")
        self.assertFalse(fresh.sudo().cron_id)
        self.assertEqual(fresh.state, "created")

    def test_commands_on_the_runs_of_an_integration_are_refused(self):
        run = self.integration.run_manually()
        for command in (
            Command.create({"trigger": "manual"}),
            Command.update(run.id, {"state": "done"}),
            Command.delete(run.id),
            Command.unlink(run.id),
            Command.clear(),
        ):
            vals = {"run_ids": [command]}
            self.refuses(
                lambda v=vals: self.call("ihub.integration", "write", [self.integration.id], v),
                "run_ids", command[0],
            )  # fmt: skip
        self.assertEqual(run.state, "pending")

    # --- What follows from it ---

    def test_it_says_which_field_and_what_to_do(self):
        with self.assertRaisesRegex(AccessError, "Scheduled Action.*use Start and Stop"):
            self.integration.with_user(self.manager).write({"cron_id": self.queue.id})

    def test_a_field_of_another_addon_that_is_read_only_is_the_hub_s_too(self):
        field = self.registry["ihub.integration"]._fields["hang_limit"]
        self.patch(field, "readonly", True)
        self.refuses(
            lambda: self.integration.with_user(self.manager).write({"hang_limit": 5}), "hang_limit",
            "write",
        )  # fmt: skip

    def test_administrators_are_not_the_hub(self):
        admin = self._user("ihub_admin", "base.group_system,ihub.group_manager")
        with self.assertRaises(AccessError):
            self.integration.with_user(admin).write({"cron_id": self.queue.id})

    def test_a_row_of_a_type_has_that_type(self):
        with self.assertRaisesRegex(UserError, "type"):
            self.call(
                DEMO, "create", {"name": "X", "integration_type": "ihub.integration.demo.import"}
            )

    # --- The lane's own scheduled action ---

    def forge_cron(self):
        """What a database may hold from before."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET cron_id = %s WHERE id = %s",
            [self.queue.id, self.integration.id],
        )
        self.env.invalidate_all()

    def test_a_foreign_scheduled_action_is_not_switched_on_or_triggered(self):
        own = self.integration.sudo().cron_id
        self.forge_cron()
        self.queue.active = False
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.queue.id)]).unlink()
        self.integration.start()
        self.assertFalse(self.queue.active)
        self.assertFalse(self.env["ir.cron.trigger"].search([("cron_id", "=", self.queue.id)]))
        self.assertEqual(self.integration.sudo().cron_id, own)

    def test_a_foreign_scheduled_action_is_not_deleted(self):
        self.forge_cron()
        self.integration.with_user(self.manager).unlink()
        self.assertTrue(self.queue.exists())

    def test_a_foreign_scheduled_action_is_not_taken_for_one_that_serves(self):
        self.integration.start()
        self.assertTrue(self.has_cron())
        self.forge_cron()
        self.assertFalse(self.has_cron())

    def has_cron(self):
        return self.integration._known().facts_of(self.integration).has_cron

    # --- A type's row ---

    def test_a_row_cannot_be_hung_on_an_integration_that_its_writer_may_not_see(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.manager.company_ids += company
        theirs = self.add(name="Theirs", company_id=company.id)
        theirs.sudo()._type_record().flush_recordset()
        self.env.cr.execute(
            "DELETE FROM ihub_integration_demo WHERE integration_id = %s", [theirs.id]
        )
        self.env.invalidate_all()
        self.manager.company_ids -= company
        mine = self.integration.sudo()._type_record()
        vals = {"integration_id": theirs.id}
        self.refuses(lambda: self.call(DEMO, "create", vals), "integration_id", "create")
        self.refuses(lambda: self.call(DEMO, "write", [mine.id], vals), "integration_id", "write")
        self.refuses(lambda: self.call(DEMO, "copy", [mine.id], vals), "integration_id", "copy")
        self.assertFalse(theirs.sudo()._existing_type_record())

    def test_a_row_stays_with_its_integration(self):
        other = self.add(name="Other")
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM ihub_integration_demo WHERE integration_id = %s",
                            [other.id])  # fmt: skip
        self.env.invalidate_all()
        mine = self.integration.sudo()._type_record()
        with self.assertRaises(AccessError):
            self.call(DEMO, "write", [mine.id], {"integration_id": other.id})

    def test_a_row_is_not_hung_on_an_integration_of_another_type(self):
        other = self.add("ihub.integration.demo.import", name="Import")
        with self.assertRaisesRegex(UserError, "type"):
            self.call(DEMO, "create", {"integration_id": other.id})

    def test_the_row_that_an_integration_lacks_can_be_added(self):
        id_ = self.call("ihub.integration", "create", {"name": "Bare", "integration_type": DEMO})
        row = self.call(DEMO, "create", {"integration_id": id_, "a_custom_field": "kept"})
        self.assertEqual(self.env[DEMO].browse(row).integration_id.id, id_)

    # --- The hub itself, and code that it trusts, goes on ---

    def test_a_type_fails_inside_a_run_of_a_plain_user(self):
        row = self.integration._type_record()
        scope = RunScope(self.env.cr.dbname, 0, 0)
        with executing(scope):
            row.fail("Because.")
        self.assertEqual(self.integration.state, "failed")

    def test_duplicating_and_importing_as_ever(self):
        copy = self.integration.with_user(self.manager).copy()
        self.assertEqual(copy.integration_type, DEMO)
        self.assertFalse(copy.sudo().cron_id)
        result = self.call(DEMO, "load", ["name", "interval_number"], [["Imported", "3"]])
        self.assertEqual(self.env[DEMO].browse(result["ids"]).interval_number, 3)
