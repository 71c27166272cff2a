"""What all processes that work on a database know together of a server that they talk to.

One small row per server, each time one short transaction of its own: nobody waits longer for the
row than for one statement, however long their work takes.
"""

from odoo.tools import SQL

from . import waiting

# The clock of the database is the one that all of them share. That of the transaction would be
# older than the row where somebody had to wait for it.
_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")


def take_turn(dbname, origin, interval, patience):
    """Take the next free moment for a request to a server.

    :param str dbname: the database
    :param str origin: scheme, host and port of the server
    :param float interval: seconds between two requests
    :param float patience: seconds to wait at most
    :return: the seconds to wait; and whether the turn was taken, which it is not if they are more
    """
    values = {
        "origin": origin,
        "interval": SQL("%s * interval '1 second'", interval),
        "patience": SQL("%s * interval '1 second'", patience),
        "now": _NOW,
    }
    with waiting.own_transaction(dbname) as env:
        taken = env.execute_query(SQL(_TAKE, **values))
        rows = taken or env.execute_query(SQL(_ASK, **values))
    ((seconds,),) = rows
    return max(float(seconds), 0.0), bool(taken)


_TAKE = """
    INSERT INTO ihub_server AS s (origin, free_at) VALUES (%(origin)s, %(now)s + %(interval)s)
    ON CONFLICT (origin) DO UPDATE SET free_at = GREATEST(s.free_at, %(now)s) + %(interval)s
     WHERE s.free_at IS NULL OR s.free_at <= %(now)s + %(patience)s
    RETURNING EXTRACT(EPOCH FROM s.free_at - %(interval)s - %(now)s)
"""
_ASK = "SELECT EXTRACT(EPOCH FROM free_at - %(now)s) FROM ihub_server WHERE origin = %(origin)s"
