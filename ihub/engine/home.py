"""The home of a database: where its integrations ran first, and run ever after.

A copy brings along what is due. Where nobody has neutralized it, both would do the same work in the
other systems; so it asks people first whether it has moved or was copied.
"""

from contextlib import suppress

import psycopg2
from odoo.tools import SQL

PARAMETER = "ihub.home"
# What no copy has in common with its original: Odoo's copies get an uuid of their own, all others
# are in another cluster, or are another database of the same one. But for a copy of the whole
# cluster: that has to go on as the original does after a failover.
_HERE = """
    SELECT concat_ws('/',
        (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'),
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_SETTLE = """
    INSERT INTO ir_config_parameter (key, value, create_uid, create_date, write_uid, write_date)
    SELECT %s, (%s), 1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'
        ON CONFLICT DO NOTHING
"""


def is_at_home(env):
    """Return whether this is the database in which integrations have run so far, or none has.

    As Odoo's cache has it, for those who look.
    """
    # As superuser: that there is a question is no secret.
    home = env["ir.config_parameter"].sudo().get_param(PARAMETER)
    return not home or home == _home_and_here(env)[1]


def settle(env):
    """Let the database be at home here from now on."""
    __, here = _home_and_here(env)
    # The parameter belongs to administrators; managers of the hub answer this one question.
    env["ir.config_parameter"].sudo().set_param(PARAMETER, here)


def settle_once(env):
    """Return whether runs may be executed here; where none was, it is at home from now on."""
    home, here = _home_and_here(env)
    if home:
        return home == here
    # Of two lanes that begin at the same moment one is late.
    with suppress(psycopg2.Error), env.cr.savepoint(flush=False):
        env.cr.execute(SQL(_SETTLE, PARAMETER, SQL(_HERE)), log_exceptions=False)
    env.registry.clear_cache("stable")
    return True


def _home_and_here(env):
    # Not from Odoo's cache: of an answer it may hear only after the lanes that this has woken.
    env["ir.config_parameter"].flush_model()
    query = SQL(
        "SELECT (SELECT value FROM ir_config_parameter WHERE key = %s), (%s)", PARAMETER, SQL(_HERE)
    )
    (found,) = env.execute_query(query)
    return found
