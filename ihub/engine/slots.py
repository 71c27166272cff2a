"""The slots of a pool: at most so many of its integrations run at once, on all servers together.

Whoever runs holds a shared advisory lock of the pool on the connection that does the work: counting
these tells how many slots are taken, and a process that dies gives its slot back.
"""

from odoo.tools import SQL

from ..report.locks import GATES, SLOTS, held


def take(cr, pool_id, limit):
    """Take a slot until :func:`give_back`, or until the session ends.

    :param cr: the cursor that does the work; others wait until its transaction has ended
    :param int pool_id: of which pool
    :param int limit: how many slots it has
    :return: whether there was one
    """
    cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", (GATES, pool_id))
    cr.execute(SQL("SELECT count(*) FROM %s AND objid = %s", held(SLOTS), pool_id))
    if cr.fetchone()[0] >= limit:
        return False
    cr.execute("SELECT pg_advisory_lock_shared(%s, %s)", (SLOTS, pool_id))
    return True


def give_back(cr, pool_id):
    """Give back a slot that this session holds."""
    cr.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (SLOTS, pool_id))
