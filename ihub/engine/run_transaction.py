"""What the code of a run does to the run's transaction.

The hub commits the work of a run together with its mark. Code may commit by itself, but then part
of its work stays whatever becomes of the run, and the run has to say so. Code that rolls back has
lost what it did, and its run must not look done. Whether a savepoint is open is not known to Odoo,
which makes some but not those of plain SQL; PostgreSQL writes another transaction id into a row
that is written inside one.
"""

from odoo.tools import SQL

from .event_buffer import is_test
from .odoo_internals import is_healthy

# Where a cursor keeps what watches it, and notes that its callbacks are set.
KEY = "_ihub_run_watch"

# Transaction ids: the open transaction's, and the one that a write leaves in its row. The latter
# locks the run's row: only for a moment before a commit.
_OUTER = "pg_current_xact_id()::xid::text"
_WRITE = "UPDATE ihub_run SET attempt = attempt WHERE id = %s RETURNING xmin::text"


class TransactionWatch:
    """Notices how the transaction of a run ends while the integration's code has it.

    :param cr: the cursor that the run works with
    :param RunScope scope: the executing run
    """

    def __init__(self, cr, scope):
        self.cr = cr
        self._scope = scope
        self._lost = False
        self._is_healthy = True
        self._id = None  # of the open transaction; None where that is not known

    # --- The hub's side ---

    def begin(self):
        """The code gets the transaction: what happens to it from here on is the code's doing."""
        self.cr.__dict__[KEY] = self
        self._arm()
        # Cursors of tests are savepoints of one transaction.
        query = SQL(_WRITE, self._scope.run_id) if is_test(self.cr) else SQL("SELECT " + _OUTER)
        self._id = self._ask(query)[0]

    def begin_anew(self):
        """Begin, with nothing of what an earlier try has done."""
        self._lost = False
        self.begin()

    def end(self):
        """The hub has the transaction again."""
        if self._is_watching():
            self._notice_commit()
            del self.cr.__dict__[KEY]

    def commit(self):
        """Commit in the midst of the run. Code may swallow the error of a commit that fails."""
        self.end()
        self._lost = True
        # Asked for by the code's checkpoint().
        self.cr.commit()  # pylint: disable=invalid-commit
        self._lost = False
        self.begin()

    def find_loss(self):
        """Return ``rollback`` or ``ended`` when work of the run may be lost, or None."""
        self._notice_commit()
        if self._lost:
            return "rollback"
        if self._id is None or is_test(self.cr):
            return None
        return None if self._ask(SQL("SELECT " + _OUTER))[0] == self._id else "ended"

    def why_not_commit(self):
        """Return why nothing can be committed now: as above or ``savepoint``, or None."""
        self._notice_commit()
        if self._lost:
            return "rollback"
        inner, outer = self._ask(SQL(_WRITE + ", " + _OUTER, self._scope.run_id))
        if is_test(self.cr):
            outer = self._id or inner
        elif self._id not in (None, outer):
            return "ended"
        return None if inner == outer else "savepoint"

    def _ask(self, query):
        self.cr.execute(query)
        return self.cr.fetchone()

    # --- The cursor's side ---

    def before_commit(self):
        """The open transaction may be about to be committed. It may also go on."""
        self._notice_commit()
        # PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK.
        self._is_healthy = is_healthy(self.cr)

    def _arm(self):
        self.cr.postcommit.data[KEY] = True
        self.cr.postcommit.add(self._committed)
        self.cr.postrollback.add(self._rolled_back)

    def _notice_commit(self):
        """Cursors of tests do not call what should follow a commit, but forget it."""
        if KEY not in self.cr.postcommit.data:
            if not self._lost:
                self._note_commit()
            self._arm()

    def _committed(self):
        if self._is_watching():
            self._note_commit()
            # The commit has cleared it.
            self.cr.postrollback.add(self._rolled_back)

    def _note_commit(self):
        # Not asked for now: a query would fix what the next transaction sees.
        self._id = None
        if self._is_healthy:
            self._scope.committed = True
        else:
            self._lost = True

    def _rolled_back(self):
        if self._is_watching():
            self._lost = True

    def _is_watching(self):
        return self.cr.__dict__.get(KEY) is self
