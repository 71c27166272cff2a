"""Tokens of other systems, kept apart from the transaction of a run.

What the other side has exchanged is kept, whatever becomes of the run that has asked for it. The
row of a token is locked while it is renewed: of several processes that need it one asks, the others
wait for the row and find what that one got. They are encrypted as secrets are.
"""

import json
from datetime import timedelta

from cryptography.fernet import InvalidToken
from odoo import fields
from odoo.tools import SQL
from psycopg2.extras import Json

from ..core import masking
from . import secrets, transaction

# Seconds to wait for another process that is renewing the token.
_PATIENCE = "60s"
# After so long it is noted again that a token is used.
_NOTED = timedelta(days=1)


def renewed(dbname, key, is_good, renew):
    """Return a token, renewed if need be.

    :param str dbname: the database
    :param str key: which token
    :param is_good: function that gets the token that is kept, or None; whether to use it
    :param renew: function that gets the same and returns a new one, a JSON value
    """
    with transaction.own_transaction(dbname) as env:
        env.cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)", _PATIENCE))
        env.cr.execute(SQL(_MAKE, key=key, now=fields.Datetime.now()))
        ((stored, last),) = env.execute_query(SQL(_LOCK, key=key))
        token = _opened(env, stored)
        if not is_good(token):
            token = renew(token)
            sealed = Json(secrets.encrypt(env, json.dumps(token)))
            env.cr.execute(SQL(_KEEP, key=key, token=sealed, now=fields.Datetime.now()))
        elif fields.Datetime.now() - last > _NOTED:
            env.cr.execute(SQL(_NOTE, key=key, now=fields.Datetime.now()))
    _mask(token)
    return token


def encrypt_anew(dbname):
    """Encrypt all tokens with the first key; return how many there are.

    Apart, too: one that is being renewed meanwhile is waited for, and left as it is then.
    """
    with transaction.own_transaction(dbname) as env:
        return secrets.encrypt_anew(env, "ihub_token", adapt=Json)


def _opened(env, stored):
    """Return what is kept, or None: what cannot be opened is asked for anew."""
    try:
        return json.loads(secrets.reveal(env, stored)) if stored else None
    except InvalidToken:
        return None


def _mask(token):
    """Mask the texts of a token wherever they turn up from now on."""
    for value in token.values() if isinstance(token, dict) else [token]:
        if isinstance(value, str):
            masking.know(value)


_MAKE = """
    INSERT INTO ihub_token (key, renewed_at) VALUES (%(key)s, %(now)s) ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT value, renewed_at FROM ihub_token WHERE key = %(key)s FOR UPDATE"
_KEEP = "UPDATE ihub_token SET value = %(token)s, renewed_at = %(now)s WHERE key = %(key)s"
_NOTE = "UPDATE ihub_token SET renewed_at = %(now)s WHERE key = %(key)s"
