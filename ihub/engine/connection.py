"""A cursor that goes on, whatever code has done to its transaction and its connection."""

import logging
import time
from contextlib import suppress

import psycopg2
from odoo.sql_db import db_connect
from psycopg2.pool import PoolError

from ..core.shutdown import is_shutdown
from .failure import log_masked
from .odoo_internals import answers, close_connection, is_lost, take_connection

_logger = logging.getLogger(__name__)

# Callbacks of others that may fail in one rollback, before what is left of them is dropped.
_CALLBACKS = 20
# Seconds between attempts to reach a database that restarts.
_PAUSES = (1, 2, 4, 8)


def roll_back(cr):
    """Roll ``cr`` back, also where callbacks of others fail.

    :return: whether its connection is still there; see :func:`renew`
    """
    for _callback in range(_CALLBACKS):
        try:
            return _roll_back(cr)
        except BaseException as error:
            if is_shutdown(error):
                raise
            if not is_lost(cr):
                log_masked(_logger, error, "A callback of a rollback failed.")
    for callbacks in (cr.prerollback, cr.postrollback):
        callbacks.clear()
    return _roll_back(cr)


def _roll_back(cr):
    if not is_lost(cr):
        cr.rollback()
        return answers(cr)
    # The database has done so already; callbacks want to know.
    cr.clear()
    cr.postcommit.clear()
    cr.prerollback.run()
    cr.postrollback.run()
    return False


def renew(cr):
    """Give ``cr`` another connection in place of the one that it has lost.

    Whoever holds the cursor, such as Odoo's scheduler, goes on with it.

    :raise psycopg2.Error: the database cannot be reached, or not in time
    """
    # Code may have put it back into the pool: what the session holds is nobody else's.
    close_connection(cr)
    take_connection(cr, _connect(cr.dbname))


def _connect(dbname):
    for pause in _PAUSES:
        with suppress(psycopg2.OperationalError, PoolError):
            return db_connect(dbname).cursor()
        time.sleep(pause)
    return db_connect(dbname).cursor()
