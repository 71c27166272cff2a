"""Odoo's code, loaded once: each Odoo that a test needs is a fork of this process.

Most of what an Odoo process takes to start is to import Python modules. A fork has them already,
and is a process like any other: it ends by itself, is killed and leaves an exit code.

It is told what to do by its standard input, a socket, and answers there:

- with ``argv``, ``env``, ``cwd`` and three open files: a process is begun; answered by its id. With
  ``database`` it has that database's registry already: it is loaded once, and from then on looked
  at for changes, as every server does before each request. Without ``live`` a server with workers
  has no process for what is live in browsers
- with ``pid``: answered by that process's exit code as ``subprocess`` has it, None while it runs

Called with arguments, it is Odoo itself, with no fork: a server with workers starts one that way,
for what is live in browsers.
"""

import gc
import json
import os
import socket
import sys
from pathlib import Path

LARGEST = 1 << 20


def load(root, names):
    """Import addons, each after what it depends on."""
    import odoo.addons
    import odoo.cli.server
    import odoo.cli.shell
    from odoo.modules import module

    odoo.addons.__path__.append(str(root))
    for name in names:
        if f"odoo.addons.{name}" not in sys.modules:
            load(root, module.Manifest.for_addon(name)["depends"])
            module.load_openerp_module(name)


def load_registry(database, argv):
    """Have the registry of a database as it is by now, for a process that is about to be begun."""
    from odoo import sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    options = argv[1:] if argv[0] == "shell" else argv
    config.parse_config(options, setup_logging=False)
    if database not in Registry.registries:
        # What is of one database is nothing to a process of another.
        Registry.delete_all()
    Registry(database).check_signaling()
    # A fork would speak over the same connections.
    sql_db.close_all()
    gc.collect()
    gc.freeze()


def name_connections():
    """Let the connections of a fork be named after it: the registry has kept its parent's name."""
    from odoo import sql_db
    from odoo.modules.registry import Registry

    for database, registry in Registry.registries.items():
        registry._db = sql_db.db_connect(database)


def become(order, files):
    """Be the process that was asked for, in a session of its own, until its end."""
    from odoo.cli.command import main
    from odoo.modules.registry import Registry
    from odoo.service import server

    os.setsid()
    if order["database"]:
        server.preload_registries = lambda _names: 0
    else:
        # One that was loaded for another process.
        Registry.delete_all()
    if not order["live"]:
        # A program of its own, which loads all of Odoo, for browsers that nobody opens.
        server.PreforkServer.long_polling_spawn = lambda _server: None
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # The time zone of all Odoo processes is set as soon as it is imported.
    os.environ.clear()
    os.environ.update({**order["env"], "TZ": "UTC"})
    os.chdir(order["cwd"])
    sys.argv[1:] = order["argv"]
    main()


def serve(orders):
    """Do what is told until nobody is there to tell it; in a fork, return what it has to do."""
    while True:
        message, files, _flags, _address = socket.recv_fds(orders, LARGEST, 3)
        if not message:
            return None
        order = json.loads(message)
        if "pid" in order:
            pid, status = os.waitpid(order["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            if order["database"]:
                load_registry(order["database"], order["argv"])
            answer = os.fork()
            if not answer:
                orders.close()
                return order, files
            for file in files:
                os.close(file)
        orders.send(json.dumps(answer).encode())


def run():
    orders = socket.socket(fileno=os.dup(0))
    load(Path(__file__).resolve().parents[1], ["base", "web", "ihub", "ihub_integration_demo"])
    # As in Odoo's own tests: a password takes half a second otherwise, set or entered.
    sys.modules["odoo.addons.base.models.res_users"].MIN_ROUNDS = 1
    # Also a server's workers are forks.
    os.register_at_fork(after_in_child=name_connections)
    gc.collect()
    gc.freeze()
    if task := serve(orders):
        become(*task)


if __name__ == "__main__":
    if sys.argv[1:]:
        from odoo.cli.command import main

        main()
    else:
        run()
