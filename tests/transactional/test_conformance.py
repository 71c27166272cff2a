"""Each of the fifteen tests of a type lets a right one pass, and catches one that is wrong."""

from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

import pytest
import requests
from hub_case import KeptCaches
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.lib.rest_client import RestClient
from odoo.addons.ihub.tests.conformance import ConformanceCase

DEMO = "ihub.integration.demo"


class ShopCase(KeptCaches, ConformanceCase):
    """The demo's first type, doing what a shop's does."""

    groups = "ihub.group_manager,base.group_partner_manager"
    elements = [
        {"id": 1, "name": "Anna Berger", "email": "anna@example.com"},
        {"id": 2, "name": "Emil Novák", "email": "emil@example.com"},
    ]
    bad_element = {"id": 3, "name": "Ines Aydın", "email": "nonsense"}
    repair = {"email": "ines@example.com"}
    free_texts = ("name",)
    secrets = ("hush",)

    def setUp(self):
        super().setUp()
        self.steps = 1
        cls = self.type_class(DEMO)
        self.startPatcher(patch.object(cls, "item_fields", {"email": cls.description}))
        self.be("run_from_to", lambda this, _from, _to: self.import_all(this))
        self.be("_import_customer", import_customer)

    def be(self, name, function):
        """Let the type have this method."""
        function.__name__ = name
        self.startPatcher(patch.object(self.type_class(DEMO), name, function, create=True))

    def serve(self, elements):
        self.server.reply("customers", json=elements)

    def made(self):
        return self.env["res.partner"].search([("ref", "=", "conformance")])

    def values_of(self, record):
        return [record.name, record.email, record.comment]

    def fetch(self):
        with RestClient(self.server.url, token="hush") as client:
            return client.get_json("customers")

    def import_all(self, this):
        this.process_each(
            self.fetch(), this._import_customer, key="id", name="name", kind="customer"
        )


def import_customer(this, data, item):
    if "@" not in data["email"]:
        raise UserError("This is no address.")
    values = {
        "name": data["name"],
        "email": data["email"],
        "ref": "conformance",
        "company_id": this.env.company.id,
    }
    partner = item.record or this.env["res.partner"].create(values)
    partner.write(values)
    item.bind(partner)


def create(this, data, **values):
    return this.env["res.partner"].create({"name": data["name"], "ref": "conformance", **values})


