"""What the tests of items have in common."""

from contextlib import contextmanager
from unittest.mock import patch

from freezegun import freeze_time
from hub_case import HubCase, at
from odoo.exceptions import UserError

ORDERS = [{"id": number, "number": f"SO-{number}", "mail": "a@b.de"} for number in range(6)]


class ItemsCase(HubCase):
    """An integration whose run deals with the orders in ``self.orders``."""

    def setUpOnce(self):
        super().setUpOnce()
        self.integration = self.add(window_from=at("2025-03-01 11:00"))

    def start_anew(self):
        self.orders = [dict(order) for order in ORDERS]
        self.called = []
        self.options = {}

    def setUp(self):
        super().setUp()
        self.start_anew()
        self.startPatcher(patch.object(self.type_class(), "item_fields", {"mail": "Email"}))

    @contextmanager
    def importing(self, handler=None):
        """Let runs deal with the orders; one with a ``fail`` raises that."""

        def import_order(this, data, item):
            self.called.append(data["id"])
            if fault := data.get("fail"):
                raise fault if isinstance(fault, BaseException) else UserError(fault)
            partner = item.record or this.env["res.partner"].sudo().create({"name": "?"})
            partner.sudo().name = data["number"]
            item.bind(partner)

        def work(this, _from, _to):
            self.counts = this.process_each(
                self.orders, this._import_order, key="id", name="number", kind="order",
                **self.options,
            )  # fmt: skip

        cls, handler = self.type_class(), handler or import_order
        # Known by its name when it is tried again.
        handler.__name__ = "_import_order"
        with (
            patch.object(cls, "_import_order", handler, create=True),
            patch.object(cls, "run_from_to", work),
        ):
            yield

    def run_it(self, handler=None, moment="2025-03-01 12:30"):
        with freeze_time(moment), self.importing(handler):
            self.integration.run_manually()
            self.work(self.integration)
        return self.runs(self.integration)[-1]

    def retry(self, items, moment="2025-03-01 13:00"):
        with self.importing():
            return super().retry(items.with_user(self.operator), moment)

    def items(self, **criteria):
        return super().items(self.integration, **criteria)

    def errors_of(self, item):
        return self.env["ihub.event"].search([("item_id", "=", item.id), ("level", "=", "error")])

    def names(self):
        partners = self.env["res.partner"].search([("name", "=like", "SO-%")], order="name")
        return partners.mapped("name")
