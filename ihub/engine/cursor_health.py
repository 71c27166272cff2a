"""Whether a cursor can be asked anything."""

from psycopg2.extensions import TRANSACTION_STATUS_INERROR


def is_healthy(cr):
    """Return whether ``cr`` is open and its transaction is not aborted."""
    try:
        status = cr.connection.get_transaction_status()
        return status != TRANSACTION_STATUS_INERROR and not cr._closed
    except Exception:
        return False
