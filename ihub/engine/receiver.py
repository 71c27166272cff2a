"""Receiving a message: verify it, store it, and have the lane woken after the commit.

Nothing of the type's code is called here, and nothing is read of what the message says: the other
side waits for the answer. What was refused is counted, never answered: whoever does not know the
secret learns nothing, not even whether there is an integration.
"""

import atexit
import logging
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from odoo import fields
from odoo.tools import SQL

from ..core.webhook import Hmac, Refused
from . import message_store, secrets, transaction
from .odoo_internals import has_own_transaction
from .timer import Timed, TimerThread

# The names under which the secrets of a webhook are kept: no field can bear them.
SECRET = "webhook.secret"
SECRET_BEFORE = "webhook.secret.before"
# So many messages may wait: a sender is asked to come again rather than to fill the disk.
MAX_WAITING = 100_000
# Seconds between two looks at how many wait, and between two calls of one lane.
LOOK = 10.0
PAUSE = 0.5

# HTTP's words for what becomes of a message.
ACCEPTED, REFUSED, TOO_MANY = 202, 404, 429

# Such as token_urlsafe() makes.
_TOKEN = re.compile(r"[\w-]{1,100}", re.ASCII)
_logger = logging.getLogger(__name__)
_NOBODY = Hmac()
_thread = TimerThread("ihub.inbox")
atexit.register(_thread.call_all)


def receive(env, token, headers, body):
    """Take a message, or refuse it; the caller commits.

    :param env: of the database to which it was sent, as superuser
    :param str token: the last part of the address
    :param headers: by name, of whatever case
    :param bytes body: as it came
    :return: the HTTP status of the answer
    """
    known = _known(env, token)
    if known is None:
        # As long as for one that is there.
        _verified(_NOBODY, headers, body, ["nobody"])
        return REFUSED
    integration_id, webhook, keys = known
    message_id = _verified(webhook.verify if webhook else _NOBODY, headers, body, keys)
    if webhook is None:
        message_id = Refused("inactive")
    elif not keys:
        message_id = Refused("no_secret")
    if isinstance(message_id, Refused):
        _count(env, integration_id, message_id.cause)
        return REFUSED
    if not _has_room(env, integration_id, webhook.rate):
        _count(env, integration_id, "too_many")
        return TOO_MANY
    if message_store.insert(env.cr, integration_id, message_id, body):
        env.cr.postcommit.add(lambda: wake(env.cr.dbname, integration_id))
    return ACCEPTED


def _known(env, token):
    """Return id, :class:`Webhook` (None: it takes nothing) and secrets of an address; or None."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = env.execute_query(
        SQL(
            """
            SELECT i.id, i.integration_type, i.active, s.value
              FROM ihub_integration i
              LEFT JOIN ihub_secret s ON s.integration_id = i.id
                   AND (s.name = %s OR s.name = %s AND i.webhook_secret_until > %s)
             WHERE i.webhook_token = %s
            """,
            SECRET,
            SECRET_BEFORE,
            fields.Datetime.now(),
            token,
        )
    )
    if not rows:
        return None
    id_, type_name, active, __ = rows[0]
    webhook = env["ihub.integration"]._webhook_of_type(type_name) if active else None
    keys = [revealed(env, value) for *__, value in rows if value]
    return id_, webhook, [key for key in keys if key and webhook and can_sign(webhook, key)]


def can_sign(webhook, secret):
    """Return whether a secret is of the kind that the other system uses.

    An empty one is not: everybody knows it. One before may be none although the new one is.
    """
    try:
        return bool(webhook.verify.key_of(secret))
    except ValueError:
        return False


def revealed(env, stored):
    """Return a secret that is kept, or None: what cannot be read is to be entered again."""
    try:
        return secrets.reveal(env, stored) if stored else None
    except (LookupError, InvalidToken):
        _logger.warning("The secret of a webhook cannot be read: enter it again.")
        return None


def _verified(verify, headers, body, keys):
    """Return the id of a message, or the :class:`Refused` that says why it is none."""
    try:
        return verify.check(headers, body, keys or ["none"], fields.Datetime.now())
    except Refused as refused:
        return refused


# --- How many ---


@dataclass
class _Pace:
    """How many messages of an integration this process has taken within the second."""

    second: int = 0
    number: int = 0
    looked_at: float = float("-inf")
    is_full: bool = False


_paces = {}


def _has_room(env, integration_id, rate):
    """Return whether one more message is welcome: the sender tries again later otherwise."""
    pace = _paces.setdefault((env.cr.dbname, integration_id), _Pace())
    now = time.monotonic()
    if pace.second != int(now):
        pace.second, pace.number = int(now), 0
    pace.number += 1
    if now - pace.looked_at > LOOK:
        pace.looked_at = now
        waiting_now = message_store.count_waiting(env.cr, integration_id, MAX_WAITING)
        pace.is_full = waiting_now >= MAX_WAITING
    return pace.number <= rate and not pace.is_full


# --- Waking, and counting: after the answer ---


@dataclass(frozen=True)
class _Call(Timed):
    """The wish that the lane of an integration looks for messages."""

    dbname: str
    integration_id: int

    def on_time(self):
        """Wake it; what fails is made good by the scheduled action that looks for such lanes."""
        _woken[self] = time.monotonic()
        try:
            with transaction.own_transaction(self.dbname) as env:
                env["ihub.integration"].browse(self.integration_id).exists()._wake()
        except Exception:
            _logger.warning("An integration could not be woken.", exc_info=True)


# When each was woken last.
_woken = {}


def wake(dbname, integration_id):
    """Have a lane woken, at once, but not for each message of many."""
    call = _Call(dbname, integration_id)
    since = time.monotonic() - _woken.get(call, float("-inf"))
    _thread.call_in(call, max(0.0, PAUSE - since))


class _Counts(Timed):
    """What was refused and is not written yet: a flood must not become a flood of rows."""

    def __init__(self):
        self.forget()

    def add(self, *what):
        """Count one more."""
        with self._lock:
            self._numbers[what] += 1
        _thread.call_in(self)

    def on_time(self):
        """Write it."""
        with self._lock:
            numbers, self._numbers = self._numbers, Counter()
        for (dbname, integration_id, cause), number in numbers.items():
            try:
                with transaction.own_transaction(dbname) as env:
                    message_store.count(env.cr, integration_id, cause, number)
            except Exception:
                _logger.warning("Refused messages could not be counted.", exc_info=True)

    def forget(self):
        self._lock, self._numbers = threading.Lock(), Counter()


_counts = _Counts()


def _count(env, integration_id, cause):
    if not has_own_transaction(env.cr):
        # Of a test, which looks at once.
        message_store.count(env.cr, integration_id, cause, 1)
        return
    _counts.add(env.cr.dbname, integration_id, cause)
