"""What the transactional tests have in common."""

from odoo.tests import new_test_user, tagged

from odoo.addons.ihub.tests.common import IntegrationCase, moment

DEMO = "ihub.integration.demo"
at = moment


@tagged("standard", "post_install", "-at_install")
class HubCase(IntegrationCase):
    """A database with an operator, a manager and an outsider, and one integration to work with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._user("ihub_operator", "ihub.group_user")
        cls.manager = cls._user("ihub_manager", "ihub.group_manager")
        cls.outsider = cls._user("ihub_outsider", "base.group_user")

    @classmethod
    def _user(cls, login, group, **values):
        # Nobody is invited by mail: that takes as long as all the rest.
        context = {"no_reset_password": True}
        user = new_test_user(cls.env, login, group, context, tz="UTC", lang="en_US", **values)
        return user.with_env(cls.env)

    def add(self, model=DEMO, **values):
        """Add an integration as the manager does, and return it as the operator sees it."""
        values = {"interval_type": "hours", **values}
        return super().add(model, self.manager, **values).with_user(self.operator)

    def type_class(self, model=DEMO):
        return super().type_class(model)

    def running_as(self, function, model=DEMO):
        return super().running_as(function, model)
