"""Tokens of other systems, kept apart from the transaction of a run.

What the other side has exchanged is kept, whatever becomes of the run that has asked for it. The
row of a token is locked while it is renewed: of several processes that need it one asks, the others
wait for the row and find what that one got.
"""

from odoo import fields
from odoo.tools import SQL
from psycopg2.extras import Json

from . import waiting

# Seconds to wait for another process that is renewing the token.
_PATIENCE = "60s"


def renewed(dbname, key, is_good, renew):
    """Return a token, renewed if need be.

    :param str dbname: the database
    :param str key: which token
    :param is_good: function that gets the token that is kept, or None; whether to use it
    :param renew: function that gets the same and returns a new one, a JSON value
    """
    with waiting.own_transaction(dbname) as env:
        env.cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)", _PATIENCE))
        env.cr.execute(SQL(_MAKE, key=key, now=fields.Datetime.now()))
        ((kept,),) = env.execute_query(SQL(_LOCK, key=key))
        if is_good(kept):
            return kept
        token = renew(kept)
        env.cr.execute(SQL(_KEEP, key=key, token=Json(token), now=fields.Datetime.now()))
    return token


_MAKE = """
    INSERT INTO ihub_token (key, renewed_at) VALUES (%(key)s, %(now)s) ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT value FROM ihub_token WHERE key = %(key)s FOR UPDATE"
_KEEP = "UPDATE ihub_token SET value = %(token)s, renewed_at = %(now)s WHERE key = %(key)s"
