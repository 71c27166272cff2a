"""A transaction beside that of the run, for what stays and is seen whatever becomes of it.

Events have one that needs no registry: ``write`` in ``event_store.py``.
"""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from .odoo_internals import has_own_transaction


@contextmanager
def own_transaction(dbname):
    """Yield an environment whose changes are committed at the end, whatever becomes of the run.

    Each of its queries sees what others have committed until then, and waits for a row that
    another process is about to change, in place of failing.
    """
    with Registry(dbname).cursor() as cr:
        # Those of tests are part of a transaction that has begun long ago.
        if has_own_transaction(cr):
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        yield api.Environment(cr, SUPERUSER_ID, {})
