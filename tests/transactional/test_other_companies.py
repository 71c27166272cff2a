"""Nothing of another company's integrations is told or changed, by any route.

What is tried is derived from the models: every field, and every method that RPC may call.
"""

import inspect
import itertools
import json
from unittest.mock import patch

import pytest
from hub_case import DEMO, HubCase
from odoo.exceptions import AccessError
from odoo.service.model import call_kw, get_public_method
from odoo.sql_db import Cursor
from odoo.tools import SQL, mute_logger

from odoo.addons.ihub.engine import live

pytestmark = pytest.mark.slow

# What stands in the rows of the other company, and nowhere else.
SECRET = "Zebrafish"
YEAR = "2019-"
QUIET = ("odoo.models", "odoo.sql_db", "odoo.addons.base.models.ir_rule", "odoo.http",
         "odoo.addons.base.models.ir_model", "odoo.addons.mail", "odoo.orm")  # fmt: skip


def _once(make_error):
    """Return ``make_error`` such that it is called once for the same user and arguments.

    To look for the words of a refusal takes longer than all the rest, and they are the same for
    every method and field.
    """
    made = {}

    def make(model, *args):
        key = (model.env.uid, model.env.context, *args)
        if key not in made:
            made[key] = make_error(model, *args)
        # One that is raised again would carry all tracebacks before.
        return AccessError(*made[key].args)

    return make


