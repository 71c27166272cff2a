"""What the transactional tests have in common."""

import functools
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.ihub.tests.common import IntegrationCase, moment

DEMO = "ihub.integration.demo"
at = moment


class KeptCaches:
    """Keeps what Odoo has cached from test to test of a class: views, compiled mails, rights.

    But for the caches that a test has emptied, since it has changed what is in them: what they have
    now is undone.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        crons, registry = cls.registry["ir.cron"], cls.registry
        create = crons.create

        @functools.wraps(create)
        def create_alone(self, values):
            # Odoo forgets names and rights as well: an action may be in the menu of a model, which
            # a lane's is not.
            with patch.object(registry, "clear_cache", lambda *names: None):
                return create(self, values)

        cls.startClassPatcher(patch.object(crons, "create", create_alone))

    def setUp(self):
        registry, emptied = self.registry, set()
        empty, empty_all = registry.clear_cache, registry.clear_all_caches

        def clear_cache(*names):
            emptied.update(names or ("default",))
            empty(*names)

        def clear_all_caches():
            emptied.add("all")
            empty_all()

        def clear_emptied():
            if "all" in emptied:
                empty_all()
            elif emptied:
                empty(*emptied)

        # Odoo's own would empty all of them after each test.
        with patch.object(registry, "clear_all_caches", clear_emptied):
            super().setUp()
        self.startPatcher(patch.object(registry, "clear_cache", clear_cache))
        self.startPatcher(patch.object(registry, "clear_all_caches", clear_all_caches))


@tagged("standard", "post_install", "-at_install")
class HubCase(KeptCaches, IntegrationCase):
    """A database with an operator, a manager and an outsider, and one integration to work with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nobody is invited to the channel for all: it takes as long as the users themselves.
        channels = cls.registry["discuss.channel"]
        cls.startClassPatcher(
            patch.object(channels, "_subscribe_users_automatically", lambda self: None)
        )
        groups = {
            "ihub_operator": "ihub.group_user",
            "ihub_manager": "ihub.group_manager",
            "ihub_outsider": "base.group_user",
        }
        cls.operator, cls.manager, cls.outsider = cls._users(groups)

    def setUp(self):
        if "is_set_up" not in vars(type(self)):
            self._set_up_once()
        super().setUp()

    def _set_up_once(self):
        own = set(vars(self))
        self.setUpOnce()
        # As it is committed: what is tracked of it, too.
        self.env.flush_all()
        self.cr.flush()
        for name in vars(self).keys() - own:
            setattr(type(self), name, vars(self).pop(name))
        type(self).is_set_up = True

    def setUpOnce(self):
        """Make what all tests of the class begin with: once, ahead of what is undone after a test.

        As in ``setUpClass``, but lanes may work. What is set on ``self`` is there for all tests.
        """

    @classmethod
    def _user(cls, login, groups, **values):
        return cls._users({login: groups}, **values)

    @classmethod
    def _users(cls, groups, **values):
        """Add users at once, which takes half as long as one by one: their groups by login."""
        rows = [
            {
                "name": f"{login} ({names})", "login": login, "password": login,
                "email": f"{login}@example.com", "tz": "UTC", "lang": "en_US",
                "group_ids": [Command.set([cls.env.ref(name).id for name in names.split(",")])],
                **values,
            }
            for login, names in groups.items()
        ]  # fmt: skip
        # Nor by mail, and nothing is said in their chatter.
        quiet = {"no_reset_password": True, "tracking_disable": True}
        return cls.env["res.users"].with_context(**quiet).create(rows).with_env(cls.env)

    def add(self, model=DEMO, **values):
        """Add an integration as the manager does, and return it as the operator sees it."""
        values = {"interval_type": "hours", **values}
        return super().add(model, self.manager, **values).with_user(self.operator)

    def plans(self, ask):
        """Return how PostgreSQL answers each query that ``ask()`` makes by ``execute_query``."""
        plans, execute = [], type(self.env).execute_query

        def explain(env, query):
            env.cr.execute(SQL("EXPLAIN %s", query))
            plans.append("\n".join(line for (line,) in env.cr.fetchall()))
            return execute(env, query)

        with patch.object(type(self.env), "execute_query", explain):
            ask()
        return plans

    def type_class(self, model=DEMO):
        return super().type_class(model)

    def running_as(self, function, model=DEMO):
        return super().running_as(function, model)
