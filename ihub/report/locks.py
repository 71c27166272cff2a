"""The hub's advisory locks: the keys of those that are taken in the engine, and which are held."""

from odoo.tools import SQL

# The first halves of two-part keys: "ihub" in ASCII, and what follows.
# Of lanes at work; the second half is the id of the integration.
LANES = 0x69687562
# Of those who hold a slot of a pool, and of the gate at which one after the other counts and takes;
# the second half is the id of the pool.
SLOTS = 0x69687563
GATES = 0x69687564


def held(space):
    """Return, as SQL, the locks of one kind that are held in this database.

    :param int space: the first half of their keys; ``objid`` is the second
    :return: what follows FROM, up to an open WHERE
    """
    return SQL(
        """
        pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objsubid = 2
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        space,
    )
