"""What the transactional tests have in common."""

from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from odoo.addons.ihub.tests.common import IhubCase

DEMO = "ihub.integration.demo"


@tagged("standard", "post_install", "-at_install")
class HubCase(IhubCase):
    """A database with an operator, a manager and an outsider, and one integration to work with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._user("ihub_operator", "ihub.group_user")
        cls.manager = cls._user("ihub_manager", "ihub.group_manager")
        cls.outsider = cls._user("ihub_outsider", "base.group_user")

    @classmethod
    def _user(cls, login, group, **values):
        return new_test_user(cls.env, login, group, tz="UTC", lang="en_US", **values)

    def add(self, model=DEMO, **values):
        """Add an integration as the manager does, and return it as the operator sees it."""
        values = {"name": "Orders", "tz": "UTC", "interval_type": "hours", **values}
        record = self.env[model].with_user(self.manager).create(values)
        return record.integration_id.with_user(self.operator)

    def type_class(self, model=DEMO):
        return self.registry[model]

    @contextmanager
    def running_as(self, function, model=DEMO):
        """Let ``function(self, _from, _to)`` be what integrations of the type do."""
        with patch.object(self.type_class(model), "run_from_to", function):
            yield

    def runs(self, integration, **criteria):
        """Return the runs of an integration that match field values, oldest first."""
        domain = [("integration_id", "=", integration.id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env["ihub.run"].search(domain, order="id")


def at(text):
    """Return ``2025-03-01 12:00`` as a naive UTC datetime."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M")