def create_all(this, elements):
    for data in elements:
        create(this, data)


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestConformance(ShopCase):
    """The fifteen are inherited, and pass; beside them stand types that are wrong."""

    model = DEMO

    def test_all_fifteen_apply(self):
        self.assertEqual(len(self.checks()), 15)
        applicable = [name for name in self.checks() if not self._not_applicable(name)]
        self.assertEqual(applicable, self.checks())

    def test_the_summary(self):
        names = self.checks()
        with patch.object(type(self), "outcomes", dict.fromkeys(names, "passed")):
            self.assertEqual(self.summary(), "conformant: 15/15")
            self.outcomes |= dict.fromkeys(names[:2], "not applicable")
            self.assertEqual(self.summary(), "conformant: 13/13, 2 not applicable")
            self.outcomes[names[5]] = "failed"
            self.assertEqual(self.summary(), "NOT conformant: 12/13, 2 not applicable")

    # --- Wrong types ---

    @contextmanager
    def caught(self, name, reason):
        """The body makes the type wrong: then the test ``name`` must fail, for this reason."""
        yield
        with patch.object(type(self), "outcomes", {}):
            with self.assertRaisesRegex(self.failureException, reason):
                getattr(self, name)()
            self.assertEqual(self.outcomes, {name: "failed"})

    def work_as(self, work):
        """Let runs do ``work(this, elements)`` with what the server has."""
        self.be("run_from_to", lambda this, _from, _to: work(this, self.fetch()))

    def test_wrong_same_window_twice(self):
        with self.caught("test_same_window_twice", "makes something else"):
            self.work_as(create_all)

    def test_wrong_about_the_rights_of_those_who_add_it(self):
        with self.caught("test_same_window_twice", "You are not allowed to create 'Contact'"):
            self.work_as(create_all)
            self.user.group_ids -= self.env.ref("base.group_partner_manager")

    def test_why_too_many_items_failed(self):
        orders = [{**self.elements[0], "id": number} for number in range(10)]
        with self.caught("test_same_window_twice", r"Too many(?s:.*)You are not allowed to create"):
            self.elements = orders
            self.user.group_ids -= self.env.ref("base.group_partner_manager")

    def test_wrong_about_http(self):
        with self.caught("test_same_window_twice", "Say with speaks_http"):
            self.fetch = lambda: self.elements

    def test_wrong_about_items(self):
        with self.caught("test_same_window_twice", "say one as bad_element"):
            self.bad_element = None

    def test_wrong_killed_at_every_checkpoint(self):
        """It begins at its beginning, and does again what its checkpoint has kept."""

        def work(this, elements):
            for data in elements:
                create(this, data)
                this.checkpoint()

        with self.caught("test_killed_at_every_checkpoint", "it differs"):
            self.work_as(work)

    def test_wrong_killed_with_a_resume_point_that_skips(self):
        def work(this, elements):
            for position in range(this.resume_point() or 0, 2):
                this.checkpoint(resume=position + 1)
                create(this, elements[position])

        with self.caught("test_killed_at_every_checkpoint", "it differs"):
            self.work_as(work)

    def test_wrong_one_bad_item(self):
        def work(this, elements):
            for data in elements:
                if "@" not in data["email"]:
                    raise UserError("This is no address.")

        with self.caught("test_one_bad_item", "This is no address"):
            self.work_as(work)

    def test_wrong_retried_item(self):
        """What deals with one is no method of the type."""

        def work(this, elements):
            def deal(data, item):
                import_customer(this, data, item)

            this.process_each(elements, deal, key="id")

        with self.caught("test_retried_item", "a method of the type"):
            self.work_as(work)

    def test_wrong_asked_to_wait(self):
        with self.caught("test_asked_to_wait", "took that for a success"):
            self.fetch = self.swallowing(self.fetch)

    def test_wrong_asked_to_wait_but_early(self):
        def fetch():
            response = requests.get(f"{self.server.url}customers", timeout=10)
            if response.status_code == 429:
                raise RetryableError("Later.")
            return response.json()

        with self.caught("test_asked_to_wait", "comes back too early"):
            self.fetch = fetch

    def test_wrong_access_refused(self):
        def fetch():
            response = requests.get(f"{self.server.url}customers", timeout=10)
            if response.status_code >= 400:
                raise RetryableError("Later.")
            return response.json()

        with self.caught("test_access_refused", "'pending' != 'failed'"):
            self.fetch = fetch

    def test_wrong_access_refused_with_a_secret(self):
        def fetch():
            response = requests.get(f"{self.server.url}customers", timeout=10)
            if response.status_code >= 400:
                raise UserError("hush is not let in.")
            return response.json()

        with self.caught("test_access_refused", "A secret can be read"):
            self.fetch = fetch

    def test_wrong_timeout(self):
        with self.caught("test_timeout", "would wait for ever"):
            self.fetch = lambda: requests.get(f"{self.server.url}customers").json()

    def test_wrong_cut_body(self):
        """What can be read of it is taken for all."""

        def fetch():
            try:
                return RestClient(self.server.url).get_json("customers")
            except RetryableError:
                return self.elements[:1]

        with self.caught("test_cut_body", "took that for a success"):
            self.fetch = fetch

    def test_wrong_no_network(self):
        with self.caught("test_no_network", "took that for a success"):
            self.fetch = self.swallowing(self.fetch)

    def swallowing(self, fetch):
        def careless():
            with suppress(Exception):
                return fetch()
            return []

        return careless

    def test_wrong_empty_window(self):
        def work(this, elements):
            if not elements:
                raise UserError("The shop is empty.")

        with self.caught("test_empty_window", "The shop is empty"):
            self.work_as(work)

    def test_wrong_empty_window_with_a_warning(self):
        with self.caught("test_empty_window", "is no trouble"):
            self.work_as(lambda this, elements: this.ihub_warning("Nothing came."))

    def test_wrong_two_companies(self):
        main = self.env.company

        def work(this, elements):
            for data in elements:
                create(this.sudo(), data, company_id=main.id)

        with self.caught("test_two_companies", "It makes in"):
            self.work_as(work)

    def test_wrong_hostile_text(self):
        def work(this, elements):
            for data in elements:
                partner = create(this, data)
                # pylint: disable=sql-injection
                this.env.cr.execute(
                    f"UPDATE res_partner SET function = '{data['name']}' WHERE id = {partner.id}",
                    log_exceptions=False,
                )

        with self.caught("test_hostile_text", r"\['failed'\] != \['done'\]"):
            self.work_as(work)

    def test_wrong_no_commit_of_its_own(self):
        def work(this, elements):
            create_all(this, elements)
            this.env.cr.commit()

        with self.caught("test_no_commit_of_its_own", "in place of cr.commit"):
            self.work_as(work)

    def test_wrong_settings_form_opens(self):
        def open_settings(this):
            action = {"res_model": this._name, "res_id": this.id}
            return {**action, "views": [[self.env.ref("base.view_partner_form").id, "form"]]}

        with self.caught("test_settings_form_opens", "do not open"):
            self.be("open_settings", open_settings)

    def test_wrong_description_and_translations(self):
        with self.caught("test_description_and_translations", "Mark these with _lt"):
            cls = self.type_class(DEMO)
            self.startPatcher(patch.object(cls, "description", "<p>Imports customers.</p>"))


@tagged("standard", "post_install", "-at_install")
class TestNotApplicable(KeptCaches, ConformanceCase):
    """A type that asks no server and has no items, as the demo's first."""

    model = DEMO
    speaks_http = False

    def test_what_does_not_apply(self):
        reasons = {name: self._not_applicable(name) for name in self.checks()}
        self.assertEqual(sum(map(bool, reasons.values())), 10)
        self.assertIn("asks no server", reasons["test_timeout"])
        self.assertEqual(self._moment() - self.runs(self._added()).window_to, timedelta(seconds=10))