class OtherCompanyCase(HubCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.ours = self.env.company
        self.theirs = self.env["res.company"].create({"name": f"{SECRET} Ltd"})
        self.owner = self.person("owner", "ihub.group_manager", self.theirs)
        self.integration = self.make()
        self.row = self.integration._type_record()
        self.queued = self.integration.sudo().run_manually(f"{YEAR}01-01", f"{YEAR}01-02")
        self.done = self.integration.sudo().run_manually(f"{YEAR}02-01", f"{YEAR}02-02")
        self.done._begin()
        self.done.write({"message": SECRET, "traceback": SECRET, "resume": {"point": SECRET}})
        self.done._end("failed", SECRET, first_message=SECRET)
        self.integration.sudo()._fail(SECRET)
        self.event = self.env["ihub.event"].search(
            [("integration_id", "=", self.integration.id)], limit=1
        )
        self.item = self.env["ihub.item"].sudo().create(
            {
                "integration_id": self.integration.id, "kind": SECRET, "key": SECRET,
                "name": SECRET, "state": "failed", "message": SECRET, "cause": SECRET,
                "data": json.dumps({"a_custom_field": SECRET}),
            }
        )  # fmt: skip
        self.dialogs = {dialog._name: dialog for dialog in self.make_dialogs()}
        self.portal = self.person("portal", "base.group_portal")
        self.mine = self.add(name="Ours").with_user(self.manager)
        self.env.flush_all()

    def make(self):
        values = {"name": f"{SECRET} orders", "a_custom_field": SECRET, "tz": "UTC"}
        record = (
            self.env[DEMO]
            .with_user(self.owner)
            .create({**values, "window_from": f"{YEAR}03-01 00:00:00", "catch_up": "one"})
        )
        integration = record.integration_id
        integration.sudo().message_post(body=SECRET)
        integration.sudo().ihub_error(SECRET, details=SECRET)
        return integration

    def make_dialogs(self):
        """Return what their owner has open on the screen, of each kind of dialog."""
        about = {"integration_id": self.integration.id}
        items = {"item_ids": self.item.ids}
        with patch.object(self.type_class(), "item_fields", {"a_custom_field": SECRET}):
            change = self.env["ihub.item.change"].with_user(self.owner).create(items)
            self.env.flush_all()
        yield change
        yield change.line_ids
        for name, vals in {
            "ihub.item.leave.out": {**items, "reason": SECRET},
            "ihub.integration.confirm": {
                "integration_ids": self.integration.ids, "operation": "stop"
            },
            "ihub.integration.add": {"integration_type": DEMO, "name": SECRET},
            "ihub.run.manually": about,
            "ihub.webhook.sample": {**about, "body": SECRET},
            "ihub.webhook.secret": about,
        }.items():  # fmt: skip
            yield self.env[name].with_user(self.owner).create(vals)

    def person(self, login, groups, company=None):
        company = company or self.env.company
        return self._user(
            f"ihub_other_{login}", groups, company_id=company.id, company_ids=company.ids
        )

    def members(self):
        """Return the people of the hub, who have nothing to do with the other company."""
        return [self.manager, self.operator]

    def outsiders(self):
        """Return the kinds of people who have nothing to do with the hub: they have no rights."""
        return [self.outsider, self.portal, self.env.ref("base.public_user")]

    def with_everybody(self, things):
        """Yield ``(user, thing)``: each of ``things`` with both members, and outsiders in turn.

        What lets one of those in lets them all in: none of them has any right to tell them apart.
        """
        for thing in things:
            for user in (*self.members(), next(self.turns)):
                yield user, thing

    def theirs_of(self, name):
        """Return the records of the other company of a model."""
        return {
            "ihub.integration": self.integration,
            "ihub.run": self.queued + self.done,
            "ihub.event": self.event,
            "ihub.item": self.item,
            DEMO: self.row,
            **self.dialogs,
        }.get(name, self.env[name]).sudo()

    def hub_models(self):
        """Return the names of all models of the hub that RPC can call."""
        own = [name for name in self.registry if name.startswith("ihub.")]
        return sorted(name for name in own if not self.registry[name]._abstract)

    # --- What must not happen ---

    def picture(self):
        """Return all that the database has of the other company's integration."""
        self.env.flush_all()
        rows = {
            "ihub_integration": "id", "ihub_run": "integration_id", "ihub_event": "integration_id",
            "ihub_integration_demo": "integration_id",
        }  # fmt: skip
        counted = {"mail_message": "model", "mail_followers": "res_model",
                   "mail_activity": "res_model"}  # fmt: skip
        # One query: it is asked thousands of times.
        parts = [
            f"SELECT '{table}', row_to_json(t)::text FROM {table} t WHERE {column} = %(id)s"
            for table, column in rows.items()
        ] + [
            f"SELECT '{table}', count(*)::text FROM {table} WHERE {column} LIKE"
            " 'ihub.integration%%' AND res_id IN (%(id)s, %(row)s)"
            for table, column in counted.items()
        ]
        query = f"{' UNION ALL '.join(parts)} ORDER BY 1, 2"
        self.env.cr.execute(query, {"id": self.integration.id, "row": self.row.id})
        return self.env.cr.fetchall()

    def begin(self):
        """Note what there is; every attempt is rolled back to here."""
        self.enterContext(mute_logger(*QUIET))
        for name in ("ir.rule", "ir.model.access"):
            model = self.registry[name]
            once = _once(model._make_access_error)
            self.startPatcher(patch.object(model, "_make_access_error", once))
        self.has_read_only = True
        self.startPatcher(patch.object(Cursor, "execute", self.heeded(Cursor.execute)))
        self.turns = itertools.cycle(self.outsiders())
        self.env.invalidate_all()
        self.before = self.picture()
        self.savepoint = self.env.cr.savepoint()

    def heeded(self, execute):
        """Return ``execute``, which notes whether anything is done but to read."""

        def heed(cr, query, *args, **kwargs):
            code = query.code if isinstance(query, SQL) else query
            self.has_read_only &= code.lstrip().upper().startswith("SELECT")
            return execute(cr, query, *args, **kwargs)

        return heed

    def assertTellsNothing(self, said, what):
        text = said if isinstance(said, str) else json.dumps(said, default=repr)
        self.assertNotIn(SECRET, text, what)
        self.assertNotIn(YEAR, text, what)

    def attempt(self, user, model, method, *args, **kwargs):
        """Call a method as RPC does, forget what it did, and check that it was nothing."""
        what = (user.login, model, method, args, kwargs)
        after = self.before
        self.has_read_only = True
        try:
            said = call_kw(self.env[model].with_user(user), method, list(args), kwargs)
            self.env.flush_all()
            if not self.has_read_only:
                after = self.picture()
        except Exception as error:
            # What fails is rolled back: only its words are told.
            self.has_read_only = False
            said = f"{error}"
        finally:
            self.begin_anew()
        self.assertEqual(after, self.before, what)
        self.assertTellsNothing(said, what)
        return said

    def begin_anew(self):
        """Undo what was done, with nothing in the cache but who people are.

        Nobody changes them here, and to read them again takes a quarter of the time.
        """
        transaction = self.env.transaction
        cache = transaction.field_data
        people = {field: kept for field, kept in cache.items() if field.model_name == "res.users"}
        if self.has_read_only:
            transaction.clear()
        else:
            self.savepoint.rollback()
        cache.update(people)


class TestEveryMethod(OtherCompanyCase):
    def public_methods(self, name):
        """Yield the names of the methods of a model that RPC can call."""
        model = self.env[name]
        for attribute in dir(type(model)):
            if attribute.startswith("_"):
                continue
            try:
                method = get_public_method(model, attribute)
            except (AccessError, AttributeError):
                continue
            if inspect.isfunction(method):
                yield attribute, method

    def argument(self, name, parameter):
        """Return something plausible for a parameter, by what it is called."""
        fields = [n for n, f in self.registry[name]._fields.items() if f.type != "binary"]
        reference = {"ihub.run.manually": "integration_id", DEMO: "integration_id"}.get(name)
        value = {reference: self.integration.id} if reference else {}
        spec = {n: {} for n in fields}
        return {
            "fields": fields, "field_names": [], "fields_list": fields, "allfields": fields,
            "fields_to_export": ["id", "display_name"], "specification": spec,
            "fields_spec": spec, "values": value, "vals": value, "vals_list": [value],
            "default": {}, "domain": [], "args": [], "groupby": ["display_name"],
            "aggregates": ["__count"], "data": [], "field_name": fields[0], "name": "x",
            "ids": self.theirs_of(name).ids, "model": name, "operation": "read",
            "date_from": f"{YEAR}01-01", "date_to": "2026-01-01", "partner_ids": [],
            "limit": 10, "offset": 0, "order": "id", "body": "x", "view_id": False,
            "view_type": "form", "views": [[False, "form"]], "count_limit": 10,
        }.get(parameter.name)  # fmt: skip

    def arguments(self, name, method):
        """Return the arguments that a method cannot do without."""
        parameters = list(inspect.signature(method).parameters.values())[1:]
        return [
            self.argument(name, parameter)
            for parameter in parameters
            if parameter.kind == parameter.POSITIONAL_OR_KEYWORD
            and parameter.default is parameter.empty
        ]

    def test_every_method_of_every_model_as_everybody(self):
        self.begin()
        tried = 0
        for name in self.hub_models():
            ids = self.theirs_of(name).ids
            with self.subTest(model=name):
                for user, (method_name, method) in self.with_everybody(self.public_methods(name)):
                    args = self.arguments(name, method)
                    of_records = [] if getattr(method, "_api_model", False) else [ids]
                    self.attempt(user, name, method_name, *of_records, *args)
                    tried += 1
        self.assertGreater(tried, 1500)

    def test_outsiders_have_no_right_to_anything(self):
        for user in self.outsiders():
            for name in self.hub_models():
                model = self.env[name].with_user(user)
                for operation in ("read", "write", "create", "unlink"):
                    self.assertFalse(model.has_access(operation), (user.login, name, operation))

    def test_the_same_is_told_to_who_may_see_it(self):
        """The sweep would notice: to the owner all of it is told."""
        for name in ("ihub.integration", "ihub.run", "ihub.event", DEMO):
            records = self.theirs_of(name).with_user(self.owner)
            with self.subTest(name):
                self.assertIn(SECRET, json.dumps(records.read(), default=repr))


class TestEveryField(OtherCompanyCase):
    def test_every_field_by_reading_and_grouping(self):
        self.begin()
        for name in self.hub_models():
            fields = self.registry[name]._fields
            spec = {
                n: {"fields": {"display_name": {}}} if f.relational else {}
                for n, f in fields.items()
            }
            with self.subTest(model=name):
                for user in (*self.members(), *self.outsiders()):
                    self.attempt(user, name, "web_search_read", [], specification=spec)
                ids = self.theirs_of(name).ids
                for user, field in self.with_everybody(fields.values()):
                    self.look_at(user, name, ids, field)

    def look_at(self, user, name, ids, field):
        """Read a field of theirs alone: one that is computed may ask nobody who reads it."""
        said = self.attempt(user, name, "read", ids, [field.name])
        self.assertFalse(ids and not isinstance(said, str), (user.login, name, field.name))
        if user in self.manager + self.operator and field.store and field.column_type:
            self.attempt(user, name, "formatted_read_group", [], [field.name], ["__count"])

    def test_every_field_by_writing_and_duplicating(self):
        self.begin()
        # Those who have the right to write at all, but not these.
        user = self.manager
        for name in self.hub_models():
            ids = self.theirs_of(name).ids
            with self.subTest(model=name):
                for field in self.registry[name]._fields.values() if ids else ():
                    vals = {field.name: self.value_of(field)}
                    self.attempt(user, name, "write", ids, dict(vals))
                    self.attempt(user, name, "copy", ids, dict(vals))

    def value_of(self, field):
        """Return a value of the field's kind."""
        if field.type == "many2one":
            return self.env[field.comodel_name].sudo().search([], limit=1).id
        if field.type == "selection":
            return next(iter(field.get_values(self.env)), False)
        return {"boolean": True, "integer": 7, "float": 7.0, "char": "x", "text": "x"}.get(
            field.type, False
        )

    def test_every_reference_by_a_form_that_is_being_edited(self):
        """Odoo computes what a form shows from whatever the form says."""
        self.begin()
        for user in self.members():
            for name in self.hub_models():
                model = self.registry[name]
                spec = {
                    n: {"fields": {"display_name": {}}} if f.relational else {}
                    for n, f in model._fields.items()
                    if f.type not in ("binary",)
                }
                for field in model._fields.values():
                    theirs = self.theirs_of(field.comodel_name) if field.relational else None
                    if not theirs or not field.comodel_name.startswith("ihub."):
                        continue
                    with self.subTest(user.login, model=name, field=field.name):
                        for value in self.ways_to_say(field, theirs):
                            self.tell_by_form(user, name, field, value, spec)

    def ways_to_say(self, field, theirs):
        first = theirs[0].id
        # As no client says it, but Odoo takes it.
        forms = [float(first), str(first), [first]]
        if field.type == "many2one":
            named = ({"id": id_} for id_ in (first, *forms))
            return [first, {"id": first, "display_name": "x"}, *named, float(first), [first, "x"]]
        inner = {"integration_id": self.integration.id}
        return [
            [[6, 0, theirs.ids]], [[4, first, 0]], [[1, first, {}]], [[0, 0, inner]], [inner],
            *([[6, 0, [form]]] for form in forms), *([[4, form, 0]] for form in forms),
            *([[1, form, {}]] for form in forms), *([form] for form in forms),
        ]  # fmt: skip

    def tell_by_form(self, user, name, field, value, spec):
        default = {f"default_{field.name}": value}
        values = {field.name: value}
        for ids in ([], self.mine.ids) if name == "ihub.integration" else ([],):
            for names in ([], [field.name]):
                # The dictionary is changed by what is called.
                self.attempt(user, name, "onchange", ids, dict(values), names, spec)
            self.attempt(user, name, "onchange", ids, {}, [], spec, context=default)
            self.attempt(user, name, "web_save", ids, dict(values), spec)
        self.attempt(user, name, "default_get", [field.name], context=default)


class TestDialogs(OtherCompanyCase):
    def test_nobody_reads_or_changes_the_dialogs_of_others(self):
        """Neither those of another company, nor those of colleagues."""
        dialogs = {name for name in self.hub_models() if self.registry[name]._transient}
        self.assertEqual(self.dialogs.keys(), dialogs)
        colleague = self.person("colleague", "ihub.group_manager", self.owner.company_id)
        for name, dialog in self.dialogs.items():
            dialog.with_user(self.owner).check_access("write")
            for user in (self.manager, colleague):
                theirs = dialog.with_user(user)
                self.assertFalse(theirs.search_count([("id", "in", dialog.ids)]), name)
                for operation in ("read", "write", "unlink"):
                    with self.assertRaises(AccessError, msg=f"{name}: {operation}"):
                        theirs.check_access(operation)

    def test_the_dialog_of_run_manually(self):
        Dialog = self.env["ihub.run.manually"].with_user(self.operator)
        with self.assertRaises(AccessError):
            Dialog.create({"integration_id": self.integration.id})
        with self.assertRaises(AccessError):
            Dialog.with_context(default_integration_id=self.integration.id).create({})
        mine = Dialog.create({"integration_id": self.mine.id})
        with self.assertRaises(AccessError):
            mine.write({"integration_id": self.integration.id})

    def test_the_dialog_of_start_and_stop(self):
        Dialog = self.env["ihub.integration.confirm"].with_user(self.operator)
        for command in ([(6, 0, self.integration.ids)], [(4, self.integration.id)]):
            with self.assertRaises(AccessError):
                Dialog.create({"integration_ids": command, "operation": "stop"})

    def test_a_dialog_about_what_has_moved_since(self):
        dialog = (
            self.env["ihub.run.manually"]
            .with_user(self.operator)
            .create({"integration_id": self.mine.id})
        )
        self.mine.sudo().write(
            {"company_id": self.theirs.id, "run_as_id": self.owner.id, "user_id": False,
             "name": SECRET}
        )  # fmt: skip
        self.begin()
        for method, args in (("read", []), ("web_read", [{"preview": {}, "date_from": {}}]),
                             ("action_run", [])):  # fmt: skip
            said = self.attempt(self.operator, dialog._name, method, dialog.ids, *args)
            self.assertTellsNothing(said, method)


class TestLiveMessages(OtherCompanyCase):
    def heard(self, function):
        """Return ``{channel: ids}`` of what is told about changes."""
        self.env.cr.precommit.data.pop("bus.bus.values", None)
        self.env.cr.precommit.data["bus.bus.values"] = []
        integrations = self.env["ihub.integration"].sudo()
        # At once: what is said after a commit is not said in a test, which has none.
        with patch.object(live, "tell", lambda cr, ids: integrations.browse(ids)._send_change()):
            function()
        heard = {}
        for value in self.env.cr.precommit.data["bus.bus.values"]:
            message = json.loads(value["message"])
            if message["type"] == "ihub.integration/changed":
                heard.setdefault(value["channel"], set()).update(message["payload"]["ids"])
        return heard

    def channels_of(self, user):
        """Return the channels of the bus to which a user of the web client listens."""
        from odoo.addons.bus.models import ir_websocket
        from odoo.addons.bus.models.bus import channel_with_db, json_dump

        class Request:
            class session:
                uid = user.id

        with patch.object(ir_websocket, "request", Request):
            channels = self.env["ir.websocket"].with_user(user)._build_bus_channel_list([])
        return {json_dump(channel_with_db(self.env.cr.dbname, channel)) for channel in channels}

    def who_hears(self, function):
        """Return ``{user: ids}``: what each of them hears."""
        heard = self.heard(function)
        users = [*self.members(), *self.outsiders(), self.owner]
        return {
            user.login: set().union(*(heard.get(c, set()) for c in self.channels_of(user)))
            for user in users
        }

    def test_those_who_may_see_it_hear_of_it(self):
        both = (self.integration + self.mine).sudo()
        heard = self.who_hears(both._notify_change)
        self.assertEqual(heard.pop(self.owner.login), {self.integration.id})
        self.assertEqual(heard.pop(self.manager.login), {self.mine.id})
        self.assertEqual(heard.pop(self.operator.login), {self.mine.id})
        self.assertFalse(set().union(*heard.values()))

    def test_all_users_of_the_hub_hear_of_what_serves_all(self):
        self.mine.sudo().write({"serves_all_companies": True})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET company_id = NULL WHERE id = %s", [self.mine.id]
        )
        self.env.invalidate_all()
        heard = self.who_hears(self.mine.sudo()._notify_change)
        for user in (self.owner, self.manager, self.operator):
            self.assertEqual(heard[user.login], {self.mine.id})

    def test_every_button_tells_them_only(self):
        for press in ("start", "stop", "run_manually"):
            heard = self.who_hears(getattr(self.integration.with_user(self.owner), press))
            self.assertEqual(heard[self.owner.login], {self.integration.id})
            self.assertFalse(heard[self.manager.login])

    def test_the_outcome_is_not_told_to_who_may_not_see_it_any_more(self):
        asked = self.mine.with_user(self.operator).run_manually()
        self.mine.sudo().write(
            {"company_id": self.theirs.id, "run_as_id": self.owner.id, "user_id": False}
        )
        self.env.cr.precommit.data["bus.bus.values"] = []
        asked.sudo().message = SECRET
        asked.sudo()._notify_requester("success")
        self.assertTellsNothing(self.env.cr.precommit.data["bus.bus.values"], "outcome")


class TestEvents(OtherCompanyCase):
    def test_nobody_writes_into_the_log_of_another_company(self):
        partner = self.env["res.partner"].create({"name": "P"})
        forged = partner.with_user(self.operator).with_context(
            allowed_company_ids=self.theirs.ids
        )  # fmt: skip
        forged.ihub_info("forged")
        event = self.env["ihub.event"].search([("summary", "=", "forged")])
        self.assertEqual(event.company_id, self.ours)
