"""A server that a module keeps works for those of its tests that ask for it, for no other."""

import os

from hub_driver import CONNECTIONS


def others(hub):
    """Return the numbers of the processes of Odoo but this one that are connected to the hub."""
    numbers = {name.rpartition("odoo-")[2] for _pid, name in hub.execute(CONNECTIONS)}
    return {number for number in numbers if number.isdigit()} - {str(os.getpid())}


def test_it_works_for_who_asks(hub, server_of_module):
    server_of_module()
    hub.wait(lambda: others(hub), "A server", wake=False)


def test_it_is_gone_for_who_does_not_ask(hub):
    """It would begin what such a test starts, and looks at itself."""
    assert not others(hub)
