"""Secrets at rest: encrypted with a key that the server has and the database has not.

The key is ``ihub_secret_key`` in ``odoo.conf``, or ``IHUB_SECRET_KEY`` in the environment; several
are separated by commas: the first encrypts, all decrypt. Without one, the database's own secret
stands in: then whoever has a copy of the database has the secrets, too, which is why it is said.
"""

import base64
import hashlib
import logging
import os
import re
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from odoo.exceptions import UserError
from odoo.tools import SQL, config

from ..core import masking
from .exceptions import SettingsError

OPTION = "ihub_secret_key"
VARIABLE = "IHUB_SECRET_KEY"
# What stands for a variable of the server's environment, which holds the secret itself.
REFERENCE = "env:"
# Variables that whoever administers the server has meant for integrations.
PREFIX = "IHUB_"

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_logger = logging.getLogger(__name__)


class SecretUnavailable(SettingsError):
    """A secret is missing, or cannot be read: it is to be entered again in the settings."""


def is_reference(value):
    """Return whether ``value`` names a variable of the environment: that is no secret."""
    return value.startswith(REFERENCE)


def check_reference(env, value):
    """Refuse a variable that is none, or that the user has no business to read.

    Whoever may choose both a secret and the server to which it is sent can read it there. So the
    server's other variables are for administrators only, and the key itself for nobody.

    :param str value: such as ``env:SHOP_PASSWORD``
    :raise UserError: in words that say what to enter instead
    """
    name = value.removeprefix(REFERENCE)
    if not _NAME.fullmatch(name):
        raise UserError(
            env._(
                "%(value)s does not name an environment variable. Enter it as env:NAME, with "
                "letters, digits and underscores.",
                value=value,
            )
        )
    is_trusted = env.su or env.user.has_group("base.group_system")
    if name == VARIABLE or not (is_trusted or name.startswith(PREFIX)):
        raise UserError(
            env._(
                "You cannot use the environment variable %(name)s here. Use one whose name "
                "begins with %(prefix)s, or ask an administrator to enter it.",
                name=name,
                prefix=PREFIX,
            )
        )


def has_key():
    """Return whether the server has a key of its own for secrets."""
    return bool(_server_keys())


def encrypt(env, value):
    """Return ``value`` as it is stored."""
    if not has_key():
        _warn_once()
    return _vault(env).encrypt(value.encode("utf-8", "surrogatepass")).decode()


def reveal(env, stored):
    """Return the secret itself, and have it masked in whatever this process writes from now on.

    :param str stored: as :func:`encrypt` has returned it, or a reference
    :raise LookupError: the variable is not set; its argument is the name
    :raise InvalidToken: it was encrypted with another key
    """
    if is_reference(stored):
        value = os.environ[stored.removeprefix(REFERENCE)]
    else:
        value = _vault(env).decrypt(stored).decode("utf-8", "surrogatepass")
    masking.know(value)
    return value


def encrypt_anew(env, table, adapt=str):
    """Encrypt with the first key what another one has encrypted, so that one can be dropped.

    :param str table: whose column ``value`` has what is encrypted
    :param adapt: function that gets a value and returns it as the column takes it
    :return: how many there are
    """
    table = SQL.identifier(table)
    rows = env.execute_query(SQL("SELECT id, value FROM %s WHERE value IS NOT NULL", table))
    for id_, value in rows:
        if new := renewed(env, value):
            query = "UPDATE %s SET value = %s WHERE id = %s AND value = %s"
            env.cr.execute(SQL(query, table, adapt(new), id_, adapt(value)))
    return len(rows)


def renewed(env, stored):
    """Return ``stored`` as the first key encrypts it; None where that need not or cannot be."""
    vault = _vault(env)
    if is_reference(stored) or _opens(MultiFernet(vault._fernets[:1]), stored):
        return None
    return vault.rotate(stored).decode() if _opens(vault, stored) else None


def _opens(vault, stored):
    try:
        vault.decrypt(stored)
    except InvalidToken:
        return False
    return True


def _vault(env):
    # No user has access to it; it is not shown to anybody here either.
    own = env["ir.config_parameter"].sudo().get_param("database.secret")
    return MultiFernet([_fernet(key) for key in (*_server_keys(), own)])


def _server_keys():
    text = os.environ.get(VARIABLE) or config.get(OPTION) or ""
    return [key.strip() for key in text.split(",") if key.strip()]


@lru_cache(maxsize=16)
def _fernet(key):
    """Return what encrypts with ``key``, any text; slowly, the first time, for those who guess."""
    digest = hashlib.scrypt(key.encode(), salt=b"ihub", n=2**14, r=8, p=1)
    return Fernet(base64.urlsafe_b64encode(digest[:32]))


@lru_cache(maxsize=1)
def _warn_once():
    _logger.warning(
        "Secrets of integrations are stored without a key of the server: whoever gets a copy of "
        "the database can read them. Set %s in odoo.conf, or %s in the environment.",
        OPTION,
        VARIABLE,
    )
