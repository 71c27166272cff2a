"""The slots of a pool: at most so many of its integrations run at once, on all servers together.

Whoever runs holds a shared advisory lock of the pool on the connection that does the work: counting
these tells how many slots are taken, and a process that dies gives its slot back.
"""

# The first halves of two-part keys, beside that of lanes: of those who hold a slot, and of the gate
# at which one after the other counts and takes. The second half is the id of the pool.
SLOT_SPACE = 0x69687563
GATE_SPACE = 0x69687564


def take(cr, pool_id, limit):
    """Take a slot until :func:`give_back`, or until the session ends.

    :param cr: the cursor that does the work; others wait until its transaction has ended
    :param int pool_id: of which pool
    :param int limit: how many slots it has
    :return: whether there was one
    """
    cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", (GATE_SPACE, pool_id))
    cr.execute(
        """
        SELECT count(*) FROM pg_locks
         WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s AND objsubid = 2
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        (SLOT_SPACE, pool_id),
    )
    if cr.fetchone()[0] >= limit:
        return False
    cr.execute("SELECT pg_advisory_lock_shared(%s, %s)", (SLOT_SPACE, pool_id))
    return True


def give_back(cr, pool_id):
    """Give back a slot that this session holds."""
    cr.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (SLOT_SPACE, pool_id))
